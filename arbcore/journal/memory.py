"""A journal for backtests: in memory up to a bound, then in an unnamed temporary file that goes with the process."""

import os
from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Self

import msgspec

from arbcore.errors import JournalError
from arbcore.journal._spool import Spool
from arbcore.journal.chain import KEPT_SNAPSHOTS, START, Anchor, require_continuation, require_place
from arbcore.ports.journal import RunMetadata, StoredEvent, StoredSnapshot, Survival

_BOUND = 8 * 2**20
_BLOCK = 256
_STRIDE = 256
_HEAD = 4


class MemoryJournal:
    """A journal that leaves nothing behind; its memory stays flat however many events it takes.

    Args:
        bound: Bytes kept in memory before everything moves to an unnamed file in the system's temporary folder.
    """

    def __init__(self, bound: int = _BOUND) -> None:
        self._spool = Spool(bound)
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(list[StoredEvent])
        # The sequence that a block of an append begins with, and where it begins; about one in _STRIDE events.
        self._firsts = array("Q")
        self._offsets = array("Q")
        self._last: StoredEvent | None = None
        self._runs: list[RunMetadata] = []
        self._snapshots: deque[StoredSnapshot] = deque(maxlen=KEPT_SNAPSHOTS)
        self._open = False

    async def __aenter__(self) -> Self:
        """Open it."""
        self._open = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Drop everything."""
        self._open = False
        self._spool.close()

    def start_run(self, metadata: RunMetadata) -> None:
        """Note what runs, outside the chain."""
        self._runs.append(metadata)

    def append(self, events: Sequence[StoredEvent]) -> None:
        """Store events that continue the chain, all or none.

        Raises:
            JournalError: They do not continue it, or the temporary folder is full.
        """
        require_continuation(self._place(), events)
        if not events:
            return
        blocks = [events[start : start + _BLOCK] for start in range(0, len(events), _BLOCK)]
        encoded = [_framed(self._encoder.encode(block)) for block in blocks]
        end = len(self._spool)
        try:
            self._spool.append(b"".join(encoded))
        except OSError as error:
            raise JournalError(
                f"the temporary folder can't take more events ({error}); the {self._place().sequence} before are kept",
                "make room there, or point TMPDIR to a larger disk",
            ) from error
        for block, data in zip(blocks, encoded, strict=True):
            if not self._firsts or block[0].sequence >= self._firsts[-1] + _STRIDE:
                self._firsts.append(block[0].sequence)
                self._offsets.append(end)
            end += len(data)
        self._last = events[-1]

    def last(self) -> StoredEvent | None:
        """Return the newest event, None where there is none."""
        return self._last

    def read(self, first: int = 1, last: int | None = None) -> Iterator[StoredEvent]:
        """Return events by sequence, in order, both ends included; what is appended meanwhile may be among them."""
        if not self._offsets:
            return
        position = self._offsets[max(bisect_right(self._firsts, first) - 1, 0)]
        while position < len(self._spool):
            size = int.from_bytes(self._bytes(position, _HEAD), "little")
            for event in self._decoder.decode(self._bytes(position + _HEAD, size)):
                if last is not None and event.sequence > last:
                    return
                if event.sequence >= first:
                    yield event
            position += _HEAD + size

    def runs(self) -> Sequence[RunMetadata]:
        """Return what ran on this journal, oldest first."""
        return tuple(self._runs)

    def keep_snapshot(self, snapshot: StoredSnapshot) -> None:
        """Keep a snapshot; only the last three are.

        Raises:
            JournalError: It is not of the newest event.
        """
        require_place(self._place(), snapshot)
        self._snapshots.appendleft(snapshot)

    def snapshots(self) -> Sequence[StoredSnapshot]:
        """Return the snapshots that are kept, the newest first."""
        return tuple(self._snapshots)

    def survives(self) -> Survival:
        """Return that nothing outlives the process."""
        return "nothing"

    def location(self) -> str:
        """Return where it lies, for people."""
        return "memory"

    def writer(self) -> str:
        """Return who writes it now: nobody but this process can, while it is open."""
        return f"process {os.getpid()}" if self._open else ""

    def result_hash(self) -> str:
        """Return the hash of the newest event as hexadecimal text: equal for equal sessions."""
        return self._place().hash.hex()

    def _place(self) -> Anchor:
        return Anchor(self._last.sequence, self._last.hash) if self._last else START

    def _bytes(self, position: int, size: int) -> bytes:
        """Return exactly so many bytes, some of which may lie in the file and some in memory."""
        found = self._spool.read(position, size)
        while len(found) < size:
            found += self._spool.read(position + len(found), size - len(found))
        return found


def _framed(block: bytes) -> bytes:
    return len(block).to_bytes(_HEAD, "little") + block
