"""The consent text says where orders go, on which accounts, within which limits, and nothing of a secret."""

from pathlib import Path

import pytest

from arbcore.live.text import consent_text
from tests.doctor.project import KEYS
from tests.live import project


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return project.make(tmp_path, monkeypatch)


def text(folder: Path, *assigned: str) -> str:
    """Return the text as one line of single spaces."""
    return " ".join(consent_text(*project.opened(folder, *assigned)).split())


def test_it_tells_what_is_consented_to(folder: Path) -> None:
    told = text(folder)
    assert told.startswith("Real orders: session doctored, environment simulator")
    assert "the account of exchanges.binance.api_key (env BINANCE_API_KEY); may use 30,000 USDT" in told
    assert "what premium (spread) decide" in told
    assert "daily_loss 200" in told
    assert "no withdrawal and no transfer is sent: move_money is off everywhere; keys.withdraw: none" in told
    assert "binance: open orders are cancelled there should this session fall silent; positions stay" in told
    assert "entries: what differs between legs is unwound; exits: closing goes on" in told


def test_no_line_is_wider_than_a_terminal(folder: Path) -> None:
    assert max(map(len, consent_text(*project.opened(folder)).splitlines())) <= 100


def test_no_part_of_a_key_is_in_it(folder: Path) -> None:
    told = text(folder)
    assert not [secret for secret in KEYS.values() if secret in told]
    # The keys' own ends and beginnings: not even these.
    assert not [part for part in ("sim-", "-key", "-secret", "01234") if part in told]


def test_a_venue_without_a_testnet_is_the_simulator_and_that_is_said(folder: Path) -> None:
    told = text(folder, "session.environment=testnet")
    assert "upbit (upbit): the simulator on this machine, since the venue has no testnet" in told
    assert "binance (binance): the venue's testnet" in told


def test_real_money_is_called_so(folder: Path) -> None:
    told = text(folder, "session.environment=production", "session.profile=live")
    assert told.count("the exchange itself, with real money") == 2


def test_caps_of_a_pilot(folder: Path) -> None:
    assert "pilot no caps" in text(folder)
    project.write(folder, "more", "live: {pilot: {notional: 1000000, trades_per_day: 3}}\n")
    assert "pilot at most 1000000 USDT a trade, at most 3 trades a day" in text(folder)


def test_money_that_may_move_is_told(folder: Path) -> None:
    told = text(folder, "exchanges.upbit.move_money=true", "keys.withdraw=allowed")
    assert "withdrawals and transfers are sent on command for upbit (move_money is on); keys.withdraw: allowed" in told
