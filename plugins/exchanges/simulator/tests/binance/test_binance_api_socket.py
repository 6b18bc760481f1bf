"""The WebSocket APIs of futures and spot, and spot's user data on them."""

from collections.abc import Callable
from typing import Any

import pytest

from arbcore_exchange_simulator import Fault
from arbcore_exchange_simulator.binance.trader import BinanceTrader
from arbcore_exchange_simulator.memory import MemoryClient

Make = Callable[..., Any]
ORDER = {
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01",
    "price": "104000",
}


@pytest.fixture
def fapi(venues: Any) -> MemoryClient:
    return MemoryClient(venues, "usdm", "ws-fapi/v1", {})


@pytest.fixture
def api(venues: Any) -> MemoryClient:
    return MemoryClient(venues, "spot", "ws-api/v3", {})


def test_an_order_is_placed_changed_looked_up_and_cancelled(
    usdm: BinanceTrader, fapi: MemoryClient, call: Make
) -> None:
    placed = call(fapi, "order.place", **ORDER)
    assert placed["status"] == 200
    assert not {"avgPrice", "cumQuote"} & set(placed["result"])
    number = placed["result"]["orderId"]
    changed = call(fapi, "order.modify", symbol="BTCUSDT", side="SELL", orderId=number, quantity="0.02", price="104000")
    assert changed["result"]["origQty"] == "0.020"
    assert call(fapi, "order.status", symbol="BTCUSDT", orderId=number)["result"]["avgPrice"] == "0.00"
    assert call(fapi, "order.cancel", symbol="BTCUSDT", orderId=number)["result"]["status"] == "CANCELED"
    gone = call(fapi, "order.cancel", symbol="BTCUSDT", orderId=number)
    assert (gone["status"], gone["error"]["code"]) == (400, -2011)
    assert usdm.done("GET", "fapi/v1/order", symbol="BTCUSDT", orderId=number)["status"] == "CANCELED"


def test_limits_are_told_and_shared_with_rest(usdm: BinanceTrader, fapi: MemoryClient, call: Make) -> None:
    usdm.order("SELL", "0.01", "104000")
    limits = {(one["rateLimitType"], one["interval"]): one for one in call(fapi, "order.place", **ORDER)["rateLimits"]}
    assert limits["ORDERS", "SECOND"]["count"] == 2
    before = limits["REQUEST_WEIGHT", "MINUTE"]["count"]
    usdm.done("GET", "fapi/v3/account")
    limits = {(one["rateLimitType"], one["interval"]): one for one in call(fapi, "v2/account.status")["rateLimits"]}
    assert limits["REQUEST_WEIGHT", "MINUTE"]["count"] == before + 10
    assert ("ORDERS", "SECOND") not in limits


def test_account_and_market_data(usdm: BinanceTrader, fapi: MemoryClient, call: Make) -> None:
    usdm.order("BUY", "0.01")
    assert call(fapi, "v2/account.position")["result"] == usdm.done("GET", "fapi/v3/positionRisk")
    assert call(fapi, "v2/account.balance")["result"] == usdm.done("GET", "fapi/v3/balance")
    assert call(fapi, "account.position")["result"][0]["leverage"] == "20"
    book = call(fapi, "ticker.book", signed=False, symbol="BTCUSDT")["result"]
    assert book["symbol"] == "BTCUSDT"
    assert call(fapi, "depth", signed=False, symbol="BTCUSDT", limit=5)["result"]["bids"]
    placed = call(fapi, "algoOrder.place", algoType="CONDITIONAL", symbol="BTCUSDT", side="SELL", type="STOP_MARKET",
                  triggerPrice="90000", quantity="0.01")  # fmt: skip
    number = placed["result"]["algoId"]
    assert call(fapi, "algoOrder.cancel", algoId=number)["result"]["algoId"] == number


def test_listen_keys(usdm: BinanceTrader, fapi: MemoryClient) -> None:
    for method in ("start", "ping", "stop"):
        fapi.say({"id": 1, "method": f"userDataStream.{method}", "params": {"apiKey": usdm.key}})
    start, ping, stop = fapi.take()
    assert start["result"]["listenKey"] == ping["result"]["listenKey"]
    assert stop["result"] == {}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"{", -1135),
        (b"[]", -1135),
        ({"id": 1}, -1135),
        ({"id": 1, "method": "order.dance"}, -1000),
        ({"id": 1, "method": "session.dance"}, -1000),
        ({"id": 1, "method": "order.place", "params": [1]}, -1102),
        ({"id": 1, "method": "order.place", "params": ORDER}, -2014),
        ({"id": 1, "method": "order.place", "params": {**ORDER, "apiKey": "sim-binance-key"}}, -1102),
        ({"id": 1, "method": "order.place", "params": {"apiKey": "sim-binance-key", "signature": "0", "timestamp": 1}},
         -1021),
    ],
)  # fmt: skip
def test_wrong_messages_are_answered(fapi: MemoryClient, message: Any, code: int) -> None:
    fapi.say(message)
    (answer,) = fapi.take()
    assert answer["error"]["code"] == code
    assert answer["status"] >= 400


