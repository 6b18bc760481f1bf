"""Standard tests of real venues: streams that end, repeat or fall silent, other clients, and the account's sums."""

from decimal import Decimal

import pytest

from arbcore.model.input import AccountSnapshot, ConnectionChanged
from arbcore.model.money import ZERO, add, total
from arbcore.model.order import Fill, OrderOrigin, OrderReport, OrderRequest, Side
from arbcore.model.state import ConnectionState
from arbcore.testing._trading_base import VenueFixtures
from arbcore.testing._trading_desk import Desk, fills_in, only, open_desk, ref
from arbcore.testing._trading_news import moved
from arbcore.testing.trading_bench import Bench


class RecoveryTests(VenueFixtures):
    """Nothing is lost, nothing is counted twice, and the account adds up."""

    @pytest.mark.anyio
    async def test_a_cut_stream_is_told_and_recovered(self, bench: Bench) -> None:
        """It is told as down and as CONNECTED again, and orders are told as before."""
        bench.need("faults.cut", "times_in_force.ioc")
        async with open_desk(bench) as desk:
            await _trade(desk, await desk.taking(Side.SELL))
            order, first = await desk.rest(), len(desk.news.items)
            assert bench.faults.cut is not None
            await bench.faults.cut()
            await desk.until(lambda: _went_down(desk, first), "the loss of the user stream is told")
            await desk.until_connected(first)
            await desk.cancelled(order)
            await desk.fence()

    @pytest.mark.anyio
    async def test_what_a_cut_hid_is_told_once_before_connected(self, bench: Bench) -> None:
        """Fills and ends while the stream was down are told before CONNECTED, once; a whole snapshot follows it."""
        bench.need("faults.down", "times_in_force.ioc")
        async with open_desk(bench) as desk:
            known = await _trade(desk, await desk.taking(Side.SELL))
            rested, first = await desk.rest(), len(desk.news.items)
            assert bench.faults.down is not None
            async with bench.faults.down():
                await desk.until(lambda: _went_down(desk, first), "the loss of the user stream is told")
                taken = await desk.taking()
                await desk.submit(taken)
                await desk.venue.cancel(ref(rested))
            await desk.until_connected(first)
            _hold_to_order(desk, bench, first, [taken, rested])
            await desk.until(lambda: _snapshot_after(desk, bench, first), "a whole snapshot follows CONNECTED")
            assert total(fill.quantity for fill in await desk.until_ended(taken)) == taken.quantity
            await desk.until_ended(rested)
            await desk.fence()
            assert desk.news.fills[known[0].client_order_id] == known

    @pytest.mark.anyio
    async def test_events_that_come_twice_are_told_once(self, bench: Bench) -> None:
        """A venue that repeats its events makes no fill and no report twice."""
        bench.need("faults.duplicate", "times_in_force.ioc")
        async with open_desk(bench) as desk:
            assert bench.faults.duplicate is not None
            async with bench.faults.duplicate():
                order = await desk.taking()
                await desk.submit(order)
                await desk.until_ended(order)
                await desk.cancelled(await desk.rest())
                await desk.fence()
            await desk.fence()
            assert desk.news.filled(order.client_order_id) == order.quantity

    @pytest.mark.anyio
    async def test_a_silent_stream_hides_no_fill_from_a_look(self, bench: Bench) -> None:
        """What the stream never told is found by look_up, with its fee, under its own id."""
        bench.need("faults.silence", "client_ids", "times_in_force.ioc")
        async with open_desk(bench) as desk:
            assert bench.faults.silence is not None
            async with bench.faults.silence():
                order = await desk.taking()
                await desk.submit(order)
                found = fills_in(await desk.found(order))
                assert total(fill.quantity for fill in found) == order.quantity
                assert all(fill.fee_currency and fill.fill_id for fill in found)
            assert len({fill.fill_id for fill in found}) == len(found)

    @pytest.mark.anyio
    async def test_orders_of_an_earlier_run_are_found(self, bench: Bench) -> None:
        """A new object finds what an earlier one left: listed, looked up, cancelled, its end told as ours."""
        bench.need("client_ids")
        async with open_desk(bench) as desk:
            order = await desk.rest()
        async with open_desk(bench, order) as desk:
            assert await desk.listed(order) == 1
            assert await desk.found(order)
            await desk.cancelled(order)

    @pytest.mark.anyio
    async def test_orders_of_others_are_told_as_theirs(self, bench: Bench) -> None:
        """An order that somebody else placed is listed and told with its origin, and never taken for ours."""
        bench.need("witness.place")
        async with open_desk(bench) as desk:
            theirs = await desk.resting()
            assert bench.witness.place is not None
            name = await bench.witness.place(theirs)
            await desk.until(lambda: any(one.venue_order_id == name for one in desk.news.foreign), "it is told")
            assert {one.origin for one in desk.news.foreign} == {OrderOrigin.FOREIGN}
            listed = only(await desk.venue.open_orders(desk.instrument.key), "open orders listed")
            assert (listed.venue_order_id, listed.origin) == (name, OrderOrigin.FOREIGN)
            await desk.fence()

    @pytest.mark.parametrize("origin", [OrderOrigin.LIQUIDATION, OrderOrigin.ADL])
    @pytest.mark.anyio
    async def test_what_the_venue_closes_is_told_with_its_origin(self, bench: Bench, origin: OrderOrigin) -> None:
        """A liquidation or a deleveraging is told as a fill of its own origin, and the position is gone."""
        bench.need("leverage", "faults.close_position", "times_in_force.ioc")
        async with open_desk(bench) as desk:
            opened = await _trade(desk, await desk.taking())
            assert bench.faults.close_position is not None
            await bench.faults.close_position(origin)
            held = total(fill.quantity for fill in opened)
            await desk.until(lambda: _closed_by_venue(desk) == held, "the closing fills are told")
            assert {one.origin for one in desk.news.foreign} == {origin}
            assert not (await desk.venue.snapshot()).positions

    @pytest.mark.anyio
    async def test_balances_follow_from_the_fills(self, bench: Bench) -> None:
        """After fills the snapshot is the one before plus what was told, to the last digit, fees included."""
        bench.need("times_in_force.ioc")
        async with open_desk(bench) as desk:
            before = _owned(await desk.venue.snapshot())
            fills = await _round_trip(desk)
            after = await desk.venue.snapshot()
            assert not after.positions, "the round trip left a position"
            assert _owned(after) == _sum(before, _changes(desk, fills))
            if bench.witness.balances is not None:
                ledger = await bench.witness.balances()
                assert _owned(after) == {currency: pair[0] for currency, pair in ledger.items() if pair[0]}

    @pytest.mark.anyio
    async def test_updates_lead_to_the_snapshot(self, bench: Bench) -> None:
        """Balances as `run` told them one by one are those of the snapshot."""
        bench.need("times_in_force.ioc")
        async with open_desk(bench) as desk:
            await _round_trip(desk)
            owned = _owned(await desk.venue.snapshot())
            await desk.until(
                lambda: {**owned, **desk.news.balances()} == owned and bool(desk.news.balances()),
                f"the balances told become those of the snapshot, {owned}",
            )

    @pytest.mark.anyio
    async def test_a_position_is_the_sum_of_its_fills(self, bench: Bench) -> None:
        """Bought and sold, a perpetual's position is what the fills add up to, and its entry what they cost."""
        bench.need("leverage", "times_in_force.ioc")
        async with open_desk(bench) as desk:
            order = await desk.taking()
            await desk.submit(order)
            fills = await desk.until_ended(order)
            position = only((await desk.venue.snapshot()).positions, "open positions")
            assert position.instrument == desk.instrument.key
            assert position.quantity == total(fill.quantity for fill in fills)
            cost = total(fill.quantity * fill.price for fill in fills) * desk.instrument.contract_size
            assert abs(position.entry_value - cost) <= cost * Decimal("1e-6")
            closing = await desk.taking(Side.SELL)
            await _trade(desk, closing)


