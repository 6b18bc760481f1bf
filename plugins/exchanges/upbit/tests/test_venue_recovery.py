"""The venue on the simulator when things go wrong, and what adds up all the same."""

from decimal import Decimal
from typing import Literal

import pytest

from arbcore.errors import ConfigurationError, ExchangeRefused, ExchangeUnavailable, OutcomeUnknown
from arbcore.model.input import AccountSnapshot, ConnectionChanged
from arbcore.model.order import (
    Fill,
    OrderOrigin,
    OrderReport,
    OrderState,
    Side,
    TimeInForce,
)
from arbcore.model.reason import Reason
from arbcore.model.state import ConnectionState
from arbcore_exchange_simulator import Fault
from arbcore_exchange_upbit import plugin
from plugins.exchanges.upbit.tests.live import (
    FAST,
    KEY,
    MARKET,
    MS,
    context,
    ledger,
    names,
    reference,
    settings,
    simulating,
    split,
    structs_replace,
    told,
    touch,
    trading,
)

pytestmark = pytest.mark.anyio


async def test_an_id_is_used_up_for_ever() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        order = desk.order(Side.BUY, touch(simulator)[0] * Decimal("0.9") // 1, "20")
        await desk.venue.submit(order)
        refused = desk.order(Side.BUY, order.price, "0.1")
        with pytest.raises(ExchangeRefused, match="under_min_total"):
            await desk.venue.submit(refused)
        await desk.venue.cancel(reference(order))
        await desk.until(lambda: desk.over(order.client_order_id))
        with pytest.raises(ExchangeRefused) as known_here:
            await desk.venue.submit(order)
        with pytest.raises(ExchangeRefused) as known_there:
            await desk.venue.submit(structs_replace(refused, quantity=Decimal(20)))
        assert {known_here.value.reason, known_there.value.reason} == {Reason.ORDER_DUPLICATE_ID}
        assert (known_here.value.code, known_there.value.code) == ("", "duplicated_identifier")


async def test_an_order_past_its_time_is_not_sent() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        order = desk.order(Side.BUY, touch(simulator)[0] // 2, "20", expires_at=1)
        with pytest.raises(ExchangeUnavailable, match="its time was over"):
            await desk.venue.submit(order)
        assert order.client_order_id not in names(simulator)
        again = structs_replace(order, expires_at=0)
        assert (await desk.venue.submit(again)).state is OrderState.ACKNOWLEDGED


@pytest.mark.parametrize("kind", ["ack_timeout", "unknown_5xx"])
async def test_an_order_whose_answer_is_lost_is_unknown_and_found(kind: Literal["ack_timeout", "unknown_5xx"]) -> None:
    async with simulating() as simulator, trading(simulator, network={**FAST, "request_timeout": "200ms"}) as desk:
        simulator.add_fault(Fault(kind=kind, venue="upbit", stream="place", times=1))
        order = desk.order(Side.BUY, touch(simulator)[0] * Decimal("0.9") // 1, "20")
        with pytest.raises(OutcomeUnknown):
            await desk.venue.submit(order)
        report, fills = split(await desk.venue.look_up(reference(order)))
        assert (report.state, fills) == (OrderState.ACKNOWLEDGED, [])
        await desk.venue.cancel(reference(order))
        await desk.until(lambda: desk.over(order.client_order_id))
        assert desk.of(order.client_order_id)[-1].reason == Reason.ORDER_CANCELLED


async def test_an_order_that_never_arrived_is_unknown_and_nowhere() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        simulator.add_fault(Fault(kind="failed_5xx", venue="upbit", stream="place", times=1))
        order = desk.order(Side.BUY, touch(simulator)[0] // 2, "20")
        with pytest.raises(OutcomeUnknown):
            await desk.venue.submit(order)
        assert await desk.venue.look_up(reference(order)) == []


async def test_a_closed_market_refuses() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        simulator.add_fault(Fault(kind="market_offline", venue="upbit"))
        with pytest.raises(ExchangeRefused) as caught:
            await desk.venue.submit(desk.order(Side.BUY, touch(simulator)[0] // 2, "20"))
        assert caught.value.reason == Reason.MARKET_CLOSED
        assert not (await desk.venue.terms(MARKET)).trading


async def test_a_cancel_that_comes_after_the_fill() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        order = desk.order(Side.BUY, touch(simulator)[0] * Decimal("0.9") // 1, "20")
        await desk.venue.submit(order)
        simulator.add_fault(Fault(kind="fill_on_cancel", venue="upbit", stream="cancel", times=1))
        with pytest.raises(ExchangeRefused) as caught:
            await desk.venue.cancel(reference(order))
        assert caught.value.reason == Reason.ORDER_UNKNOWN
        await desk.until(lambda: desk.over(order.client_order_id))
        end = desk.of(order.client_order_id)[-1]
        assert (end.state, end.filled) == (OrderState.FILLED, Decimal(20))


async def test_what_a_lost_connection_hid_is_told_before_connected() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        rests = desk.order(Side.BUY, touch(simulator)[0] * Decimal("0.9") // 1, "20")
        await desk.venue.submit(rests)
        mark = len(desk.heard)
        simulator.add_fault(Fault(kind="disconnect", venue="upbit", lasts=60_000 * MS))
        await desk.until(lambda: any(isinstance(one, ConnectionChanged) for one in desk.heard[mark:]))
        taken = desk.order(Side.SELL, touch(simulator)[0] - 50, "20", time_in_force=TimeInForce.IOC)
        await desk.venue.submit(taken)
        await desk.venue.cancel(reference(rests))
        while split(await desk.venue.look_up(reference(rests)))[0].state is not OrderState.CANCELLED:
            pass  # the venue cancels a little after it says so
        simulator.faults.clear()
        await desk.until(lambda: desk.connected(mark))
        at = next(
            n for n, one in enumerate(desk.heard) if n > mark and getattr(one, "state", "") is ConnectionState.CONNECTED
        )
        told = {one.client_order_id for one in desk.heard[mark:at] if isinstance(one, OrderReport | Fill)}
        assert told == {rests.client_order_id, taken.client_order_id}
        await desk.until(lambda: any(isinstance(one, AccountSnapshot) for one in desk.heard[at:]))
        assert sum(one.quantity for one in desk.fills(taken.client_order_id)) == 20


async def test_a_stream_that_hides_a_fill_is_found_mute() -> None:
    async with simulating() as simulator, trading(simulator, poll_period="50ms", stream_grace="100ms") as desk:
        mark = len(desk.heard)
        simulator.add_fault(Fault(kind="drop", venue="upbit", stream="myOrder"))
        order = desk.order(Side.SELL, touch(simulator)[0] - 50, "20", time_in_force=TimeInForce.IOC)
        await desk.end(order)
        await desk.until(lambda: any(getattr(one, "state", "") is ConnectionState.MUTE for one in desk.heard[mark:]))
        simulator.faults.clear()
        (mute,) = [one for one in desk.heard[mark:] if getattr(one, "state", "") is ConnectionState.MUTE][:1]
        assert "the stream is silent about it" in mute.reason
        again = desk.heard.index(mute)
        await desk.until(lambda: desk.connected(again))
        assert sum(one.quantity for one in desk.fills(order.client_order_id)) == 20


async def test_events_that_come_twice_are_told_once() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        simulator.add_fault(Fault(kind="duplicate_event", venue="upbit"))
        order = desk.order(Side.SELL, touch(simulator)[0] - 50, "20", time_in_force=TimeInForce.IOC)
        await desk.end(order)
        last = desk.order(Side.SELL, touch(simulator)[0] - 50, "20", time_in_force=TimeInForce.IOC)
        await desk.end(last)
        told = [one.fill_id for one in desk.heard if isinstance(one, Fill)]
        assert len(told) == len(set(told))
        assert len(desk.of(order.client_order_id)) == len(
            {(one.state, one.filled) for one in desk.of(order.client_order_id)}
        )


async def test_balances_equal_the_ledger_to_the_last_digit() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        bid, ask = touch(simulator)
        for n in range(6):
            side, price = (Side.BUY, ask + 50) if n % 2 else (Side.SELL, bid - 50)
            await desk.end(desk.order(side, price // 1, f"{20 + n}.12345678", time_in_force=TimeInForce.IOC))
        await desk.venue.submit(desk.order(Side.BUY, bid * Decimal("0.9") // 1, "20.00000001"))
        snapshot = await desk.venue.snapshot()
        assert {one.currency: (one.total, one.locked) for one in snapshot.balances} == ledger(simulator)

        await desk.until(lambda: told(desk) == ledger(simulator))


async def test_an_earlier_runs_orders_are_found_and_told_as_ours() -> None:
    async with simulating() as simulator:
        async with trading(simulator) as desk:
            rests = desk.order(Side.BUY, touch(simulator)[0] * Decimal("0.9") // 1, "20")
            await desk.venue.submit(rests)
            ended = desk.order(Side.SELL, touch(simulator)[0] - 50, "20", time_in_force=TimeInForce.IOC)
            await desk.end(ended)
        async with trading(simulator, our_ids="elsewhere-") as desk:
            (listed,) = await desk.venue.open_orders()
            assert listed.origin is OrderOrigin.FOREIGN
            report, _ = split(await desk.venue.look_up(reference(rests)))
            assert report.origin is OrderOrigin.OURS
            await desk.venue.cancel(reference(rests))
            await desk.until(lambda: desk.over(rests.client_order_id))
            assert desk.of(rests.client_order_id)[-1].origin is OrderOrigin.OURS
            history = await desk.venue.history(MARKET, 0)
            assert sum(one.quantity for one in history if isinstance(one, Fill)) == 20
            assert {one.client_order_id for one in history if isinstance(one, OrderReport)} == {
                rests.client_order_id,
                ended.client_order_id,
            }
            assert [one.ts for one in history] == sorted(one.ts for one in history)


async def test_a_key_that_is_refused_says_what_to_do() -> None:
    async with simulating() as simulator:
        opening = plugin.open_venue(settings(simulator), context(api_key=KEY, api_secret="wrong-secret-0123456789"))
        with pytest.raises(ExchangeRefused) as caught:
            await opening.__aenter__()
        assert caught.value.reason == Reason.VENUE_KEY_REFUSED
        simulator.add_fault(Fault(kind="ip_refused", venue="upbit"))
        with pytest.raises(ExchangeRefused, match="allowed addresses"):
            async with plugin.open_treasury(settings(simulator), context()):
                pass
        with pytest.raises(ConfigurationError, match="api_key and api_secret"):
            async with plugin.open_venue(settings(simulator), context(api_key="", api_secret="")):
                pass
