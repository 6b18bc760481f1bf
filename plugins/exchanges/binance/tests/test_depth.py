"""Maintained books against a true one: whatever is lost, repeated or reordered, a delivered book is true."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.errors import ExchangeError
from arbcore.model.market import Book, BookInvalid
from arbcore.model.reason import Reason
from arbcore.net.protocol import Heard, Resyncing
from arbcore_exchange_binance.protocol import book as book_module
from arbcore_exchange_binance.protocol.book import LocalBook
from arbcore_exchange_binance.protocol.depth import MOST_BUFFERED, DepthSync
from arbcore_exchange_binance.protocol.frames import Depth
from arbcore_exchange_binance.protocol.replies import Snapshot
from arbcore_exchange_binance.protocol.shown import is_ordered

LEVELS = 4
Side = dict[float, float]


class Truth:
    """A true book that tells its changes as events, and remembers its top at every update id."""

    def __init__(self, random: Random, *, futures: bool) -> None:
        self.random, self.futures = random, futures
        self.bids: Side = {float(price): 1.0 for price in range(90, 100)}
        self.asks: Side = {float(price): 1.0 for price in range(101, 111)}
        self.update_id = self.last = 1000
        self.tops = {self.update_id: self.top()}

    def top(self) -> tuple[Any, Any]:
        bids = sorted(self.bids.items(), reverse=True)[:LEVELS]
        return tuple(bids), tuple(sorted(self.asks.items())[:LEVELS])

    def event(self) -> Depth:
        # USD-M ids are not consecutive between events, spot ids are.
        first = self.update_id + (self.random.randint(1, 3) if self.futures else 1)
        self.update_id = first - 1
        changed: tuple[Side, Side] = ({}, {})
        for _ in range(self.random.randint(1, 4)):
            self._change(changed)
        before, self.last = self.last, self.update_id
        pu = before if self.futures else None
        return Depth("BTCUSDT", first, self.last, list(changed[0].items()), list(changed[1].items()), pu, T=self.last)

    def _change(self, changed: tuple[Side, Side]) -> None:
        side = self.random.randrange(2)
        price = float(self.random.randint(90, 99) if side == 0 else self.random.randint(101, 110))
        size = float(self.random.choice((0, 0, 1, 2, 3)))
        book = (self.bids, self.asks)[side]
        book[price] = size
        if not size:
            del book[price]
        changed[side][price] = size
        self.update_id += 1
        self.tops[self.update_id] = self.top()

    def snapshot(self) -> Snapshot:
        return Snapshot(
            self.update_id, sorted(self.bids.items(), reverse=True), sorted(self.asks.items()), T=self.update_id
        )


class Reader:
    """A book kept from what an adversary lets through, checked after every step."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.sync = DepthSync("binance:BTCUSDT", LEVELS, futures=truth.futures)
        self.now = 0
        self.books = 0
        self.snapshots = [truth.snapshot()]

    def send(self, event: Depth) -> list[Heard]:
        self.now += 1
        before, whole = self.sync.update_id, self.sync.whole
        follows = event.previous == before if self.truth.futures else event.first == before + 1
        heard = self.sync.take(event, self.now) or []
        if whole and event.last > before and not follows:
            assert [one.reason for one in heard if isinstance(one, BookInvalid)] == [Reason.BOOK_GAP]
            assert any(isinstance(one, Resyncing) for one in heard)
            assert not self.sync.whole
        return self.check(heard)

    def answer(self, snapshot: Snapshot) -> list[Heard]:
        self.now += 1
        return self.check(self.sync.snapshot(snapshot, self.now)) if self.sync.wants_snapshot else []

    def check(self, heard: list[Heard]) -> list[Heard]:
        for one in heard:
            if isinstance(one, Book):
                assert self.sync.whole
                assert (one.bids, one.asks) == self.truth.tops[self.sync.update_id]
                self.books += 1
        return heard

    def garbage(self, random: Random) -> None:
        torn = Depth("BTCUSDT", 5, 4 if random.random() < 0.5 else 5, [], [], 9 if self.truth.futures else None)
        if torn.first <= torn.last and not self.truth.futures:
            return
        with pytest.raises(ExchangeError, match="contradicts"):
            self.sync.take(torn, self.now)


