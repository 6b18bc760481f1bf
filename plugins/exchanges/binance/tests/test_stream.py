"""Connections: books are whole when their streams delivered, quiet ones are confirmed, silent ones found."""

from collections.abc import Sequence
from typing import Any

import pytest

from arbcore.errors import ExchangeError
from arbcore.model.market import Book, BookInvalid, FundingRate, MarkPrice, PublicTrade, Quote
from arbcore.model.reason import Reason
from arbcore.net.protocol import Fetch, Heard, Reconnect, Resyncing
from arbcore_exchange_binance.protocol.books import BookMode, Books
from arbcore_exchange_binance.protocol.funding import Funding
from arbcore_exchange_binance.protocol.marks import Marks
from arbcore_exchange_binance.protocol.product import SPOT, USDM
from arbcore_exchange_binance.protocol.stream import BinanceStream
from plugins.exchanges.binance.tests.samples import (
    DEPTH,
    KEYS,
    MARK,
    SNAPSHOT,
    SPOT_PARTIAL,
    SPOT_TICKER,
    START,
    TICKER,
    TOUCH,
    TRADE,
    S,
    encode,
    framed,
    reply,
)

BTC = {"BTCUSDT": KEYS["BTCUSDT"]}
BASE = "ws://h/public"


def public(
    mode: BookMode = "ticker", *, futures: bool = True, keys: dict[str, str] = BTC, levels: int = 5
) -> BinanceStream:
    product = USDM if futures else SPOT
    books = Books(product, keys, mode, levels, confirm_after=2 * S, poll_interval=S)
    return BinanceStream(BASE, keys, books=books, marks=None, trades=not futures)


def ticker(u: int = 1, **changes: Any) -> bytes:
    symbol = changes.get("s", "BTCUSDT").lower()
    return framed(f"{symbol}@bookTicker", {**TICKER, "u": u, **changes})


def depth(first: int, last: int, pu: int, **changes: Any) -> bytes:
    return framed("btcusdt@depth@100ms", {**DEPTH, "U": first, "u": last, "pu": pu, **changes})


def tags(heard: Sequence[Heard]) -> list[str]:
    return [one.tag for one in heard if isinstance(one, Fetch)]


def reasons(heard: Sequence[Heard]) -> list[str]:
    return [one.reason for one in heard if isinstance(one, BookInvalid)]


def kinds(heard: Sequence[Heard]) -> list[type]:
    return [type(one) for one in heard]


def opened(stream: BinanceStream) -> int:
    assert stream.opened(START) == []
    assert not stream.delivering()
    return START


def test_addresses_name_the_streams() -> None:
    assert public(keys=KEYS).url == f"{BASE}/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker"
    assert public("partial").url.endswith("=btcusdt@depth5@100ms")
    assert public("diff", futures=False).url.endswith("=btcusdt@depth@100ms/btcusdt@aggTrade")
    assert public(keys={"币USDT": "binance:币USDT"}).url.endswith("=%E5%B8%81usdt@bookTicker")


def test_quotes_and_stale_frames() -> None:
    stream, now = public(keys=KEYS), START
    opened(stream)
    (quote,) = stream.received(ticker(5), now + 1)
    assert quote == Quote("binance:BTCUSDT", 1795143845158 * 10**6, now + 1, 109950.1, 109950.2, 3.21, 1.066)
    assert stream.received(ticker(5), now + 2) == []
    assert stream.received(ticker(4, b="1"), now + 3) == []
    assert not stream.delivering()
    assert kinds(stream.received(ticker(9, s="ETHUSDT"), now + 4)) == [Quote]
    assert stream.delivering()
    assert stream.received(ticker(10, s="XRPUSDT"), now + 5) == ()
    assert [one.instrument for one in stream.closed(now + 6) if isinstance(one, BookInvalid)] == list(KEYS.values())
    assert not stream.delivering()


def test_a_spot_quote_has_the_time_of_receipt() -> None:
    stream = public(futures=False)
    opened(stream)
    (quote,) = stream.received(framed("btcusdt@bookTicker", SPOT_TICKER), START + 7)
    assert isinstance(quote, Quote)
    assert quote.ts == quote.recv_ts == START + 7


