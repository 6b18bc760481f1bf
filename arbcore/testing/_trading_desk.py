"""A real venue that is open and running, with the orders that the suite sends and waits for."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
import pytest

from arbcore.errors import ExchangeError, ExchangeRefused
from arbcore.model.order import (
    TERMINAL,
    Fill,
    OrderRef,
    OrderReport,
    OrderRequest,
    OrderState,
    Side,
)
from arbcore.model.state import ConnectionState
from arbcore.ports.trading import OrderNews, Venue, VenueItem
from arbcore.testing._trading_drafts import Drafts
from arbcore.testing._trading_news import News, shown_secret
from arbcore.testing.trading_bench import Bench

Item = TypeVar("Item")

PATIENCE_S = 20.0
"""Time in which something that must happen happens, on a slow machine, too."""


class Desk(Drafts):
    """One open venue whose reports are collected and judged as they come.

    Args:
        venue: The venue, entered.
        bench: What the author gave.

    Attributes:
        venue: The venue.
        news: What it told.
        is_ending: Set when `run` is cancelled: from then on it may end.
    """

    def __init__(self, venue: Venue, bench: Bench) -> None:
        super().__init__(bench)
        self.venue = venue
        self.news = News(tuple(bench.secrets))
        self._changed = anyio.Event()
        self._has_returned = False
        self.is_ending = False

    async def run(self) -> None:
        """Run the venue, and note whether it lets itself be cancelled."""
        await self.venue.run([self.instrument.key], self._take)
        self._has_returned = not self.is_ending
        self._wake()

    def _take(self, item: VenueItem) -> None:
        self.news.take(item)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    def check(self) -> None:
        """Fail where something that was told breaks a rule, or where `run` has ended by itself."""
        if self.news.wrong:
            pytest.fail("; ".join(self.news.wrong))
        if self._has_returned:
            pytest.fail("run returned: it goes on until it is cancelled, and lets the cancellation through")

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds; fail where it does not happen, or where a rule is broken meanwhile."""
        with anyio.move_on_after(PATIENCE_S):
            while not holds():
                self.check()
                await self._changed.wait()
        self.check()
        if not holds():
            pytest.fail(f"{what}: it did not happen; told were {[_short(item) for item in self.news.items[-12:]]}")

    async def until_ended(self, order: OrderRequest) -> list[Fill]:
        """Wait until an order has ended and all its fills were told; return those."""
        name = order.client_order_id
        await self.until(
            lambda: self.news.ended(name),
            f"{name} ends with its fills told (now {self.news.states.get(name)}, "
            f"{self.news.filled(name)} of {self.news.counted[name]} told)",
        )
        return self.news.fills[name]

    async def until_connected(self, first: int = 0) -> None:
        """Wait until the user stream is told as connected, in what is told from a place on."""
        await self.until(lambda: self.is_connected(first), "the user stream is CONNECTED")

    def is_connected(self, first: int = 0) -> bool:
        """Tell whether the user stream was told as connected, in what was told from a place on."""
        found = self.news.connections(first)
        name = self._bench.faults.stream
        # At the start every connection is waited for; later on the one that matters.
        wanted = [found[name]] if name in found and first else list(found.values())
        return (
            bool(found)
            and name in {"", *found}
            and all(states[-1:] == [ConnectionState.CONNECTED] for states in wanted)
        )

    async def submit(self, order: OrderRequest) -> OrderReport:
        """Send an order that the venue must take; return its answer."""
        self.news.sent.setdefault(order.client_order_id, order)
        report = await self.venue.submit(order)
        assert report.client_order_id == order.client_order_id, "the answer is about another order"
        assert report.state is not OrderState.REJECTED, "a refusal is raised, not returned"
        self.news.answer(report)
        return report

    async def rest(self, side: Side = Side.BUY) -> OrderRequest:
        """Send an order that rests; return it."""
        order = await self.resting(side)
        report = await self.submit(order)
        assert report.state not in TERMINAL, f"an order away from the touch rests, not {report.state}"
        return order

    async def refused(self, order: OrderRequest, *reasons: str) -> ExchangeRefused:
        """Send an order that the venue must refuse with one of some reasons; return the error."""
        # Noted before, so that a report of what must not exist is judged as ours.
        self.news.sent.setdefault(order.client_order_id, order)
        with pytest.raises(ExchangeRefused) as caught:
            await self.venue.submit(order)
        assert caught.value.reason in reasons, f"reason {caught.value.reason!r}, not {' or '.join(reasons)}"
        assert caught.value.what
        self.hold_back_secrets(caught.value)
        return caught.value

    async def cancelled(self, order: OrderRequest) -> list[Fill]:
        """Cancel an order and wait for its end; return its fills."""
        await self.venue.cancel(ref(order))
        return await self.until_ended(order)

    async def found(self, order: OrderRequest) -> Sequence[OrderNews]:
        """Look an order up until the venue knows it: just after sending it may not yet."""
        with anyio.move_on_after(PATIENCE_S):
            while not (found := await self.venue.look_up(ref(order))):  # noqa: ASYNC110 - the venue tells nobody
                await anyio.sleep(0.02)
            return found
        pytest.fail(f"{order.client_order_id} is at the venue, and look_up does not find it")

    async def listed(self, order: OrderRequest) -> int:
        """Return how many open orders the venue lists under an order's id."""
        found = await self.venue.open_orders(self.instrument.key)
        return sum(one.client_order_id == order.client_order_id for one in found)

    async def fence(self) -> None:
        """Let one more order pass through: what was still on its way before it has come by then."""
        order = await self.rest()
        await self.cancelled(order)
        await self.until(lambda: bool(self.news.reports(order.client_order_id)), "run reports an order")

    async def exists_once(self, order: OrderRequest) -> None:
        """Assert that the venue took an order once, by what it knows itself where that can be asked."""
        await self._count(order, 1)

    async def never_existed(self, order: OrderRequest) -> None:
        """Assert that the venue never took an order."""
        await self._count(order, 0)
        assert not self.news.fills[order.client_order_id], "fills of an order that was not taken"

    async def _count(self, order: OrderRequest, expected: int) -> None:
        if self._bench.witness.orders is not None:
            taken = list(await self._bench.witness.orders()).count(order.client_order_id)
        else:
            taken = await self.listed(order)
        assert taken == expected, f"the venue has {taken} orders {order.client_order_id}, not {expected}"

    def hold_back_secrets(self, error: BaseException) -> None:
        """Assert that an error shows no secret, nor what it was raised from."""
        told: BaseException | None = error
        while told is not None:
            assert not shown_secret(f"{told!s} {told!r}", tuple(self._bench.secrets)), "an error shows a secret"
            told = told.__cause__ or told.__context__


