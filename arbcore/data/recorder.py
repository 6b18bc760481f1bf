"""Records market inputs as they come: at once in memory, each second on disk, from time to time as data sets."""

import threading
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Self

from arbcore.data._frames import warm_up
from arbcore.data._lock import FolderLock
from arbcore.data._packing import KIND_OF, pack
from arbcore.data._recording import Recording, Recovered, recover
from arbcore.data._spool import SPOOLS, Header, Section, SpoolFile, batch, spool_path
from arbcore.data.dataset import RATES, DatasetInfo
from arbcore.data.instant import EARLIEST_NS, LATEST_NS, SECOND_NS, iso
from arbcore.errors import DataError
from arbcore.model.instrument import Instrument
from arbcore.model.market import BookInvalid, FxRate, MarketInput
from arbcore.model.reason import Reason

__all__ = ["MOST_WAITING", "Recorder", "Recovered", "recover"]

MOST_WAITING: Final = 200_000
"""Inputs that wait for a flush, at most; what comes on top is not kept, and its books break."""

_BATCH: Final = 10_000
"""Inputs of one frame, at most."""


class Recorder:
    """Records inputs into the data sets of a folder, and goes on where an earlier recorder stopped.

    `put` keeps an input in memory. `flush`, called about once a second, writes what was kept to a spool, from where a
    crash of the process loses nothing. `rotate`, called when `due` says so, turns the spool into Parquet files. Until
    then readers don't see it. What a recorder that was killed left is turned when the next one opens the folder.

    Nothing that arrived is judged: rows are kept as they came, wrong ones too, and the data sets say so. Where a
    recording is continued, each of its books breaks first (``DATA_GAP``), one nanosecond apart right after the end.

    Memory, at most: `MOST_WAITING` inputs and one flush of them packed, 13 bytes for each section of the spool that is
    being turned (a section holds the rows of one kind of one instrument in one flush), and what one file of rows
    needs while it is written (32 MiB and its copies). Disk: two spools beside the data sets.

    `put` may be called on one thread while `flush` and `rotate` run on others.

    Args:
        root: Folder of the data sets.
        instruments: Instruments that are recorded. Rates need not be named.
        source: Where the inputs come from, in words.
        spool_rows: Inputs in a spool after which a rotation is due.
        rotate_ns: Time after which a rotation is due.

    Raises:
        DataError: Somebody else records into the folder, it holds other data or another description of an instrument,
            or what was left can't be turned into data sets.

    Attributes:
        recovered: What an earlier recorder had left.
        recorded: Inputs flushed so far.
        skipped: Inputs that are not in the recording, counted by reason.
        due: Whether `rotate` should be called; the flush before tells.
    """

    def __init__(
        self,
        root: Path | str,
        *,
        instruments: Sequence[Instrument],
        source: str,
        spool_rows: int = 1_000_000,
        rotate_ns: int = 15 * 60 * SECOND_NS,
    ) -> None:
        self.recorded = 0
        self.skipped: Final[Counter[str]] = Counter()
        self.due = False
        self._root: Final = Path(root)
        self._header: Final = Header(source, tuple(instruments))
        self._spool_rows: Final = spool_rows
        self._rotate_ns: Final = rotate_ns
        self._waiting: Final[deque[MarketInput]] = deque()
        self._overflown: Final[set[str]] = set()
        self._unwritten: Final[deque[tuple[bytes, int]]] = deque()
        self._spool: SpoolFile | None = None
        self._spooled = 0
        self._opened = 0
        self._writing: Final = threading.Lock()
        self._turning: Final = threading.Lock()
        self._held: Final = FolderLock(self._root / SPOOLS, str(root))
        try:
            self._recording: Final = Recording(self._root)
            self.recovered: Final = self._recording.turn()
            self._to_break = self._recording.continued(instruments)
            self._number = self._recording.last_spool + 1
            self._end: Final = self._recording.last_ts
        except BaseException:
            self._held.release()
            raise
        self._last = max(self._end, EARLIEST_NS - 1)
        self._keys: Final = {instrument.key for instrument in instruments}
        self._closed = False
        warm_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def put(self, item: MarketInput) -> None:
        """Keep an input until the next flush. Receive times rise from each input to the next, whatever its kind."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(item)
        else:
            self._overflow(item)

    def flush(self, now: int) -> None:
        """Write what was kept to the spool. When it fails, the next call tries again.

        Args:
            now: The time, UTC nanoseconds.

        Raises:
            DataError: The disk refuses, or the clock lies before the end of the recording that is continued.
        """
        with self._writing:
            self._write_waiting(now)
            if self._spool is not None:
                self.due = self._spooled >= self._spool_rows or now - self._opened >= self._rotate_ns

    def rotate(self) -> None:
        """Turn what was flushed into rows of data sets; what arrives meanwhile goes to another spool.

        It takes seconds where a spool is large, so it belongs on a thread of its own.

        Raises:
            DataError: The disk refuses, or rows that were there changed. The spool stays, and a later call goes on.
        """
        with self._turning:
            with self._writing:
                self._end_spool()
                below = self._number
            self._recording.turn(below)

    def close(self) -> list[DatasetInfo]:
        """Write and turn everything, and let others record here.

        Returns:
            The data sets of the recording; those of a folder that was recorded into before as well.

        Raises:
            DataError: The disk refuses; what was flushed is turned by the next recorder, or by `recover`.
        """
        if not self._closed:
            self._closed = True
            try:
                with self._writing:
                    self._write_waiting(self._last)
                self.rotate()
            finally:
                self._end_spool()
                self._held.release()
        return self._recording.datasets()

    def _overflow(self, item: MarketInput) -> None:
        """Count an input that has no room, and let its book break in its place: a hole must show."""
        self.skipped["too much waited for the disk"] += 1
        if not isinstance(item, FxRate) and item.instrument not in self._overflown:
            self._overflown.add(item.instrument)
            self._waiting.append(BookInvalid(item.instrument, item.ts, item.recv_ts, Reason.DATA_GAP.value))

    def _write_waiting(self, now: int) -> None:
        self._write(now)
        left = len(self._waiting)
        while left:
            items = [self._waiting.popleft() for _ in range(min(left, _BATCH))]
            left -= len(items)
            sections, rows = self._packed(self._kept(items))
            if rows:
                self._unwritten.append((batch(sections), rows))
            self._write(now)
        self._overflown.clear()

    def _write(self, now: int) -> None:
        """Write frames that are packed, each whole or not at all."""
        while self._unwritten:
            if self._spool is None:
                self._spool = SpoolFile(spool_path(self._root, self._number), self._header)
                self._spooled, self._opened = 0, now
            data, rows = self._unwritten[0]
            self._spool.write(data)
            self._unwritten.popleft()
            self._spooled += rows
            self.recorded += rows

    def _kept(self, items: Iterable[MarketInput]) -> list[MarketInput]:
        """Return the inputs that can be recorded, after the breaks of a recording that is continued."""
        kept: list[MarketInput] = []
        for item in items:
            if problem := self._problem(item):
                self.skipped[problem] += 1
                continue
            if self._to_break:
                kept += self._breaks(item.recv_ts)
            self._last = item.recv_ts
            kept.append(item)
        return kept

    def _problem(self, item: MarketInput) -> str:
        if type(item) not in KIND_OF:
            return "not of a kind that arrives"
        if isinstance(item, FxRate):
            if not item.name or item.name.startswith("."):
                return "of a rate without a proper name"
        elif item.instrument not in self._keys:
            return "of an instrument that is not recorded"
        if not self._last < item.recv_ts < LATEST_NS:
            if self._last == self._end:
                # Nothing was recorded since the folder was opened, so nothing is lost by refusing.
                raise self._clock_back(item.recv_ts)
            return "not received after the one before"
        return ""

    def _breaks(self, before: int) -> list[BookInvalid]:
        """Return the breaks between the recording that is continued and what comes now."""
        keys, self._to_break = self._to_break, ()
        if before <= self._end + len(keys):
            self._to_break = keys
            raise self._clock_back(before)
        times = range(self._end + 1, before)
        return [BookInvalid(key, ts, ts, Reason.DATA_GAP.value) for key, ts in zip(keys, times, strict=False)]

    def _clock_back(self, now: int) -> DataError:
        return DataError(
            f"{self._root}: the recording ends at {iso(self._end)}, and this was received at {iso(now)}",
            fix="set the clock right, or record to another folder",
        )

    def _packed(self, items: Iterable[MarketInput]) -> tuple[list[Section], int]:
        """Return inputs as sections, with the number of their rows."""
        groups: dict[tuple[str, str], list[MarketInput]] = {}
        for item in items:
            key = f"{RATES}:{item.name}" if isinstance(item, FxRate) else item.instrument
            groups.setdefault((KIND_OF[type(item)], key), []).append(item)
        sections, rows = [], 0
        for (kind, key), group in groups.items():
            packed = pack(kind, group)
            if packed.refused:
                self.skipped["with values of other types"] += packed.refused
            if packed.rows:
                sections.append(Section(kind, key, packed.levels, packed.body))
                rows += packed.rows
        return sections, rows

    def _end_spool(self) -> None:
        if self._spool is not None:
            self._spool.close()
            self._spool = None
            self._number += 1
            self.due = False
