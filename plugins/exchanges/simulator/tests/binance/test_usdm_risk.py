"""What the venue does to positions: funding, liquidation, deleveraging, settlement; and conditional orders."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from arbcore_exchange_simulator import Fault
from arbcore_exchange_simulator.binance.numbers import mark_of
from arbcore_exchange_simulator.binance.trader import BinanceTrader
from arbcore_exchange_simulator.binance.usdm.brackets import bracket_of
from arbcore_exchange_simulator.memory import MemoryClient, make_venues
from arbcore_exchange_simulator.trading.given import BINANCE_MONEY_KEY, AccountSettings

D = Decimal
Make = Callable[..., Any]


def _poor(money: str, **told: Any) -> Any:
    account = AccountSettings(name="usdm", venue="usdm", keys=(BINANCE_MONEY_KEY,), balances={"USDT": D(money)})
    return BinanceTrader(make_venues(symbols=("BTC",), accounts=(account,), **told), "usdm")


@pytest.mark.parametrize("margin", ["CROSSED", "ISOLATED"])
@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_funding_is_paid_at_its_time(side: str, margin: str) -> None:
    usdm = _poor("100000", funding_interval="10s")
    if margin == "ISOLATED":
        usdm.done("POST", "fapi/v1/marginType", symbol="BTCUSDT", marginType=margin)
    usdm.order(side, "0.5")
    client = usdm.listen()
    usdm.step(10.1)
    (paid,) = usdm.done("GET", "fapi/v1/income", incomeType="FUNDING_FEE")
    (told,) = usdm.raw("GET", "fapi/v1/fundingRate", "symbol=BTCUSDT")[1]
    size = D("0.5") if side == "BUY" else D("-0.5")
    amount = (-size * D(told["markPrice"]) * D(told["fundingRate"])).quantize(D("1e-8"))
    assert D(paid["income"]) == amount
    assert paid["time"] == told["fundingTime"]
    event = next(frame for frame in client.take() if frame["e"] == "ACCOUNT_UPDATE")
    assert (event["a"]["m"], event["a"]["S"]) == ("FUNDING_FEE", "BTCUSDT")
    assert D(event["a"]["B"][0]["bc"]) == amount
    assert ("P" in event["a"]) is (margin == "ISOLATED")
    income = sum((D(row["income"]) for row in usdm.done("GET", "fapi/v1/income")), D(0))
    assert D(usdm.done("GET", "fapi/v3/balance")[0]["balance"]) == 100_000 + income


def test_nothing_is_paid_without_a_position() -> None:
    usdm = _poor("100000", funding_interval="10s")
    usdm.step(21)
    assert usdm.done("GET", "fapi/v1/income") == []


def test_a_position_whose_margin_is_gone_is_liquidated() -> None:
    usdm = _poor("1000")
    usdm.done("POST", "fapi/v1/leverage", symbol="BTCUSDT", leverage=125)
    usdm.order("BUY", "1")
    usdm.order("SELL", "0.01", "104000")
    client = usdm.listen()
    usdm.venues.accounts.set("usdm", {"USDT": D(350)})
    usdm.step(0.3)
    frames = client.take()
    assert usdm.done("GET", "fapi/v3/positionRisk") == []
    assert usdm.done("GET", "fapi/v1/openOrders") == []
    (forced,) = usdm.done("GET", "fapi/v1/forceOrders")
    assert forced["clientOrderId"].startswith("autoclose-")
    assert (forced["status"], forced["side"]) == ("FILLED", "SELL")
    mine = [frame["o"] for frame in frames if frame["e"] == "ORDER_TRADE_UPDATE"]
    mine = [one for one in mine if one["c"] == forced["clientOrderId"]]
    assert (mine[0]["x"], mine[0]["X"]) == ("NEW", "NEW")
    assert {one["x"] for one in mine[1:]} == {"CALCULATED"}
    (cleared,) = usdm.done("GET", "fapi/v1/income", incomeType="INSURANCE_CLEAR")
    wallet = D(usdm.done("GET", "fapi/v3/balance")[0]["balance"])
    assert wallet >= 0
    assert D(cleared["income"]) != 0
    updates = [frame["a"] for frame in frames if frame["e"] == "ACCOUNT_UPDATE"]
    assert updates[-1]["m"] == "INSURANCE_CLEAR"
    assert D(updates[-1]["B"][0]["wb"]) == wallet


def test_the_public_hears_of_liquidations(usdm: BinanceTrader) -> None:
    one = MemoryClient(usdm.venues, "usdm", "market/ws/btcusdt@forceOrder", {})
    every = MemoryClient(usdm.venues, "usdm", "market/ws/!forceOrder@arr", {})
    usdm.order("BUY", "0.1")
    usdm.venues.faults.add(Fault(kind="liquidation", venue="usdm"))
    usdm.step(0.1)
    (event,) = one.take()
    assert (event["e"], event["o"]["S"], event["o"]["z"], event["o"]["X"]) == ("forceOrder", "SELL", "0.100", "FILLED")
    assert every.take() == [event]


def test_an_isolated_position_loses_no_more_than_its_margin() -> None:
    usdm = _poor("5000")
    usdm.done("POST", "fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    usdm.done("POST", "fapi/v1/leverage", symbol="BTCUSDT", leverage=125)
    usdm.order("BUY", "1")
    (one,) = usdm.done("GET", "fapi/v3/positionRisk")
    before = D(usdm.done("GET", "fapi/v3/balance")[0]["balance"])
    assert D(one["liquidationPrice"]) > D(one["entryPrice"]) * D("0.99")
    usdm.venues.faults.add(Fault(kind="liquidation", venue="usdm"))
    usdm.step(0.2)
    assert usdm.done("GET", "fapi/v3/positionRisk") == []
    after = D(usdm.done("GET", "fapi/v3/balance")[0]["balance"])
    assert before - D(one["isolatedWallet"]) <= after < before


def test_the_liquidation_price_is_where_margin_and_maintenance_meet(usdm: BinanceTrader) -> None:
    usdm.order("SELL", "1")
    (one,) = usdm.done("GET", "fapi/v3/positionRisk")
    price, wallet = D(one["liquidationPrice"]), D(usdm.done("GET", "fapi/v3/balance")[0]["balance"])
    profit = (D(one["entryPrice"]) - price) * 1
    bracket = bracket_of("BTCUSDT", abs(D(one["notional"])))
    assert abs(wallet + profit - (price * bracket.ratio - bracket.sum)) < D("0.00001")


def test_a_margin_call_comes_once() -> None:
    usdm = _poor("1000")
    usdm.done("POST", "fapi/v1/leverage", symbol="BTCUSDT", leverage=125)
    usdm.order("BUY", "1")
    client = usdm.listen()
    usdm.venues.faults.add(Fault(kind="freeze"))
    usdm.step(0.1)
    (one,) = usdm.done("GET", "fapi/v3/positionRisk")
    usdm.venues.accounts.set("usdm", {"USDT": D(one["maintMargin"]) / D("0.9") - D(one["unRealizedProfit"])})
    usdm.step(1)
    calls = [frame for frame in client.take() if frame["e"] == "MARGIN_CALL"]
    assert len(calls) == 1
    assert calls[0]["p"][0]["s"] == "BTCUSDT"
    assert usdm.done("GET", "fapi/v3/positionRisk")[0]["positionAmt"] == "1.000"


def test_deleveraging_takes_a_part_at_the_mark_price_without_a_fee(usdm: BinanceTrader) -> None:
    usdm.order("BUY", "0.1")
    client = usdm.listen()
    usdm.venues.faults.add(Fault(kind="adl", venue="usdm", fraction=0.5))
    usdm.step(0.05)
    assert usdm.done("GET", "fapi/v3/positionRisk")[0]["positionAmt"] == "0.050"
    told = [frame["o"] for frame in client.take() if frame["e"] == "ORDER_TRADE_UPDATE"]
    assert [(one["c"], one["x"], one["X"]) for one in told] == [
        ("adl_autoclose", "NEW", "NEW"),
        ("adl_autoclose", "TRADE", "FILLED"),
    ]
    assert D(told[1]["n"]) == 0
    (row,) = usdm.done("GET", "fapi/v1/forceOrders", autoCloseType="ADL")
    assert row["clientOrderId"] == "adl_autoclose"
    assert usdm.done("GET", "fapi/v1/adlQuantile", symbol="BTCUSDT")["adlQuantile"]["BOTH"] in range(5)


def test_a_delisted_perpetual_is_settled(usdm: BinanceTrader) -> None:
    usdm.order("SELL", "0.1")
    number = usdm.order("BUY", "0.1", "96000")["orderId"]
    client = usdm.listen()
    usdm.venues.faults.add(Fault(kind="delisting", venue="usdm", symbol="BTCUSDT", after=1_000_000_000))
    usdm.step(1.3)
    assert usdm.done("GET", "fapi/v3/positionRisk") == []
    told = [frame["o"] for frame in client.take() if frame["e"] == "ORDER_TRADE_UPDATE"]
    gone = [one for one in told if one["i"] == number]
    assert (gone[0]["X"], gone[0]["er"]) == ("EXPIRED", "7")
    forced = [one for one in told if one["c"].startswith("settlement_autoclose-")]
    assert [one["X"] for one in forced] == ["NEW", "FILLED"]
    assert usdm.refused("BUY", "0.01") == -5024


ALGO = "fapi/v1/algoOrder"


def _stop(usdm: BinanceTrader, **terms: Any) -> Any:
    usual = {"algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "quantity": "0.01"}
    return usdm.done("POST", ALGO, **(usual | terms))


def test_a_stop_waits_and_is_cancelled(usdm: BinanceTrader) -> None:
    client = usdm.listen()
    reply = _stop(usdm, triggerPrice="90000", clientAlgoId="guard")
    assert (reply["algoStatus"], reply["clientAlgoId"], reply["triggerPrice"]) == ("NEW", "guard", "90000.0")
    assert usdm.done("GET", "fapi/v1/openOrders") == []
    assert [row["algoId"] for row in usdm.done("GET", "fapi/v1/openAlgoOrders")] == [reply["algoId"]]
    usdm.done("DELETE", "fapi/v1/allOpenOrders", symbol="BTCUSDT")  # leaves conditional orders alone
    assert usdm.done("GET", ALGO, clientAlgoId="guard")["algoStatus"] == "NEW"
    usdm.done("DELETE", ALGO, clientAlgoId="guard")
    assert usdm.code("DELETE", ALGO, clientAlgoId="guard") == -2011
    assert usdm.done("GET", ALGO, algoId=reply["algoId"])["algoStatus"] == "CANCELED"
    assert [(one["e"], one["o"]["X"]) for one in client.take()] == [("ALGO_UPDATE", "NEW"), ("ALGO_UPDATE", "CANCELED")]


@pytest.mark.parametrize("working", ["MARK_PRICE", "CONTRACT_PRICE"])
def test_a_stop_becomes_a_market_order_when_its_price_comes(usdm: BinanceTrader, working: str) -> None:
    usdm.order("BUY", "0.01")
    client = usdm.listen()
    market = usdm.venues.world.markets["usdm"]["BTCUSDT"]
    now = float(mark_of(market)) if working == "MARK_PRICE" else market.trades[-1].price / 1e8
    reply = _stop(usdm, triggerPrice=f"{now - 0.5:.1f}", workingType=working, reduceOnly="true")
    for _ in range(200):
        usdm.step(0.5)
        if usdm.done("GET", ALGO, algoId=reply["algoId"])["algoStatus"] != "NEW":
            break
    found = usdm.done("GET", ALGO, algoId=reply["algoId"])
    assert found["algoStatus"] == "FINISHED"
    order = usdm.done("GET", "fapi/v1/order", symbol="BTCUSDT", orderId=found["actualOrderId"])
    assert (order["status"], order["origType"], order["type"]) == ("FILLED", "STOP_MARKET", "MARKET")
    told = [frame["o"]["X"] for frame in client.take() if frame["e"] == "ALGO_UPDATE"]
    assert told == ["NEW", "TRIGGERED", "FINISHED"]


def test_a_stop_that_closes_the_position_and_one_that_is_refused(usdm: BinanceTrader) -> None:
    usdm.order("BUY", "0.02")
    market = usdm.venues.world.markets["usdm"]["BTCUSDT"]
    near = f"{float(mark_of(market)) - 0.5:.1f}"
    closing = {"algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET",
               "workingType": "MARK_PRICE", "triggerPrice": near, "closePosition": "true"}  # fmt: skip
    numbers = [usdm.done("POST", ALGO, **closing)["algoId"] for _ in range(2)]
    for _ in range(200):
        usdm.step(0.5)
        if not usdm.done("GET", "fapi/v1/openAlgoOrders"):
            break
    assert usdm.done("GET", "fapi/v3/positionRisk") == []
    status = [usdm.done("GET", ALGO, algoId=number)["algoStatus"] for number in numbers]
    assert status == ["FINISHED", "REJECTED"]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"triggerPrice": "110000"}, -2021),
        ({"type": "TAKE_PROFIT_MARKET", "triggerPrice": "90000"}, -2021),
        ({"type": "LIMIT"}, -1116),
        ({"triggerPrice": ""}, -1102),
        ({"triggerPrice": "90000", "quantity": ""}, -1102),
        ({"triggerPrice": "90000", "closePosition": "true"}, -4136),
        ({"type": "STOP", "triggerPrice": "90000"}, -1102),
        ({"type": "TRAILING_STOP_MARKET", "callbackRate": "25"}, -1130),
        ({"triggerPrice": "90000", "positionSide": "LONG"}, -4061),
    ],
)
def test_refused_conditional_orders(usdm: BinanceTrader, terms: dict[str, str], code: int) -> None:
    usual = {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_MARKET", "quantity": "0.01"}
    wanted = {name: value for name, value in (usual | terms).items() if value}
    assert usdm.code("POST", ALGO, **wanted) == code


def test_a_trailing_stop_follows_the_best_price(usdm: BinanceTrader) -> None:
    usdm.order("BUY", "0.01")
    reply = _stop(usdm, type="TRAILING_STOP_MARKET", callbackRate="0.1")
    seen = []
    for _ in range(400):
        usdm.step(0.5)
        seen.append(usdm.venues.world.markets["usdm"]["BTCUSDT"].trades[-1].price)
        if usdm.done("GET", ALGO, algoId=reply["algoId"])["algoStatus"] != "NEW":
            break
    assert usdm.done("GET", ALGO, algoId=reply["algoId"])["algoStatus"] == "FINISHED"
    assert min(seen[-3:]) <= max(seen) * 0.9992


def test_all_conditional_orders_of_a_symbol_are_cancelled(usdm: BinanceTrader) -> None:
    _stop(usdm, triggerPrice="90000")
    _stop(usdm, triggerPrice="91000")
    assert usdm.done("DELETE", "fapi/v1/algoOpenOrders", symbol="BTCUSDT")["code"] == 200
    assert usdm.done("GET", "fapi/v1/openAlgoOrders", symbol="BTCUSDT") == []
    assert [row["algoStatus"] for row in usdm.done("GET", "fapi/v1/allAlgoOrders", symbol="BTCUSDT")] == [
        "CANCELED"
    ] * 2
