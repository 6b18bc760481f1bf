"""The gateway: carries effects to real venues and brings back what they say. It decides nothing and repeats nothing.

Every call returns at once and starts a task; the venue writes its request when the event loop next turns. Whatever
happens to a task, it ends in exactly one answer, so that the engine never waits for something that will not come. What
the engine can't have learned otherwise stays unknown: it looks it up.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Final

import anyio

from arbcore.context import Clock
from arbcore.errors import ArbcoreError, ExchangeRefused, ExchangeUnavailable, RateLimited, SafetyError
from arbcore.model.account import AccountUpdate
from arbcore.model.command import AnyCommand
from arbcore.model.input import ActionEnded, ActionState, LookedUp, VenueAnswer, VenueReport, VenueStatement
from arbcore.model.order import OrderRef, OrderReport, OrderRequest, OrderState
from arbcore.model.reason import Reason
from arbcore.ports.trading import TakeItem, Venue, VenueItem
from arbcore.ports.treasury import Treasury
from arbcore.ports.venue import Deliver
from arbcore.runtime.actions import act, trace
from arbcore.runtime.refs import OrderRefs
from arbcore.runtime.statement import statement

REFUSALS: Final = (ExchangeRefused, RateLimited, ExchangeUnavailable, SafetyError)
"""Errors that say for sure that nothing happened."""

logger = logging.getLogger("arbcore.gateway")

Take = Callable[[VenueReport | VenueAnswer], None]
"""Takes an input for the engine, at once."""


class VenueGateway:
    """The `arbcore.runtime.carrier.Gateway` to `arbcore.ports.trading.Venue` objects.

    Args:
        venues: Venue by exchange id, entered.
        treasuries: Treasury by exchange id, entered; absent where a venue has none.
        instruments: Keys of the instruments traded on each venue.
        clock: The session's clock.
        take: Takes inputs.
        deliver: Takes what feeds deliver, too: states of connections, and how requests went.
        may_send: Asked before an order or an action: empty where it may leave, else why not. It must not wait.
        refs: Names orders towards their venues.
    """

    def __init__(
        self,
        venues: Mapping[str, Venue],
        treasuries: Mapping[str, Treasury],
        instruments: Mapping[str, Sequence[str]],
        *,
        clock: Clock,
        take: Take,
        deliver: Deliver,
        may_send: Callable[[], str],
        refs: OrderRefs,
    ) -> None:
        self._venues: Final = venues
        self._treasuries: Final = treasuries
        self._instruments: Final = instruments
        self._clock: Final = clock
        self._take: Final = take
        self._deliver: Final = deliver
        self._may_send: Final = may_send
        self._refs: Final = refs
        self._tasks: Final[set[asyncio.Task[None]]] = set()
        self._asked: Final[dict[str, int | None]] = {}
        """Venues that are being asked for everything, and since when they are to be asked once more."""
        self._closed = ""
        self._over = False

    @property
    def in_flight(self) -> int:
        """Requests that have not been answered."""
        return len(self._tasks)

    def submit(self, venue: str, order: OrderRequest) -> None:
        """Send an order, unless nothing may be sent: then it is refused as one that never left."""
        barred = self._closed or self._may_send() or self._too_late(order)
        if barred:
            self._report(order.client_order_id, OrderState.REJECTED, Reason.ORDER_NOT_SENT, barred)
            return
        self._refs.sent(order)
        unknown = partial(self._report, order.client_order_id, OrderState.UNKNOWN, "")
        self._start(self._submit(self._venues[venue], order), unknown)

    def cancel(self, venue: str, client_order_id: str) -> None:
        """Ask for a cancel. `Venue.run` tells its outcome; where it did not take the request, nobody knows it."""
        unknown = partial(self._report, client_order_id, OrderState.UNKNOWN, "")
        ref = self._refs.of(client_order_id)
        if ref is None:
            unknown("nobody knows which order this is")
            return
        self._start(self._cancel(self._venues[venue], ref), unknown)

    def look_up(self, venue: str, client_order_id: str) -> None:
        """Look an order up."""
        failed = partial(self._not_looked_up, venue, client_order_id)
        ref = self._refs.of(client_order_id)
        if ref is None:
            failed("nobody knows which order this is")
            return
        self._start(self._look_up(venue, ref), failed)

    def ask(self, venue: str, since: int) -> None:
        """Ask for everything. While a venue is being asked it is not asked besides, but once more after that."""
        if venue in self._asked:
            waiting = self._asked[venue]
            self._asked[venue] = since if waiting is None else min(since, waiting)
            return
        self._asked[venue] = None
        failed = partial(self._not_stated, venue, self._clock.now())
        task = self._start(self._ask(venue, since), failed)
        if task is not None:
            task.add_done_callback(partial(self._ask_again, venue))

    def act(self, venue: str, command_id: str, command: AnyCommand) -> None:
        """Carry out a command, unless nothing may be sent."""
        barred = self._closed or self._may_send()
        if barred:
            self._ended(command_id, ActionState.REFUSED, barred)
            return
        unknown = partial(self._ended, command_id, ActionState.UNKNOWN)
        self._start(self._act(venue, command_id, command), unknown)

    def trace(self, venue: str, command_id: str, command: AnyCommand, since: int) -> None:
        """Look for what became of a command; where the venue does not tell, it stays unknown."""
        unknown = partial(self._ended, command_id, ActionState.UNKNOWN)
        self._start(self._trace(venue, command_id, command, since), unknown)

    def ask_all(self) -> None:
        """Have every venue state everything, as of now."""
        now = self._clock.now()
        for venue in self._venues:
            self.ask(venue, now)

    async def run(self, venue: str, _: Deliver) -> None:
        """Bring what a venue reports, until cancelled."""
        await self._venues[venue].run(self._instruments[venue], self._taker())

    async def idle(self) -> None:
        """Wait until nothing is in flight."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _answered(self) -> None:
        """Wait for what is in flight now; what the engine asks for meanwhile is not waited for."""
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self, patience_s: float) -> bool:
        """Send nothing from now on, and wait until everything in flight is answered; tell whether it was in time.

        Then every venue states everything once more, so that the end of a session is told as the venues see it. The
        wait is shielded. What is not answered by then is given up, as unknown.
        """
        self._closed = self._closed or "the session ends"
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(patience_s) as time:
                await self._answered()
                self.ask_all()
                await self._answered()
            left = set(self._tasks)
            for task in left:
                task.cancel()
            if time.cancelled_caught:
                logger.error("%d requests were not answered within %g s", len(left), patience_s)
            if left:
                await asyncio.wait(left)
        self._over = True
        return not time.cancelled_caught

    def _too_late(self, order: OrderRequest) -> str:
        """Return why an order is too old to leave: storing it, or what stood before it, took longer than it lives."""
        late = self._clock.now() - order.expires_at
        return f"its time was over {late / 1e9:.3f} s before it could leave" if late > 0 < order.expires_at else ""

    def _taker(self) -> TakeItem:
        take, deliver, learn = self._take, self._deliver, self._refs.learn

        def taken(item: VenueItem) -> None:
            if isinstance(item, AccountUpdate):
                # The engine counts by fills and payments, and is held against whole statements: a part of one, which
                # comes before or after the fill that caused it, proves nothing.
                return
            if isinstance(item, VenueReport):
                learn(item)
                take(item)
            else:
                deliver(item)

        return taken

    def _ask_again(self, venue: str, _: object) -> None:
        since = self._asked.pop(venue)
        if since is not None and not self._over:
            self.ask(venue, since)

    def _start(self, work: Coroutine[Any, Any, None], failed: Callable[[str], None]) -> "asyncio.Task[None] | None":
        if self._over:
            work.close()
            failed("the session has ended")
            return None
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(partial(self._finished, failed))
        return task

    def _finished(self, failed: Callable[[str], None], task: "asyncio.Task[None]") -> None:
        """Answer for a task that did not: one that was given up, or that met an error nobody expected."""
        self._tasks.discard(task)
        if task.cancelled():
            failed("the session ended before the venue answered")
        elif (error := task.exception()) is not None:
            if not isinstance(error, ArbcoreError):
                logger.error("a plugin failed: %r", error, exc_info=error)
            failed(_words(error))

    async def _submit(self, venue: Venue, order: OrderRequest) -> None:
        try:
            report = await venue.submit(order)
        except ExchangeRefused as error:
            reason = error.reason or Reason.ORDER_REFUSED
            self._report(order.client_order_id, OrderState.REJECTED, reason, _words(error))
        except (RateLimited, ExchangeUnavailable) as error:
            self._report(order.client_order_id, OrderState.REJECTED, Reason.ORDER_NOT_SENT, _words(error))
        else:
            self._told(report)

    async def _cancel(self, venue: Venue, ref: OrderRef) -> None:
        await venue.cancel(ref)

    async def _look_up(self, venue: str, ref: OrderRef) -> None:
        news = await self._venues[venue].look_up(ref)
        for item in news:
            self._told(item)
        now = self._clock.now()
        self._take(
            LookedUp(venue=venue, client_order_id=ref.client_order_id, answered=True, found=bool(news), recv_ts=now)
        )

    async def _ask(self, venue: str, since: int) -> None:
        news, told = await statement(venue, self._venues[venue], self._instruments[venue], since, self._clock)
        for item in news:
            self._told(item)
        self._take(told)

    async def _act(self, venue: str, command_id: str, command: AnyCommand) -> None:
        try:
            state, detail = await act(self._venues[venue], self._treasuries.get(venue), command)
        except REFUSALS as error:
            state, detail = ActionState.REFUSED, _words(error)
        self._ended(command_id, state, detail)

    async def _trace(self, venue: str, command_id: str, command: AnyCommand, since: int) -> None:
        state, detail = await trace(self._treasuries.get(venue), command, since)
        self._ended(command_id, state, detail)

    def _told(self, item: VenueReport) -> None:
        self._refs.learn(item)
        self._take(item)

    def _report(self, client_order_id: str, state: OrderState, reason: str, detail: str) -> None:
        now = self._clock.now()
        self._take(
            OrderReport(client_order_id=client_order_id, state=state, reason=reason, detail=detail, ts=now, recv_ts=now)
        )

    def _not_looked_up(self, venue: str, client_order_id: str, detail: str) -> None:
        now = self._clock.now()
        self._take(LookedUp(venue=venue, client_order_id=client_order_id, answered=False, detail=detail, recv_ts=now))

    def _not_stated(self, venue: str, asked: int, detail: str) -> None:
        now = self._clock.now()
        self._take(VenueStatement(venue=venue, answered=False, asked=asked, detail=detail, recv_ts=now))

    def _ended(self, command_id: str, state: ActionState, detail: str) -> None:
        self._take(ActionEnded(command_id=command_id, state=state, detail=detail, recv_ts=self._clock.now()))


def _words(error: BaseException) -> str:
    """Return an error's words: those of arbcore hold no secret, and nobody knows what another one holds."""
    return error.what if isinstance(error, ArbcoreError) else f"a plugin failed: {type(error).__name__}"