def ref(order: OrderRequest, venue_order_id: str = "") -> OrderRef:
    """Return the name of an order for questions about it."""
    return OrderRef(
        client_order_id=order.client_order_id,
        instrument=order.instrument,
        venue_order_id=venue_order_id,
        type=order.type,
    )


def only(found: Sequence[Item], what: str) -> Item:
    """Return the one thing that must be there.

    Args:
        found: What was found.
        what: What it is, in the plural, for the failure.

    Raises:
        AssertionError: There is none, or more than one.
    """
    assert len(found) == 1, f"{len(found)} {what}, where there must be one: {list(found)}"
    return found[0]


def reports_in(found: Sequence[OrderNews]) -> list[OrderReport]:
    """Return the reports among what was looked up."""
    return [one for one in found if isinstance(one, OrderReport)]


def fills_in(found: Sequence[OrderNews]) -> list[Fill]:
    """Return the fills among what was looked up."""
    return [one for one in found if isinstance(one, Fill)]


@asynccontextmanager
async def open_desk(bench: Bench, *earlier: OrderRequest) -> AsyncIterator[Desk]:
    """Enter a venue, run it and wait for its user stream; at the end cancel it and judge all that it told.

    Args:
        bench: What the author gave.
        *earlier: Orders that an earlier desk sent.
    """
    try:
        async with bench.open_venue() as venue, anyio.create_task_group() as group:
            desk = Desk(venue, bench)
            desk.news.sent |= {order.client_order_id: order for order in earlier}
            group.start_soon(desk.run)
            await desk.until_connected()
            yield desk
            desk.check()
            desk.is_ending = True
            group.cancel_scope.cancel()
        desk.check()
    except BaseExceptionGroup as errors:
        # One failure is shown as what it is, not as a group of one.
        raise _only(errors) from None


def _only(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _short(item: VenueItem) -> str:
    state = getattr(item, "state", "")
    return f"{type(item).__name__}{f' {state}' if state else ''}"


async def outcome(call: Callable[[], Awaitable[object]]) -> ExchangeError | None:
    """Return the exchange's error that a call raised, None where it returned."""
    try:
        await call()
    except ExchangeError as error:
        return error
    return None
