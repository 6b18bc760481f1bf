"""Any order of frames, answers, ticks, disconnections: what the stream tells stays true to what the venue said."""

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from arbcore.errors import ExchangeError
from arbcore.model.market import Book, BookInvalid
from arbcore.model.reason import Reason
from arbcore.net.protocol import Fetch, Heard, Reconnect, Send
from arbcore_exchange_upbit.protocol.stream import CONFIRM, LISTING, POLL, UpbitStream
from plugins.exchanges.upbit.tests.samples import MS, NOW, T0, S, book_frame, market, orderbook, raw, reply, stream

CODES = ("KRW-BTC", "KRW-ETH")
ALL = tuple(f"upbit:{code}" for code in CODES)
code_of = st.sampled_from(CODES)


class Venue:
    """The books as the venue has them: the n-th book of a market has prices that no other one has."""

    def __init__(self) -> None:
        self.number = 0
        self.history: dict[str, list[dict[str, Any]]] = {code: [] for code in CODES}

    def change(self, code: str, ms: int, empty: bool = False) -> None:
        self.number += 1
        bids = () if empty else ((1000.0 + self.number, 1.0),)
        self.history[code].append({"code": code, "ms": ms, "bids": bids, "asks": ((100_000.0 + self.number, 1.0),)})


class StreamMachine(RuleBasedStateMachine):
    """Connections of one feed, one after the other, with a venue that changes books whether or not it tells."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.venue = Venue()
        self.gone: set[str] = set()
        self.waiting: list[tuple[UpbitStream, str, Any]] = []
        self.valid: dict[str, Book | None] = dict.fromkeys(ALL)
        self.old: list[UpbitStream] = []
        self.open = False
        self.made = self._next()

    def _next(self) -> UpbitStream:
        return stream(CODES, self.gone, confirm_after=2 * S, mute_after=10 * S, poll_interval=S)

    @initialize()
    def begin(self) -> None:
        for code in CODES:
            self.venue.change(code, self._ms())
        self.opens()

    def _ms(self) -> int:
        return T0 + (self.now - NOW) // MS

    # What happens outside

    @rule(seconds=st.sampled_from([0.3, 2.1, 2.5, 2.5, 11.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += int(seconds * S)
        self._hear(self.made.tick(self.now, connected=self.open))

    @rule(code=code_of, told=st.booleans(), empty=st.sampled_from([False, False, False, True]))
    def book_changes(self, code: str, told: bool, empty: bool) -> None:
        self.now += 2 * MS
        self.venue.change(code, self._ms(), empty)
        if told:
            self._frame(code, -1)

    @precondition(lambda self: self.open)
    @rule(code=code_of, back=st.integers(1, 4))
    def frame_comes_late_or_twice(self, code: str, back: int) -> None:
        self._frame(code, -min(back, len(self.venue.history[code])))

    @precondition(lambda self: not self.open)
    @rule()
    def opens(self) -> None:
        self.now += MS
        self.open = True
        assert [type(item) for item in self.made.opened(self.now)] == [Send]
        for code in CODES:
            self._frame(code, -1)  # the snapshot

    @precondition(lambda self: self.open)
    @rule(garbage=st.booleans(), really=st.sampled_from([True, False, False]))
    def connection_breaks(self, garbage: bool, really: bool) -> None:
        if not really:
            return
        if garbage:
            with pytest.raises(ExchangeError):
                self.made.received(b'{"type":"orderbook"', self.now)
        self._end()

    def _end(self) -> None:
        self.now += MS
        whole = {key for key, book in self.valid.items() if book is not None}
        closed = list(self.made.closed(self.now))
        assert {item.instrument for item in closed if isinstance(item, BookInvalid)} == whole
        self._hear(closed)
        assert not any(self.valid.values())
        for code in CODES:
            assert list(self.made.received(raw(book_frame(**self.venue.history[code][-1])), self.now)) == []
        assert list(self.made.tick(self.now, connected=True)) == []
        assert not self.made.delivering()
        self.old.append(self.made)
        self.made, self.open = self._next(), False

    @precondition(lambda self: self.waiting)
    @rule(place=st.integers(0, 10), lost=st.booleans())
    def answer_comes(self, place: int, lost: bool) -> None:
        self.now += MS
        asker, tag, answer = self.waiting.pop(place % len(self.waiting))
        heard = asker.fetched(tag, None if lost else answer, self.now)
        if asker in self.old:
            assert list(heard) == []
        self._hear(heard)

    @precondition(lambda self: self.open)
    @rule(code=code_of, before=st.integers(0, 2), after=st.lists(st.booleans(), max_size=2), back=st.integers(1, 3))
    def question_is_overtaken(self, code: str, before: int, after: list[bool], back: int) -> None:
        """Changes that the stream keeps back, a question, more changes, the answer, and frames that come after it."""
        for _ in range(before):
            self.book_changes(code, told=False, empty=False)
        self.time_passes(2.1)
        for told in after:
            self.book_changes(code, told=told, empty=False)
        while self.waiting:
            self.answer_comes(0, lost=False)
        if self.open:
            self.frame_comes_late_or_twice(code, back)

    def _frame(self, code: str, place: int) -> None:
        if not self.open:
            return
        frame = self.venue.history[code][place]
        self._hear(self.made.received(raw(book_frame(**frame)), self.now))
        if frame is self.venue.history[code][-1]:
            book = self.valid[f"upbit:{code}"]
            assert (book.bids if book else ()) == frame["bids"], "the newest frame counts"

    # What is heard

    def _hear(self, heard: Any) -> None:
        reconnect = False
        for item in heard:
            reconnect |= self._take(item)
        if reconnect:
            self._end()

    def _take(self, item: Heard) -> bool:
        if isinstance(item, Fetch):
            self.waiting.append((self.made, item.tag, self._answer(item)))
        elif isinstance(item, BookInvalid):
            assert item.recv_ts == self.now
            assert item.reason != Reason.BOOK_CROSSED
            self.valid[item.instrument] = None
        elif isinstance(item, Book):
            self._check(item)
            self.valid[item.instrument] = item
        return isinstance(item, Reconnect)

    def _check(self, book: Book) -> None:
        code = book.instrument.partition(":")[2]
        said = [one for one in self.venue.history[code] if one["bids"] == book.bids and one["asks"] == book.asks]
        assert len(said) == 1, "a book that the venue never had"
        assert book.ts >= said[0]["ms"] * MS
        assert book.recv_ts <= self.now
        before = self.valid[book.instrument]
        # Within a connection a book is never replaced by an older one.
        assert before is None or before.bids[0][0] <= book.bids[0][0]

    def _answer(self, fetch: Fetch) -> Any:
        """What the venue answers at the moment of the question."""
        if fetch.tag == LISTING:
            return reply([market(code) for code in CODES])
        assert fetch.tag in {CONFIRM, POLL}
        assert (fetch.tag == POLL) is not self.open
        codes = fetch.request.query.partition("=")[2].partition("&")[0].split(",")
        return reply([orderbook(**self.venue.history[code][-1]) for code in codes])

    @invariant()
    def books_that_stand_were_heard_of_lately(self) -> None:
        for key, book in self.valid.items():
            heard = self.made._books[key.partition(":")[2]].heard
            assert book is None or self.now - heard <= 22 * S

    def teardown(self) -> None:
        """Once the venue is quiet and answers, every sound book is told again, and is the venue's last."""
        if not self.open:
            self.opens()
        for code in CODES:
            self.now += 2 * MS
            self.venue.change(code, self._ms())
        for _ in range(6):
            self.waiting.clear()
            self.time_passes(2.5)
            while self.waiting:
                self.answer_comes(0, lost=False)
            if not self.open:
                self.opens()
        for code, key in zip(CODES, ALL, strict=True):
            last, book = self.venue.history[code][-1], self.valid[key]
            # The stream itself has caught up: where it had not, another connection was opened.
            assert (self.made._books[code]._bids, self.made._books[code].doubted_at) == (last["bids"], 0)
            assert book is not None
            assert (book.bids, book.asks) == (last["bids"], last["asks"])
            assert self.now - book.recv_ts <= 6 * S


TestStream = StreamMachine.TestCase
