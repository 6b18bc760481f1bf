"""Funding: estimates when they change, and every settlement exactly once."""

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from arbcore.model.market import FundingRate, MarkPrice
from arbcore.net.protocol import Fetch, Heard, Reconnect
from arbcore_exchange_binance.protocol.frames import Mark
from arbcore_exchange_binance.protocol.funding import INTERVALS, Funding
from arbcore_exchange_binance.protocol.marks import POLL_MARKS, Marks
from arbcore_exchange_binance.protocol.product import HOUR_NS
from arbcore_exchange_binance.protocol.replies import Settlement
from plugins.exchanges.binance.tests.samples import INTERVALS as ROWS
from plugins.exchanges.binance.tests.samples import KEYS, PREMIUM, S, reply

MS = 10**6
HOUR_MS = HOUR_NS // MS
T0 = 1_795_132_800_000
KEY = "binance:BTCUSDT"


def mark(ms: int, next_ms: int, rate: float = 0.0001, price: float = 100.0) -> Mark:
    return Mark("BTCUSDT", price, 100.5, rate, next_ms, ms)


def rates(heard: list[Heard], *, settled: bool) -> list[FundingRate]:
    return [one for one in heard if isinstance(one, FundingRate) and one.settled is settled]


def fetches(heard: list[Heard]) -> list[str]:
    return [one.tag for one in heard if isinstance(one, Fetch)]


def test_estimates_are_told_when_they_change() -> None:
    funding = Funding({"BTCUSDT": KEY}, 600 * S)
    first = funding.marked(mark(T0 + 1000, T0 + HOUR_MS), 1)
    assert [type(one) for one in first] == [MarkPrice, FundingRate]
    (rate,) = rates(first, settled=False)
    assert (rate.rate, rate.ts, rate.next_ts, rate.interval_ns) == (0.0001, *[(T0 + HOUR_MS) * MS] * 2, 0)
    assert [type(one) for one in funding.marked(mark(T0 + 2000, T0 + HOUR_MS), 2)] == [MarkPrice]
    assert rates(funding.marked(mark(T0 + 3000, T0 + HOUR_MS, 0.0002), 3), settled=False)[0].rate == 0.0002
    # The same or an older message once more.
    assert funding.marked(mark(T0 + 3000, T0 + HOUR_MS, 0.0003), 4) == []
    assert funding.marked(mark(T0 + 2000, T0 + HOUR_MS, 0.0003), 5) == []


def test_intervals_are_per_symbol_and_change() -> None:
    funding = Funding({"BTCUSDT": KEY}, 600 * S)
    assert funding.intervals({}, 1) == []
    assert rates(funding.marked(mark(T0, T0 + 8 * HOUR_MS), 2), settled=False)[0].interval_ns == 8 * HOUR_NS
    (told,) = rates(funding.intervals({"BTCUSDT": 4 * HOUR_NS}, 3), settled=False)
    assert told.interval_ns == 4 * HOUR_NS
    assert funding.intervals({"BTCUSDT": 4 * HOUR_NS}, 4) == []


def test_a_time_that_moves_by_another_interval_has_intervals_read_anew() -> None:
    funding = Funding({"BTCUSDT": KEY}, 600 * S)
    funding.intervals({}, 1)
    assert fetches(funding.tick(1)) == [INTERVALS]
    assert fetches(funding.tick(2)) == []
    funding.marked(mark(T0, T0 + 8 * HOUR_MS), 2)
    # Brought forward before it came: no settlement took place.
    assert fetches(funding.marked(mark(T0 + 1, T0 + HOUR_MS), 3)) == [INTERVALS]
    after = funding.marked(mark(T0 + HOUR_MS, T0 + 2 * HOUR_MS), 4)
    assert fetches(after) == [INTERVALS, "settled:BTCUSDT"]
    assert fetches(funding.tick(4 + 600 * S)) == [INTERVALS, "settled:BTCUSDT"]


def test_intervals_that_were_not_told_are_asked_for_again_soon() -> None:
    marks = Marks(["BTCUSDT"], Funding({"BTCUSDT": KEY}, 600 * S), mute_after=15 * S, poll_interval=S)
    assert fetches(marks.tick(S, connected=True)) == [INTERVALS]
    assert marks.fetched(INTERVALS, None, 2 * S) == []
    assert fetches(marks.tick(61 * S, connected=True)) == []
    assert fetches(marks.tick(63 * S, connected=True)) == [INTERVALS]


def test_settlements_are_asked_for_until_they_are_told() -> None:
    funding = Funding({"BTCUSDT": KEY}, 600 * S)
    funding.intervals({}, 1)
    funding.tick(1)
    funding.marked(mark(T0 - 1000, T0), 1)
    asked = funding.marked(mark(T0 + 1000, T0 + 8 * HOUR_MS), S)
    (request,) = [one.request for one in asked if isinstance(one, Fetch)]
    assert request.query == "symbol=BTCUSDT&limit=2"
    old = Settlement("BTCUSDT", 0.5, T0 - 8 * HOUR_MS)
    assert funding.settlements([old], 2 * S) == []
    assert fetches(funding.tick(4 * S)) == []
    assert fetches(funding.tick(5 * S)) == ["settled:BTCUSDT"]
    new = Settlement("BTCUSDT", 0.0003, T0 + 5)
    (told,) = rates(funding.settlements([old, new, new], 6 * S), settled=True)
    assert (told.rate, told.ts, told.next_ts) == (0.0003, (T0 + 5) * MS, (T0 + 8 * HOUR_MS) * MS)
    assert told.interval_ns == 8 * HOUR_NS
    assert fetches(funding.tick(60 * S)) == []


