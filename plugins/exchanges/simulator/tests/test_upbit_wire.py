"""Upbit's protocol, by raw messages."""

from collections.abc import Callable
from typing import Any

import pytest

from arbcore_exchange_simulator.memory import MemoryClient, make_venues
from arbcore_exchange_simulator.settings import SECOND
from arbcore_exchange_simulator.venues import Venues
from arbcore_exchange_simulator.wire import Refused

Connect = Callable[..., MemoryClient]
Get = Callable[..., tuple[int, Any]]
BOOK = [{"ticket": "t"}, {"type": "orderbook", "codes": ["KRW-BTC.5"]}]


@pytest.fixture
def client(connect: Connect) -> MemoryClient:
    return connect("upbit", "websocket/v1")


def test_a_snapshot_then_full_books_as_the_market_has_them(client: MemoryClient, venues: Venues) -> None:
    client.say(BOOK)
    (first,) = client.take()
    assert (first["type"], first["code"], first["stream_type"], first["level"]) == (
        "orderbook",
        "KRW-BTC",
        "SNAPSHOT",
        0,
    )
    frames = client.wait(2)
    assert len(frames) > 10
    assert {frame["stream_type"] for frame in frames} == {"REALTIME"}
    assert all(len(frame["orderbook_units"]) == 5 for frame in frames)
    assert [frame["timestamp"] for frame in frames] == sorted(frame["timestamp"] for frame in frames)
    book = venues.world.markets["upbit"]["KRW-BTC"].book
    best = frames[-1]["orderbook_units"][0]
    assert (best["bid_price"], best["ask_price"]) == (book.touch[0][0] / 1e8, book.touch[1][0] / 1e8)
    assert frames[-1]["total_bid_size"] == pytest.approx(sum(book.bids.values()) / 1e8)


@pytest.mark.parametrize(
    ("form", "key", "listed"),
    [("DEFAULT", "code", False), ("SIMPLE", "cd", False), ("JSON_LIST", "code", True), ("SIMPLE_LIST", "cd", True)],
)
@pytest.mark.parametrize("kind", ["orderbook", "trade", "ticker", "candle.1m"])
def test_formats(client: MemoryClient, form: str, key: str, listed: bool, kind: str) -> None:
    client.say([{"ticket": "t"}, {"type": kind, "codes": ["KRW-XRP"]}, {"format": form}])
    frames = client.wait(8)
    assert len(frames) > 2
    assert all(isinstance(frame, list) is listed for frame in frames)
    rows = [frame[0] if listed else frame for frame in frames]
    assert {row[key] for row in rows} == {"KRW-XRP"}
    assert {row["ty" if key == "cd" else "type"] for row in rows} == {kind}


def test_only_snapshot_and_only_realtime(client: MemoryClient) -> None:
    client.say([{"ticket": "t"}, {"type": "orderbook", "codes": ["KRW-BTC"], "is_only_snapshot": True}])
    assert [frame["stream_type"] for frame in client.wait(2)] == ["SNAPSHOT"]
    client.say([{"ticket": "t"}, {"type": "orderbook", "codes": ["KRW-BTC"], "is_only_realtime": True}])
    assert {frame["stream_type"] for frame in client.wait(2)} == {"REALTIME"}


def test_a_later_request_replaces_the_first(client: MemoryClient) -> None:
    client.say(BOOK)
    client.say([{"ticket": "t"}, {"type": "orderbook", "codes": ["KRW-XRP"]}])
    client.take()
    assert {frame["code"] for frame in client.wait(2)} == {"KRW-XRP"}
    client.say([{"ticket": "mine"}, {"method": "LIST_SUBSCRIPTIONS"}])
    (told,) = client.take()
    assert told == {
        "method": "LIST_SUBSCRIPTIONS",
        "result": [{"type": "orderbook", "codes": ["KRW-XRP"], "level": 0}],
        "ticket": "mine",
    }


