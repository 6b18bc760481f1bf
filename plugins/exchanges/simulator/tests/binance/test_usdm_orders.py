"""Orders on USD-M futures, by plain requests."""

import msgspec
import pytest

from arbcore_exchange_simulator.binance.trader import BinanceTrader

ORDER = "fapi/v1/order"


def test_a_market_order_fills_and_its_reply_tells_no_price(usdm: BinanceTrader) -> None:
    market = usdm.venues.world.markets["usdm"]["BTCUSDT"]
    ask = market.book.touch[1][0]
    reply = usdm.order("BUY", "0.01", newOrderRespType="RESULT", newClientOrderId="arb-1")
    assert (reply["status"], reply["executedQty"], reply["clientOrderId"]) == ("FILLED", "0.010", "arb-1")
    assert not {"avgPrice", "cumQuote", "cumBase"} & set(reply)
    found = usdm.done("GET", ORDER, symbol="BTCUSDT", origClientOrderId="arb-1")
    assert float(found["avgPrice"]) == ask / 1e8
    assert found["orderId"] == reply["orderId"]
    (trade,) = usdm.done("GET", "fapi/v1/userTrades", symbol="BTCUSDT")
    assert (trade["orderId"], trade["qty"], trade["maker"], trade["buyer"]) == (reply["orderId"], "0.010", False, True)
    assert market.trades[-1].number == trade["id"]


def test_the_usual_reply_is_an_acknowledgement_before_any_trade(usdm: BinanceTrader) -> None:
    reply = usdm.order("BUY", "0.01")
    assert (reply["status"], reply["executedQty"]) == ("NEW", "0.000")
    assert usdm.done("GET", ORDER, symbol="BTCUSDT", orderId=reply["orderId"])["status"] == "FILLED"


def test_a_limit_rests_is_changed_and_cancelled(usdm: BinanceTrader) -> None:
    reply = usdm.order("SELL", "0.01", "101000", timeInForce="GTX", newClientOrderId="rest")
    assert [row["orderId"] for row in usdm.done("GET", "fapi/v1/openOrders")] == [reply["orderId"]]
    assert usdm.done("GET", "fapi/v1/openOrder", symbol="BTCUSDT", origClientOrderId="rest")["status"] == "NEW"
    changed = usdm.done("PUT", ORDER, symbol="BTCUSDT", side="SELL", orderId=reply["orderId"], quantity="0.02",
                        price="101000.1")  # fmt: skip
    assert (changed["price"], changed["origQty"], changed["status"]) == ("101000.10", "0.020", "NEW")
    again = {"symbol": "BTCUSDT", "side": "SELL", "orderId": reply["orderId"], "quantity": "0.02", "price": "101000.1"}
    assert usdm.code("PUT", ORDER, **again) == -5027
    gone = usdm.done("DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="rest")
    assert (gone["status"], gone["executedQty"]) == ("CANCELED", "0.000")
    assert usdm.code("DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="rest") == -2011
    assert usdm.code("PUT", ORDER, **again) == -2013
    assert usdm.code("GET", "fapi/v1/openOrder", symbol="BTCUSDT", origClientOrderId="rest") == -2013
    assert usdm.code("GET", ORDER, symbol="BTCUSDT", orderId=1) == -2013


def test_a_change_to_less_than_is_filled_or_across_the_book_cancels(usdm: BinanceTrader) -> None:
    number = usdm.order("SELL", "0.01", "101000", timeInForce="GTX")["orderId"]
    change = {"symbol": "BTCUSDT", "side": "SELL", "orderId": number, "quantity": "0.01"}
    assert usdm.done("PUT", ORDER, **change, price="99000")["status"] == "CANCELED"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"symbol": "NONEUSDT"}, -1121),
        ({"symbol": ""}, -1102),
        ({"side": "HOLD"}, -1117),
        ({"type": "LOTTERY"}, -1116),
        ({"type": "STOP_MARKET", "stopPrice": "90000"}, -4120),
        ({"type": "TAKE_PROFIT", "stopPrice": "90000"}, -4120),
        ({"timeInForce": ""}, -1102),
        ({"timeInForce": "DAY"}, -1115),
        ({"type": "MARKET", "timeInForce": ""}, -1106),
        ({"price": ""}, -1102),
        ({"price": "abc"}, -1100),
        ({"price": "99000.05"}, -4014),
        ({"price": "99000.001"}, -1111),
        ({"price": "106000"}, -4016),
        ({"side": "SELL", "price": "94000"}, -4024),
        ({"quantity": "0"}, -4003),
        ({"quantity": "0.0001"}, -1111),
        ({"quantity": "5000"}, -4005),
        ({"quantity": "0.001", "price": "99000"}, -4164),
        ({"newClientOrderId": "x" * 37}, -4015),
        ({"newClientOrderId": "no spaces"}, -1100),
        ({"positionSide": "LONG"}, -4061),
        ({"newOrderRespType": "FULL"}, -1136),
        ({"reduceOnly": "true"}, -2022),
        ({"reduceOnly": "perhaps"}, -1130),
        ({"timeInForce": "GTX", "price": "101000"}, -5022),
        ({"timeInForce": "FOK", "price": "99000"}, -5021),
        ({"priceMatch": "QUEUE"}, -5037),
        ({"priceMatch": "SIDEWAYS", "price": ""}, -5037),
        ({"priceMatch": "QUEUE", "price": "", "timeInForce": "GTX"}, -5037),
        ({"timeInForce": "GTD"}, -1102),
        ({"timeInForce": "GTD", "goodTillDate": "1795143850000"}, -1130),
        ({"quantity": "500", "price": "99000"}, -2019),
    ],
)
def test_refused_orders(usdm: BinanceTrader, terms: dict[str, str], code: int) -> None:
    usual = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
             "price": "99000"}  # fmt: skip
    wanted = {name: value for name, value in (usual | terms).items() if value}
    assert usdm.code("POST", ORDER, **wanted) == code
    assert usdm.done("GET", "fapi/v1/allOrders") == []
    assert usdm.done("GET", "fapi/v3/balance")[0]["balance"] == "2000000.00000000"


