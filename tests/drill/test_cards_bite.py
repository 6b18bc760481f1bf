"""Every card fails where a venue does not keep what the card asks for: one lie each."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from arbcore.drill import DrillWish
from arbcore.errors import ExchangeRefused, RateLimited, SafetyError
from arbcore.model.account import OpenOrder, TradingTerms
from arbcore.model.input import AccountSnapshot, ConnectionChanged
from arbcore.model.order import TERMINAL, Fill, OrderRef, OrderReport, OrderRequest, OrderState
from arbcore.model.state import ConnectionState
from arbcore.model.treasury import Movement, MovementState, TransferRequest
from arbcore.ports.trading import VenueItem
from tests.drill import field
from tests.drill.field import Lying, Simulated, Told, drill, lie, suite_of

pytestmark = pytest.mark.anyio


class Retold(Lying):
    """Its stream passes through `retell`."""

    async def run(self, instruments: Sequence[str], report: Told) -> None:
        """Report what `retell` makes of each item."""

        def tell(item: VenueItem) -> None:
            for each in self.retell(item):
                report(each)

        await self.real.run(instruments, tell)

    def retell(self, item: VenueItem) -> Sequence[VenueItem]:
        """Return what is reported in place of an item."""
        return [item]


class OtherTerms(Lying):
    """Tells the terms of another instrument."""

    async def terms(self, instrument: str) -> TradingTerms:
        """Return them."""
        told: TradingTerms = await self.real.terms(instrument)
        return replace(told, instrument="binance:OTHER")


class NoSnapshot(Retold):
    """Never reports a snapshot."""

    def retell(self, item: VenueItem) -> Sequence[VenueItem]:
        """Leave snapshots out."""
        return [] if isinstance(item, AccountSnapshot) else [item]


class NotBack(Retold):
    """Tells of no connection that came back."""

    def __init__(self, real: Any) -> None:
        super().__init__(real)
        self.lost = False

    def retell(self, item: VenueItem) -> Sequence[VenueItem]:
        """Leave what comes back out."""
        if isinstance(item, ConnectionChanged):
            self.lost = self.lost or item.state is ConnectionState.RECONNECTING
            return [] if self.lost and item.state is ConnectionState.CONNECTED else [item]
        return [item]


class NothingLocked(Lying):
    """Tells balances of which nothing is ever locked."""

    async def snapshot(self) -> AccountSnapshot:
        """Return them."""
        told: AccountSnapshot = await self.real.snapshot()
        return replace(told, balances=tuple(replace(each, locked=each.locked * 0) for each in told.balances))


class NewestFirst(Lying):
    """Tells deposits newest first."""

    async def deposits(self, since: int) -> Sequence[Movement]:
        """Return two."""
        old = Movement(movement_id="1", currency="BTC", amount=1, state=MovementState.DONE, ts=1)  # type: ignore[arg-type]
        return [replace(old, ts=2), old]


class Obliging(Lying):
    """Transfers whatever it is asked to."""

    async def transfer(self, request: TransferRequest) -> Movement:
        """Say that it is done."""
        state = MovementState.DONE
        return Movement(movement_id="1", currency=request.currency, amount=request.amount, state=state, ts=1)


class FillsTwice(Retold):
    """Reports each fill twice."""

    def retell(self, item: VenueItem) -> Sequence[VenueItem]:
        """Repeat fills."""
        return [item, item] if isinstance(item, Fill) else [item]


class FillsLost(Retold):
    """Reports no fill."""

    def retell(self, item: VenueItem) -> Sequence[VenueItem]:
        """Leave fills out."""
        return [] if isinstance(item, Fill) else [item]


class OtherPrice(Lying):
    """Lists open orders at another price and without a trigger."""

    async def open_orders(self, instrument: str = "") -> Sequence[OpenOrder]:
        """Return them."""
        told: Sequence[OpenOrder] = await self.real.open_orders(instrument)
        return [replace(each, price=None, trigger_price=None) for each in told]


class CancelsAnything(Lying):
    """Takes a cancel of an order that has ended."""

    async def cancel(self, order: OrderRef) -> None:
        """Cancel, or say so."""
        try:
            await self.real.cancel(order)
        except ExchangeRefused:
            return


class SaysFilled(Retold):
    """Calls an order filled that was cut short."""

    def retell(self, item: VenueItem) -> Sequence[VenueItem]:
        """Change the end of what filled in part."""
        short = isinstance(item, OrderReport) and item.state in TERMINAL and item.filled
        return [replace(item, state=OrderState.FILLED)] if short else [item]


class StubbornLeverage(Lying):
    """Takes a leverage and keeps the old one."""

    async def set_leverage(self, instrument: str, leverage: int) -> None:
        """Do nothing."""


class Forgetful(Lying):
    """Knows no order that is looked up."""

    async def look_up(self, order: OrderRef) -> Sequence[object]:
        """Return nothing."""
        return []


class Hopeful(Lying):
    """Says that an order was taken when it was limited."""

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Submit."""
        try:
            report: OrderReport = await self.real.submit(order)
        except RateLimited:
            state = OrderState.ACKNOWLEDGED
            return OrderReport(client_order_id=order.client_order_id, state=state, ts=1, recv_ts=1)
        return report