def test_crossed_and_empty_books_are_told_once() -> None:
    stream = public()
    opened(stream)
    assert reasons(stream.received(ticker(1, b="109950.20"), START + 1)) == [Reason.BOOK_CROSSED]
    assert reasons(stream.received(ticker(2, b="109950.30"), START + 2)) == []
    assert reasons(stream.received(ticker(3, b="0", B="0"), START + 3)) == [Reason.INPUT_NOT_FINITE]
    assert kinds(stream.received(ticker(4), START + 4)) == [Quote]


@pytest.mark.parametrize("futures", [True, False])
def test_partial_books(futures: bool) -> None:
    stream = public("partial", futures=futures)
    opened(stream)
    data = DEPTH if futures else SPOT_PARTIAL
    (book,) = stream.received(framed("btcusdt@depth5@100ms", data), START + 1)
    assert isinstance(book, Book)
    assert book.bids == (((109950.1, 0.002),) if futures else ((0.0024, 10.0),))
    assert stream.received(framed("btcusdt@depth5@100ms", data), START + 2) == []
    assert stream.delivering()


def test_a_partial_book_without_order_is_refused() -> None:
    stream = public("partial")
    with pytest.raises(ExchangeError, match="no order"):
        stream.received(framed("btcusdt@depth5@100ms", {**DEPTH, "b": [["1", "1"], ["2", "1"]]}), START)


def snapshot(last: int) -> Any:
    return reply({**SNAPSHOT, "lastUpdateId": last})


