"""Accounts that must not trade: what the doctor sees as a fault is a refusal here, with its remedy."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from arbcore.doctor.rows import Trouble
from arbcore.live.account import examine, refusals, window_of
from arbcore.live.refusal import LiveRefused, Refusal
from arbcore.opening import in_time
from arbcore.pipeline import Pipeline
from arbcore.runtime.clock import WallClock
from arbcore.testing.samples import PERPETUAL, SPOT
from tests.doctor.project import simulator
from tests.doctor.test_judgements import DAY, HEALTHY, MS, NOW, TERMS, seen
from tests.live import project

WINDOW = 2000 * MS


def found(**more: object) -> list[Refusal]:
    """Return the refusals of an account on which nothing else is wrong."""
    return list(refusals(seen(live=True, **more), WINDOW))


def where(**more: object) -> list[str]:
    return [refusal.where for refusal in found(**more)]


def test_a_healthy_account_may_trade() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"can_trade": False}, "permissions"),
        ({"can_withdraw": True}, "withdrawing"),
        ({"key_expires_at": NOW - 1}, "expiry"),
        ({"clock_offset_ns": 1002 * MS}, "clock"),
        ({"clock_offset_ns": -1002 * MS}, "clock"),
        ({"clock_error_ns": 2001 * MS}, "clock"),
        ({"hedge_mode": True}, "position mode"),
        ({"multi_assets": True}, "margin assets"),
    ],
)
def test_what_an_account_tells_against_trading(changed: dict[str, object], check: str) -> None:
    """Among them the clock that makes signed requests fail: ccxt#2281, askmike/gekko#1855."""
    (refusal,) = found(facts=replace(HEALTHY, **changed))
    assert refusal.where == f"x, {check}"
    assert refusal.what
    assert refusal.fix


@pytest.mark.parametrize(
    "changed",
    [
        {"ip_restricted": False},
        {"key_expires_at": NOW + DAY},
        {"clock_offset_ns": 900 * MS},
        {"clock_error_ns": 1999 * MS},
        {"clock_offset_ns": None, "clock_error_ns": None},
        {"hedge_mode": None, "multi_assets": None},
    ],
)
def test_what_only_warns_lets_trade(changed: dict[str, object]) -> None:
    assert found(facts=replace(HEALTHY, **changed)) == []


def test_modes_of_positions_concern_perpetuals_alone() -> None:
    facts = replace(HEALTHY, hedge_mode=True, multi_assets=True)
    assert found(facts=facts, has_perpetuals=False, instruments=(SPOT,), terms={}) == []


def test_a_key_whose_rights_nobody_knows() -> None:
    """A venue that does not tell whether the key may withdraw, and nothing stated."""
    facts = replace(HEALTHY, can_withdraw=None)
    assert where(facts=facts, stated="unknown") == ["x, withdrawing"]
    assert where(facts=facts, stated="allowed") == ["x, withdrawing"]
    assert where(facts=facts, stated="allowed", moves_money=True) == []
    assert where(facts=facts, stated="none") == []


def test_a_key_that_withdraws_where_money_is_to_move() -> None:
    assert where(facts=replace(HEALTHY, can_withdraw=True), moves_money=True) == []


def test_a_leverage_other_than_the_configs() -> None:
    (refusal,) = found(leverage=5)
    assert refusal.where == f"x, leverage {PERPETUAL.symbol}"
    assert "10x, cross margin; the config states 5x" in refusal.what
    assert found(leverage=10) == found(leverage=0) == []


def test_a_venue_that_does_not_tell() -> None:
    silent = Trouble("no answer within 10 s", "")
    assert where(facts=silent) == ["x, account"]
    (refusal,) = found(terms={PERPETUAL.key: silent})
    assert refusal.where == f"x, terms {PERPETUAL.symbol}"
    assert refusal.fix


def test_a_market_that_is_closed_now_may_open_again() -> None:
    assert found(terms={PERPETUAL.key: replace(TERMS, trading=False)}) == []


def test_a_venue_whose_requests_state_no_time_may_be_slow_to_tell_it() -> None:
    slow = seen(live=True, facts=replace(HEALTHY, clock_error_ns=5000 * MS))
    assert [refusal.where for refusal in refusals(slow, WINDOW)] == ["x, clock"]
    assert list(refusals(slow, 0)) == []


def test_the_window_is_the_exchanges_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, _ = project.opened(
        project.make(tmp_path, monkeypatch, more="exchanges: {binance: {recv_window: 1500ms}}\n")
    )
    assert window_of(config.exchanges["binance"]) == 1500 * MS
    assert window_of(config.exchanges["upbit"]) == 0


@pytest.mark.anyio
async def test_real_venues_are_asked_and_every_reason_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with simulator() as running:
        folder = project.make(tmp_path, monkeypatch, running.address)
        await _examine(folder)
        project.write(folder, "more", "keys: {withdraw: unknown}\nexchanges: {binance: {leverage: 7}}\n")
        with pytest.raises(LiveRefused) as caught:
            await _examine(folder)
    told = [refusal.where for refusal in caught.value.refusals]
    assert told[0] == "upbit, withdrawing"
    assert told[1].startswith("binance, leverage BTCUSDT")
    assert caught.value.exit_code == 6


async def _examine(folder: Path) -> None:
    """Open the project's venues as a session does, and examine them."""
    config, plugins = project.opened(folder)
    clock = WallClock()
    pipeline = Pipeline(config=config, plugins=plugins, mode="live", clock=clock, folder=folder)
    instruments, venues = [], {}
    for name in config.exchanges:
        async with pipeline.feed(name) as feed:
            instruments += [item for item in await feed.instruments() if item.base == "BTC"]
        venues[name] = pipeline.real_venue(name)
    async with in_time("upbit", venues["upbit"]), in_time("binance", venues["binance"]):
        await examine(config, venues, instruments, clock.now())
