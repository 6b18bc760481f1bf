"""Books that are confirmed, doubted and polled by requests."""

from typing import Any

import pytest

from arbcore.model.market import Book, BookInvalid
from arbcore.model.reason import Reason
from arbcore.net.protocol import Fetch, Reconnect
from arbcore_exchange_upbit.protocol.stream import CONFIRM, LISTING, POLL
from plugins.exchanges.upbit.tests.samples import (
    ASKS,
    BIDS,
    KEY,
    MS,
    NOW,
    OTHER,
    T0,
    S,
    book_frame,
    books,
    fetches,
    opened,
    orderbook,
    raw,
    reply,
    stream,
)


def asked(made: Any, now: int) -> list[Fetch]:
    return fetches(made.tick(now, connected=True), CONFIRM)


def test_quiet_books_are_asked_for_in_one_request_and_not_again_at_once() -> None:
    made = opened(["KRW-BTC", "KRW-ETH", "KRW-XRP"], confirm_after=2 * S)
    made.received(raw(book_frame("KRW-ETH", T0 + 1500)), NOW + S)
    assert asked(made, NOW + S) == []
    (fetch,) = asked(made, NOW + 2 * S)
    assert fetch.request.query == "markets=KRW-BTC,KRW-XRP&count=5"
    (later,) = asked(made, NOW + 3 * S)
    assert later.request.query == "markets=KRW-ETH&count=5"
    assert asked(made, NOW + 3 * S + 1) == []


def test_an_equal_answer_confirms_the_book_on_the_venues_clock() -> None:
    made = opened()
    later = NOW + 60 * S
    (book,) = books(made.fetched(CONFIRM, reply([orderbook()]), later))
    # The least delay of a frame so far was 20 ms, so this is what the venue's clock shows.
    assert book == Book(KEY, later - 20 * MS, later, BIDS, ASKS)


def test_an_answer_from_before_the_last_frame_proves_nothing() -> None:
    made = opened()
    made.received(raw(book_frame(ms=T0 + 10, bids=OTHER)), NOW + S)
    assert made.fetched(CONFIRM, reply([orderbook(ms=T0)]), NOW + S + 1) == []


def test_a_newer_book_is_told_and_the_stream_may_catch_up() -> None:
    made = opened(confirm_after=2 * S)
    newer = reply([orderbook(ms=T0 + 1000, bids=OTHER)])
    assert books(made.fetched(CONFIRM, newer, NOW + 2 * S)) == [Book(KEY, (T0 + 1000) * MS, NOW + 2 * S, OTHER, ASKS)]
    assert made.received(raw(book_frame(ms=T0 + 999)), NOW + 2 * S + 1) == ()
    assert books(made.received(raw(book_frame(ms=T0 + 1000, bids=OTHER)), NOW + 2 * S + 2))
    assert not [item for item in made.tick(NOW + 5 * S, connected=True) if isinstance(item, Reconnect)]


def test_a_stream_that_does_not_catch_up_is_mute() -> None:
    made = opened(confirm_after=2 * S)
    made.fetched(CONFIRM, reply([orderbook(ms=T0 + 1000, bids=OTHER)]), NOW + 2 * S)
    assert not [item for item in made.tick(NOW + 4 * S, connected=True) if isinstance(item, Reconnect)]
    made.fetched(CONFIRM, reply([orderbook(ms=T0 + 2000, bids=OTHER)]), NOW + 4 * S)
    made.received(raw(book_frame(ms=T0 + 500)), NOW + 4 * S)
    (again,) = [item for item in made.tick(NOW + 4 * S + 1, connected=True) if isinstance(item, Reconnect)]
    assert again.mute
    assert KEY in again.reason


def test_an_answer_older_than_one_before_it_confirms_nothing() -> None:
    made = opened()
    made.fetched(CONFIRM, reply([orderbook(ms=T0 + 1000, bids=OTHER)]), NOW + 2 * S)
    assert made.fetched(CONFIRM, reply([orderbook(ms=T0)]), NOW + 2 * S) == []


def test_a_change_and_its_return_count_as_unchanged() -> None:
    made = opened(confirm_after=2 * S)
    made.fetched(CONFIRM, reply([orderbook(ms=T0 + 1000, bids=OTHER)]), NOW + 2 * S)
    assert books(made.fetched(CONFIRM, reply([orderbook(ms=T0 + 1500)]), NOW + 3 * S))
    assert not [item for item in made.tick(NOW + 60 * S, connected=True) if isinstance(item, Reconnect)]


