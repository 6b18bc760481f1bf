"""What a drill may not do: real orders without consent, money that leaves, orders that stay."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest

from arbcore.cli import main
from arbcore.config import Config
from arbcore.drill import SUITES, DrillWish
from arbcore.drill.run import require_consent
from arbcore.errors import ConfigurationError, ExchangeRefused, ExchangeUnavailable, SafetyError
from arbcore.model.account import OpenOrder, TradingTerms
from arbcore.model.order import OrderRef, OrderReport, OrderRequest, Side
from arbcore.model.treasury import Movement, WithdrawalRequest
from arbcore_exchange_simulator.trading.given import Control, Deposit
from tests.doctor import project
from tests.drill import field
from tests.drill.field import Lying, Simulated, drill, lie, suite_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulated]:
    async with field.simulated(tmp_path, monkeypatch) as both:
        yield both


SMALL = """
schema_version: 1
session: {profile: local_dev, environment: testnet}
exchanges: {main: {use: binance}}
fills: {book: {use: top}}
paper: {use: paper, fill: book}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def stated(path: Path, environment: str = "production", mode: str = "paper", *, enabled: bool = False) -> Config:
    """Return a config that states these consents. It was not checked as one for live, which is not the point here."""
    made, _ = project.opened((path,))
    session = made.session.model_copy(update={"environment": environment, "mode": mode})
    return replace(made, session=session, live=made.live.model_copy(update={"enabled": enabled}))


@pytest.mark.parametrize(
    ("mode", "enabled", "consent"),
    [
        ("paper", False, "main"),
        ("paper", True, "main"),
        ("live", False, "main"),
        ("live", True, ""),
        ("live", True, "other"),
    ],
)
def test_production_wants_three_consents(small: Path, *, mode: str, enabled: bool, consent: str) -> None:
    with pytest.raises(SafetyError, match="real orders to main") as refused:
        require_consent(stated(small, mode=mode, enabled=enabled), DrillWish(exchange="main", consent=consent))
    assert "--yes-production main" in refused.value.fix


def test_with_all_consents_or_without_orders_it_goes_on(small: Path) -> None:
    require_consent(stated(small, mode="live", enabled=True), DrillWish(exchange="main", consent="main"))
    require_consent(stated(small), DrillWish(exchange="main", suite="reading"))
    require_consent(stated(small, "testnet"), DrillWish(exchange="main"))
    require_consent(stated(small, "simulator"), DrillWish(exchange="main"))


def test_the_reading_suite_sends_nothing() -> None:
    assert [card.number for card in SUITES["reading"]] == [1, 2, 3, 5]
    assert [card.number for card in SUITES["standard"]] == list(range(1, 17))


def test_production_is_refused_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path)]) == 0
    assert main(["drill", "venue", "binance", "-c", str(tmp_path / "arb.yaml")]) == SafetyError.exit_code
    assert "consents are missing" in capsys.readouterr().err


def test_a_testnet_wants_a_yes_where_nobody_can_give_it(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drill", "venue", "main", "-c", str(small)]) == SafetyError.exit_code
    assert "want a yes" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["MAIN:FUNDING:USDT", "A:B:C:x", "A:B:C:0", "A:B:C:-1", "A:B:C:NaN"])
