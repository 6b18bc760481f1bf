"""Merges streams into one order with flat memory."""

from collections.abc import Iterator, Sequence
from typing import Final

from arbcore.data._frames import Columns, Ints, np
from arbcore.data._streams import Stream
from arbcore.model.market import MarketInput


class _Head:
    """The rows of a stream that were read and not delivered."""

    __slots__ = ("clock", "columns", "ended", "pieces", "stream")

    def __init__(self, stream: Stream) -> None:
        self.stream: Final = stream
        self.pieces: Final = iter(stream)
        self.clock: Ints = np.empty(0, dtype=np.int64)
        self.columns: Columns = {}
        self.ended = False
        self.extend()

    def extend(self) -> None:
        """Read a piece more, or learn that there is none."""
        piece = next(self.pieces, None)
        if piece is None:
            self.ended = True
        elif len(self.clock):
            self.columns = {name: np.concatenate([self.columns[name], piece[name]]) for name in piece}
        else:
            self.columns = piece
        if self.columns:
            self.clock = self.columns[self.stream.clock]

    def count(self, until: int) -> int:
        """Return the number of rows up to a time, inclusive."""
        return int(self.clock.searchsorted(until, side="right"))

    def take(self, count: int) -> tuple[Ints, list[MarketInput]]:
        """Return the first rows as inputs with their times, and drop them."""
        clock = self.clock[:count]
        inputs = self.stream.build({name: column[:count] for name, column in self.columns.items()})
        self.columns = {name: column[count:] for name, column in self.columns.items()}
        self.clock = self.clock[count:]
        return clock, inputs


def merge(streams: Sequence[Stream], most: int) -> Iterator[list[MarketInput]]:
    """Yield the inputs of all streams in the order of their time; at the same time, in the order of the streams.

    Args:
        streams: The streams, each ordered by its clock.
        most: Inputs in one list, at most, where no more have the same time.
    """
    heads = [_Head(stream) for stream in streams]
    while heads := [head for head in heads if len(head.clock)]:
        until = _known_until(heads)
        if until >= min(int(head.clock[0]) for head in heads):
            until = _narrowed(heads, until, most)
            yield _window(heads, until)
        for head in heads:
            if not head.ended and (not len(head.clock) or int(head.clock[-1]) - 1 <= until):
                head.extend()


def _known_until(heads: Sequence[_Head]) -> int:
    """Return the latest time of which every row of every stream was read.

    What comes next in a stream may have the time of its last row, so that is not known yet.
    """
    open_ends = [int(head.clock[-1]) - 1 for head in heads if not head.ended]
    return min(open_ends, default=max(int(head.clock[-1]) for head in heads))


def _narrowed(heads: Sequence[_Head], until: int, most: int) -> int:
    """Return an earlier time where up to the given one there would be too many rows."""
    first = min(int(head.clock[0]) for head in heads)
    while until > first and sum(head.count(until) for head in heads) > most:
        until = first + (until - first) // 2
    return until


def _window(heads: Sequence[_Head], until: int) -> list[MarketInput]:
    """Return all inputs up to a time in their order."""
    taken = [head.take(count) for head in heads if (count := head.count(until))]
    if len(taken) == 1:
        return taken[0][1]
    inputs = [item for _, items in taken for item in items]
    # The runs lie in the streams' order and each is sorted, so a stable sort by time alone gives the whole order.
    order = np.concatenate([clock for clock, _ in taken]).argsort(kind="stable")
    return [inputs[index] for index in order.tolist()]
