"""Scripted faults of orders on both products: what the client is told, and what really happened."""

from typing import Any

import pytest

from arbcore_exchange_simulator import Fault
from arbcore_exchange_simulator.binance.trader import BinanceTrader

RESTING = {"usdm": ("SELL", "0.01", "104000"), "spot": ("SELL", "0.01", "110000")}
PATH = {"usdm": "fapi/v1/order", "spot": "api/v3/order"}
OPEN = {"usdm": "fapi/v1/openOrders", "spot": "api/v3/openOrders"}


@pytest.fixture(params=["usdm", "spot"])
def client(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def _fault(client: BinanceTrader, kind: Any, **told: Any) -> None:
    client.venues.faults.add(Fault.model_validate({"kind": kind, "venue": client.venue, "times": 1, **told}))


def _place(client: BinanceTrader, **more: Any) -> tuple[int, Any]:
    side, quantity, price = RESTING[client.venue]
    terms = {"symbol": "BTCUSDT", "side": side, "type": "LIMIT", "timeInForce": "GTC"}
    answer: tuple[int, Any] = client.ask("POST", PATH[client.venue], quantity=quantity, price=price, **(terms | more))
    return answer


def _count(client: BinanceTrader) -> int:
    return len(client.done("GET", OPEN[client.venue]))


def test_three_kinds_of_503(client: BinanceTrader) -> None:
    _fault(client, "unknown_5xx")
    status, content = _place(client, newClientOrderId="there")
    assert (status, content["msg"]) == (503, "Unknown error, please check your request or try again later.")
    assert _count(client) == 1
    assert client.done("GET", PATH[client.venue], symbol="BTCUSDT", origClientOrderId="there")["status"] == "NEW"
    _fault(client, "failed_5xx")
    status, content = _place(client)
    assert (status, content["msg"]) == (503, "Service Unavailable.")
    _fault(client, "throttled")
    status, content = _place(client)
    assert (status, content["code"]) == (503, -1008)
    assert _count(client) == 1
    assert _place(client)[0] == 200


def test_closing_orders_are_not_throttled(usdm: BinanceTrader) -> None:
    usdm.order("BUY", "0.01")
    _fault(usdm, "throttled", times=None)
    assert usdm.refused("SELL", "0.01") == -1008
    usdm.order("SELL", "0.01", reduceOnly="true")


def test_a_reply_that_never_comes(client: BinanceTrader) -> None:
    _fault(client, "ack_timeout")
    assert _place(client, newClientOrderId="lost") == (200, None)
    assert client.last.silent
    number = client.done("GET", PATH[client.venue], symbol="BTCUSDT", origClientOrderId="lost")["orderId"]
    _fault(client, "ack_timeout", stream="cancel")
    assert client.ask("DELETE", PATH[client.venue], symbol="BTCUSDT", orderId=number) == (200, None)
    assert _count(client) == 0


@pytest.mark.parametrize("fraction", [1.0, 0.5])
def test_a_fill_just_before_the_cancel(client: BinanceTrader, fraction: float) -> None:
    number = _place(client)[1]["orderId"]
    _fault(client, "fill_on_cancel", fraction=fraction)
    status, content = client.ask("DELETE", PATH[client.venue], symbol="BTCUSDT", orderId=number)
    found = client.done("GET", PATH[client.venue], symbol="BTCUSDT", orderId=number)
    if fraction == 1:
        assert (status, content["code"]) == (400, -2011)
        assert (found["status"], float(found["executedQty"])) == ("FILLED", 0.01)
    else:
        assert (status, content["status"]) == (200, "CANCELED")
        assert float(content["executedQty"]) == float(found["executedQty"]) == 0.005


def test_refusals_with_a_code(client: BinanceTrader) -> None:
    _fault(client, "reject_order", code="-2019")
    assert _place(client)[1]["code"] == -2019
    _fault(client, "reject_order")
    assert _place(client)[1]["code"] == -2010
    number = _place(client)[1]["orderId"]
    _fault(client, "cancel_refused")
    assert client.code("DELETE", PATH[client.venue], symbol="BTCUSDT", orderId=number) == -2011
    assert _count(client) == 1
    _fault(client, "percent_price")
    assert _place(client)[1]["code"] == (-4024 if client.venue == "usdm" else -1013)


def test_the_position_limit_spares_closing_orders(usdm: BinanceTrader) -> None:
    usdm.order("BUY", "0.01")
    _fault(usdm, "position_limit", times=None)
    assert usdm.refused("BUY", "0.01") == -2027
    usdm.order("SELL", "0.01", reduceOnly="true")


def test_a_post_only_order_that_the_venue_ends(usdm: BinanceTrader) -> None:
    client = usdm.listen()
    _fault(usdm, "post_only_cancelled")
    number = usdm.order("SELL", "0.01", "104000", timeInForce="GTX")["orderId"]
    assert usdm.done("GET", PATH["usdm"], symbol="BTCUSDT", orderId=number)["status"] == "EXPIRED"
    assert [frame["o"]["X"] for frame in client.take()] == ["NEW", "EXPIRED"]


def test_faults_of_one_kind_of_request_leave_the_others_alone(client: BinanceTrader) -> None:
    _fault(client, "failed_5xx", stream="cancel", times=None)
    number = _place(client)[1]["orderId"]
    assert client.ask("DELETE", PATH[client.venue], symbol="BTCUSDT", orderId=number)[0] == 503
    client.venues.faults.clear()
    assert client.ask("DELETE", PATH[client.venue], symbol="BTCUSDT", orderId=number)[0] == 200