def test_the_format_of_a_listing_changes_the_stream(client: MemoryClient) -> None:
    client.say(BOOK)
    client.say([{"ticket": "t"}, {"method": "LIST_SUBSCRIPTIONS"}, {"format": "SIMPLE"}])
    client.take()
    assert all("cd" in frame for frame in client.wait(1))


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (b"{", "WRONG_FORMAT"),
        ({"ticket": "t"}, "WRONG_FORMAT"),
        ([{"type": "trade", "codes": ["KRW-BTC"]}], "NO_TICKET"),
        ([{"ticket": "t"}], "NO_TYPE"),
        ([{"ticket": "t"}, {"type": "trade"}], "NO_CODES"),
        ([{"ticket": "t"}, {"type": "nothing", "codes": ["KRW-BTC"]}], "INVALID_PARAM"),
        ([{"ticket": "t"}, {"type": "orderbook", "codes": ["KRW-BTC.7"]}], "INVALID_PARAM"),
        ([{"ticket": "t"}, {"type": "orderbook", "codes": ["KRW-BTC"], "level": 7}], "INVALID_PARAM"),
    ],
)
def test_wrong_requests_are_answered_by_name(client: MemoryClient, message: Any, name: str) -> None:
    client.say(message)
    (answer,) = client.take()
    assert answer["error"]["name"] == name
    assert answer["error"]["message"]


def test_unknown_codes_are_silent(client: MemoryClient) -> None:
    client.say([{"ticket": "t"}, {"type": "trade", "codes": ["KRW-NONE"]}])
    assert client.wait(1) == []


