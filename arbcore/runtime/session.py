"""A running session: feeds into the ingress, the ingress into the loop, until somebody stops it.

Everything that decides runs on one thread without waiting: whatever is delivered wakes the pump, which takes all that
waits, in order, at the next turn of the event loop. Only the beat waits for others, and it changes nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol

import anyio

from arbcore.context import Clock
from arbcore.errors import DataError
from arbcore.model.input import VenueHealth
from arbcore.model.market import Book, BookInvalid, FundingRate, FxRate, MarketInput, MarkPrice, PublicTrade, Quote
from arbcore.model.reason import Reason
from arbcore.ports.venue import Deliver, FeedItem, RequestMeasured
from arbcore.runtime.ingress import Ingress
from arbcore.runtime.loop import Loop, SessionInput
from arbcore.runtime.pulse import Pulse
from arbcore.runtime.timers import NEVER

BEAT_S: Final = 1.0
"""Time between statistics, and between writes of the recording: at most this much of it is lost."""

_HEALTH_S: Final = 0.25
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 30.0
_RECORDED: Final = frozenset({Quote, Book, PublicTrade, MarkPrice, FundingRate, FxRate, BookInvalid})

logger = logging.getLogger("arbcore.session")


class Recording(Protocol):
    """Where market data is kept on its way into the loop.

    Attributes:
        due: Whether `rotate` should be called.
    """

    due: bool

    def put(self, item: MarketInput) -> None:
        """Take an input, without waiting."""
        ...

    def flush(self, now: int) -> None:
        """Write what was taken; called on another thread."""
        ...

    def rotate(self) -> None:
        """Turn what was written into data sets, which takes a while; called on another thread."""
        ...


class HealthBoard(Protocol):
    """What judges the health of venues."""

    def observe(self, item: FeedItem) -> None:
        """Learn what a feed delivered."""
        ...

    def tick(self, now: int) -> Sequence[VenueHealth]:
        """Return the changes of health up to a time."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """A feed, a rate source or an account, ready to run.

    Attributes:
        name: Exchange instance id, or name of the rate.
        run: Runs it until cancelled.
        books: Keys of the instruments whose books it keeps.
    """

    name: str
    run: Callable[[Deliver], Coroutine[Any, Any, None]]
    books: tuple[str, ...] = ()


@dataclass(slots=True)
class Ending:
    """Why a session ends: the first reason counts."""

    reason: str = ""
    error: BaseException | None = None
    asked: anyio.Event = field(default_factory=anyio.Event)
    left: Callable[[], str] = lambda: ""
    """Returns what an end at this moment, without waiting, would leave at venues; empty where that is nothing."""

    def ask(self, reason: str, error: BaseException | None = None) -> None:
        """Ask the session to end."""
        if not self.reason:
            self.reason, self.error = reason, error
            self.asked.set()


class Session:
    """Runs sources into a loop.

    Args:
        loop: The loop, not started.
        ingress: The queue; it wakes this session's pump.
        clock: The session's clock.
        pulse: Makes statistics.
        board: Judges venues.
        recording: Keeps the market data; None for none.
        beat: Called once a second with the time, on this thread, to take statistics; returns what is then done with
            them on another one.
        ending: Asks the session to end.
    """

    def __init__(
        self,
        loop: Loop,
        ingress: Ingress,
        clock: Clock,
        pulse: Pulse,
        board: HealthBoard,
        recording: Recording | None,
        beat: Callable[[int], Callable[[], object]],
        ending: Ending,
    ) -> None:
        self._loop: Final = loop
        self._ingress: Final = ingress
        self._clock: Final = clock
        self._pulse: Final = pulse
        self._board: Final = board
        self._recording: Final = recording
        self._beat: Final = beat
        self._armed = NEVER
        self._alarm: asyncio.TimerHandle | None = None
        self._running = False
        self._rest: Callable[[int], None] | None = None
        self.ending: Final = ending
        ingress.wake = self.wake
        self.troubles: Final[dict[str, None]] = {}
        """What went wrong beside trading, each once."""
        self.first_ts = 0
        self.last_ts = 0

    async def run(
        self,
        sources: Sequence[Source],
        seconds: float | None = None,
        drain: Callable[[], Awaitable[object]] | None = None,
        rest: Callable[[int], None] | None = None,
    ) -> None:
        """Run sources until `ending` is asked for, or for a time.

        Args:
            sources: Feeds, rate sources and accounts.
            seconds: How long; None for as long as nobody asks.
            drain: Waits at the end for what is under way, whose answers are inputs still; None where nothing can be.
            rest: Called with the time between steps of the engine, when every event is stored.

        Raises:
            JournalError: Events could not be stored; nothing was acted on after them.
        """
        self._rest = rest
        try:
            async with anyio.create_task_group() as group:
                self.first_ts = self._clock.now()
                self._loop.start(self.first_ts)
                self._running = True
                if len(self._ingress):
                    self.wake()
                for source in sources:
                    group.start_soon(self._supervise, source)
                group.start_soon(self._watch_health)
                group.start_soon(self._beat_on)
                if self._recording is not None:
                    group.start_soon(write_on, self._recording, self._clock, self._recording_failed)
                with anyio.move_on_after(seconds):
                    await self.ending.asked.wait()
                self.ending.ask("the time is over")
                if drain is not None and self.ending.error is None:
                    await drain()
                self._running = False  # what feeds say while they close is no input any more
                group.cancel_scope.cancel()
        finally:
            self._running = False
            if self._alarm is not None:
                self._alarm.cancel()
        if self.ending.error is not None:
            raise self.ending.error
        self._end()

    def wake(self) -> None:
        """Let the pump run at the next turn of the event loop."""
        if self._running:
            asyncio.get_running_loop().call_soon(self._pump)

    def deliver(self, item: FeedItem) -> None:
        """Take what a feed or a venue delivers."""
        if not self._running:
            return
        self._board.observe(item)
        if not isinstance(item, RequestMeasured):
            self._ingress.put(item)

    def _pump(self) -> None:
        if not self._running:
            return
        try:
            if len(self._ingress):
                self._work()
            now = self._clock.now()
            if self._loop.due < now:
                self._loop.catch_up(now)
            if self._rest is not None:
                self._rest(now)
            self._set_alarm()
        except BaseException as error:  # noqa: BLE001 - it would be lost in a callback; `run` raises it
            self._running = False
            self.ending.ask(f"an error ended it: {error!r}", error)

    def _work(self) -> None:
        items = self._ingress.take(self._loop.reached())
        if self._recording is not None:
            self._record(items)
        self._loop.take(items)
        self._pulse.note(items, self._clock.now())

    def _record(self, items: Sequence[SessionInput]) -> None:
        put = self._recording.put if self._recording else _keep_nothing
        for item in items:
            if type(item) in _RECORDED:
                put(item)  # type: ignore[arg-type]  # these kinds are market data

    def _set_alarm(self) -> None:
        """Have the pump run when the next timer or delayed report is due."""
        due = self._loop.due
        if due == self._armed:
            return
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._armed = due
        if due < NEVER:
            seconds = max(due - self._clock.now(), 0) / 1e9
            self._alarm = asyncio.get_running_loop().call_later(seconds, self._alarmed)

    def _alarmed(self) -> None:
        self._armed, self._alarm = NEVER, None
        self._pump()

    async def _supervise(self, source: Source) -> None:
        """Keep a source running: one that raises has a defect, and is started again after a while."""
        wait = _FIRST_WAIT_S
        while True:
            try:
                await source.run(self.deliver)
                logger.error("%s ended by itself; it is started again", source.name)
            except Exception:
                logger.exception("%s failed; it is started again in %g s", source.name, wait)
            now = self._clock.now()
            for key in source.books:
                self.deliver(BookInvalid(key, now, now, Reason.CONNECTION_LOST))
            await anyio.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT_S)

    async def _watch_health(self) -> None:
        while True:
            for change in self._board.tick(self._clock.now()):
                self._ingress.put(change)
            await anyio.sleep(_HEALTH_S)

    def _recording_failed(self, error: DataError) -> None:
        """Trade on without a recording, rather than not at all; the log and the session's result tell it."""
        if str(error) not in self.troubles:
            logger.error("the recording can't be written: %s", error)
            self.troubles[str(error)] = None

    async def _beat_on(self) -> None:
        while True:
            await anyio.sleep(BEAT_S)
            now = self._clock.now()
            await anyio.to_thread.run_sync(self._beat(now))

    def _end(self) -> None:
        if len(self._ingress):
            self._work()
        self.last_ts = self._clock.now()
        self._loop.stop(self.ending.reason, self.last_ts)


async def write_on(recording: Recording, clock: Clock, failed: Callable[[DataError], None]) -> None:
    """Write a recording once a second, and turn it into data sets when it is time, for as long as it goes on.

    Args:
        recording: The recording.
        clock: Tells the time of a write.
        failed: Called where a write fails. Nothing is lost by that: the next write tries again.
    """

    async def attempt(write: Callable[[], None]) -> None:
        try:
            await anyio.to_thread.run_sync(write)
        except DataError as error:
            failed(error)

    async with anyio.create_task_group() as turning:
        while True:
            await anyio.sleep(BEAT_S)
            await attempt(partial(recording.flush, clock.now()))
            if recording.due:
                recording.due = False
                turning.start_soon(attempt, recording.rotate)


def _keep_nothing(_: MarketInput) -> None:
    """Stand in where nothing is recorded."""
