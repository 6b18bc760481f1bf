"""Drives orders straight on a venue's port: places, cancels, changes; settles each by asking, never by repeating."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from random import Random
from typing import Final

import anyio
from msgspec.structs import replace

from arbcore.context import Clock
from arbcore.errors import ExchangeError, OutcomeUnknown, RateLimited
from arbcore.model.input import ConnectionChanged
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.order import TERMINAL, Amendment, OrderRef, OrderRequest, OrderType, Side, TimeInForce
from arbcore.model.state import ConnectionState
from arbcore.ports.trading import Venue, VenueItem
from benchmarks.driving.books import Books, Sent
from benchmarks.driving.shapes import Shape, Shaper, lots, placed

_S: Final = 10**9
_GIVEN_UP: Final = 120 * _S  # what is not settled by then is told as such
_ROUND: Final = 300
_LIMITED_S: Final = 0.25  # wait after an order that was not sent for lack of room
_CLOSE: Final = Shape("close", OrderType.MARKET, TimeInForce.IOC, reduces=True)


class Driver:
    """Sends orders from several tasks at once.

    Attributes:
        books: What it knows.
        counts: What happened, by name.
        errors: Every error that the venue raised.
        connected: Set while the user stream is told as connected.

    Args:
        venue: The venue, entered.
        instruments: What is traded.
        shaper: Makes the orders.
        clock: Time.
        random: Source of choices.
        amends: Whether resting orders can be changed in place.
        patience: Time for which the venue is asked about an order that it may not know yet, nanoseconds.
    """

    def __init__(
        self,
        venue: Venue,
        instruments: Sequence[Instrument],
        shaper: Shaper,
        clock: Clock,
        random: Random,
        *,
        amends: bool,
        patience: int = 3 * _S,
    ) -> None:
        self.books: Final = Books(instruments)
        self.counts: Final[Counter[str]] = Counter()
        self.errors: Final[list[ExchangeError]] = []
        self.connected = anyio.Event()
        self._venue: Final = venue
        self._instruments: Final = {one.key: one for one in instruments}
        self._shaper: Final = shaper
        self._clock: Final = clock
        self._random: Final = random
        self._amends: Final = amends
        self._patience: Final = patience
        self._left = 0
        self._sent = 0
        self._doing: Final[dict[object, tuple[str, int]]] = {}
        self._news = anyio.Event()

    def take(self, item: VenueItem) -> None:
        """Take what the venue reports."""
        if isinstance(item, ConnectionChanged):
            self.counts[f"{item.connection} {item.state}"] += 1
            if item.state is ConnectionState.CONNECTED:
                self.connected.set()
        self.books.hear(item)
        self._news.set()

    async def news(self) -> None:
        """Wait until the venue reports something more."""
        self._news = anyio.Event()
        await self._news.wait()

    async def drive(self, count: int, at_once: int = 6) -> None:
        """Send orders, each followed by what its shape allows.

        They come in rounds, each settled in whatever weather there is: a venue does not remember orders for ever.
        """
        while count > 0:
            self._left = min(count, _ROUND)
            count -= self._left
            async with anyio.create_task_group() as group:
                for _ in range(at_once):
                    group.start_soon(self._work)
            await self._settle_orders()

    @property
    def moved(self) -> tuple[int, int]:
        """Number of orders that were sent, and of those that are settled."""
        sent = self.books.sent.values()
        return self._sent, self._sent - sum(not one.settled for one in sent)

    @property
    def under_way(self) -> list[tuple[str, float]]:
        """What it waits for, and for how many seconds, the longest first."""
        now = self._clock.now()
        return sorted(((what, (now - since) / _S) for what, since in self._doing.values()), key=lambda one: -one[1])

    async def settle(self) -> None:
        """Ask and cancel until every order is settled or given up, then close positions the same way."""
        await self._settle_orders()
        for instrument in self._instruments.values():
            if instrument.kind is InstrumentKind.PERPETUAL:
                await self._close(instrument)

    def forget(self) -> None:
        """Drop what is settled and was compared, so that a long run can look at its memory."""
        self.books.forget()
        self.errors.clear()

    async def _close(self, instrument: Instrument) -> None:
        """Close a position by as many orders as its size takes; a venue may have us wait before it takes any."""
        since, largest = self._clock.now(), instrument.max_quantity or Decimal("Infinity")
        while (held := self.books.position(instrument.key)) and self._clock.now() - since < _GIVEN_UP:
            order = self._shaper.made(instrument, _CLOSE, Side.SELL if held > 0 else Side.BUY)
            sent = await self._place(_CLOSE, replace(order, quantity=min(abs(held), largest)))
            if sent.outcome == "refused":
                await anyio.sleep(1)
            elif not sent.settled:
                await self._settle(sent, anyio.CapacityLimiter(1))

    async def _settle_orders(self) -> None:
        limit = anyio.CapacityLimiter(4)
        async with anyio.create_task_group() as group:
            for sent in self.books.sent.values():
                if not sent.settled and not sent.given_up:
                    group.start_soon(self._settle, sent, limit)

    async def _work(self) -> None:
        while self._left > 0:
            self._left -= 1
            instrument = self._random.choice(list(self._instruments.values()))
            shape, order = self._shaper.order(instrument)
            sent = await self._place(shape, order)
            if shape.rests and sent.outcome != "refused" and self._random.random() < 0.8:
                await anyio.sleep(self._random.expovariate(10))
                if self._amends and self._random.random() < 0.3:
                    await self._amend(sent)
                await self._cancel(sent)

    async def _place(self, shape: Shape, order: OrderRequest) -> Sent:
        sent = self.books.sent[order.client_order_id] = Sent(order, shape, self._clock.now())
        self._sent += 1
        try:
            with self._busy(f"place {order.client_order_id} ({shape.name})"):
                self.books.learn(await self._venue.submit(order))
            sent.outcome = "accepted"
        except OutcomeUnknown as error:
            self.errors.append(error)
            sent.outcome = "unknown"
        except ExchangeError as error:
            self.errors.append(error)
            sent.outcome = "refused"
            if isinstance(error, RateLimited):  # asking again at once only fills the books
                await anyio.sleep(_LIMITED_S)
            self.counts[f"refused {getattr(error, 'reason', '') or type(error).__name__}"] += 1
        self.counts[f"place {sent.outcome}"] += 1
        return sent

    async def _cancel(self, sent: Sent) -> None:
        try:
            with self._busy(f"cancel {sent.order.client_order_id}"):
                await self._venue.cancel(self._ref(sent))
            self.counts["cancel accepted"] += 1
        except OutcomeUnknown as error:
            self.errors.append(error)
            self.counts["cancel unknown"] += 1
        except ExchangeError as error:
            self.errors.append(error)
            self.counts[f"cancel refused {getattr(error, 'reason', '') or type(error).__name__}"] += 1

    async def _amend(self, sent: Sent) -> None:
        order = sent.order
        if order.type is not OrderType.LIMIT or order.price is None:
            return
        instrument = self._instruments[order.instrument]
        change = Amendment(
            side=order.side,
            quantity=lots(instrument, order.quantity * Decimal("1.5")),
            price=placed(instrument, order.price * (1 - order.side.sign * Decimal("0.001")), order.side),
        )
        try:
            with self._busy(f"amend {order.client_order_id}"):
                self.books.learn(await self._venue.amend(self._ref(sent), change))
            self.counts["amend accepted"] += 1
        except OutcomeUnknown as error:
            self.errors.append(error)
            self.counts["amend unknown"] += 1
        except ExchangeError as error:
            self.errors.append(error)
            self.counts[f"amend refused {getattr(error, 'reason', '') or type(error).__name__}"] += 1

    async def _settle(self, sent: Sent, limit: anyio.CapacityLimiter) -> None:
        since = self._clock.now()
        while not sent.settled and self._clock.now() - since < _GIVEN_UP:
            async with limit:
                await self._look_up(sent, self._clock.now() - since)
            if not sent.settled:
                await anyio.sleep(0.15)
        sent.given_up = not sent.settled

    async def _look_up(self, sent: Sent, waited: int) -> None:
        try:
            with self._busy(f"look up {sent.order.client_order_id}"):
                news = await self._venue.look_up(self._ref(sent))
        except ExchangeError as error:
            self.errors.append(error)
            self.counts["look-up failed"] += 1
            return
        self.counts["looked up"] += 1
        for item in news:
            self.books.learn(item)
        if not news and sent.outcome == "unknown" and sent.report is None and waited > self._patience:
            sent.outcome = "absent"
            self.counts["found absent"] += 1
        elif sent.report is not None and sent.report.state not in TERMINAL:
            await self._cancel(sent)

    @contextmanager
    def _busy(self, what: str) -> Iterator[None]:
        mark = object()
        self._doing[mark] = what, self._clock.now()
        try:
            yield
        finally:
            del self._doing[mark]

    def _ref(self, sent: Sent) -> OrderRef:
        return OrderRef(
            client_order_id=sent.order.client_order_id, instrument=sent.order.instrument, type=sent.order.type
        )
