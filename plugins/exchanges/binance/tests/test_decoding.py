"""Frames, replies, requests and limits: the documented samples, and what is wrong with other ones."""

from typing import Any

import pytest

from arbcore.errors import ExchangeError, ExchangeRefused, ExchangeUnavailable, OutcomeUnknown, RateLimited
from arbcore_exchange_binance.protocol import frames, replies, requests
from arbcore_exchange_binance.protocol.failures import failure
from arbcore_exchange_binance.protocol.frames import Depth, Ignored, Mark, Partial, Shutdown, Ticker, Trade, read_frame
from arbcore_exchange_binance.protocol.limits import counters, penalty, read_usage
from arbcore_exchange_binance.protocol.product import HOUR_NS, MINUTE_NS, SPOT, USDM
from arbcore_exchange_binance.protocol.statuses import Statuses
from plugins.exchanges.binance.tests.samples import (
    DATED_PREMIUM,
    DEPTH,
    INTERVALS,
    KEYS,
    MARK,
    PREMIUM,
    SETTLEMENTS,
    SNAPSHOT,
    SPOT_PARTIAL,
    SPOT_TICKER,
    SPOT_TRADE,
    START,
    TICKER,
    TOUCH,
    TRADE,
    S,
    encode,
    framed,
    listed,
    reply,
)


def message(stream: str, data: Any) -> frames.Message:
    found = read_frame(framed(stream, data))
    assert found.stream == stream
    return found.message


def test_tickers_with_and_without_times() -> None:
    full, bare = message("btcusdt@bookTicker", TICKER), message("btcusdt@bookTicker", SPOT_TICKER)
    assert isinstance(full, Ticker)
    assert isinstance(bare, Ticker)
    assert (full.symbol, full.u, full.bid, full.ask_size, full.T) == (
        "BTCUSDT", 400900217, 109950.1, 1.066, 1795143845158,
    )  # fmt: skip
    assert (bare.bid, bare.bid_size, bare.ask, bare.T) == (25.3519, 31.21, 25.3652, 0)


def test_depth_events() -> None:
    one, spot = message("btcusdt@depth@100ms", DEPTH), message("btcusdt@depth", {**DEPTH, "pu": None})
    assert isinstance(one, Depth)
    assert isinstance(spot, Depth)
    assert (one.first, one.last, one.previous, one.bids) == (390497796, 390497878, 390497794, [(109950.1, 0.002)])
    assert one.ts == 1795143845158 * 10**6
    assert spot.previous is None


def test_a_partial_spot_book_has_no_event() -> None:
    found = message("btcusdt@depth5@100ms", SPOT_PARTIAL)
    assert isinstance(found, Partial)
    assert (found.last_update_id, found.asks) == (160, [(0.0026, 100.0)])


def test_marks_and_trades() -> None:
    mark, trade, spot = (
        message("btcusdt@markPrice@1s", MARK),
        message("btcusdt@aggTrade", TRADE),
        message("b@trade", SPOT_TRADE),
    )
    assert isinstance(mark, Mark)
    assert (mark.mark, mark.index, mark.rate, mark.next_ms) == (109940.12, 109982.3, 0.0001, 1795161600000)
    assert isinstance(trade, Trade)
    assert trade.seller_took
    assert isinstance(spot, Trade)
    assert (spot.price, spot.size, spot.seller_took) == (0.001, 100.0, False)


@pytest.mark.parametrize("sample", [TICKER, SPOT_TICKER, DEPTH, MARK, TRADE, SPOT_TRADE])
def test_raw_streams_send_the_same(sample: dict[str, Any]) -> None:
    found = read_frame(encode(sample))
    assert found.stream == ""
    assert not isinstance(found.message, Ignored)


@pytest.mark.parametrize(
    "frame",
    [
        encode({"result": None, "id": 1}),
        encode({"e": "contractInfo", "s": "BTCUSDT"}),
        framed("btcusdt@bookTicker", {**TICKER, "st": 2}),
        framed("btcusdt@markPrice@1s", {**MARK, "st": 2}),
        framed("!contractInfo", {"e": "contractInfo"}),
    ],
)
def test_noise_is_ignored(frame: bytes) -> None:
    assert isinstance(read_frame(frame).message, Ignored)