def test_messages_a_second_and_a_minute(client: MemoryClient, venues: Venues) -> None:
    for _ in range(5):
        client.say(b"PING")
    assert client.take() == [{"status": "UP"}] * 5
    client.say(b"PING")
    assert client.take()[0]["error"]["name"] == "Too Many Requests"
    venues.step(venues.world.now + SECOND)
    for _ in range(95):
        venues.step(venues.world.now + SECOND // 4)
        client.say(b"PING")
    assert client.take() == [{"status": "UP"}] * 95
    venues.step(venues.world.now + SECOND)
    client.say(b"PING")
    assert client.take()[0]["error"]["name"] == "Too Many Requests"


def test_the_idle_socket_closes_and_ping_text_keeps_it(client: MemoryClient, connect: Connect) -> None:
    other = connect("upbit", "websocket/v1")
    other.say(b"PING")
    for _ in range(130):
        client.venues.world.skip(client.venues.world.now + SECOND)
        client.session.tick(client.venues.world.now)
        before = len(other.frames)
        other.session.tick(client.venues.world.now)
        if len(other.frames) > before:
            other.session.sent(client.venues.world.now)
    assert client.ended == 1001
    assert other.ended is None
    assert other.take() == [{"status": "UP"}] * 14


def test_the_private_socket_needs_a_key(connect: Connect) -> None:
    with pytest.raises(Refused) as caught:
        connect("upbit", "websocket/v1/private")
    assert caught.value.answer.status == 401


def test_grouped_prices_keep_the_sizes(get: Get, venues: Venues) -> None:
    (row,) = get("upbit", "v1/orderbook", markets="KRW-BTC", level="10000", count="30")[1]
    units = row["orderbook_units"]
    assert row["level"] == 10000
    assert all(unit["ask_price"] % 10000 == unit["bid_price"] % 10000 == 0 for unit in units)
    assert units[0]["bid_price"] < units[0]["ask_price"]
    asks = venues.world.markets["upbit"]["KRW-BTC"].book.asks
    first = sum(size for price, size in asks.items() if price <= units[0]["ask_price"] * 1e8)
    assert units[0]["ask_size"] == pytest.approx(first / 1e8)
    assert get("upbit", "v1/orderbook", markets="KRW-BTC", level="12345")[1] == []


def test_markets_instruments_and_prices(get: Get) -> None:
    markets = get("upbit", "v1/market/all", is_details="true")[1]
    assert [row["market"] for row in markets] == ["KRW-BTC", "KRW-XRP", "KRW-SHIB", "KRW-USDT"]
    assert markets[0]["market_event"]["warning"] is False
    assert "market_event" not in get("upbit", "v1/market/all")[1][0]
    rows = get("upbit", "v1/orderbook/instruments", markets="KRW-BTC,KRW-USDT,KRW-SHIB")[1]
    assert [row["tick_size"] for row in rows] == ["1000", "1", "0.0001"]
    tickers = get("upbit", "v1/ticker/all", quote_currencies="KRW")[1]
    assert {row["market"] for row in tickers} == {row["market"] for row in markets}
    assert get("upbit", "v1/ticker", markets="KRW-BTC")[1][0]["trade_price"] > 0


def test_trades_and_candles_are_those_that_took_place(get: Get, venues: Venues) -> None:
    venues.step(venues.world.now + 130 * SECOND)
    trades = get("upbit", "v1/trades/ticks", market="KRW-BTC", count="3")[1]
    known = list(venues.world.markets["upbit"]["KRW-BTC"].trades)
    assert [row["sequential_id"] for row in trades] == [one.number for one in reversed(known[-3:])]
    candles = get("upbit", "v1/candles/minutes/1", market="KRW-BTC", count="10")[1]
    assert [row["candle_date_time_utc"] for row in candles] == sorted(
        (row["candle_date_time_utc"] for row in candles), reverse=True
    )
    assert candles[0]["trade_price"] == trades[0]["trade_price"]
    assert candles[0]["unit"] == 1


@pytest.mark.parametrize(
    ("path", "query", "status", "name"),
    [
        ("v1/ticker", {"markets": "KRW-NONE"}, 404, 404),
        ("v1/orderbook", {}, 400, 400),
        ("v1/candles/minutes/7", {"market": "KRW-BTC"}, 400, 400),
        ("v1/accounts", {}, 401, "no_authorization_token"),
    ],
)
def test_errors_have_whole_numbers_as_names_in_the_quotation_api(
    get: Get, path: str, query: dict[str, str], status: int, name: int | str
) -> None:
    found, body = get("upbit", path, **query)
    assert (found, body["error"]["name"]) == (status, name)


def test_counters_by_group_then_429_then_418(venues: Venues) -> None:
    def ask(path: str) -> Any:
        return venues.answer("GET", "upbit", path, {"markets": "KRW-BTC"})

    left = [ask("v1/ticker").headers["Remaining-Req"] for _ in range(10)]
    assert left[0] == "group=ticker; min=600; sec=9"
    assert left[-1].endswith("sec=0")
    assert ask("v1/ticker").status == 429
    assert ask("v1/orderbook").status == 200
    venues.step(venues.world.now + SECOND)
    assert ask("v1/ticker").status == 200
    statuses = [ask("v1/ticker").status for _ in range(30)]
    assert statuses[-1] == 418
    assert statuses.index(418) > statuses.index(429)
    venues.step(venues.world.now + 2 * SECOND)
    answer = ask("v1/ticker")
    assert (answer.status, b"118 seconds" in answer.body) == (418, True)
    venues.world.skip(venues.world.now + 119 * SECOND)
    assert ask("v1/ticker").status == 200


def test_an_origin_header_leaves_one_request_in_ten_seconds(venues: Venues) -> None:
    def ask() -> int:
        return venues.answer("GET", "upbit", "v1/ticker", {"markets": "KRW-BTC"}, origin=True).status

    assert [ask(), ask()] == [200, 429]
    venues.world.skip(venues.world.now + 10 * SECOND)
    assert ask() == 200


def test_limits_can_be_off() -> None:
    venues = make_venues(rules={"enforce": False})
    assert {venues.answer("GET", "upbit", "v1/market/all", {}).status for _ in range(50)} == {200}
