"""The protocol layer of a connection, one rule at a time."""

from typing import Any

import pytest

from arbcore.errors import ExchangeError, ExchangeRefused
from arbcore.model.input import InstrumentStatus
from arbcore.model.market import Book, BookInvalid, PublicTrade
from arbcore.model.reason import Reason
from arbcore.net.protocol import Reconnect, StreamProtocol
from arbcore_exchange_upbit.protocol.market_book import LATE_FRAMES
from arbcore_exchange_upbit.protocol.stream import CONFIRM, LISTING, POLL, RECENT_TRADES
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
    market,
    opened,
    orderbook,
    raw,
    reply,
    sent,
    stream,
    ticker_frame,
    trade_frame,
)


def protocol(made: StreamProtocol) -> StreamProtocol:
    """What mypy checks: that the class is what the shell takes."""
    return made


def test_one_message_subscribes_to_everything() -> None:
    made = protocol(stream(["KRW-BTC", "KRW-USDT"], units=15))
    (message,) = sent(made.opened(NOW))
    assert message == [
        {"ticket": "a-ticket"},
        {"type": "orderbook", "codes": ["KRW-BTC.15", "KRW-USDT.15"]},
        {"type": "trade", "codes": ["KRW-BTC", "KRW-USDT"], "is_only_realtime": True},
        {"type": "ticker", "codes": ["KRW-BTC", "KRW-USDT"]},
        {"format": "DEFAULT"},
    ]
    assert made.url == "ws://venue/websocket/v1"


def test_trades_and_statuses_are_left_out_where_not_wanted() -> None:
    (message,) = sent(stream(trades=False, statuses=False).opened(NOW))
    assert [part.get("type") for part in message] == [None, "orderbook", None]


@pytest.mark.parametrize("code", ["KRW-BTC", "KRW-BTC.5"])
def test_a_frame_is_a_book(code: str) -> None:
    made = stream()
    made.opened(NOW)
    assert made.received(raw(book_frame(code)), NOW) == (Book(KEY, T0 * MS, NOW, BIDS, ASKS),)


def test_a_book_is_no_deeper_than_subscribed() -> None:
    made = stream(units=1)
    made.opened(NOW)
    assert made.received(raw(book_frame()), NOW) == (Book(KEY, T0 * MS, NOW, BIDS[:1], ASKS[:1]),)


def test_it_delivers_once_every_market_has_sent_a_book() -> None:
    made = stream(["KRW-BTC", "KRW-XRP", "KRW-ETH"])
    seen = [made.delivering()]
    made.opened(NOW)
    for frame in (ticker_frame("KRW-BTC"), ticker_frame("KRW-XRP"), trade_frame("KRW-ETH"), book_frame("KRW-BTC")):
        seen.append(made.delivering())
        made.received(raw(frame), NOW)
    # An empty and a crossed book are what the venue says; they are no fault of the connection.
    for frame in (book_frame("KRW-XRP", asks=()), book_frame("KRW-ETH", bids=ASKS[1:], asks=ASKS[:1])):
        seen.append(made.delivering())
        made.received(raw(frame), NOW)
    assert not any(seen)
    assert made.delivering()


@pytest.mark.parametrize(
    ("levels", "reason"),
    [
        ({"asks": ()}, Reason.BOOK_INVALID),
        ({"bids": ()}, Reason.BOOK_INVALID),
        ({"bids": ((11.0, 1.0),), "asks": ((10.0, 1.0),)}, Reason.BOOK_CROSSED),
        ({"bids": ((10.0, 1.0),), "asks": ((10.0, 1.0),)}, Reason.BOOK_CROSSED),
    ],
)
def test_a_book_to_decide_nothing_on_is_invalid_until_a_sound_one(levels: Any, reason: Reason) -> None:
    made = opened()
    bad, good = raw(book_frame(ms=T0 + 1, **levels)), raw(book_frame(ms=T0 + 2))
    assert made.received(bad, NOW + 1) == (BookInvalid(KEY, (T0 + 1) * MS, NOW + 1, reason),)
    assert made.received(bad, NOW + 2) == ()
    assert made.received(good, NOW + 3) == (Book(KEY, (T0 + 2) * MS, NOW + 3, BIDS, ASKS),)
    assert made.received(bad.replace(str(T0 + 1).encode(), str(T0 + 3).encode()), NOW + 4) != ()


def test_frames_that_are_late_are_passed_over() -> None:
    made = opened()
    assert made.received(raw(book_frame(ms=T0 - 1, bids=OTHER)), NOW + 1) == ()
    assert books(made.received(raw(book_frame(ms=T0 + 5)), NOW + 2))
    assert made.received(raw(book_frame(ms=T0 + 4, bids=OTHER)), NOW + 3) == ()
    assert books(made.received(raw(book_frame(ms=T0 + 5, bids=OTHER)), NOW + 4))[0].bids == OTHER


def test_a_clock_that_went_back_invalidates_and_asks_for_another_connection() -> None:
    made = opened(confirm_after=2 * S)
    back = raw(book_frame(ms=T0 - 3_600_000))
    times = [NOW + S, NOW + 2 * S, NOW + 3 * S - 1, NOW + 3 * S]
    assert [list(made.received(back, now)) for now in times[:-1]] == [[], [], []]
    invalid, reconnect = made.received(back, times[-1])
    assert invalid == BookInvalid(KEY, T0 * MS, NOW + 3 * S, Reason.INPUT_TIME_BACK)
    assert isinstance(reconnect, Reconnect)
    assert "went back" in reconnect.reason


