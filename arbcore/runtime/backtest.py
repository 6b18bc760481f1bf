"""A backtest: recorded inputs through the loop, with times and counts for its report."""

from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Final

from arbcore.engine.engine import Engine
from arbcore.errors import DataError
from arbcore.model.market import MarketInput
from arbcore.ports.venue import SimVenue
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.loop import Loop, Watch

Progress = Callable[[int], None]
"""Learns how many inputs were taken so far, once per chunk."""


class DataClock:
    """The data's clock, for plugins that ask the time."""

    def __init__(self) -> None:
        self._now: Callable[[], int] = int

    def follow(self, now: Callable[[], int]) -> None:
        """Show what an engine takes for the time."""
        self._now = now

    def now(self) -> int:
        """Return the receive time of the input at hand."""
        return self._now()


class Backtest:
    """Runs an engine over recorded inputs. The venues are simulated, so one write per moment loses nothing.

    Args:
        engine: The engine.
        venues: Simulated venue by exchange id.
        instruments: Exchange id by instrument key.
        log: Where events are stored.
        watch: Learns stored events.
        clock: Follows the engine's time.
    """

    def __init__(
        self,
        engine: Engine,
        venues: Mapping[str, SimVenue],
        instruments: Mapping[str, str],
        log: EventLog,
        watch: Watch,
        clock: DataClock,
    ) -> None:
        self._loop: Final = Loop(engine, venues, instruments, log, watch)
        clock.follow(engine.now)
        self.inputs = 0
        self.first_ts = 0
        self.last_ts = 0
        self.load_seconds = 0.0
        self.engine_seconds = 0.0

    @property
    def quotes(self) -> int:
        """Quotes that the engine took; a bar counts as one."""
        return self._loop.quotes

    def run(self, chunks: Iterable[list[MarketInput]], progress: Progress) -> None:
        """Run to the end of the data.

        Raises:
            DataError: There is no data.
            JournalError: Events could not be stored; nothing was acted on after them.
        """
        remaining = iter(chunks)
        while True:
            begun = perf_counter()
            chunk = next(remaining, None)
            loaded = perf_counter()
            self.load_seconds += loaded - begun
            if chunk is None:
                break
            if not chunk:
                continue
            self._take(chunk)
            self.engine_seconds += perf_counter() - loaded
            progress(self.inputs)
        if not self.inputs:
            raise DataError("the data has no rows in this range", "check `backtest.start`, `backtest.end` and the data")
        self.last_ts = self._loop.now
        self._loop.stop("end of data", self.last_ts)

    def _take(self, chunk: list[MarketInput]) -> None:
        if not self.inputs:
            self.first_ts = chunk[0].recv_ts
            self._loop.start(self.first_ts)
        self._loop.take(chunk)
        self.inputs += len(chunk)
