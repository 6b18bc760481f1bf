"""Standard tests of real venues: the three outcomes of a call, and callers that go away."""

from collections.abc import Awaitable, Callable

import anyio
import pytest

from arbcore.errors import (
    ExchangeRefused,
    ExchangeUnavailable,
    OutcomeUnknown,
    RateLimited,
)
from arbcore.model.order import OrderRequest, OrderState
from arbcore.model.reason import Reason
from arbcore.testing._trading_base import VenueFixtures
from arbcore.testing._trading_desk import Desk, only, open_desk, outcome, ref, reports_in
from arbcore.testing._trading_standing import new_terms, noted, only_with_new_terms
from arbcore.testing.trading_bench import Bench, Operation

_NOT_DONE = ExchangeRefused | RateLimited | ExchangeUnavailable
"""The venue did not do it, and that is certain."""


class OutcomeTests(VenueFixtures):
    """Done, not done, or unknown: a call that ends in another way than it says costs money."""

    @pytest.mark.anyio
    async def test_a_lost_answer_to_an_order_is_unknown_and_found(self, bench: Bench) -> None:
        """The order is there, once: unknown to the caller, found by look_up, told by run, and never sent again."""
        bench.need("client_ids", "faults.lose_reply")
        async with open_desk(bench) as desk:
            order = await desk.resting()
            await _lost(desk, bench, "place", order, lambda: desk.venue.submit(order))
            report = only(reports_in(await desk.found(order)), "reports of the order")
            assert report.state is OrderState.ACKNOWLEDGED
            await desk.exists_once(order)
            assert await desk.listed(order) == 1
            await desk.cancelled(order)
            await desk.exists_once(order)

    @pytest.mark.anyio
    async def test_a_lost_answer_to_a_fill_is_found_whole(self, bench: Bench) -> None:
        """An order that filled while its answer was lost is looked up with every fill."""
        bench.need("client_ids", "times_in_force.ioc", "faults.lose_reply")
        async with open_desk(bench) as desk:
            order = await desk.taking()
            await _lost(desk, bench, "place", order, lambda: desk.venue.submit(order))
            fills = await desk.until_ended(order)
            assert sum(fill.quantity for fill in fills) == order.quantity
            await desk.exists_once(order)

    @pytest.mark.anyio
    async def test_a_lost_order_is_nowhere(self, bench: Bench) -> None:
        """What never arrived is unknown to the caller, is not found, and is never sent again."""
        bench.need("client_ids", "faults.lose_request")
        async with open_desk(bench) as desk:
            order = await desk.resting()
            desk.news.sent[order.client_order_id] = order
            assert bench.faults.lose_request is not None
            await bench.faults.lose_request("place")
            error = await outcome(lambda: desk.venue.submit(order))
            assert isinstance(error, OutcomeUnknown | ExchangeUnavailable), f"{error!r}"
            await desk.fence()
            assert list(await desk.venue.look_up(ref(order))) == []
            await desk.never_existed(order)

    @pytest.mark.anyio
    async def test_a_lost_answer_to_a_cancel_is_unknown(self, bench: Bench) -> None:
        """The order is cancelled, told once, although nobody answered the cancel."""
        bench.need("faults.lose_reply")
        async with open_desk(bench) as desk:
            order = await desk.rest()
            await _lost(desk, bench, "cancel", order, lambda: desk.venue.cancel(ref(order)))
            await desk.until_ended(order)
            assert desk.news.states[order.client_order_id] is OrderState.CANCELLED
            await desk.fence()

    @pytest.mark.anyio
    async def test_a_lost_answer_to_an_amend_is_unknown(self, bench: Bench) -> None:
        """Exactly one order is open afterwards, with the new terms."""
        bench.need("amends", "faults.lose_reply")
        async with open_desk(bench) as desk:
            order = await desk.rest()
            change = new_terms(desk, order)
            noted(desk, order, change)
            await _lost(desk, bench, "amend", order, lambda: desk.venue.amend(ref(order), change))
            assert await only_with_new_terms(desk, change)

    @pytest.mark.parametrize("operation", ["place", "cancel", "amend"])
    @pytest.mark.anyio
    async def test_a_venue_that_turns_away_has_done_nothing(self, bench: Bench, operation: Operation) -> None:
        """Busy, overloaded, throttled: the caller is told that nothing happened, and nothing did."""
        bench.need("faults.turn_away", *(["amends"] if operation == "amend" else []))
        async with open_desk(bench) as desk:
            order = await (desk.resting() if operation == "place" else desk.rest())
            desk.news.sent[order.client_order_id] = order
            assert bench.faults.turn_away is not None
            await bench.faults.turn_away(operation)
            error = await outcome(_call(desk, operation, order))
            assert isinstance(error, _NOT_DONE), f"{error!r}: the venue said that it did not"
            desk.hold_back_secrets(error)
            assert await desk.listed(order) == (0 if operation == "place" else 1)

    @pytest.mark.anyio
    async def test_a_cancel_of_what_just_filled_is_unknown_to_the_venue(self, bench: Bench) -> None:
        """A fill that arrives with the cancel is told, the cancel is refused or comes to nothing, the end is FILLED."""
        bench.need("faults.fill_on_cancel")
        async with open_desk(bench) as desk:
            order = await desk.rest()
            assert bench.faults.fill_on_cancel is not None
            await bench.faults.fill_on_cancel()
            error = await outcome(lambda: desk.venue.cancel(ref(order)))
            assert error is None or (isinstance(error, ExchangeRefused) and error.reason == Reason.ORDER_UNKNOWN)
            fills = await desk.until_ended(order)
            assert sum(fill.quantity for fill in fills) == order.quantity
            assert desk.news.states[order.client_order_id] is OrderState.FILLED

    @pytest.mark.anyio
    async def test_an_order_outlives_its_caller(self, bench: Bench) -> None:
        """A caller that is cancelled while its order is on the way leaves no order that nobody tells of."""
        bench.need("client_ids", "faults.hold_reply")
        async with open_desk(bench) as desk:
            order = await desk.resting()
            desk.news.sent[order.client_order_id] = order
            assert bench.faults.hold_reply is not None
            caller = anyio.CancelScope()

            async def send() -> None:
                with caller:
                    await desk.venue.submit(order)

            async with anyio.create_task_group() as group, bench.faults.hold_reply("place") as held:
                group.start_soon(send)
                await held.arrived.wait()
                caller.cancel()
            await desk.until(lambda: order.client_order_id in desk.news.states, "run tells of the order")
            assert reports_in(await desk.found(order))
            await desk.exists_once(order)
            await desk.cancelled(order)


async def _lost(
    desk: Desk, bench: Bench, operation: Operation, order: OrderRequest, call: Callable[[], Awaitable[object]]
) -> None:
    """Make a call whose answer is lost; its outcome must be unknown to the caller."""
    desk.news.sent.setdefault(order.client_order_id, order)
    assert bench.faults.lose_reply is not None
    await bench.faults.lose_reply(operation)
    error = await outcome(call)
    assert isinstance(error, OutcomeUnknown), f"{error!r}: nothing settles what became of it"
    desk.hold_back_secrets(error)


def _call(desk: Desk, operation: Operation, order: OrderRequest) -> Callable[[], Awaitable[object]]:
    async def call() -> object:
        if operation == "place":
            return await desk.venue.submit(order)
        if operation == "amend":
            return await desk.venue.amend(ref(order), new_terms(desk, order))
        await desk.venue.cancel(ref(order))
        return None

    return call