STEPS = ("deliver",) * 6 + ("drop", "twice", "swap", "old", "garbage", "snapshot", "snapshot", "late", "remember")


@pytest.mark.parametrize("futures", [True, False], ids=["usdm", "spot"])
@given(steps=st.lists(st.sampled_from(STEPS), max_size=120), seed=st.integers(0, 2**32))
def test_a_delivered_book_is_true(futures: bool, steps: list[str], seed: int) -> None:
    random = Random(seed)
    truth = Truth(random, futures=futures)
    reader, past = Reader(truth), [truth.event()]
    for step in steps:
        if step in {"snapshot", "late"}:
            reader.answer(truth.snapshot() if step == "snapshot" else reader.snapshots[-1])
        elif step == "remember":
            reader.snapshots.append(truth.snapshot())
        elif step == "garbage":
            reader.garbage(random)
        elif step == "old":
            reader.send(random.choice(past))
        else:
            past.append(truth.event())
            if step == "swap":
                past.append(truth.event())
                reader.send(past[-1])
                reader.send(past[-2])
            elif step != "drop":
                for _ in range(1 + (step == "twice")):
                    reader.send(past[-1])
    # Left alone, it always finds its way back.
    for _ in range(4):
        reader.send(truth.event())
        reader.answer(truth.snapshot())
    before = reader.books
    heard = reader.send(truth.event())
    assert reader.sync.whole
    sided = truth.bids and truth.asks
    assert not sided or reader.books == before + 1 or any(isinstance(one, BookInvalid) for one in heard)


def started(*, futures: bool = True) -> tuple[Truth, Reader]:
    truth = Truth(Random(1), futures=futures)
    reader = Reader(truth)
    event = truth.event()
    reader.send(event)
    reader.answer(Snapshot(event.last if futures else event.first - 1, *sides(truth)))
    return truth, reader


def sides(truth: Truth) -> tuple[Any, Any]:
    return sorted(truth.bids.items(), reverse=True), sorted(truth.asks.items())


def depth(first: int, last: int, pu: int | None, bids: Any = (), asks: Any = ()) -> Depth:
    return Depth("BTCUSDT", first, last, list(bids), list(asks), pu)


def small(*, futures: bool, snapshot_id: int, event: Depth) -> DepthSync:
    sync = DepthSync("k", 5, futures=futures)
    assert sync.take(event, 1) == []
    sync.snapshot(Snapshot(snapshot_id, [(99.0, 1.0)], [(101.0, 1.0)]), 2)
    return sync


@pytest.mark.parametrize(
    ("futures", "first", "last", "snapshot_id", "whole"),
    [
        # USD-M: U <= lastUpdateId <= u.
        (True, 10, 20, 10, True),
        (True, 10, 20, 20, True),
        (True, 10, 20, 9, False),
        (True, 10, 20, 21, False),
        # Spot: U <= lastUpdateId + 1 <= u.
        (False, 10, 20, 9, True),
        (False, 10, 20, 19, True),
        (False, 10, 20, 8, False),
        (False, 10, 20, 20, False),
    ],
)
def test_the_first_event_spans_the_snapshot(
    futures: bool, first: int, last: int, snapshot_id: int, whole: bool
) -> None:
    sync = small(futures=futures, snapshot_id=snapshot_id, event=depth(first, last, 1 if futures else None))
    assert sync.whole is whole
    # An event beyond the snapshot needs a newer snapshot; one before it is dropped, and the next one decides.
    assert sync.wants_snapshot is (snapshot_id < first - (not futures))


def test_the_buffer_is_bounded_and_losing_its_start_is_found() -> None:
    sync = DepthSync("k", 5, futures=True)
    for number in range(1, MOST_BUFFERED + 500):
        sync.take(depth(number, number, number - 1), number)
    assert sync.snapshot(Snapshot(100, [(99.0, 1.0)], [(101.0, 1.0)]), 1) == []
    assert sync.wants_snapshot
    assert not sync.whole
    (book,) = sync.snapshot(Snapshot(MOST_BUFFERED, [(99.0, 1.0)], [(101.0, 1.0)]), 2)
    assert isinstance(book, Book)
    assert sync.update_id == MOST_BUFFERED + 499


