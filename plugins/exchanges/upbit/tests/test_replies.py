from decimal import Decimal
from typing import Any

import pytest

from arbcore.errors import ExchangeError, ExchangeRefused, ExchangeUnavailable, RateLimited
from arbcore.net.limits import RateLimits, Usage
from arbcore_exchange_upbit.protocol import replies, requests
from arbcore_exchange_upbit.protocol.limits import COUNTERS, penalties, read_usage
from plugins.exchanges.upbit.tests.samples import NOW, T0, S, market, orderbook, reply

READERS = {
    "market/all": replies.read_markets,
    "orderbook": replies.read_orderbooks,
    "orderbook/instruments": replies.read_orderbook_instruments,
    "ticker": replies.read_tickers,
}


def test_markets_tell_warnings_in_order() -> None:
    plain, warned, bare = replies.read_markets(
        reply(
            [
                market(),
                market("KRW-XRP", warning=True, cautions=["TRADING_VOLUME_SOARING", "PRICE_FLUCTUATIONS"]),
                {"market": "BTC-ETH"},
            ]
        )
    )
    assert (plain.market, plain.warnings, bare.warnings) == ("KRW-BTC", (), ())
    assert warned.warnings == ("price_fluctuations", "trading_volume_soaring", "warning")


def test_books_prices_and_ticks_are_read() -> None:
    (book,) = replies.read_orderbooks(reply([orderbook()]))
    (tick,) = replies.read_orderbook_instruments(
        reply([{"market": "KRW-BTC", "quote_currency": "KRW", "tick_size": "1000", "supported_levels": ["0", "10000"]}])
    )
    (ticker,) = replies.read_tickers(reply([{"market": "KRW-BTC", "trade_price": 147058000, "timestamp": T0}]))
    assert (book.market, book.timestamp, book.orderbook_units[0].ask_price) == ("KRW-BTC", T0, 148961000.0)
    assert (tick.market, tick.tick_size) == ("KRW-BTC", Decimal(1000))
    assert (ticker.market, ticker.trade_price) == ("KRW-BTC", 147058000.0)


@pytest.mark.parametrize(
    ("reader", "body"),
    [
        *((reader, body) for reader in READERS for body in (b"", b"{}", b"null", b"[1]", b"[{}]", b"<html>")),
        ("market/all", []),
        *(
            ("orderbook/instruments", [{"market": "KRW-BTC", "tick_size": tick}])
            for tick in ("0", "-1", "NaN", "sNaN", "Infinity", "1e999999", "1e-999999", "", None)
        ),
        *(("ticker", [{"market": "KRW-BTC", "trade_price": price}]) for price in (0, -1, None, "1")),
    ],
)
def test_what_is_no_such_reply_is_an_error(reader: str, body: Any) -> None:
    with pytest.raises(ExchangeError, match="that is none"):
        READERS[reader](reply(body))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": {"name": 400, "message": "Invalid parameter"}}, ExchangeRefused),
        (404, {"error": {"name": 404, "message": "Code not found"}}, ExchangeRefused),
        (400, {"error": {"name": "validation_error", "message": "..."}}, ExchangeRefused),
        (403, {"error": {"name": "market_offline", "message": "..."}}, ExchangeUnavailable),
        (401, {"error": {"name": "market_offline"}}, ExchangeUnavailable),
        (500, {"error": {"name": "internal_server_error", "message": "..."}}, ExchangeUnavailable),
        (502, b"<html>bad gateway</html>", ExchangeUnavailable),
        (429, {"error": {"name": "too_many_requests", "message": "..."}}, RateLimited),
        (429, b"", RateLimited),
        (418, b"blocked", RateLimited),
        (302, b"", ExchangeRefused),
        (404, b"\xff", ExchangeRefused),
        (400, b'{"error":' + b"[" * 100_000, ExchangeRefused),
    ],
)
@pytest.mark.parametrize("reader", READERS)
def test_refusals_are_told_apart(reader: str, status: int, body: Any, kind: type[ExchangeError]) -> None:
    with pytest.raises(ExchangeError, match=f"^Upbit {reader}: ") as caught:
        READERS[reader](reply(body, status))
    assert type(caught.value) is kind


def test_requests_name_their_group() -> None:
    codes = ["KRW-BTC", "BTC-ETH"]
    made = {
        "market": requests.markets(),
        "orderbook": requests.orderbooks(codes, 5),
        "ticker": requests.tickers(codes),
    }
    assert {name: one.counter for name, one in made.items()} == {name: name for name in made}
    assert requests.orderbook_instruments(codes).counter == "orderbook"
    assert [f"{one.method} {one.path}?{one.query}" for one in made.values()] == [
        "GET /market/all?is_details=true",
        "GET /orderbook?markets=KRW-BTC,BTC-ETH&count=5",
        "GET /ticker?markets=KRW-BTC,BTC-ETH",
    ]
    assert all(one.repeatable and not one.urgent and one.weight == 1 for one in made.values())


@pytest.mark.parametrize(
    ("header", "usage"),
    [
        ("group=orderbook; min=599; sec=9", [Usage("orderbook", remaining=9, window_ns=S)]),
        ("group=market; min=1800; sec=0", [Usage("market", remaining=0, window_ns=S)]),
        ("group=unheard-of; min=1; sec=9", []),
        ("group=ticker; min=1", []),
        ("group=ticker; sec=x", []),
        ("sec=9", []),
        ("", []),
    ],
)
def test_the_header_tells_what_is_left(header: str, usage: list[Usage]) -> None:
    assert list(read_usage(reply([], headers={"remaining-req": header}))) == usage


def test_without_the_header_nothing_is_told() -> None:
    assert list(read_usage(reply([]))) == []


def test_ten_requests_a_second_pass_at_most_and_groups_are_apart() -> None:
    limits = RateLimits(COUNTERS)
    passed, now = 0, NOW
    while limits.wait("ticker", 1, now) == 0 and passed < 100:
        limits.spend("ticker", 1, now)
        passed += 1
    assert 1 <= passed <= 10
    assert limits.wait("orderbook", 1, now) == 0


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 0.5), (2, 1), (3, 2), (4, 4), (5, 4), (100, 4)])
def test_waits_after_too_many_requests(attempt: int, seconds: float) -> None:
    assert penalties(60 * S)(reply(b"", 429), attempt) == seconds * S


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (b"", 60),
        (b"blocked", 60),
        ({"error": {"name": 418, "message": "blocked for 30 seconds"}}, 30),
        ({"error": {"message": "Blocked for 2 minutes"}}, 120),
        ({"error": {"message": "90s"}}, 90),
        ({"error": {"message": "120초 동안 차단되었습니다"}}, 120),
        ({"error": {"message": "5분 동안 차단"}}, 300),
        ({"error": {"message": "1 hour"}}, 3600),
        ({"error": {"message": "418 msgs"}}, 60),
    ],
)
def test_a_block_lasts_as_long_as_it_says(body: Any, seconds: int) -> None:
    assert penalties(60 * S)(reply(body, 418), 1) == seconds * S
