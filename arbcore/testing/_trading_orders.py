"""Standard tests of real venues: orders that go as they should."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from arbcore.errors import ExchangeRefused
from arbcore.model.money import ZERO, total
from arbcore.model.order import (
    TERMINAL,
    Liquidity,
    OrderRef,
    OrderRequest,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)
from arbcore.model.reason import Reason
from arbcore.testing._trading_base import VenueFixtures
from arbcore.testing._trading_desk import Desk, fills_in, only, open_desk, outcome, ref, reports_in
from arbcore.testing.trading_bench import Bench

_SIDES = pytest.mark.parametrize("side", list(Side))


class OrderTests(VenueFixtures):
    """What becomes of orders on a good day."""

    @_SIDES
    @pytest.mark.anyio
    async def test_a_resting_order_lives_and_is_cancelled(self, bench: Bench, side: Side) -> None:
        """It is acknowledged, listed with its terms, looked up, cancelled, and its end is reported once."""
        bench.need("times_in_force.gtc")
        async with open_desk(bench) as desk:
            order = await desk.rest(side)
            listed = only(await desk.venue.open_orders(desk.instrument.key), "open orders listed")
            assert listed.client_order_id == order.client_order_id
            assert (listed.instrument, listed.side, listed.type) == (order.instrument, side, OrderType.LIMIT)
            assert (listed.quantity, listed.filled, listed.price) == (order.quantity, ZERO, order.price)
            report = only(await desk.found(order), "reports of the order")
            assert report in reports_in([report]), "a fill of an order that rests"
            assert getattr(report, "state", "") is OrderState.ACKNOWLEDGED
            assert list(await desk.cancelled(order)) == []
            await desk.fence()
            states = [one.state for one in desk.news.reports(order.client_order_id)]
            assert states.count(OrderState.CANCELLED) == 1
            assert states[-1] is OrderState.CANCELLED
            assert await desk.listed(order) == 0
            assert reports_in(await desk.found(order))[0].state is OrderState.CANCELLED

    @pytest.mark.anyio
    async def test_an_order_is_found_by_the_venues_id(self, bench: Bench) -> None:
        """The venue's own id finds and cancels an order as well as ours does."""
        async with open_desk(bench) as desk:
            order = await desk.rest()
            listed = only(await desk.venue.open_orders(), "open orders listed")
            assert listed.venue_order_id
            named = OrderRef(instrument=order.instrument, venue_order_id=listed.venue_order_id)
            report = only(reports_in(await desk.venue.look_up(named)), "reports of the order")
            assert (report.client_order_id, report.venue_order_id) == (order.client_order_id, listed.venue_order_id)
            await desk.venue.cancel(named)
            await desk.until_ended(order)

    @_SIDES
    @pytest.mark.anyio
    async def test_a_market_order_fills_once(self, bench: Bench, side: Side) -> None:
        """Its fills are told once, with fee and currency, and looked up under the same ids."""
        bench.need("order_types.market")
        async with open_desk(bench) as desk:
            await _fills(desk, side, OrderType.MARKET)

    @_SIDES
    @pytest.mark.anyio
    async def test_a_best_order_fills_once(self, bench: Bench, side: Side) -> None:
        """So does an order at the best opposite price."""
        bench.need("order_types.best")
        async with open_desk(bench) as desk:
            await _fills(desk, side, OrderType.BEST)

    @_SIDES
    @pytest.mark.anyio
    async def test_an_immediate_order_fills_once(self, bench: Bench, side: Side) -> None:
        """A limit that the touch meets fills at once, as a taker, at no worse price, and never rests."""
        bench.need("times_in_force.ioc")
        async with open_desk(bench) as desk:
            order = await desk.taking(side)
            await desk.submit(order)
            fills = await desk.until_ended(order)
            await desk.fence()
            assert total(fill.quantity for fill in fills) == order.quantity
            assert {fill.liquidity for fill in fills} == {Liquidity.TAKER}
            assert desk.news.states[order.client_order_id] is OrderState.FILLED
            assert await desk.listed(order) == 0

    @pytest.mark.anyio
    async def test_rest_of_an_immediate_order_ends(self, bench: Bench) -> None:
        """What the touch can't fill does not stay, and the report counts exactly the fills."""
        bench.need("times_in_force.ioc")
        async with open_desk(bench) as desk:
            order = await desk.larger_than_touch()
            await desk.submit(order)
            fills = await desk.until_ended(order)
            assert desk.news.states[order.client_order_id] in {OrderState.CANCELLED, OrderState.EXPIRED}
            assert 0 < total(fill.quantity for fill in fills) < order.quantity
            assert await desk.listed(order) == 0

    @pytest.mark.anyio
    async def test_an_immediate_order_may_fill_nothing(self, bench: Bench) -> None:
        """Away from the touch it ends at once, without a fill: told, or refused for want of an offer."""
        bench.need("times_in_force.ioc")
        async with open_desk(bench) as desk:
            order = replace(await desk.resting(), time_in_force=TimeInForce.IOC)
            await _ends_without_fill(desk, order, Reason.ORDER_NO_LIQUIDITY)

    @pytest.mark.anyio
    async def test_fill_or_kill(self, bench: Bench) -> None:
        """All or nothing: what the touch can't fill whole fills nothing."""
        bench.need("times_in_force.fok")
        async with open_desk(bench) as desk:
            order = await desk.larger_than_touch(life=TimeInForce.FOK)
            await _ends_without_fill(desk, order, Reason.ORDER_NO_LIQUIDITY)
            order = await desk.taking(life=TimeInForce.FOK)
            await desk.submit(order)
            assert total(fill.quantity for fill in await desk.until_ended(order)) == order.quantity

    @_SIDES
    @pytest.mark.anyio
    async def test_post_only_never_takes(self, bench: Bench, side: Side) -> None:
        """One that would take ends without a fill, and says so; one that would not rests."""
        bench.need("times_in_force.post_only")
        async with open_desk(bench) as desk:
            order = await desk.taking(side, TimeInForce.POST_ONLY)
            await _ends_without_fill(desk, order, Reason.ORDER_WOULD_TAKE)
            order = await desk.resting(side, TimeInForce.POST_ONLY)
            await desk.submit(order)
            assert await desk.listed(order) == 1
            await desk.cancelled(order)

    @pytest.mark.anyio
    async def test_a_partial_fill_is_kept_when_the_rest_is_cancelled(self, bench: Bench) -> None:
        """The rest of a partly filled order rests, is cancelled, and the end counts what had filled."""
        bench.need("times_in_force.gtc")
        async with open_desk(bench) as desk:
            order = await desk.larger_than_touch(life=TimeInForce.GTC)
            await desk.submit(order)
            name = order.client_order_id
            await desk.until(lambda: desk.news.filled(name) > 0, "the part that the touch fills is told")
            fills = await desk.cancelled(order)
            assert desk.news.states[name] is OrderState.CANCELLED
            assert 0 < total(fill.quantity for fill in fills) < order.quantity
            looked_up = fills_in(await desk.venue.look_up(ref(order)))
            assert {fill.fill_id for fill in looked_up} == {fill.fill_id for fill in fills}

    @pytest.mark.anyio
    async def test_a_resting_order_fills_as_a_maker(self, bench: Bench) -> None:
        """When the market comes to it, it fills at its own price, told once."""
        bench.need("times_in_force.gtc", "market.move_to")
        async with open_desk(bench) as desk:
            order = await desk.rest()
            assert order.price is not None
            assert bench.market.move_to is not None
            await bench.market.move_to(order.price)
            fills = await desk.until_ended(order)
            assert {(fill.price, fill.liquidity) for fill in fills} == {(order.price, Liquidity.MAKER)}
            assert desk.news.states[order.client_order_id] is OrderState.FILLED

    @pytest.mark.anyio
    async def test_a_buy_by_cost_spends_no_more(self, bench: Bench) -> None:
        """An order by cost spends at most its cost, in parts that add up."""
        bench.need("cost_orders", "order_types.market")
        async with open_desk(bench) as desk:
            order = await desk.market_order(Side.BUY)
            assert order.cost is not None
            await desk.submit(order)
            spent = total(fill.quantity * fill.price for fill in await desk.until_ended(order))
            assert order.cost * Decimal("0.9") < spent <= order.cost