async def _trade(desk: Desk, order: OrderRequest) -> list[Fill]:
    await desk.submit(order)
    fills = await desk.until_ended(order)
    assert total(fill.quantity for fill in fills) == order.quantity, "the touch did not fill a small order"
    return fills


def _closed_by_venue(desk: Desk) -> Decimal:
    return total(one.quantity for one in desk.news.foreign if isinstance(one, Fill))


async def _round_trip(desk: Desk) -> list[Fill]:
    """Buy and sell the same quantity."""
    bought = await _trade(desk, await desk.taking(Side.BUY))
    sold = await _trade(desk, await desk.taking(Side.SELL))
    return [*bought, *sold]


def _changes(desk: Desk, fills: list[Fill]) -> dict[str, Decimal]:
    one = desk.instrument
    if desk.is_spot:
        return moved(fills, one.base, one.quote, one.unit)
    # Flat before and after: the profit is what was got less what was paid, whatever the venue calls the entry.
    profit = total(-fill.quantity * fill.price * fill.side.sign for fill in fills) * one.contract_size
    changes = {one.settlement: profit}
    for fill in fills:
        changes[fill.fee_currency] = add(changes.get(fill.fee_currency, ZERO), -fill.fee)
    return changes


def _sum(before: dict[str, Decimal], changes: dict[str, Decimal]) -> dict[str, Decimal]:
    found = {name: add(before.get(name, ZERO), changes.get(name, ZERO)) for name in {*before, *changes}}
    return {name: amount for name, amount in found.items() if amount}


def _owned(snapshot: AccountSnapshot) -> dict[str, Decimal]:
    return {one.currency: one.total for one in snapshot.balances if one.total}


def _is_stream(item: object, bench: Bench) -> bool:
    named = isinstance(item, ConnectionChanged) and item.connection
    return bool(named) and (not bench.faults.stream or named == bench.faults.stream)


def _went_down(desk: Desk, first: int) -> bool:
    return any(
        isinstance(item, ConnectionChanged) and item.state is not ConnectionState.CONNECTED
        for item in desk.news.items[first:]
    )


def _connected_at(desk: Desk, bench: Bench, first: int) -> int:
    """Return where the user stream was first told as CONNECTED, of what was told from a place on."""
    places = [
        place
        for place, item in enumerate(desk.news.items)
        if place >= first and _is_stream(item, bench) and getattr(item, "state", "") is ConnectionState.CONNECTED
    ]
    return places[0]


def _hold_to_order(desk: Desk, bench: Bench, first: int, orders: list[OrderRequest]) -> None:
    """Assert that what was missed was told before CONNECTED was."""
    told = desk.news.items[first : _connected_at(desk, bench, first)]
    known = {item.client_order_id for item in told if isinstance(item, OrderReport | Fill)}
    for order in orders:
        assert order.client_order_id in known, f"CONNECTED was told before what became of {order.client_order_id}"
    taken = orders[0]
    filled = total(
        item.quantity for item in told if isinstance(item, Fill) and item.client_order_id == taken.client_order_id
    )
    assert filled == taken.quantity, "CONNECTED was told before the fills that were missed"


def _snapshot_after(desk: Desk, bench: Bench, first: int) -> bool:
    place = _connected_at(desk, bench, first)
    return any(isinstance(item, AccountSnapshot) for item in desk.news.items[place:])