def test_settlements_missed_while_down_are_all_asked_for() -> None:
    funding = Funding({"BTCUSDT": KEY}, 600 * S)
    funding.intervals({"BTCUSDT": HOUR_NS}, 1)
    funding.marked(mark(T0 - 1000, T0), 1)
    asked = funding.marked(mark(T0 + 5 * HOUR_MS, T0 + 6 * HOUR_MS), 2)
    assert [one.request.query for one in asked if isinstance(one, Fetch) and one.tag != INTERVALS] == [
        "symbol=BTCUSDT&limit=7"
    ]


class Venue:
    """A venue that settles at times of its own, and whose answers come late, twice, or not at all."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.funding = Funding({"BTCUSDT": KEY}, 600 * S)
        self.now_ms, self.next_ms, self.interval = T0 + 1000, T0 + HOUR_MS, 1
        self.rows: list[Settlement] = []
        self.asked: list[int] = []
        self.told: list[FundingRate] = []
        self.short()

    def take(self, heard: list[Heard]) -> None:
        self.told += rates(heard, settled=True)
        requests = [one.request for one in heard if isinstance(one, Fetch) and one.tag.startswith("settled:")]
        self.asked += [int(request.query.rpartition("=")[2]) for request in requests]

    def pass_time(self, milliseconds: int) -> None:
        self.now_ms += milliseconds
        while self.now_ms >= self.next_ms:
            late = self.random.randint(0, 30)
            self.rows.append(Settlement("BTCUSDT", self.random.random(), self.next_ms + late))
            self.next_ms += self.interval * HOUR_MS

    def mark(self) -> None:
        self.take(self.funding.marked(mark(self.now_ms, self.next_ms, self.random.random()), self.now_ms * MS))

    def hour(self) -> None:
        self.pass_time(max(self.next_ms - self.now_ms, 0))
        self.mark()

    def short(self) -> None:
        self.interval, self.next_ms = 1, min(self.next_ms, self.now_ms + HOUR_MS)
        self.take(self.funding.intervals({"BTCUSDT": HOUR_NS}, self.now_ms * MS))
        self.now_ms += 1
        self.mark()

    def long(self) -> None:
        self.interval = 4
        self.take(self.funding.intervals({"BTCUSDT": 4 * HOUR_NS}, self.now_ms * MS))

    def answer(self) -> None:
        if self.asked:
            self.take(self.funding.settlements(self.rows[-self.asked.pop(0) :], self.now_ms * MS))

    def twice(self) -> None:
        self.asked += self.asked[:1]
        self.answer()

    def lost(self) -> None:
        del self.asked[:1]

    def tick(self) -> None:
        self.take(self.funding.tick(self.now_ms * MS))


STEPS = ("mark", "mark", "mark", "hour", "hour", "answer", "answer", "lost", "tick", "twice", "short", "long")


@given(steps=st.lists(st.sampled_from(STEPS), max_size=80), seed=st.integers(0, 2**32))
def test_every_settlement_is_told_exactly_once(steps: list[str], seed: int) -> None:
    venue = Venue(Random(seed))
    for step in steps:
        venue.pass_time(venue.random.randint(1, 5000))
        getattr(venue, step)()
    venue.pass_time(1)
    venue.mark()
    for _ in range(3):
        venue.now_ms += 61_000
        venue.tick()
        while venue.asked:
            venue.answer()
    assert [(one.ts, one.rate) for one in venue.told] == [
        (row.funding_time * MS, row.funding_rate) for row in venue.rows
    ]


def test_marks_are_polled_while_down_and_mute_while_up() -> None:
    marks = Marks(KEYS, Funding(KEYS, 600 * S), mute_after=15 * S, poll_interval=S)
    assert marks.streams == ["btcusdt@markPrice@1s", "ethusdt@markPrice@1s"]
    assert fetches(marks.tick(S, connected=False)) == [INTERVALS]
    (poll,) = [one for one in marks.tick(2 * S, connected=False) if isinstance(one, Fetch)]
    assert (poll.tag, poll.request.weight) == (POLL_MARKS, 10)
    heard: Any = marks.fetched(POLL_MARKS, reply([PREMIUM]), 3 * S)
    assert [type(one) for one in heard] == [MarkPrice, FundingRate]
    whole = [marks.whole]
    marks.received(mark(PREMIUM["time"] + 1, PREMIUM["nextFundingTime"]), 4 * S)
    whole.append(marks.whole)
    marks.received(Mark("ETHUSDT", 1.0, 1.0, 0.0, T0, T0), 5 * S)
    assert [*whole, marks.whole] == [False, False, True]
    assert marks.tick(18 * S, connected=True) == []
    (mute,) = marks.tick(19 * S, connected=True)
    assert mute == Reconnect("the mark price of BTCUSDT is mute", mute=True)
    assert marks.fetched(INTERVALS, reply(ROWS), 20 * S) != []
