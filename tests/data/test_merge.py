"""The order of inputs over many streams, and how many rows wait in memory for it."""

from collections.abc import Iterator
from operator import attrgetter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from arbcore.data._frames import Columns
from arbcore.data._merge import merge
from arbcore.data._streams import RowStream
from arbcore.model.market import MarketInput, Quote

Row = tuple[int, int]
"""Time, and number within the stream."""


class Counted:
    """A stream of given rows in pieces of a given size, which counts the rows that were read."""

    clock = "recv_ts"

    def __init__(self, name: str, times: list[int], piece_rows: int) -> None:
        self.name = name
        self.times = sorted(times)
        self.piece_rows = piece_rows
        self.read = 0

    def __iter__(self) -> Iterator[Columns]:
        for start in range(0, len(self.times), self.piece_rows):
            times = self.times[start : start + self.piece_rows]
            self.read += len(times)
            numbers = np.arange(start, start + len(times), dtype=np.float64)
            yield {"recv_ts": np.array(times, dtype=np.int64), "bid": numbers}

    def build(self, rows: Columns) -> list[MarketInput]:
        pairs = zip(rows["recv_ts"].tolist(), rows["bid"].tolist(), strict=True)
        return [Quote(self.name, time, time, number, number, 0.0, 0.0) for time, number in pairs]


streams = st.lists(st.tuples(st.lists(st.integers(0, 12), max_size=30), st.integers(1, 9)), min_size=1, max_size=5)


@given(streams=streams, most=st.integers(1, 20))
def test_merged_order_is_that_of_a_naive_sort(streams: list[tuple[list[int], int]], most: int) -> None:
    made = [Counted(f"v{index}", times, rows) for index, (times, rows) in enumerate(streams)]
    merged = [item for chunk in merge(made, most) for item in chunk]
    expected = sorted(
        (time, index, float(row)) for index, each in enumerate(made) for row, time in enumerate(each.times)
    )
    assert [
        (item.recv_ts, int(item.instrument[1:]), item.bid) for item in merged if isinstance(item, Quote)
    ] == expected
    assert len(merged) == len(expected)


@given(streams=streams, most=st.integers(1, 20))
def test_a_list_is_longer_than_asked_only_where_times_are_equal(
    streams: list[tuple[list[int], int]], most: int
) -> None:
    made = [Counted(f"v{index}", times, rows) for index, (times, rows) in enumerate(streams)]
    for chunk in merge(made, most):
        assert chunk
        assert len(chunk) <= most or len(set(map(attrgetter("recv_ts"), chunk))) == 1


def test_waiting_rows_do_not_grow_with_the_data() -> None:
    """Streams of very different rates: what was read and not delivered stays at a few pieces."""
    fast = Counted("fast", list(range(50_000)), 1_000)
    slow = Counted("slow", list(range(0, 50_000, 500)), 10)
    late = Counted("late", list(range(40_000, 50_000, 100)), 7)
    delivered = waiting = 0
    for chunk in merge([fast, slow, late], 800):
        waiting = max(waiting, fast.read + slow.read + late.read - delivered)
        delivered += len(chunk)
    assert delivered == 50_200
    assert waiting <= 2 * (1_000 + 10 + 7)


def test_a_stream_without_rows_is_no_hindrance() -> None:
    assert list(merge([], 5)) == []
    assert list(merge([RowStream([], lambda _: [])], 5)) == []
    one = Counted("one", [3, 1], 1)
    assert [len(chunk) for chunk in merge([RowStream([], lambda _: []), one], 5)] == [1, 1]