def test_a_closing_order_may_be_smaller_than_the_least_value(usdm: BinanceTrader) -> None:
    usdm.order("BUY", "0.002")
    assert usdm.refused("SELL", "0.001", "97000") == -4164
    usdm.order("SELL", "0.001", "97000", reduceOnly="true")
    assert usdm.done("GET", "fapi/v3/positionRisk")[0]["positionAmt"] == "0.001"


def test_a_client_id_is_unique_among_open_orders_only(usdm: BinanceTrader) -> None:
    usdm.order("SELL", "0.01", "101000", newClientOrderId="same")
    assert usdm.refused("SELL", "0.01", "101000", newClientOrderId="same") == -4116
    usdm.done("DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="same")
    second = usdm.order("SELL", "0.01", "101000", newClientOrderId="same")
    found = usdm.done("GET", ORDER, symbol="BTCUSDT", origClientOrderId="same")
    assert found["orderId"] == second["orderId"]


def test_what_is_left_of_an_ioc_order_expires(usdm: BinanceTrader) -> None:
    ask, there = usdm.venues.world.markets["usdm"]["BTCUSDT"].book.touch[1]
    price, more = f"{ask / 1e8:.1f}", f"{there / 1e8 + 1:.3f}"
    reply = usdm.order("BUY", more, price, timeInForce="IOC", newOrderRespType="RESULT")
    assert reply["status"] == "EXPIRED"
    assert float(reply["executedQty"]) == there / 1e8
    full = usdm.order("SELL", reply["executedQty"], "95500", timeInForce="FOK", newOrderRespType="RESULT")
    assert full["status"] == "FILLED"


def test_a_resting_order_fills_when_the_public_book_comes_to_it(usdm: BinanceTrader) -> None:
    bid = usdm.venues.world.markets["usdm"]["BTCUSDT"].book.touch[0][0]
    number = usdm.order("BUY", "0.01", f"{bid / 1e8:.1f}", timeInForce="GTX")["orderId"]
    for _ in range(120):
        usdm.step(1)
        if usdm.done("GET", ORDER, symbol="BTCUSDT", orderId=number)["status"] == "FILLED":
            break
    trades = usdm.done("GET", "fapi/v1/userTrades", symbol="BTCUSDT", orderId=number)
    assert trades
    assert all(trade["maker"] for trade in trades)
    assert all(float(trade["price"]) == bid / 1e8 for trade in trades)


def test_orders_at_the_price_of_the_book(usdm: BinanceTrader) -> None:
    (bid, _), (ask, _) = usdm.venues.world.markets["usdm"]["BTCUSDT"].book.touch
    terms = {"symbol": "BTCUSDT", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
    own = usdm.done("POST", ORDER, side="BUY", priceMatch="QUEUE", **terms)
    assert (float(own["price"]), own["priceMatch"]) == (bid / 1e8, "QUEUE")
    usdm.done("DELETE", ORDER, symbol="BTCUSDT", orderId=own["orderId"])
    assert float(usdm.done("POST", ORDER, side="BUY", priceMatch="OPPONENT", **terms)["price"]) == ask / 1e8


def test_several_orders_at_once_each_by_itself(usdm: BinanceTrader) -> None:
    one = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
    batch = [{**one, "price": "101000"}, {**one, "price": "101000.05"}, {**one, "price": "102000"}]
    found = usdm.done("POST", "fapi/v1/batchOrders", batchOrders=msgspec.json.encode(batch).decode())
    assert [row.get("price", row.get("code")) for row in found] == ["101000.00", -4014, "102000.00"]
    assert usdm.last.headers["X-MBX-ORDER-COUNT-10S"] == "5"
    assert usdm.last.headers["X-MBX-ORDER-COUNT-1M"] == "1"
    change = [
        {"symbol": "BTCUSDT", "side": "SELL", "orderId": found[0]["orderId"], "quantity": "0.02", "price": "101500"}
    ]
    (changed,) = usdm.done("PUT", "fapi/v1/batchOrders", batchOrders=msgspec.json.encode(change).decode())
    assert changed["origQty"] == "0.020"
    numbers = f"[{found[0]['orderId']},1]"
    ended = usdm.done("DELETE", "fapi/v1/batchOrders", symbol="BTCUSDT", orderIdList=numbers)
    assert [row.get("status", row.get("code")) for row in ended] == ["CANCELED", -2011]
    many = msgspec.json.encode(batch * 2).decode()
    assert usdm.code("POST", "fapi/v1/batchOrders", batchOrders=many) == -1130


def test_a_test_places_nothing(usdm: BinanceTrader) -> None:
    terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET"}
    assert usdm.done("POST", f"{ORDER}/test", **terms, quantity="0.01")["symbol"] == "BTCUSDT"
    assert usdm.code("POST", f"{ORDER}/test", **terms, quantity="0.0001") == -1111
    assert usdm.done("GET", "fapi/v1/allOrders") == []


def test_all_orders_of_a_symbol_are_cancelled_by_request_and_by_countdown(usdm: BinanceTrader) -> None:
    for symbol, price in (("BTCUSDT", "101000"), ("BTCUSDT", "102000"), ("XRPUSDT", "2.2500")):
        usdm.done("POST", ORDER, symbol=symbol, side="SELL", type="LIMIT", timeInForce="GTC", price=price,
                  quantity="0.01" if symbol == "BTCUSDT" else "100")  # fmt: skip
    done = usdm.done("DELETE", "fapi/v1/allOpenOrders", symbol="BTCUSDT")
    assert done == {"code": 200, "msg": "The operation of cancel all open order is done."}
    assert [row["symbol"] for row in usdm.done("GET", "fapi/v1/openOrders")] == ["XRPUSDT"]
    beat = {"symbol": "XRPUSDT", "countdownTime": 3000}
    assert usdm.done("POST", "fapi/v1/countdownCancelAll", **beat) == {"symbol": "XRPUSDT", "countdownTime": "3000"}
    usdm.step(2)
    usdm.done("POST", "fapi/v1/countdownCancelAll", **beat)
    usdm.step(2)
    assert len(usdm.done("GET", "fapi/v1/openOrders")) == 1
    usdm.step(1.2)
    assert usdm.done("GET", "fapi/v1/openOrders") == []
    usdm.done("POST", "fapi/v1/countdownCancelAll", symbol="XRPUSDT", countdownTime=0)


def test_an_order_ends_at_its_date(usdm: BinanceTrader) -> None:
    until = usdm.ms + 602_000
    reply = usdm.order("SELL", "0.01", "104000", timeInForce="GTD", goodTillDate=until)
    assert reply["goodTillDate"] == until // 1000 * 1000
    usdm.venues.source.stand(usdm.venues.world.now + 600 * 10**9, usdm.venues.world.now)
    usdm.venues.world.skip(usdm.venues.world.now + 600 * 10**9)
    usdm.step(0.5)
    assert len(usdm.done("GET", "fapi/v1/openOrders")) == 1
    usdm.step(1.6)
    assert usdm.done("GET", "fapi/v1/openOrders") == []


@pytest.mark.parametrize(
    ("smp", "ended"), [("EXPIRE_MAKER", "maker"), ("EXPIRE_TAKER", "taker"), ("EXPIRE_BOTH", "both")]
)
def test_an_account_does_not_trade_with_itself(usdm: BinanceTrader, smp: str, ended: str) -> None:
    (bid, _), (ask, _) = usdm.venues.world.markets["usdm"]["BTCUSDT"].book.touch
    inside = f"{(bid + ask) // 2 // 10_000_000 * 10_000_000 / 1e8:.1f}"
    maker = usdm.order("SELL", "0.01", inside)
    taker = usdm.order("BUY", "0.01", inside, selfTradePreventionMode=smp)
    status = {
        name: usdm.done("GET", ORDER, symbol="BTCUSDT", orderId=order["orderId"])["status"]
        for name, order in (("maker", maker), ("taker", taker))
    }
    expected = {"maker": {"maker"}, "taker": {"taker"}, "both": {"maker", "taker"}}[ended]
    assert {name for name, one in status.items() if one == "EXPIRED_IN_MATCH"} == expected
    assert usdm.done("GET", "fapi/v1/userTrades", symbol="BTCUSDT") == []


def test_at_most_two_hundred_open_orders_of_a_symbol(usdm: BinanceTrader) -> None:
    for count in range(200):
        usdm.order("SELL", "0.001", f"{101000 + count}", newClientOrderId=f"n{count}")
        if count % 100 == 99:
            usdm.step(10)
    assert usdm.refused("SELL", "0.001", "101000") == -2025


def test_the_counters_of_orders_and_what_happens_past_them(usdm: BinanceTrader) -> None:
    for count in range(300):
        if count == 150:
            usdm.done("DELETE", "fapi/v1/allOpenOrders", symbol="BTCUSDT")
        usdm.order("SELL", "0.001", "101000")
    assert usdm.last.headers["X-MBX-ORDER-COUNT-10S"] == "300"
    status, content = usdm.ask("POST", ORDER, symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.01")
    assert (status, content["code"]) == (429, -1015)
    assert usdm.done("DELETE", "fapi/v1/allOpenOrders", symbol="BTCUSDT")["code"] == 200
    limits = usdm.done("GET", "fapi/v1/rateLimit/order")
    assert [row["limit"] for row in limits] == [300, 1200]
    usdm.step(10)
    usdm.order("BUY", "0.01")


def test_cancelled_orders_are_forgotten_after_three_days(usdm: BinanceTrader) -> None:
    number = usdm.order("SELL", "0.01", "104000")["orderId"]
    usdm.done("DELETE", ORDER, symbol="BTCUSDT", orderId=number)
    usdm.venues.world.skip(usdm.venues.world.now + 3 * 86_400 * 10**9 + 1)
    assert usdm.code("GET", ORDER, symbol="BTCUSDT", orderId=number) == -2013


def test_lists_are_limited_by_number_and_time(usdm: BinanceTrader) -> None:
    numbers = [usdm.order("BUY", "0.01")["orderId"] for _ in range(3)]
    usdm.step(1)
    since = usdm.ms
    numbers.append(usdm.order("BUY", "0.01")["orderId"])
    listed = usdm.done("GET", "fapi/v1/allOrders", symbol="BTCUSDT", orderId=numbers[1], limit=2)
    assert [row["orderId"] for row in listed] == numbers[1:3]
    trades = usdm.done("GET", "fapi/v1/userTrades", symbol="BTCUSDT", startTime=since)
    assert [row["orderId"] for row in trades] == numbers[3:]
    week = 8 * 86_400_000
    assert usdm.code("GET", "fapi/v1/userTrades", symbol="BTCUSDT", startTime=since, endTime=since + week) == -1127
    first = usdm.done("GET", "fapi/v1/userTrades", symbol="BTCUSDT", fromId=trades[0]["id"])
    assert [row["id"] for row in first] == [row["id"] for row in trades]