@pytest.mark.parametrize("frame", [encode({"e": "serverShutdown", "E": 1}), framed("any", {"e": "serverShutdown"})])
def test_a_shutdown_is_seen(frame: bytes) -> None:
    assert isinstance(read_frame(frame).message, Shutdown)


@pytest.mark.parametrize("frame", [b'{"code":2,"msg":"Invalid request"}', b'{"error":{"code":1},"id":1}'])
def test_the_venues_errors_are_refusals(frame: bytes) -> None:
    with pytest.raises(ExchangeRefused, match="Binance stream"):
        read_frame(frame)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff\xfe",
        framed("btcusdt@bookTicker", {**TICKER, "b": "nan"}),
        framed("btcusdt@bookTicker", {**TICKER, "b": "-1"}),
        framed("btcusdt@bookTicker", {**TICKER, "T": 10**14}),
        framed("btcusdt@bookTicker", {"s": "BTCUSDT"}),
        framed("btcusdt@depth", {**DEPTH, "b": [["1"]]}),
        framed("btcusdt@markPrice@1s", {**MARK, "r": "inf"}),
    ],
)
def test_garbage_is_an_exchange_error(frame: bytes) -> None:
    with pytest.raises(ExchangeError, match="Binance stream"):
        read_frame(frame)


def test_replies() -> None:
    snapshot = replies.read_depth(reply(SNAPSHOT))
    assert (snapshot.last, snapshot.bids, snapshot.ts) == (390497800, [(109950.1, 1.234)], 1795143845098 * 10**6)
    assert replies.read_depth(reply(SPOT_PARTIAL)).ts == 0
    for body in (TOUCH, [TOUCH]):
        (touch,) = replies.read_touches(reply(body))
        assert (touch.symbol, touch.bid_price, touch.ask_qty, touch.time) == ("BTCUSDT", 109950.1, 1.066, 1795143845158)
    for body in (PREMIUM, [DATED_PREMIUM, PREMIUM]):
        (premium,) = replies.read_premiums(reply(body), KEYS)
        assert (premium.last_funding_rate, premium.next_funding_time) == (0.0001, 1795161600000)
    assert [row.funding_rate for row in replies.read_settlements(reply(SETTLEMENTS[::-1]))] == [0.0001, -0.0002]
    assert replies.read_settlements(reply([{**SETTLEMENTS[0], "rateType": "Special"}])) == []
    assert replies.read_intervals(reply(INTERVALS)) == {"ETHUSDT": 4 * HOUR_NS}


@pytest.mark.parametrize("hours", [0, -1, 200])
def test_an_impossible_interval_is_refused(hours: int) -> None:
    with pytest.raises(ExchangeError, match="interval"):
        replies.read_intervals(reply([{**INTERVALS[0], "fundingIntervalHours": hours}]))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"code": -1121, "msg": "Invalid symbol."}, ExchangeRefused),
        (403, b"<html>", ExchangeRefused),
        (418, {"code": -1003, "msg": "banned"}, RateLimited),
        (429, {"code": -1003, "msg": "Too many"}, RateLimited),
        (408, b"", OutcomeUnknown),
        (503, b"Unknown error, please check your request or try again later.", OutcomeUnknown),
        (503, b"Service Unavailable.", ExchangeUnavailable),
        (503, {"code": 0, "msg": "Service Unavailable."}, ExchangeUnavailable),
        (503, {"code": -1008, "msg": "throttled"}, ExchangeUnavailable),
        (400, {"code": -1007, "msg": "timeout"}, OutcomeUnknown),
        (502, b"", OutcomeUnknown),
        (500, {"code": -1006, "msg": ""}, OutcomeUnknown),
    ],
)
def test_failures(status: int, body: Any, kind: type[ExchangeError]) -> None:
    error = failure(reply(body, status), "depth")
    assert type(error) is kind
    assert f"status {status}" in error.what
    with pytest.raises(kind):
        replies.read_depth(reply(body, status))


