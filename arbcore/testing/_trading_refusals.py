"""Standard tests of real venues: what they refuse, and that a refusal changes nothing."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Final

import pytest
from msgspec.structs import replace

from arbcore.errors import ExchangeRefused, ExchangeUnavailable
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.order import OrderRef, OrderRequest, OrderState, Side, TimeInForce
from arbcore.model.reason import Reason
from arbcore.testing._trading_base import VenueFixtures
from arbcore.testing._trading_desk import Desk, open_desk, outcome, ref
from arbcore.testing.trading_bench import Bench

MakeOrder = Callable[[Desk], Awaitable[OrderRequest]]


async def _off_tick(desk: Desk) -> OrderRequest:
    order = await desk.resting()
    assert order.price is not None
    return replace(order, price=order.price - desk.instrument.ticks.tick_at(order.price) / 2)


async def _off_lot(desk: Desk) -> OrderRequest:
    order = await desk.resting()
    return replace(order, quantity=order.quantity + desk.instrument.lot / 2)


async def _too_small(desk: Desk) -> OrderRequest:
    order, one = await desk.resting(), desk.instrument
    terms = await desk.venue.terms(one.key)
    assert order.price is not None
    below = max(terms.min_notional, one.min_notional) / (order.price * one.contract_size) / 2
    quantity = to_grid(max(below, one.min_quantity - one.lot), one.lot, Rounding.DOWN)
    if quantity <= 0:
        pytest.skip("one lot is enough for an order: none is too small")
    return replace(order, quantity=quantity)


async def _too_large(desk: Desk) -> OrderRequest:
    order, one = await desk.resting(Side.SELL), desk.instrument
    most = (await desk.venue.terms(one.key)).max_notional
    if one.max_quantity is not None:
        # A venue may hold orders without a limit to a smaller quantity, which is then the instrument's.
        order = await desk.market_order(Side.SELL)
        return replace(order, quantity=to_grid(one.max_quantity, one.lot, Rounding.DOWN) + one.lot)
    if most is None:
        pytest.skip("the venue states no largest order")
    assert order.price is not None
    return replace(order, quantity=to_grid(most / (order.price * one.contract_size), one.lot, Rounding.UP) + one.lot)


async def _no_money(desk: Desk) -> OrderRequest:
    order, one = await desk.resting(), desk.instrument
    owned = {item.currency: item.total for item in (await desk.venue.snapshot()).balances}
    terms = await desk.venue.terms(one.key)
    assert order.price is not None
    money = owned.get(one.settlement, Decimal(0)) * max(terms.leverage, 1)
    quantity = to_grid(money * 2 / (order.price * one.contract_size), one.lot, Rounding.UP) + order.quantity
    value = quantity * order.price * one.contract_size
    beyond = one.max_quantity is not None and quantity > one.max_quantity
    if beyond or (terms.max_notional is not None and value > terms.max_notional):
        pytest.skip("the account has money for the largest order: give it less to run this")
    return replace(order, quantity=quantity)


async def _unlisted(desk: Desk) -> OrderRequest:
    order = await desk.resting()
    return replace(order, instrument=f"{desk.instrument.venue}:NO-SUCH-THING")


_REFUSED: Final[dict[str, tuple[MakeOrder, tuple[Reason, ...]]]] = {
    "price off the grid": (_off_tick, (Reason.ORDER_OFF_GRID,)),
    "quantity off the grid": (_off_lot, (Reason.ORDER_OFF_GRID,)),
    "too small": (_too_small, (Reason.ORDER_BELOW_MINIMUM,)),
    "too large": (_too_large, (Reason.ORDER_ABOVE_MAXIMUM, Reason.ORDER_INSUFFICIENT_BALANCE)),
    "no money": (_no_money, (Reason.ORDER_INSUFFICIENT_BALANCE, Reason.ORDER_POSITION_LIMIT)),
    "unlisted": (_unlisted, (Reason.ORDER_UNKNOWN_INSTRUMENT,)),
}


class RefusalTests(VenueFixtures):
    """What a venue must not take, told with its reason."""

    @pytest.mark.parametrize("what", _REFUSED)
    @pytest.mark.anyio
    async def test_refuses_with_a_reason_and_changes_nothing(self, bench: Bench, what: str) -> None:
        """A bad order is refused with its reason code; balances, positions and orders stay as they are."""
        bench.need("times_in_force.gtc")
        make, reasons = _REFUSED[what]
        async with open_desk(bench) as desk:
            order, before = await make(desk), await desk.venue.snapshot()
            await desk.refused(order, *reasons)
            after = await desk.venue.snapshot()
            assert (after.balances, after.positions) == (before.balances, before.positions)
            assert list(await desk.venue.open_orders()) == []
            await desk.never_existed(order)

    @pytest.mark.anyio
    async def test_refuses_a_used_id(self, bench: Bench) -> None:
        """An id that an open order has is refused, and that order stays as it is."""
        bench.need("client_ids", "times_in_force.gtc")
        async with open_desk(bench) as desk:
            order = await desk.rest()
            await desk.refused(order, Reason.ORDER_DUPLICATE_ID)
            assert await desk.listed(order) == 1
            await desk.cancelled(order)

    @pytest.mark.anyio
    async def test_an_id_is_used_up_for_ever(self, bench: Bench) -> None:
        """Where ids are for ever, one whose order has ended is refused as well."""
        bench.need("forever_ids")
        async with open_desk(bench) as desk:
            order = await desk.rest()
            await desk.cancelled(order)
            await desk.refused(order, Reason.ORDER_DUPLICATE_ID)
            assert await desk.listed(order) == 0

    @pytest.mark.anyio
    async def test_an_order_past_its_time_is_not_sent(self, bench: Bench) -> None:
        """One whose time is over never reaches the venue, and the caller is told that it did not."""
        async with open_desk(bench) as desk:
            order = replace(await desk.resting(), expires_at=1)
            desk.news.sent[order.client_order_id] = order
            error = await outcome(lambda: desk.venue.submit(order))
            assert isinstance(error, ExchangeUnavailable | ExchangeRefused), f"{error!r}: it was not sent"
            assert not isinstance(error, ExchangeRefused) or error.reason == Reason.ORDER_EXPIRED
            await desk.never_existed(order)

    @pytest.mark.anyio
    async def test_a_cancel_of_nothing_is_refused_as_unknown(self, bench: Bench) -> None:
        """Neither an id that was never used nor an order that has ended can be cancelled."""
        bench.need("client_ids")
        async with open_desk(bench) as desk:
            ended = await desk.rest()
            await desk.cancelled(ended)
            never = OrderRef(client_order_id=desk.new_id(), instrument=desk.instrument.key)
            for name in (never, ref(ended)):
                error = await outcome(lambda name=name: desk.venue.cancel(name))  # type: ignore[misc]  # bound at once
                assert isinstance(error, ExchangeRefused), f"{error!r}"
                assert error.reason == Reason.ORDER_UNKNOWN

    @pytest.mark.anyio
    async def test_reduce_only_opens_nothing(self, bench: Bench) -> None:
        """Without a position it is refused."""
        bench.need("reduce_only")
        async with open_desk(bench) as desk:
            order = replace(await desk.taking(Side.SELL), reduce_only=True)
            await desk.refused(order, Reason.ORDER_NOTHING_TO_REDUCE)
            await desk.never_existed(order)

    @pytest.mark.anyio
    async def test_reduce_only_never_turns_a_position(self, bench: Bench) -> None:
        """It closes what is there and no more, or is refused; then the position is gone or as it was."""
        bench.need("reduce_only", "times_in_force.ioc")
        async with open_desk(bench) as desk:
            opened = await desk.taking(Side.BUY)
            await desk.submit(opened)
            held = sum(fill.quantity for fill in await desk.until_ended(opened))
            over = replace(await desk.taking(Side.SELL), quantity=held * 2, reduce_only=True)
            desk.news.sent[over.client_order_id] = over
            error = await outcome(lambda: desk.submit(over))
            assert error is None or isinstance(error, ExchangeRefused)
            if error is None:
                fills = await desk.until_ended(over)
                assert sum(fill.quantity for fill in fills) == held
                assert desk.news.states[over.client_order_id] is not OrderState.ACKNOWLEDGED
            positions = (await desk.venue.snapshot()).positions
            assert sum(one.quantity for one in positions) == (held if error else 0)
            whole = replace(over, client_order_id=desk.new_id(), quantity=held, time_in_force=TimeInForce.IOC)
            if error is not None:
                await desk.submit(whole)
                await desk.until_ended(whole)
