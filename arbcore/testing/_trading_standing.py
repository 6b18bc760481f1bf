"""Standard tests of real venues: orders that stand, are changed, wait for a trigger, and are looked back at."""

from collections.abc import Sequence

import anyio
import pytest
from msgspec.structs import replace

from arbcore.errors import ExchangeRefused
from arbcore.model.grid import Rounding
from arbcore.model.order import TERMINAL, Amendment, OrderRequest, OrderState, OrderType, Side
from arbcore.model.reason import Reason
from arbcore.testing import _trading_desk as trading_desk
from arbcore.testing._trading_base import VenueFixtures
from arbcore.testing._trading_desk import Desk, fills_in, only, open_desk, outcome, ref, reports_in
from arbcore.testing.trading_bench import Bench


class StandingTests(VenueFixtures):
    """What can be done with orders that rest or have ended."""

    @pytest.mark.anyio
    async def test_amended_order_has_its_new_terms_only(self, bench: Bench) -> None:
        """After an amend exactly one order is open, with the new price and quantity."""
        bench.need("amends")
        async with open_desk(bench) as desk:
            order = await desk.rest()
            changed = await amended(desk, order)
            listed = await only_with_new_terms(desk, changed)
            assert listed == changed.client_order_id
            await desk.cancelled(changed)

    @pytest.mark.anyio
    async def test_an_ended_order_is_not_amended(self, bench: Bench) -> None:
        """It is refused as unknown, and nothing is placed in its stead."""
        bench.need("amends")
        async with open_desk(bench) as desk:
            order = await desk.rest()
            await desk.cancelled(order)
            change = new_terms(desk, order)
            error = await outcome(lambda: desk.venue.amend(ref(order), change))
            assert isinstance(error, ExchangeRefused)
            assert error.reason == Reason.ORDER_UNKNOWN
            assert list(await desk.venue.open_orders()) == []

    @pytest.mark.anyio
    async def test_cancel_all_leaves_none(self, bench: Bench) -> None:
        """Every open order of the instrument ends as cancelled, each told once."""
        async with open_desk(bench) as desk:
            orders = [await desk.rest(side) for side in (Side.BUY, Side.SELL, Side.BUY)]
            await desk.venue.cancel_all(desk.instrument.key)
            for order in orders:
                await desk.until_ended(order)
                assert desk.news.states[order.client_order_id] is OrderState.CANCELLED
            assert list(await desk.venue.open_orders(desk.instrument.key)) == []
            await desk.venue.cancel_all(desk.instrument.key)

    @pytest.mark.parametrize("kind", [OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET])
    @pytest.mark.anyio
    async def test_a_triggered_order_waits(self, bench: Bench, kind: OrderType) -> None:
        """It is listed with its trigger, looked up and cancelled like any other, by its type."""
        bench.need(f"order_types.{kind}")
        async with open_desk(bench) as desk:
            order = await _triggered(desk, bench, kind)
            assert (await desk.submit(order)).state not in TERMINAL
            listed = only(await desk.venue.open_orders(desk.instrument.key), "open orders listed")
            assert (listed.client_order_id, listed.type) == (order.client_order_id, kind)
            assert listed.trigger_price == order.trigger_price
            assert reports_in(await desk.found(order))
            await desk.venue.cancel(ref(order))
            await desk.until_ended(order)
            assert list(await desk.venue.open_orders(desk.instrument.key)) == []

    @pytest.mark.anyio
    async def test_history_tells_what_ended(self, bench: Bench) -> None:
        """Ended orders and fills, the oldest first, under the ids that they were told with."""
        bench.need("times_in_force.ioc")
        async with open_desk(bench) as desk:
            since = (await desk.venue.snapshot()).ts
            taken, rested = await desk.taking(), await desk.rest()
            await desk.submit(taken)
            fills = await desk.until_ended(taken)
            await desk.cancelled(rested)
            told = await desk.venue.history(desk.instrument.key, since - 10**9)
            assert {fill.fill_id for fill in fills} <= {fill.fill_id for fill in fills_in(told)}
            ends = {one.client_order_id: one.state for one in reports_in(told)}
            assert all(ends[one.client_order_id] in TERMINAL for one in (taken, rested))
            times = [one.ts for one in fills_in(told)]
            assert times == sorted(times)


def new_terms(desk: Desk, order: OrderRequest) -> Amendment:
    """Return other terms for a resting buy: one tick further away, one lot more."""
    assert order.price is not None
    tick = desk.instrument.ticks.tick_at(order.price)
    return Amendment(
        side=order.side,
        price=desk.instrument.ticks.place(order.price - tick, Rounding.DOWN),
        quantity=order.quantity + desk.instrument.lot,
        new_client_order_id=desk.new_id(),
    )


async def amended(desk: Desk, order: OrderRequest) -> OrderRequest:
    """Amend a resting order; return it with its new terms, under the id that it has from now on."""
    change = new_terms(desk, order)
    later = noted(desk, order, change)
    report = await desk.venue.amend(ref(order), change)
    desk.news.answer(report)
    assert report.client_order_id in {one.client_order_id for one in later}
    return next(one for one in later if one.client_order_id == report.client_order_id)


def noted(desk: Desk, order: OrderRequest, change: Amendment) -> Sequence[OrderRequest]:
    """Note the new terms under both ids that the order may have from now on; return it under each."""
    later = [
        replace(order, price=change.price, quantity=change.quantity, client_order_id=name)
        for name in (order.client_order_id, change.new_client_order_id)
    ]
    for one in later:
        desk.news.sent[one.client_order_id] = one
    return later


async def only_with_new_terms(desk: Desk, terms: Amendment | OrderRequest) -> str:
    """Wait until exactly one order is open, with new terms: the old one may still be on its way out. Return its id."""
    with anyio.move_on_after(trading_desk.PATIENCE_S):
        while True:
            listed = await desk.venue.open_orders(desk.instrument.key)
            assert len(listed) < 3, f"an amend left {len(listed)} orders"
            if [(one.price, one.quantity - one.filled) for one in listed] == [(terms.price, terms.quantity)]:
                return listed[0].client_order_id
            await anyio.sleep(0.02)
    pytest.fail(f"open are {[(one.price, one.quantity) for one in listed]}, not {terms.price} and {terms.quantity}")


async def _triggered(desk: Desk, bench: Bench, kind: OrderType) -> OrderRequest:
    """Return a sell that waits for a price away from the touch: below it as a stop, above it to take a profit."""
    touch = await desk.touch()
    away = -bench.market.distance if kind is OrderType.STOP_MARKET else bench.market.distance
    trigger = desk.instrument.ticks.place(touch.bid * (1 + away), Rounding.DOWN)
    order = await desk.market_order(Side.SELL, kind)
    return replace(order, trigger_price=trigger, quantity=desk.small(min(trigger, touch.bid)))