def test_a_maintained_book_is_built_broken_and_rebuilt() -> None:
    stream, now = public("diff"), START
    opened(stream)
    assert tags(stream.received(depth(10, 20, 9), now + 1)) == ["depth:BTCUSDT"]
    assert stream.received(depth(21, 22, 20), now + 2) == []
    (book,) = stream.fetched("depth:BTCUSDT", snapshot(15), now + 3)
    assert isinstance(book, Book)
    assert (book.bids, book.asks) == (((109950.1, 0.002),), ((109950.2, 0.7),))
    assert stream.delivering()
    heard = stream.received(depth(30, 31, 29), now + 4)
    assert kinds(heard) == [BookInvalid, Resyncing]
    assert reasons(heard) == [Reason.BOOK_GAP]
    assert not stream.delivering()
    # The next snapshot of a symbol is asked for a second after the last one.
    assert tags(stream.tick(now + S // 2, connected=True)) == []
    assert tags(stream.tick(now + 2 * S, connected=True)) == ["depth:BTCUSDT"]
    assert stream.received(depth(32, 33, 31), now + 2 * S) == []
    assert stream.fetched("depth:BTCUSDT", None, now + 2 * S) == []
    assert "depth:BTCUSDT" in tags(stream.tick(now + 4 * S, connected=True))
    assert kinds(stream.fetched("depth:BTCUSDT", snapshot(31), now + 4 * S)) == [Book]
    assert stream.delivering()


def test_snapshots_are_spread() -> None:
    keys = {f"C{number}USDT": f"binance:C{number}USDT" for number in range(12)}
    stream = public("diff", keys=keys)
    opened(stream)
    first: list[str] = []
    for symbol in keys:
        event = {**DEPTH, "s": symbol}
        first += tags(stream.received(framed(f"{symbol.lower()}@depth@100ms", event), START + 1))
    assert first == ["depth:C0USDT"]
    later = [tags(stream.tick(START + round_ * S // 4, connected=True)) for round_ in range(1, 5)]
    assert [len(one) for one in later] == [4, 5, 2, 0]
    assert sorted([*first, *(tag for one in later for tag in one)]) == sorted(f"depth:{symbol}" for symbol in keys)


def test_a_quiet_maintained_book_rests_on_its_snapshot_once_confirmed() -> None:
    stream = public("diff")
    opened(stream)
    assert tags(stream.tick(START + S, connected=True)) == []
    assert tags(stream.tick(START + 2 * S, connected=True)) == ["depth:BTCUSDT", "confirm:BTCUSDT"]
    assert stream.fetched("depth:BTCUSDT", snapshot(15), START + 2 * S) == []
    assert not stream.delivering()
    touch = {**TOUCH, "bidQty": "1.234", "askQty": "0.5", "time": 1795143845098}
    (book,) = stream.fetched("confirm:BTCUSDT", reply(touch), START + 3 * S)
    assert isinstance(book, Book)
    assert stream.delivering()
    assert reasons(stream.received(depth(17, 18, 16), START + 4 * S)) == [Reason.BOOK_GAP]


def quiet(stream: BinanceStream, touch: dict[str, Any]) -> Sequence[Heard]:
    """A quote, two seconds of silence, and what a request says about it."""
    opened(stream)
    stream.received(ticker(7), START + 1)
    assert tags(stream.tick(START + S, connected=True)) == []
    assert tags(stream.tick(START + 3 * S, connected=True)) == ["confirm:BTCUSDT"]
    return stream.fetched("confirm:BTCUSDT", reply(touch), START + 4 * S)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"time": TOUCH["time"] + 500},
        {"time": TOUCH["time"] - 1, "bidPrice": "1"},
        {"lastUpdateId": 6, "bidPrice": "1", "time": TOUCH["time"] + 500},
    ],
)
def test_what_agrees_or_is_older_confirms_a_quiet_book(changes: dict[str, Any]) -> None:
    stream = public()
    (again,) = quiet(stream, {**TOUCH, **changes})
    assert isinstance(again, Quote)
    assert (again.bid, again.ask, again.recv_ts) == (109950.1, 109950.2, START + 4 * S)
    assert stream.delivering()


@pytest.mark.parametrize(
    "changes",
    [
        {"bidPrice": "109950.00", "time": TOUCH["time"] + 1},
        {"askQty": "9", "time": TOUCH["time"]},
        {"askQty": "9", "time": 0},
        {"askQty": "9", "lastUpdateId": 8, "time": 0},
    ],
)
def test_a_contradicted_book_is_taken_back_and_a_silent_stream_given_up(changes: dict[str, Any]) -> None:
    stream = public()
    assert reasons(quiet(stream, {**TOUCH, **changes})) == [Reason.BOOK_UNCONFIRMED]
    assert not stream.delivering()
    assert stream.tick(START + 4 * S + S // 2, connected=True) == []
    (given_up,) = stream.tick(START + 5 * S, connected=True)
    assert isinstance(given_up, Reconnect)
    assert given_up.mute


def test_an_answer_that_overtook_its_frame_costs_no_connection() -> None:
    stream = public()
    assert reasons(quiet(stream, {**TOUCH, "bidPrice": "109950.00", "time": TOUCH["time"] + 1})) != []
    assert kinds(stream.received(ticker(8, b="109950.00"), START + 4 * S + 1)) == [Quote]
    assert stream.delivering()
    assert not any(isinstance(one, Reconnect) for one in stream.tick(START + 6 * S, connected=True))


def test_an_answer_about_a_stream_that_spoke_meanwhile_says_nothing() -> None:
    stream = public()
    opened(stream)
    stream.received(ticker(7), START + 1)
    assert tags(stream.tick(START + 3 * S, connected=True)) == ["confirm:BTCUSDT"]
    stream.received(ticker(8, b="109950.15"), START + 3 * S + 1)
    assert stream.fetched("confirm:BTCUSDT", reply(TOUCH), START + 4 * S) == []
    assert stream.delivering()


def test_many_quiet_books_are_confirmed_by_one_request() -> None:
    keys = {f"C{number}USDT": f"binance:C{number}USDT" for number in range(4)}
    stream = public(keys=keys)
    opened(stream)
    for symbol in keys:
        stream.received(ticker(7, s=symbol), START + 1)
    (fetch,) = stream.tick(START + 3 * S, connected=True)
    assert isinstance(fetch, Fetch)
    assert (fetch.tag, fetch.request.query, fetch.request.weight) == ("confirm", "", 5)
    rows = [{**TOUCH, "symbol": symbol} for symbol in (*keys, "OTHER")]
    assert kinds(stream.fetched("confirm", reply(rows), START + 4 * S)) == [Quote] * 4


def test_a_silent_route_is_found() -> None:
    """A socket that opens and says nothing, while the market moves: the wrong route."""
    stream = public()
    opened(stream)
    stream.tick(START + 2 * S, connected=True)
    assert stream.fetched("confirm:BTCUSDT", reply(TOUCH), START + 2 * S) == []
    assert not stream.delivering()
    stream.tick(START + 4 * S, connected=True)
    moved = {**TOUCH, "bidPrice": "109950.11"}
    assert reasons(stream.fetched("confirm:BTCUSDT", reply(moved), START + 4 * S)) == [Reason.BOOK_UNCONFIRMED]
    assert not stream.delivering()
    (given_up,) = stream.tick(START + 6 * S, connected=True)
    assert given_up == Reconnect("the book of BTCUSDT moved and its stream did not say so", mute=True)


def test_a_market_that_stands_still_is_not_a_silent_route() -> None:
    stream = public()
    opened(stream)
    for second in (2, 4):
        assert tags(stream.tick(START + second * S, connected=True)) == ["confirm:BTCUSDT"]
        heard = stream.fetched("confirm:BTCUSDT", reply(TOUCH), START + second * S)
    assert kinds(heard) == [Quote]
    assert stream.delivering()


def test_a_refused_confirmation_is_asked_again() -> None:
    stream = public()
    opened(stream)
    stream.received(ticker(7), START + 1)
    stream.tick(START + 3 * S, connected=True)
    assert stream.fetched("confirm:BTCUSDT", reply({"code": -1008, "msg": ""}, 503), START + 3 * S) == []
    assert tags(stream.tick(START + 5 * S, connected=True)) == ["confirm:BTCUSDT"]
    with pytest.raises(ExchangeError, match="bookTicker"):
        stream.fetched("confirm:BTCUSDT", reply(b"<html>"), START + 5 * S)


def test_books_are_polled_while_the_connection_is_down() -> None:
    stream = public("diff", keys=KEYS)
    assert tags(stream.tick(START, connected=False)) == []
    assert tags(stream.tick(START + S, connected=False)) == ["poll"]
    rows = [TOUCH, {**TOUCH, "symbol": "ETHUSDT", "bidPrice": "109950.20"}]
    assert kinds(stream.fetched("poll", reply(rows), START + S)) == [Quote, BookInvalid]
    assert stream.fetched("poll", reply([{**TOUCH, "time": TOUCH["time"] - 1}]), START + S) == []
    assert not stream.delivering()
    stream.opened(START + 2 * S)
    assert stream.fetched("poll", reply([TOUCH]), START + 2 * S) == []


def test_the_market_route_delivers_marks_funding_and_trades() -> None:
    marks = Marks(BTC, Funding(BTC, 600 * S), mute_after=15 * S, poll_interval=S)
    stream = BinanceStream("ws://h/market", BTC, books=None, marks=marks, trades=True)
    assert stream.url == "ws://h/market/stream?streams=btcusdt@markPrice@1s/btcusdt@aggTrade"
    stream.opened(START)
    (trade,) = stream.received(framed("btcusdt@aggTrade", TRADE), START + 1)
    assert trade == PublicTrade(KEYS["BTCUSDT"], 1795143845158 * 10**6, START + 1, 109950.1, 0.001, False)
    assert not stream.delivering()
    assert kinds(stream.received(framed("btcusdt@markPrice@1s", MARK), START + 2)) == [MarkPrice, FundingRate]
    assert stream.delivering()
    assert stream.closed(START + 3) == ()


def test_an_announced_shutdown_reconnects() -> None:
    (action,) = public().received(encode({"e": "serverShutdown", "E": 1}), START)
    assert isinstance(action, Reconnect)
    assert not action.mute
