"""A journal for backtests: in memory up to a bound, then in an unnamed temporary file that goes with the process."""

from array import array
from collections.abc import Iterator, Sequence
from typing import Self

import msgspec

from arbcore.errors import JournalError
from arbcore.journal._spool import Spool
from arbcore.journal.chain import START, Anchor, require_continuation
from arbcore.ports.journal import RunMetadata, StoredEvent

_BOUND = 8 * 2**20
_STRIDE = 256
_BLOCK = 2**16
_HEAD = 4


class MemoryJournal:
    """A journal that leaves nothing behind; its memory stays flat however many events it takes.

    Args:
        bound: Bytes kept in memory before everything moves to an unnamed file in the system's temporary folder.
    """

    def __init__(self, bound: int = _BOUND) -> None:
        self._spool = Spool(bound)
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(StoredEvent)
        self._offsets = array("Q")
        self._last: StoredEvent | None = None
        self._runs: list[RunMetadata] = []

    async def __aenter__(self) -> Self:
        """Open; nothing needs to be done."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Drop everything."""
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
        records = [_framed(self._encoder.encode(event)) for event in events]
        starts = self._starts(events, records)
        try:
            self._spool.append(b"".join(records))
        except OSError as error:
            raise JournalError(
                f"the temporary folder can't take more events ({error}); the {self._place().sequence} before are kept",
                "make room there, or point TMPDIR to a larger disk",
            ) from error
        self._offsets.extend(starts)
        self._last = events[-1]

    def last(self) -> StoredEvent | None:
        """Return the newest event, None where there is none."""
        return self._last

    def read(self, first: int = 1, last: int | None = None) -> Iterator[StoredEvent]:
        """Return events by sequence, in order, both ends included; what is appended meanwhile may be among them."""
        if not self._offsets:
            return
        first = max(first, 1)
        stride = min((first - 1) // _STRIDE, len(self._offsets) - 1)
        for event in self._scan(self._offsets[stride]):
            if last is not None and event.sequence > last:
                return
            if event.sequence >= first:
                yield event

    def runs(self) -> Sequence[RunMetadata]:
        """Return what ran on this journal, oldest first."""
        return tuple(self._runs)

    def location(self) -> str:
        """Return where it lies, for people."""
        return "memory"

    def result_hash(self) -> str:
        """Return the hash of the newest event as hexadecimal text: equal for equal sessions."""
        return self._place().hash.hex()

    def _place(self) -> Anchor:
        return Anchor(self._last.sequence, self._last.hash) if self._last else START

    def _starts(self, events: Sequence[StoredEvent], records: Sequence[bytes]) -> list[int]:
        """Return the offsets of those records that begin a stride: the whole index, one entry in `_STRIDE`."""
        starts, end = [], len(self._spool)
        for event, record in zip(events, records, strict=True):
            if (event.sequence - 1) % _STRIDE == 0:
                starts.append(end)
            end += len(record)
        return starts

    def _scan(self, position: int) -> Iterator[StoredEvent]:
        while block := self._spool.read(position, _BLOCK):
            if len(block) < _HEAD + _size(block, 0):
                block = self._spool.read(position, _HEAD + _size(block, 0))
            start = 0
            while start + _HEAD <= len(block) and (stop := start + _HEAD + _size(block, start)) <= len(block):
                yield self._decoder.decode(block[start + _HEAD : stop])
                start = stop
            position += start


def _framed(record: bytes) -> bytes:
    return len(record).to_bytes(_HEAD, "little") + record


def _size(block: bytes, start: int) -> int:
    return int.from_bytes(block[start : start + _HEAD], "little")
