"""Binance's protocol, by raw messages."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from arbcore_exchange_simulator.binance.streams import parse
from arbcore_exchange_simulator.memory import MemoryClient, make_venues
from arbcore_exchange_simulator.settings import SECOND
from arbcore_exchange_simulator.venues import Venues
from arbcore_exchange_simulator.wire import Refused

Connect = Callable[..., MemoryClient]
Get = Callable[..., tuple[int, Any]]
Side = dict[str, str]


def _apply(side: Side, changes: list[list[str]]) -> None:
    for price, quantity in changes:
        if float(quantity):
            side[price] = quantity
        else:
            side.pop(price, None)


def _rest_book(venue: str, get: Get, symbol: str = "BTCUSDT") -> tuple[Side, Side, int]:
    path = "fapi/v1/depth" if venue == "usdm" else "api/v3/depth"
    status, book = get(venue, path, symbol=symbol, limit="1000")
    assert status == 200
    return dict(book["bids"]), dict(book["asks"]), book["lastUpdateId"]


def test_differences_of_futures_chain_and_rebuild_the_book(connect: Connect, get: Get) -> None:
    client = connect("usdm", "public/ws/btcusdt@depth@100ms")
    events = client.wait(1)
    bids, asks, last = _rest_book("usdm", get)
    events += client.wait(5)
    events = [event for event in events if event["u"] >= last]
    assert events[0]["U"] <= last <= events[0]["u"] or events[0]["pu"] == last
    for before, event in itertools.pairwise(events):
        assert event["pu"] == before["u"]
        assert event["U"] == before["u"] + 1
    for event in events:
        assert (event["e"], event["s"], event["st"], event["ps"]) == ("depthUpdate", "BTCUSDT", 1, "BTCUSDT")
        _apply(bids, event["b"])
        _apply(asks, event["a"])
    client.venues.step(client.venues.world.now + SECOND // 10)
    for event in client.take():
        _apply(bids, event["b"])
        _apply(asks, event["a"])
    now_bids, now_asks, now = _rest_book("usdm", get)
    if events[-1]["u"] == now:
        assert (bids, asks) == (now_bids, now_asks)
    assert max(map(float, bids)) < min(map(float, asks))


def test_differences_of_spot_have_no_pu(connect: Connect, get: Get) -> None:
    client = connect("spot", "ws/btcusdt@depth@100ms")
    bids, asks, last = _rest_book("spot", get)
    events = client.wait(3)
    assert events[0]["U"] <= last + 1 <= events[0]["u"]
    for before, event in itertools.pairwise(events):
        assert event["U"] == before["u"] + 1
    assert not any("pu" in event or "st" in event or "T" in event for event in events)
    for event in events:
        _apply(bids, event["b"])
        _apply(asks, event["a"])
    assert events[-1]["u"] <= _rest_book("spot", get)[2]
    assert max(map(float, bids)) < min(map(float, asks))


def test_the_touch_of_futures_and_spot(connect: Connect, get: Get) -> None:
    for venue, path, rest in (
        ("usdm", "public/ws/btcusdt@bookTicker", "fapi/v1/ticker/bookTicker"),
        ("spot", "ws/btcusdt@bookTicker", "api/v3/ticker/bookTicker"),
    ):
        frames = connect(venue, path).wait(3)
        last, (_, told) = frames[-1], get(venue, rest, symbol="BTCUSDT")
        assert [last[key] for key in "bBaA"] == [told[f"{key}"] for key in ("bidPrice", "bidQty", "askPrice", "askQty")]
        assert [frame["u"] for frame in frames] == sorted({frame["u"] for frame in frames})
        assert ("e" in last) is (venue == "usdm")


def test_the_wrong_route_opens_and_stays_silent(connect: Connect) -> None:
    names = "btcusdt@bookTicker/btcusdt@depth5@100ms/btcusdt@markPrice@1s/btcusdt@aggTrade"
    public = connect("usdm", "public/stream", streams=names).wait(3)
    market = connect("usdm", "market/stream", streams=names).wait(3)
    assert connect("usdm", "private/stream", streams=names).wait(3) == []
    assert {frame["stream"] for frame in public} == {"btcusdt@bookTicker", "btcusdt@depth5@100ms"}
    assert {frame["stream"] for frame in market} == {"btcusdt@markPrice@1s", "btcusdt@aggTrade"}


@pytest.mark.parametrize("path", ["ws", "stream", "ws/btcusdt@bookTicker", "elsewhere"])
def test_futures_have_no_address_without_a_route(connect: Connect, path: str) -> None:
    with pytest.raises(Refused) as caught:
        connect("usdm", path)
    assert caught.value.answer.status == 404


def test_subscribing_by_message(connect: Connect) -> None:
    client = connect("usdm", "public/ws")
    client.say({"method": "SUBSCRIBE", "params": ["btcusdt@bookTicker", "xrpusdt@bookTicker"], "id": 1})
    assert client.take() == [{"result": None, "id": 1}]
    assert {frame["s"] for frame in client.wait(2)} == {"BTCUSDT", "XRPUSDT"}
    client.say({"method": "UNSUBSCRIBE", "params": ["xrpusdt@bookTicker"], "id": 2})
    client.say({"method": "LIST_SUBSCRIPTIONS", "id": "three"})
    assert client.take()[1] == {"result": ["btcusdt@bookTicker"], "id": "three"}
    assert {frame["s"] for frame in client.wait(2)} == {"BTCUSDT"}


@pytest.mark.parametrize(
    "message",
    [b"{", [], {"method": "NONE", "id": 1}, {"method": "SUBSCRIBE", "id": 1}, {"method": "SUBSCRIBE", "params": [1]}],
)
def test_wrong_messages_are_answered(connect: Connect, message: Any) -> None:
    client = connect("usdm", "public/ws")
    client.say(message)
    (answer,) = client.take()
    assert answer["error"]["code"] in {2, 3}


def test_too_many_messages_close_the_socket(connect: Connect) -> None:
    for venue, path, most in (("usdm", "public/ws", 10), ("spot", "ws", 5)):
        client = connect(venue, path)
        for number in range(most):
            client.say({"method": "LIST_SUBSCRIPTIONS", "id": number})
        assert client.ended is None
        client.say({"method": "LIST_SUBSCRIPTIONS", "id": most})
        assert client.ended == 1008


def test_too_many_streams_are_refused() -> None:
    venues = make_venues(rules={"streams": 2})
    client = MemoryClient(venues, "usdm", "public/ws", {})
    client.say({"method": "SUBSCRIBE", "params": ["a@depth", "b@depth", "c@depth"], "id": 1})
    assert client.take()[0]["error"]["code"] == 2


def test_partial_books_are_whole(connect: Connect) -> None:
    for frame in connect("usdm", "public/ws/btcusdt@depth10@100ms").wait(2):
        assert frame["e"] == "depthUpdate"
        assert (len(frame["b"]), len(frame["a"])) == (10, 10)
    frames = connect("spot", "ws/btcusdt@depth5@100ms").wait(2)
    assert frames[0].keys() == {"lastUpdateId", "bids", "asks"}


def test_marks_name_the_symbols_own_settlement(connect: Connect, venues: Venues) -> None:
    frames = connect("usdm", "market/ws/btcusdt@markPrice@1s").wait(5)
    assert 4 <= len(frames) <= 6
    funding = venues.world.markets["usdm"]["BTCUSDT"].funding
    assert funding is not None
    assert {frame["T"] for frame in frames} == {funding.next // 1_000_000}
    assert all(float(frame["p"]) > 0 and float(frame["i"]) > 0 and "ap" in frame for frame in frames)


def test_arrays_carry_a_coin_margined_symbol_too(connect: Connect) -> None:
    (frame, *_) = connect("usdm", "market/ws/!markPrice@arr@1s").wait(2)
    assert [row["st"] for row in frame] == [1, 1, 1, 2]
    rows = connect("usdm", "public/ws/!bookTicker").wait(5)
    assert {row["s"] for row in rows} == {"BTCUSDT", "XRPUSDT", "1000SHIBUSDT", "BTCUSD_PERP"}
    assert {row["s"] for row in rows if row["st"] == 2} == {"BTCUSD_PERP"}


def test_trades_candles_and_tickers(connect: Connect, venues: Venues) -> None:
    names = "btcusdt@aggTrade/btcusdt@kline_1m/btcusdt@ticker/btcusdt@miniTicker"
    frames = connect("usdm", "market/stream", streams=names).wait(4)
    by = {name: [f["data"] for f in frames if f["stream"] == name] for name in names.split("/")}
    market = venues.world.markets["usdm"]["BTCUSDT"]
    assert [row["a"] for row in by["btcusdt@aggTrade"]][-1] == market.trades[-1].number
    assert by["btcusdt@aggTrade"][0]["nq"] == by["btcusdt@aggTrade"][0]["q"]
    assert by["btcusdt@kline_1m"][-1]["k"]["i"] == "1m"
    assert by["btcusdt@ticker"][-1]["e"] == "24hrTicker"
    assert by["btcusdt@miniTicker"][-1]["e"] == "24hrMiniTicker"
    spot = connect("spot", "ws/btcusdt@trade").wait(3)
    assert all(row["e"] == "trade" and "t" in row for row in spot)


def test_pings_pongs_and_age() -> None:
    venues = make_venues(rules={"connection_age": "300s", "pong_within": "600s"})
    futures, spot = MemoryClient(venues, "usdm", "public/ws", {}), MemoryClient(venues, "spot", "ws", {})
    for second in range(1, 301):
        venues.world.skip(venues.world.now + SECOND)
        for client in (futures, spot):
            client.session.tick(venues.world.now)
        if second == 25:
            spot.session.pong(venues.world.now)
        if second == 79:
            assert spot.ended is None
    assert (len(futures.pings), futures.ended) == (1, 1001)
    assert len(spot.pings) == 2
    assert spot.ended is not None
    told = [frame for frame in spot.take() if frame.get("e") == "serverShutdown"]
    assert len(told) == 1


def test_an_unanswered_ping_closes_spot_within_a_minute() -> None:
    venues = make_venues()
    spot = MemoryClient(venues, "spot", "ws", {})
    for _ in range(79):
        venues.world.skip(venues.world.now + SECOND)
        spot.session.tick(venues.world.now)
    assert spot.ended is None
    venues.world.skip(venues.world.now + 2 * SECOND)
    spot.session.tick(venues.world.now)
    assert spot.ended == 1008


@pytest.mark.parametrize(
    ("name", "venue", "kind"),
    [
        ("btcusdt@bookTicker", "usdm", "bookTicker"),
        ("!bookTicker", "usdm", "bookTicker"),
        ("!bookTicker", "spot", None),
        ("btcusdt@depth", "usdm", "depth"),
        ("btcusdt@depth5", "usdm", "partial"),
        ("btcusdt@depth7", "usdm", None),
        ("btcusdt@depth@1000ms", "usdm", None),
        ("btcusdt@trade", "usdm", None),
        ("btcusdt@trade", "spot", "trade"),
        ("!ticker@arr", "usdm", "ticker"),
        ("BTCUSDT@bookTicker", "usdm", None),
        ("btcusdtbookTicker", "usdm", None),
        ("!@bookTicker", "usdm", None),
        ("btcusdt@kline_9m", "usdm", None),
    ],
)
def test_names_of_streams(name: str, venue: str, kind: str | None) -> None:
    stream = parse(name, venue)
    assert (stream and stream.kind) == kind


def test_symbols_with_their_filters(get: Get) -> None:
    _, info = get("usdm", "fapi/v1/exchangeInfo")
    btc, _, shib = info["symbols"]
    assert (btc["contractType"], btc["status"], btc["deliveryDate"]) == ("PERPETUAL", "TRADING", 4_133_404_800_000)
    filters = {one["filterType"]: one for one in btc["filters"]}
    assert filters["PRICE_FILTER"]["tickSize"] == "0.1"
    assert filters["LOT_SIZE"]["stepSize"] == "0.001"
    assert filters["MIN_NOTIONAL"]["notional"] == "100"
    assert (shib["symbol"], shib["baseAsset"]) == ("1000SHIBUSDT", "1000SHIB")
    assert info["rateLimits"][0]["limit"] == 2400
    _, spot = get("spot", "api/v3/exchangeInfo", symbol="SHIBUSDT")
    assert [one["symbol"] for one in spot["symbols"]] == ["SHIBUSDT"]


def test_marks_funding_and_intervals() -> None:
    venues = make_venues(symbols=("BTC", "SUI"), funding_interval=None)
    for path, expected in (("fapi/v1/premiumIndex", ["BTCUSDT", "SUIUSDT"]), ("fapi/v1/fundingInfo", ["SUIUSDT"])):
        answer = venues.answer("GET", "usdm", path, {})
        import msgspec

        assert [row["symbol"] for row in msgspec.json.decode(answer.body)] == expected


def test_settled_funding_is_listed() -> None:
    import msgspec

    venues = make_venues(funding_interval="2s")
    venues.step(venues.world.now + 7 * SECOND)
    rows = msgspec.json.decode(venues.answer("GET", "usdm", "fapi/v1/fundingRate", {"symbol": "BTCUSDT"}).body)
    assert len(rows) == 3
    assert rows[1]["fundingTime"] - rows[0]["fundingTime"] == 2000
    assert rows[0]["rateType"] == "Regular"


@pytest.mark.parametrize("venue", ["usdm", "spot"])
def test_every_other_reply_is_served(get: Get, venue: str, venues: Venues) -> None:
    venues.step(venues.world.now + 5 * SECOND)
    prefix = "fapi/v1" if venue == "usdm" else "api/v3"
    assert get(venue, f"{prefix}/ping") == (200, {})
    assert get(venue, f"{prefix}/time")[1] == {"serverTime": venues.world.time_ms}
    assert len(get(venue, f"{prefix}/ticker/24hr")[1]) == 3
    assert float(get(venue, f"{prefix}/ticker/price", symbol="BTCUSDT")[1]["price"]) > 0
    market = venues.world.markets[venue]["BTCUSDT"]
    assert get(venue, f"{prefix}/trades", symbol="BTCUSDT", limit="1")[1][0]["id"] == market.trades[-1].number
    assert get(venue, f"{prefix}/aggTrades", symbol="BTCUSDT", limit="2")[1][1]["a"] == market.trades[-1].number
    (kline,) = get(venue, f"{prefix}/klines", symbol="BTCUSDT", interval="1d")[1]
    assert (len(kline), kline[8]) == (12, len(market.trades))


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("fapi/v1/depth", {"symbol": "NONE"}, 400, -1121),
        ("fapi/v1/depth", {}, 400, -1102),
        ("fapi/v1/depth", {"symbol": "BTCUSDT", "limit": "7"}, 400, -4021),
        ("fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "9m"}, 400, -1120),
        ("fapi/v1/trades", {"symbol": "BTCUSDT", "limit": "x"}, 400, -1130),
        ("fapi/v1/order", {}, 401, -2014),
        ("fapi/v1/nothing", {}, 404, -5000),
    ],
)
def test_errors(get: Get, path: str, query: dict[str, str], status: int, code: int) -> None:
    found, body = get("usdm", path, **query)
    assert (found, body["code"]) == (status, code)


def test_weights_headers_429_and_418() -> None:
    venues = make_venues(rules={"usdm_weight": 40, "spot_weight": 50})

    def ask(venue: str, path: str, **query: str) -> Any:
        return venues.answer("GET", venue, path, query)

    assert ask("usdm", "fapi/v1/depth", symbol="BTCUSDT", limit="1000").headers["X-MBX-USED-WEIGHT-1M"] == "20"
    assert ask("usdm", "fapi/v1/premiumIndex").headers["X-MBX-USED-WEIGHT-1M"] == "30"
    over = [ask("usdm", "fapi/v1/aggTrades", symbol="BTCUSDT") for _ in range(12)]
    assert [answer.status for answer in over] == [429] * 10 + [418] * 2
    assert b"banned until" in over[-1].body
    assert "Retry-After" not in over[0].headers
    spot = [ask("spot", "api/v3/trades", symbol="BTCUSDT") for _ in range(3)]
    assert (spot[2].status, spot[2].headers["Retry-After"]) == (429, "60")
    venues.world.skip(venues.world.now + 130 * SECOND)
    assert ask("usdm", "fapi/v1/ping").status == 200