def test_a_transfer_is_four_parts_with_an_amount(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drill", "venue", "binance", "--transfer", text]) == 2
    assert "Invalid value for '--transfer'" in capsys.readouterr().err


async def test_an_unknown_exchange_or_instrument_is_named(simulated: Simulated) -> None:
    _, files = simulated
    with pytest.raises(ConfigurationError, match="did you mean binance"):
        await drill(files, DrillWish(exchange="binanse"))
    with pytest.raises(ConfigurationError, match="did you mean BTCUSDT"):
        await drill(files, DrillWish(exchange="binance", instrument="BTCUSDR"))


class Hanging(Lying):
    """Never answers the first question for open orders."""

    def __init__(self, real: Any, asked: anyio.Event) -> None:
        super().__init__(real)
        self.asked = asked

    async def open_orders(self, instrument: str = "") -> Sequence[OpenOrder]:
        """Hang once."""
        if not self.asked.is_set():
            self.asked.set()
            await anyio.sleep_forever()
        told: Sequence[OpenOrder] = await self.real.open_orders(instrument)
        return told


async def test_an_interrupted_drill_still_cancels_its_orders(
    simulated: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator, files = simulated
    asked = anyio.Event()
    lie(monkeypatch, "real_venue", lambda real: Hanging(real, asked))
    wish = DrillWish(exchange="upbit", suite=suite_of(monkeypatch, 8))
    async with anyio.create_task_group() as group:
        group.start_soon(drill, files, wish)
        await asked.wait()
        assert _open(simulator) == 1
        group.cancel_scope.cancel()
    assert _open(simulator) == 0


def _open(simulator: Any) -> int:
    return sum(account["open_orders"] for account in simulator.venues.accounts.report())


class Receiving(Lying):
    """Somebody sends coins to the account while the drill trades on it."""

    def __init__(self, real: Any, simulator: Any) -> None:
        super().__init__(real)
        self.simulator = simulator

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Submit, and receive a coin."""
        report: OrderReport = await self.real.submit(order)
        deposit = Deposit(account="upbit", currency="BTC", amount=Decimal(1))
        self.simulator.control(Control(deposit=(deposit,)))
        return report


class Leaving(Receiving):
    """Receives, and then answers no question any more, so that a card fails with something bought."""

    async def look_up(self, order: OrderRef) -> Sequence[object]:
        """Fail while the card asks; tidying up has no need to."""
        raise ExchangeUnavailable("no answer")


async def test_coins_that_arrive_meanwhile_are_not_sold(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    simulator, files = simulated
    lie(monkeypatch, "real_venue", lambda real: Leaving(real, simulator))
    (outcome,) = (await drill(files, DrillWish(exchange="upbit", suite=suite_of(monkeypatch, 7)))).outcomes
    assert (outcome.status, outcome.seen) == ("failed", "ExchangeUnavailable: no answer")
    (account,) = [each for each in simulator.venues.accounts.report() if each["venue"] == "upbit"]
    assert Decimal(account["cash"]["BTC"]["free"]) == 5 + 2


class HalfWay(Lying):
    """Refuses the first sale, so that coins stay bought."""

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Submit, or refuse."""
        if order.side is Side.SELL and not self.__dict__.setdefault("refused", False):
            self.__dict__["refused"] = True
            raise ExchangeRefused("not now", reason="ORDER_REFUSED")
        report: OrderReport = await self.real.submit(order)
        return report


@pytest.mark.parametrize("exchange", ["upbit", "binance"])
async def test_what_a_failed_card_bought_is_sold_again(
    simulated: Simulated, monkeypatch: pytest.MonkeyPatch, exchange: str
) -> None:
    simulator, files = simulated
    lie(monkeypatch, "real_venue", HalfWay)
    report = await drill(files, DrillWish(exchange=exchange, suite=suite_of(monkeypatch, 7)))
    assert (report.outcomes[0].status, report.left) == ("failed", [])
    upbit, usdm = [each for each in simulator.venues.accounts.report() if each["venue"] in {"upbit", "usdm"}]
    assert (upbit["cash"]["BTC"]["free"], usdm["positions"]) == ("5", [])


class Interrupted(Lying):
    """Fails once the leverage was changed."""

    async def terms(self, instrument: str) -> TradingTerms:
        """Answer once."""
        if self.__dict__.setdefault("asked", False):
            raise ExchangeUnavailable("no answer")
        self.__dict__["asked"] = True
        told: TradingTerms = await self.real.terms(instrument)
        return told


async def test_leverage_is_put_back_when_its_card_fails(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    _, files = simulated
    made: list[int] = []

    class Noting(Interrupted):
        async def set_leverage(self, instrument: str, leverage: int) -> None:
            await self.real.set_leverage(instrument, leverage)
            made.append(leverage)

    lie(monkeypatch, "real_venue", Noting)
    report = await drill(files, DrillWish(exchange="binance", suite=suite_of(monkeypatch, 13)))
    assert (report.outcomes[0].status, made, report.left) == ("failed", [19, 20], [])


class Robbing(Lying):
    """A treasury from which nothing may be withdrawn."""

    async def withdraw(self, request: WithdrawalRequest) -> Movement:
        """Fail."""
        raise AssertionError("a drill withdraws")


async def test_a_drill_never_withdraws(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    _, files = simulated
    lie(monkeypatch, "treasury", Robbing)
    allowed = ("exchanges.upbit.move_money=true", "keys.withdraw=allowed")
    report = await drill(files, DrillWish(exchange="upbit", suite=suite_of(monkeypatch, 5, 6)), *allowed)
    assert "withdraws" not in str(report)