def test_a_wrong_signature_is_refused(usdm: BinanceTrader, fapi: MemoryClient) -> None:
    params = {**ORDER, "apiKey": usdm.key, "timestamp": usdm.ms, "signature": "0" * 64}
    fapi.say({"id": 1, "method": "order.place", "params": params})
    assert fapi.take()[0]["error"]["code"] == -1022


def test_numbers_are_read_as_they_are_written(fapi: MemoryClient, call: Make) -> None:
    reply = call(fapi, "order.place", **{**ORDER, "quantity": 0.01, "price": 104000})
    assert (reply["result"]["origQty"], reply["result"]["price"]) == ("0.010", "104000.00")


def test_a_reply_that_never_comes(usdm: BinanceTrader, fapi: MemoryClient, call: Make) -> None:
    usdm.venues.faults.add(Fault(kind="ack_timeout", venue="usdm", times=1))
    assert call(fapi, "order.place", **ORDER, newClientOrderId="lost") is None
    assert usdm.done("GET", "fapi/v1/order", symbol="BTCUSDT", origClientOrderId="lost")["status"] == "NEW"
    assert call(fapi, "order.place", **ORDER)["status"] == 200


def test_spot_orders_and_their_events(spot: BinanceTrader, api: MemoryClient, call: Make) -> None:
    assert call(api, "userDataStream.subscribe.signature")["result"] == {"subscriptionId": 0}
    assert call(api, "userDataStream.subscribe.signature")["error"]["code"] == -1000
    reply = spot.order("BUY", "0.001", newClientOrderId="arb-1")
    frames = api.take()
    assert {frame["subscriptionId"] for frame in frames} == {0}
    events = [frame["event"] for frame in frames]
    reports = [one for one in events if one["e"] == "executionReport"]
    assert [(one["x"], one["X"], one["t"] == -1) for one in reports] == [
        ("NEW", "NEW", True),
        ("TRADE", "FILLED", False),
    ]
    assert (reports[1]["c"], reports[1]["N"], reports[1]["n"]) == ("arb-1", "BTC", "0.00000100")
    assert reports[1]["t"] == reply["fills"][0]["tradeId"]
    last = {one["a"]: one for one in events[-1]["B"]}
    assert events[-1]["e"] == "outboundAccountPosition"
    wallets = {one["asset"]: one for one in spot.done("GET", "api/v3/account")["balances"]}
    for name, one in last.items():
        assert (one["f"], one["l"]) == (wallets[name]["free"], wallets[name]["locked"])
    assert call(api, "userDataStream.unsubscribe")["result"] == {}
    spot.order("BUY", "0.001")
    assert api.take() == []


def test_the_name_of_a_cancel(spot: BinanceTrader, api: MemoryClient, call: Make) -> None:
    call(api, "userDataStream.subscribe.signature")
    spot.order("SELL", "0.001", "110000", newClientOrderId="first")
    api.take()
    spot.done("DELETE", "api/v3/order", symbol="BTCUSDT", origClientOrderId="first", newClientOrderId="second")
    report = next(frame["event"] for frame in api.take() if frame["event"]["e"] == "executionReport")
    assert (report["x"], report["c"], report["C"]) == ("CANCELED", "second", "first")


def test_subscribing_needs_a_logon_or_a_signature(api: MemoryClient, call: Make) -> None:
    assert call(api, "userDataStream.subscribe", signed=False)["error"]["code"] == -1000
    for method in ("start", "ping", "stop"):
        assert call(api, f"userDataStream.{method}", signed=False)["error"]["code"] == -1020


def test_spot_methods(spot: BinanceTrader, api: MemoryClient, call: Make) -> None:
    number = call(api, "order.place", **ORDER)["result"]["orderId"]
    assert call(api, "order.status", symbol="BTCUSDT", orderId=number)["result"]["status"] == "NEW"
    assert [one["orderId"] for one in call(api, "openOrders.status", symbol="BTCUSDT")["result"]] == [number]
    assert call(api, "order.cancel", symbol="BTCUSDT", orderId=number)["result"]["status"] == "CANCELED"
    assert call(api, "account.status", omitZeroBalances="true")["result"]["accountType"] == "SPOT"
    assert call(api, "time", signed=False)["result"] == {"serverTime": spot.ms}


def test_a_stream_that_the_venue_ends(spot: BinanceTrader, api: MemoryClient, call: Make) -> None:
    call(api, "userDataStream.subscribe.signature")
    spot.venues.faults.add(Fault(kind="listen_key_expired", venue="spot"))
    spot.step(0.05)
    assert [frame["event"]["e"] for frame in api.take()] == ["eventStreamTerminated"]
    spot.order("BUY", "0.001")
    assert api.take() == []


def test_the_server_pings_and_announces_its_end(spot: BinanceTrader, api: MemoryClient) -> None:
    rules = spot.venues._settings.rules
    now = spot.venues.world.now
    api.session.tick(now + rules.spot_ping)
    assert len(api.pings) == 1
    api.session.pong(now + rules.spot_ping)
    api.session.tick(now + rules.connection_age - rules.shutdown_notice)
    assert api.take()[-1]["e"] == "serverShutdown"
    api.session.pong(now + rules.connection_age)
    api.session.tick(now + rules.connection_age)
    assert api.ended == 1001