@pytest.mark.parametrize("between", ["frame", "answer"])
def test_late_frames_between_others_prove_nothing(between: str) -> None:
    made = opened(confirm_after=2 * S)
    late = raw(book_frame(ms=T0 - 1))
    for n in range(1, 20):
        now = NOW + n * S
        assert list(made.received(late, now)) == []
        if between == "frame" and n % 2:
            made.received(raw(book_frame(ms=T0 + n)), now)
        elif n % 2:
            made.fetched(CONFIRM, reply([orderbook(ms=T0)]), now)


def test_few_late_frames_prove_nothing_however_far_apart() -> None:
    made = opened(mute_after=600 * S)
    late = raw(book_frame(ms=T0 - 1))
    assert [list(made.received(late, NOW + n * 100 * S)) for n in range(1, LATE_FRAMES)] == [[]] * (LATE_FRAMES - 1)


def test_a_time_that_has_not_come_is_an_error() -> None:
    made = opened()
    with pytest.raises(ExchangeError, match="check this machine's clock"):
        made.received(raw(book_frame(ms=T0 + 2 * 3_600_000)), NOW)


def test_frames_of_other_markets_are_passed_over() -> None:
    made = opened()
    for frame in (book_frame("KRW-ETH"), trade_frame("KRW-ETH"), ticker_frame("KRW-ETH")):
        assert made.received(raw(frame), NOW) == ()


def test_a_trade_is_told_once() -> None:
    made = opened()
    assert made.received(raw(trade_frame()), NOW) == (PublicTrade(KEY, T0 * MS, NOW, 148961000.0, 0.00006043, True),)
    assert made.received(raw(trade_frame()), NOW) == ()
    (sold,) = made.received(raw(trade_frame(number=1, side="ASK")), NOW)
    assert isinstance(sold, PublicTrade)
    assert not sold.buyer_took


def test_what_is_remembered_of_trades_has_an_end() -> None:
    made = opened()
    for number in range(RECENT_TRADES + 10):
        assert made.received(raw(trade_frame(number=number)), NOW)
    assert len(made._trades) == RECENT_TRADES
    assert made.received(raw(trade_frame(number=RECENT_TRADES)), NOW) == ()
    assert made.received(raw(trade_frame(number=0)), NOW)


def test_an_error_of_the_venue_is_raised() -> None:
    with pytest.raises(ExchangeRefused, match="WRONG_FORMAT"):
        opened().received(raw({"error": {"name": "WRONG_FORMAT", "message": "Format is wrong"}}), NOW)


def test_the_listing_is_asked_for_at_once_and_then_now_and_then() -> None:
    made = stream(refresh=600 * S, longest_wait=30 * S)
    assert len(fetches(made.tick(NOW, connected=False), LISTING)) == 1
    assert fetches(made.tick(NOW + 29 * S, connected=True), LISTING) == []
    assert len(fetches(made.tick(NOW + 30 * S, connected=True), LISTING)) == 1
    made.fetched(LISTING, reply([market()]), NOW + 31 * S)
    assert fetches(made.tick(NOW + 630 * S, connected=True), LISTING) == []
    assert len(fetches(made.tick(NOW + 631 * S, connected=True), LISTING)) == 1
    made.fetched(LISTING, reply([market("KRW-ETH")]), NOW + 631 * S)
    assert len(fetches(made.tick(NOW + 661 * S, connected=True), LISTING)) == 1


def test_a_refused_request_for_books_asks_what_is_listed() -> None:
    made = stream()
    made.tick(NOW, connected=False)
    refusal = reply({"error": {"name": 404, "message": "Code not found"}}, 404)
    made.fetched(POLL, refusal, NOW + S)
    assert len(fetches(made.tick(NOW + S, connected=False), LISTING)) == 1
    made.fetched(LISTING, refusal, NOW + S)
    assert fetches(made.tick(NOW + S + 1, connected=False), LISTING) == []


def test_a_market_that_is_no_longer_listed_is_left_out() -> None:
    gone: set[str] = set()
    made = stream(["KRW-BTC", "KRW-OLD"], gone)
    made.opened(NOW)
    made.received(raw(book_frame()), NOW)
    assert not made.delivering()
    told = made.fetched(LISTING, reply([market()]), NOW)
    assert [(item.instrument, item.trading) for item in told if isinstance(item, InstrumentStatus)] == [
        (KEY, True),
        ("upbit:KRW-OLD", False),
    ]
    assert made.delivering()
    assert gone == {"KRW-OLD"}
    (fetch,) = fetches(made.tick(NOW + 2 * S, connected=True), CONFIRM)
    assert fetch.request.query == "markets=KRW-BTC&count=5"

    following = stream(["KRW-BTC", "KRW-OLD"], gone)
    (message,) = sent(following.opened(NOW))
    assert message[1]["codes"] == ["KRW-BTC.5"]
    following.received(raw(book_frame()), NOW)
    assert following.delivering()
    following.fetched(LISTING, reply([market(), market("KRW-OLD")]), NOW)
    assert gone == set()


def test_where_all_are_gone_all_are_asked_for_again() -> None:
    (message,) = sent(stream(["KRW-OLD"], {"KRW-OLD"}).opened(NOW))
    assert message[1]["codes"] == ["KRW-OLD.5"]
    assert fetches(stream(["KRW-OLD"], {"KRW-OLD"}).tick(NOW, connected=False), POLL) == []