def test_a_crossed_book_is_rebuilt() -> None:
    sync = small(futures=True, snapshot_id=15, event=depth(10, 20, 1))
    heard = sync.take(depth(21, 22, 20, bids=[(102.0, 1.0)]), 5)
    assert heard is not None
    assert [one.reason for one in heard if isinstance(one, BookInvalid)] == [Reason.BOOK_CROSSED]
    assert sync.wants_snapshot
    assert not sync.whole


def test_a_side_without_levels_is_told_once_and_stays_in_step() -> None:
    sync = small(futures=True, snapshot_id=15, event=depth(10, 20, 1))
    empty = sync.take(depth(21, 22, 20, bids=[(99.0, 0.0)]), 5)
    assert [type(one) for one in empty or ()] == [BookInvalid]
    assert sync.whole
    assert sync.take(depth(23, 24, 22), 6) == []
    back = sync.take(depth(25, 26, 24, bids=[(98.0, 2.0)]), 7)
    assert [type(one) for one in back or ()] == [Book]


def test_a_crossed_snapshot_is_refused() -> None:
    sync = DepthSync("k", 5, futures=True)
    sync.take(depth(1, 2, 0), 1)
    with pytest.raises(ExchangeError, match="crossed"):
        sync.snapshot(Snapshot(1, [(101.0, 1.0)], [(101.0, 1.0)]), 1)


def test_a_snapshot_that_nobody_waits_for_changes_nothing() -> None:
    truth, reader = started()
    shown = reader.sync.shown
    assert isinstance(shown, Book)
    assert reader.sync.snapshot(truth.snapshot(), 99) == []
    assert reader.sync.shown is shown


Change = tuple[bool, int, int]


@given(
    start=st.lists(st.tuples(st.booleans(), st.integers(1, 15)), min_size=20, max_size=40),
    changes=st.lists(st.tuples(st.booleans(), st.integers(1, 15), st.sampled_from((0, 0, 0, 1, 2))), min_size=20),
    count=st.integers(1, 5),
)
def test_what_a_snapshot_did_not_reach_is_never_guessed(
    start: list[tuple[bool, int]], changes: list[Change], count: int
) -> None:
    reach = 6
    true: dict[bool, Side] = {True: {}, False: {}}
    for bid, step in start:
        true[bid][float(100 - step if bid else 100 + step)] = 1.0
    bids, asks = sorted(true[True].items(), reverse=True), sorted(true[False].items())
    local = LocalBook(bids[:reach], asks[:reach], reach)
    for bid, step, size in changes:
        price = float(100 - step if bid else 100 + step)
        true[bid][price] = float(size)
        local.change([(price, float(size))] if bid else [], [] if bid else [(price, float(size))])
        if local.knows(count):
            wanted = [(price, size) for price, size in true[True].items() if size]
            other = [(price, size) for price, size in true[False].items() if size]
            expected = tuple(sorted(wanted, reverse=True)[:count]), tuple(sorted(other)[:count])
            assert local.top(count) == expected
        top = local.top(100)
        assert is_ordered(list(top[0]), list(top[1]))


def test_a_book_that_left_its_snapshot_is_rebuilt() -> None:
    sync = DepthSync("k", 5, futures=True)
    sync.take(depth(1, 2, 0), 1)
    bids = [(1000.0 - step, 1.0) for step in range(1000)]
    sync.snapshot(Snapshot(1, bids, [(1001.0, 1.0)]), 2)
    assert sync.whole
    heard = sync.take(depth(3, 4, 2, bids=[(price, 0.0) for price, _ in bids[:-3]]), 3)
    assert [one.reason for one in heard or () if isinstance(one, BookInvalid)] == [Reason.BOOK_GAP]


def test_memory_is_bounded() -> None:
    local = LocalBook([(1.0, 1.0)], [(10**6, 1.0)], 1000)
    for number in range(3 * book_module.MOST_LEVELS):
        local.change([(2.0 + number, 1.0)], [(10.0**6 - 1 - number, 1.0)])
    assert len(local) == 2 * book_module.MOST_LEVELS
    assert local.top(1) == (((6001.0, 1.0),), ((994000.0, 1.0),))
    assert local.knows(book_module.MOST_LEVELS)