def test_weights() -> None:
    assert [requests.depth(USDM, "B", limit).weight for limit in (5, 50, 100, 500, 1000)] == [2, 2, 5, 10, 20]
    assert [requests.depth(SPOT, "B", limit).weight for limit in (100, 500, 1000)] == [5, 25, 50]
    assert [requests.book_ticker(USDM, name).weight for name in ("B", "")] == [2, 5]
    assert [requests.premium_index(USDM, name).weight for name in ("B", "")] == [1, 10]
    assert requests.funding_rate(USDM, "B", 500).query == "symbol=B&limit=100"
    one = requests.depth(SPOT, "BTCUSDT")
    assert (one.path, one.query, one.repeatable) == ("/api/v3/depth", "symbol=BTCUSDT&limit=1000", True)
    assert requests.funding_info(USDM).counter == requests.FUNDING


def test_counters_are_the_venues() -> None:
    usdm = {one.name: [(w.length_ns // S, w.capacity) for w in one.windows] for one in counters(USDM)}
    assert usdm == {"request_weight": [(60, 2400)], "orders": [(10, 300), (60, 1200)], "funding": [(300, 500)]}
    spot = {one.name: [(w.length_ns // S, w.capacity) for w in one.windows] for one in counters(SPOT)}
    assert spot["request_weight"] == [(60, 6000)]
    assert "funding" not in spot


def test_usage_is_read_from_headers_of_any_case() -> None:
    answer = reply(
        {}, headers={"X-MBX-USED-WEIGHT-1M": "1500", "x-mbx-order-count-10s": "3", "x-mbx-order-count-1m": "x"}
    )
    assert [(one.counter, one.used, one.window_ns) for one in read_usage(answer)] == [
        ("request_weight", 1500, MINUTE_NS),
        ("orders", 3, 10 * S),
    ]


def test_penalties() -> None:
    until = START // 10**6 + 90_000
    banned = reply({"code": -1003, "msg": f"Way too many requests; IP banned until {until}."}, 418)
    assert penalty(banned, 1) == 90 * S
    assert penalty(reply({"code": -1003, "msg": "IP banned until 1000000000000"}, 418), 1) == 30 * S
    assert penalty(reply({"code": -1003, "msg": "IP banned until 9999999999999"}, 418), 1) == 3 * 24 * HOUR_NS
    assert penalty(reply(b"", 429), 1) == 30 * S
    assert [penalty(reply(b"", 418), attempt) for attempt in (1, 2)] == [120 * S, 240 * S]


def test_statuses_are_told_when_they_change() -> None:
    def read(*rows: dict[str, Any]) -> list[tuple[str, bool, tuple[str, ...], int]]:
        found = statuses.read(replies.read_symbols(reply({"symbols": rows})), START)
        return [(one.instrument, one.trading, one.warnings, one.delisting_ts) for one in found]

    statuses = Statuses(USDM, KEYS)
    both = (listed("BTCUSDT"), listed("ETHUSDT"))
    assert read(*both) == [("binance:BTCUSDT", True, (), 0), ("binance:ETHUSDT", True, (), 0)]
    assert read(*both) == []
    soon = listed("ETHUSDT", deliveryDate=1795161600000)
    assert read(both[0], soon) == [("binance:ETHUSDT", True, (), 1795161600000 * 10**6)]
    halted = listed("BTCUSDT", status="BREAK")
    assert read(halted, soon) == [("binance:BTCUSDT", False, ("BREAK",), 0)]
    assert read(soon) == [("binance:BTCUSDT", False, ("UNLISTED",), 0)]


@pytest.mark.parametrize("body", [b"", b"{", {"symbols": [1]}, {"symbols": [listed("BTCUSDT", filters=[{}])]}])
def test_a_listing_that_is_none(body: Any) -> None:
    with pytest.raises(ExchangeError, match="exchangeInfo"):
        replies.read_symbols(reply(body))