def test_a_book_that_nothing_confirms_becomes_invalid() -> None:
    made = opened(mute_after=15 * S)
    assert not [item for item in made.tick(NOW + 15 * S, connected=True) if isinstance(item, BookInvalid)]
    lost = [item for item in made.tick(NOW + 15 * S + 1, connected=True) if isinstance(item, BookInvalid)]
    assert lost == [BookInvalid(KEY, T0 * MS, NOW + 15 * S + 1, Reason.BOOK_UNCONFIRMED)]
    assert not [item for item in made.tick(NOW + 16 * S, connected=True) if isinstance(item, BookInvalid)]
    assert books(made.fetched(CONFIRM, reply([orderbook()]), NOW + 17 * S))


UNREADABLE = {
    "none": None,
    "a page": reply(b"<html>", 502),
    "a fault": reply({"error": {"name": 500, "message": ""}}, 500),
    "nonsense": reply(b"nonsense"),
    "nothing": reply([]),
}


def confirms_nothing(tag: str, answer: Any) -> None:
    made = opened()
    assert list(made.fetched(tag, answer, NOW + 2 * S)) == []
    assert made.delivering()
    assert books(made.received(raw(book_frame(ms=T0 + 1)), NOW + 3 * S))


@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("tag", [CONFIRM, LISTING])
def test_answers_that_can_not_be_read_end_nothing(tag: str, answer: Any) -> None:
    confirms_nothing(tag, answer)


@pytest.mark.parametrize(
    "answer",
    [
        [orderbook(bids=tuple(reversed(BIDS)))],
        [orderbook(), orderbook(ms=T0 + 10**8)],
        [orderbook("KRW-ETH")],
    ],
    ids=["disordered", "of another time", "of another market"],
)
def test_answers_that_are_no_book_confirm_nothing(answer: Any) -> None:
    confirms_nothing(CONFIRM, reply(answer))


def test_books_are_polled_while_it_is_down() -> None:
    made = stream(["KRW-BTC", "KRW-ETH"], poll_interval=S)
    (fetch,) = fetches(made.tick(NOW, connected=False), POLL)
    assert (fetch.request.path, fetch.request.query) == ("/orderbook", "markets=KRW-BTC,KRW-ETH&count=5")
    assert fetches(made.tick(NOW + S - 1, connected=False), POLL) == []
    assert len(fetches(made.tick(NOW + S, connected=False), POLL)) == 1
    told = made.fetched(POLL, reply([orderbook(), orderbook("KRW-ETH", bids=())]), NOW)
    assert told == [
        Book(KEY, T0 * MS, NOW, BIDS, ASKS),
        BookInvalid("upbit:KRW-ETH", T0 * MS, NOW, Reason.BOOK_INVALID),
    ]
    assert not made.delivering()


def test_an_older_poll_is_passed_over() -> None:
    made = stream()
    made.fetched(POLL, reply([orderbook(ms=T0 + 1)]), NOW)
    assert made.fetched(POLL, reply([orderbook()]), NOW + 1) == []


def test_polls_that_stop_make_their_books_invalid() -> None:
    made = stream(mute_after=15 * S)
    made.fetched(POLL, reply([orderbook()]), NOW)
    heard = made.tick(NOW + 15 * S + 1, connected=False)
    assert [item.reason for item in heard if isinstance(item, BookInvalid)] == [Reason.BOOK_UNCONFIRMED]


def test_a_poll_that_answers_after_the_opening_counts_no_more() -> None:
    made = stream()
    made.opened(NOW)
    assert made.fetched(POLL, reply([orderbook()]), NOW) == ()


def test_the_first_frame_counts_whatever_was_polled() -> None:
    made = stream()
    made.fetched(POLL, reply([orderbook(ms=T0 + 1000)]), NOW)
    made.opened(NOW)
    assert books(made.received(raw(book_frame(ms=T0)), NOW))


def test_the_end_tells_each_whole_book_and_nothing_comes_after_it() -> None:
    made = opened(["KRW-BTC", "KRW-ETH", "KRW-XRP"])
    made.received(raw(book_frame("KRW-XRP", T0 + 1, asks=())), NOW)
    assert list(made.closed(NOW + S)) == [
        BookInvalid(f"upbit:{code}", T0 * MS, NOW + S, Reason.CONNECTION_LOST) for code in ("KRW-BTC", "KRW-ETH")
    ]
    assert list(made.closed(NOW + S)) == []
    assert made.received(raw(book_frame(ms=T0 + 5)), NOW + S) == ()
    assert made.fetched(CONFIRM, reply([orderbook()]), NOW + S) == ()
    assert made.tick(NOW + 60 * S, connected=True) == ()
    assert not made.delivering()
