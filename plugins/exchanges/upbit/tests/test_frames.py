from typing import Any

import pytest

from arbcore.errors import ExchangeError, ExchangeRefused, ExchangeUnavailable, RateLimited
from arbcore.model.reason import Reason
from arbcore_exchange_upbit.protocol.frames import OrderbookFrame, TickerFrame, TradeFrame, read_frame
from arbcore_exchange_upbit.protocol.ladders import fault, sides
from plugins.exchanges.upbit.tests.samples import ASKS, BIDS, T0, book_frame, raw, ticker_frame, trade_frame, units

DOCUMENTED = (
    b'{"type":"orderbook","code":"KRW-BTC","timestamp":1795143845404,"total_ask_size":5.62,"total_bid_size":2.05,'
    b'"orderbook_units":[{"ask_price":148961000.0,"bid_price":148960000.0,"ask_size":0.07029618,"bid_size":0.03754714}]'
    b',"stream_type":"REALTIME","level":0}'
)


def book(message: dict[str, Any]) -> OrderbookFrame:
    found = read_frame(raw(message))
    assert isinstance(found, OrderbookFrame)
    return found


def test_the_documented_book_is_read() -> None:
    found = read_frame(DOCUMENTED)
    assert isinstance(found, OrderbookFrame)
    assert (found.code, found.timestamp) == ("KRW-BTC", T0)
    assert sides(found.orderbook_units) == (((148960000.0, 0.03754714),), ((148961000.0, 0.07029618),))


def test_the_type_may_stand_anywhere_and_numbers_may_be_whole() -> None:
    message = book_frame(bids=((10, 1),), asks=((11, 2),))
    kind = message.pop("type")
    assert sides(book({**message, "type": kind}).orderbook_units) == (((10.0, 1.0),), ((11.0, 2.0),))


def test_a_trade_is_read() -> None:
    found = read_frame(raw(trade_frame(side="ASK")))
    assert isinstance(found, TradeFrame)
    assert (found.trade_price, found.trade_volume, found.ask_bid) == (148961000.0, 0.00006043, "ASK")
    assert (found.trade_timestamp, found.sequential_id) == (T0, 17951438453360000)


def test_a_ticker_is_read() -> None:
    found = read_frame(raw(ticker_frame(state="PREDELISTING", delisting="2026-12-01")))
    assert isinstance(found, TickerFrame)
    assert (found.market_state, found.delisting_date) == ("PREDELISTING", "2026-12-01")


@pytest.mark.parametrize(
    "notice",
    [
        {"status": "UP"},
        {"method": "LIST_SUBSCRIPTIONS", "result": [{"type": "orderbook", "codes": ["KRW-BTC"]}], "ticket": "a"},
    ],
)
def test_notices_carry_no_market_data(notice: dict[str, Any]) -> None:
    assert read_frame(raw(notice)) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("INVALID_AUTH", ExchangeRefused),
        ("WRONG_FORMAT", ExchangeRefused),
        ("NO_TICKET", ExchangeRefused),
        ("NO_TYPE", ExchangeRefused),
        ("NO_CODES", ExchangeRefused),
        ("INVALID_PARAM", ExchangeRefused),
        ("something new", ExchangeRefused),
        ("Too Many Requests", RateLimited),
        ("I'm a teapot", RateLimited),
        (429, RateLimited),
        (500, ExchangeUnavailable),
        ("internal_server_error", ExchangeUnavailable),
    ],
)
def test_errors_are_told_apart_by_their_name(name: object, kind: type[ExchangeError]) -> None:
    with pytest.raises(ExchangeError, match="Upbit stream") as caught:
        read_frame(raw({"error": {"name": name, "message": "why it is so"}}))
    assert type(caught.value) is kind
    assert "why it is so" in caught.value.what


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"UP",
        b'"text"',
        b"\xff\xfe",
        DOCUMENTED[:-1],
        DOCUMENTED.replace(b'"orderbook"', b'"candle.1s"'),
        DOCUMENTED.replace(b'"orderbook"', b"null"),
        DOCUMENTED.replace(b"1795143845404", b'"1795143845404"'),
        DOCUMENTED.replace(b"1795143845404", b"0"),
        DOCUMENTED.replace(b"1795143845404", b"-1"),
        DOCUMENTED.replace(b"1795143845404", b"1795143845404000000"),
        DOCUMENTED.replace(b"148961000.0", b"NaN"),
        DOCUMENTED.replace(b"148961000.0", b"Infinity"),
        DOCUMENTED.replace(b"148961000.0", b"1e999"),
        DOCUMENTED.replace(b"148961000.0", b"-148961000.0"),
        DOCUMENTED.replace(b"148961000.0", b"null"),
        b'{"type":"orderbook","x":' + b"[" * 100_000,
        raw({**trade_frame(), "trade_price": 0}),
        raw({**trade_frame(), "ask_bid": "BUY"}),
        raw([book_frame()]),
        raw(book_frame()).decode().encode("utf-16"),
    ],
    ids=repr,
)
def test_anything_else_is_an_error(frame: bytes) -> None:
    with pytest.raises(ExchangeError, match="that is none"):
        read_frame(frame)


def test_empty_levels_are_left_out() -> None:
    found = book(book_frame(bids=BIDS, asks=ASKS[:1]))
    assert sides(found.orderbook_units) == (BIDS, ASKS[:1])


@pytest.mark.parametrize("swapped", ["bids", "asks"])
def test_levels_out_of_order_are_no_book(swapped: str) -> None:
    levels: dict[str, Any] = {"bids": BIDS, "asks": ASKS}
    levels[swapped] = tuple(reversed(levels[swapped]))
    with pytest.raises(ExchangeError, match=f"its {swapped} do not"):
        sides(book(book_frame(**levels)).orderbook_units)


@pytest.mark.parametrize(
    ("bids", "asks", "reason"),
    [
        (BIDS, ASKS, None),
        (BIDS, (), Reason.BOOK_INVALID),
        ((), ASKS, Reason.BOOK_INVALID),
        ((), (), Reason.BOOK_INVALID),
        (((10.0, 1.0),), ((10.0, 1.0),), Reason.BOOK_CROSSED),
        (((11.0, 1.0),), ((10.0, 1.0),), Reason.BOOK_CROSSED),
    ],
)
def test_what_a_book_is_worth(bids: Any, asks: Any, reason: Reason | None) -> None:
    assert fault(bids, asks) == reason
    assert sides(book(book_frame(bids=bids, asks=asks)).orderbook_units) == (bids, asks)
    assert len(units(bids, asks)) == max(len(bids), len(asks))
