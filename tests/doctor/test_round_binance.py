"""The doctor on the simulator's Binance: modes, brackets, and a key that withdraws."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from arbcore.doctor import DoctorWish
from arbcore.pipeline import Pipeline
from arbcore.ports.trading import LeveragedVenue
from arbcore.runtime.clock import WallClock
from arbcore_exchange_simulator.faults.fault import Fault
from arbcore_exchange_simulator.trading.given import BINANCE_MONEY_KEY, DEFAULT_ACCOUNTS
from tests.doctor import project
from tests.doctor.project import one, rows, troubles
from tests.drill import field

pytestmark = pytest.mark.anyio

ONLY = DoctorWish(exchanges=("binance",), patience_s=10.0, data_s=10.0)
ANYWHERE = {("binance", "addresses"): "warn"}
"""The simulator's keys work from any address, which is always warned of."""


@pytest.fixture
async def simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[field.Simulated]:
    async with field.simulated(tmp_path, monkeypatch) as both:
        yield both


@pytest.fixture
def files(simulated: field.Simulated) -> tuple[Path, ...]:
    return simulated[1]


@pytest.fixture
async def venue(files: tuple[Path, ...]) -> AsyncIterator[LeveragedVenue]:
    """The account, through the adapter."""
    config, plugins = project.opened(files)
    pipeline = Pipeline(config=config, plugins=plugins, mode="live", clock=WallClock(), folder=config.folder)
    async with pipeline.real_venue("binance") as opened:
        assert isinstance(opened, LeveragedVenue)
        yield opened


async def test_nothing_is_wrong_with_a_healthy_account(files: tuple[Path, ...]) -> None:
    found = await rows(files, wish=ONLY)
    assert troubles(found) == ANYWHERE
    assert {row.check for row in found if row.of == "binance"} >= {
        "key",
        "clock",
        "permissions",
        "withdrawing",
        "position mode",
        "margin assets",
        "leverage BTCUSDT",
        "bracket BTCUSDT",
        "fees BTCUSDT",
        "balances",
        "wallet USDT",
        "open orders",
        "size BTCUSDT",
    }


async def test_hedge_mode_fails(files: tuple[Path, ...], venue: LeveragedVenue) -> None:
    await venue.set_hedge_mode(on=True)
    assert troubles(await rows(files, wish=ONLY)) == ANYWHERE | {("binance", "position mode"): "fail"}


async def test_multi_assets_mode_fails(files: tuple[Path, ...], venue: LeveragedVenue) -> None:
    await venue.set_multi_assets(on=True)
    assert troubles(await rows(files, wish=ONLY)) == ANYWHERE | {("binance", "margin assets"): "fail"}


async def test_a_bracket_that_is_too_small_for_the_configured_size(
    files: tuple[Path, ...], venue: LeveragedVenue
) -> None:
    brackets = (await venue.terms("binance:BTCUSDT")).brackets
    most = brackets[0].leverage
    await venue.set_leverage("binance:BTCUSDT", most)
    fits = next(each for each in reversed(brackets) if each.leverage >= most).cap
    much = f"strategies.premium.notional={fits + 1}"
    risk = f"risk.portfolio.trade_notional={fits * 2}"
    assert one(await rows(files, wish=ONLY), "binance", "bracket BTCUSDT").status == "ok"
    assert one(await rows(files, much, risk, wish=ONLY), "binance", "bracket BTCUSDT").status == "fail"


async def test_a_key_that_withdraws_fails_while_money_is_not_to_move(
    files: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", BINANCE_MONEY_KEY.key)
    monkeypatch.setenv("BINANCE_API_SECRET", BINANCE_MONEY_KEY.secret.get_secret_value())
    async with project.simulator(accounts=DEFAULT_ACCOUNTS) as powerful:
        here = [f"{path}.simulator={powerful.address}" for path in ("exchanges.upbit", "exchanges.binance")]
        rate = f"rates.usdt_krw.simulator={powerful.address}"
        found = await rows(files, *here, rate, wish=ONLY)
        assert troubles(found) == {("binance", "withdrawing"): "fail", ("binance", "account"): "fail"}
        allowed = ("exchanges.binance.move_money=true", "keys.withdraw=allowed")
        assert troubles(await rows(files, *here, rate, *allowed, wish=ONLY)) == ANYWHERE


@pytest.mark.parametrize(("skew", "status"), [(700, "warn"), (1700, "fail")])
async def test_a_skewed_clock(simulated: field.Simulated, files: tuple[Path, ...], skew: int, status: str) -> None:
    simulated[0].add_fault(Fault(kind="clock_skew", venue="binance", amount=skew * 10**6))
    assert one(await rows(files, wish=ONLY), "binance", "clock").status == status


async def test_a_wrong_key_fails_and_never_shows(files: tuple[Path, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", "a-key-that-nobody-has")
    found = await rows(files, wish=ONLY)
    assert troubles(found) == {("binance", "key"): "fail", ("binance", "account"): "fail"}
    assert "a-key-that-nobody-has" not in str(found)


async def test_a_refused_address_is_told_in_words(simulated: field.Simulated, files: tuple[Path, ...]) -> None:
    simulated[0].add_fault(Fault(kind="ip_refused", venue="binance"))
    row = one(await rows(files, wish=ONLY), "binance", "key")
    assert row.status == "fail"
    assert "address" in row.seen + row.fix


async def test_an_order_of_another_client_is_told(files: tuple[Path, ...]) -> None:
    await project.order(files, "binance", "web_somebody")
    found = await rows(files, wish=ONLY)
    assert troubles(found) == ANYWHERE | {("binance", "open orders"): "warn"}
    assert "(web_somebody)" in one(found, "binance", "open orders").seen


async def test_both_exchanges_at_once(files: tuple[Path, ...]) -> None:
    found = await rows(files)
    assert troubles(found) == ANYWHERE
    assert [row.of for row in found] == sorted((row.of for row in found), key=["session", "upbit", "binance"].index)


async def test_all_trades_that_may_be_open_count(files: tuple[Path, ...]) -> None:
    found = await rows(files, "strategies.premium.max_open=3", wish=ONLY)
    assert "the strategies may hold 3,000" in one(found, "binance", "bracket BTCUSDT").seen