class EndsTwice(Retold):
    """Tells the end of each order twice."""

    def retell(self, item: VenueItem) -> Sequence[VenueItem]:
        """Repeat ends."""
        return [item, item] if isinstance(item, OrderReport) and item.state in TERMINAL else [item]


@pytest.fixture
async def simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulated]:
    async with field.simulated(tmp_path, monkeypatch) as both:
        yield both


@pytest.mark.parametrize(
    ("number", "exchange", "what", "liar", "told"),
    [
        (1, "binance", "real_venue", OtherTerms, "the terms are those of binance:OTHER"),
        (2, "binance", "real_venue", NoSnapshot, "a snapshot after the connection"),
        (3, "binance", "real_venue", NotBack, "all connections back"),
        (4, "binance", "real_venue", NothingLocked, "a smaller free balance"),
        (5, "binance", "treasury", NewestFirst, "not told oldest first"),
        (6, "binance", "treasury", Obliging, "although move_money is off"),
        (7, "binance", "real_venue", FillsTwice, "reported twice"),
        (7, "upbit", "real_venue", FillsLost, "fills of"),
        (7, "binance", "real_venue", Forgetful, "other fills than the stream"),
        (8, "upbit", "real_venue", OtherPrice, "listed"),
        (9, "upbit", "real_venue", CancelsAnything, "the second cancel was taken"),
        (10, "upbit", "real_venue", SaysFilled, "and it ended FILLED"),
        (11, "binance", "real_venue", OtherPrice, "listed as stop_market at None"),
        (12, "binance", "real_venue", OtherPrice, "listed as take_profit_market at None"),
        (13, "binance", "real_venue", StubbornLeverage, "a leverage of 19x"),
        (14, "upbit", "real_venue", Forgetful, "does not know"),
        (15, "upbit", "real_venue", Hopeful, "told as taken"),
        (16, "upbit", "real_venue", EndsTwice, "reported 2 times"),
    ],
)
async def test_a_lie_fails_its_card(
    simulated: Simulated,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    exchange: str,
    what: str,
    liar: Callable[[Any], Lying],
    told: str,
) -> None:
    simulator, files = simulated
    lie(monkeypatch, what, liar)
    wish = DrillWish(exchange=exchange, suite=suite_of(monkeypatch, number), patience_s=1.5)
    report = await drill(files, wish)
    (outcome,) = report.outcomes
    assert (outcome.number, outcome.status) == (number, "failed"), outcome.seen
    assert told in outcome.seen
    assert not report.ok
    for account in simulator.venues.accounts.report():
        assert (account["open_orders"], account.get("positions", [])) == (0, []), (
            "what failed is tidied up all the same"
        )


class Dying(Lying):
    """Its stream ends by an error."""

    async def run(self, instruments: Sequence[str], report: Told) -> None:
        """Raise."""
        raise SafetyError("nothing goes any more")


async def test_a_stream_that_ends_is_told_by_the_cards_that_need_it(
    simulated: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, files = simulated
    lie(monkeypatch, "real_venue", Dying)
    report = await drill(files, DrillWish(exchange="upbit", suite=suite_of(monkeypatch, 1, 2, 9)))
    assert [outcome.status for outcome in report.outcomes] == ["passed", "failed", "failed"]
    assert "nothing goes any more" in report.outcomes[1].seen