async def _fills(desk: Desk, side: Side, kind: OrderType) -> None:
    """Send an order without a limit, and hold its fills to what it was and to what is looked up."""
    order, touch = await desk.market_order(side, kind), await desk.touch()
    await desk.submit(order)
    fills = await desk.until_ended(order)
    await desk.fence()
    assert fills, "it filled nothing"
    assert desk.news.states[order.client_order_id] is OrderState.FILLED
    if order.cost is None:
        assert total(fill.quantity for fill in fills) == order.quantity
    assert all(touch.bid * Decimal("0.9") < fill.price < touch.ask * Decimal("1.1") for fill in fills)
    assert {fill.liquidity for fill in fills} == {Liquidity.TAKER}
    assert {fill.fill_id for fill in fills_in(await desk.found(order))} == {fill.fill_id for fill in fills}


async def _ends_without_fill(desk: Desk, order: OrderRequest, reason: Reason) -> None:
    """Send an order that fills nothing: the venue refuses it for a reason, or takes it and ends it."""
    desk.news.sent[order.client_order_id] = order
    error = await outcome(lambda: desk.submit(order))
    if error is not None:
        assert isinstance(error, ExchangeRefused), error
        assert error.reason == reason
    else:
        await desk.until_ended(order)
        ends = [one for one in desk.news.reports(order.client_order_id) if one.state in TERMINAL]
        assert desk.news.states[order.client_order_id] is not OrderState.FILLED
        assert reason is not Reason.ORDER_WOULD_TAKE or {one.reason for one in ends} <= {reason}
    assert desk.news.filled(order.client_order_id) == 0
    assert await desk.listed(order) == 0
