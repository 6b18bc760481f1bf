"""Wallets, positions, margin and settings of a futures account."""

from decimal import Decimal
from typing import Any

import pytest

from arbcore_exchange_simulator.binance.trader import BinanceTrader
from arbcore_exchange_simulator.memory import make_venues
from arbcore_exchange_simulator.trading.given import BINANCE_MONEY_KEY, AccountSettings

D = Decimal


def _position(usdm: BinanceTrader, side: str = "BOTH") -> Any:
    return next((row for row in usdm.done("GET", "fapi/v3/positionRisk") if row["positionSide"] == side), None)


def _usdt(usdm: BinanceTrader) -> Any:
    return usdm.done("GET", "fapi/v3/balance")[0]


def test_a_round_trip_costs_two_fees_and_brings_the_difference(usdm: BinanceTrader) -> None:
    usdm.order("SELL", "0.01")
    usdm.step(5)
    usdm.order("BUY", "0.01", reduceOnly="true")
    sold, bought = usdm.done("GET", "fapi/v1/userTrades", symbol="BTCUSDT")
    profit = D(sold["quoteQty"]) - D(bought["quoteQty"])
    assert D(bought["realizedPnl"]) == profit
    assert D(sold["commission"]) == D(sold["quoteQty"]) * D("0.0005")
    fees = D(sold["commission"]) + D(bought["commission"])
    assert D(_usdt(usdm)["balance"]) == D(2_000_000) + profit - fees
    income = usdm.done("GET", "fapi/v1/income")
    assert sum((D(row["income"]) for row in income), D(0)) == profit - fees
    assert [row["incomeType"] for row in income] == ["COMMISSION", "REALIZED_PNL", "COMMISSION"]
    only = usdm.done("GET", "fapi/v1/income", incomeType="REALIZED_PNL", symbol="BTCUSDT")
    assert [D(row["income"]) for row in only] == [profit]
    assert _position(usdm) is None


def test_the_entry_is_the_mean_of_what_was_added(usdm: BinanceTrader) -> None:
    usdm.order("BUY", "0.01")
    usdm.step(5)
    usdm.order("BUY", "0.02")
    trades = usdm.done("GET", "fapi/v1/userTrades", symbol="BTCUSDT")
    cost = sum((D(row["quoteQty"]) for row in trades), D(0))
    one = _position(usdm)
    assert D(one["entryPrice"]) == (cost / D("0.03")).quantize(D("1e-8"))
    assert D(one["unRealizedProfit"]) == (D("0.03") * D(one["markPrice"]) - cost).quantize(D("1e-8"))
    assert D(one["notional"]) == D("0.03") * D(one["markPrice"])
    assert D(one["maintMargin"]) == (D(one["notional"]) * D("0.004")).quantize(D("1e-8"))
    assert D(one["initialMargin"]) == (D(one["notional"]) / 20).quantize(D("1e-8"))


def test_a_trade_through_zero_turns_the_position(usdm: BinanceTrader) -> None:
    usdm.order("BUY", "0.01")
    usdm.order("SELL", "0.03")
    one = _position(usdm)
    sold = usdm.done("GET", "fapi/v1/userTrades", symbol="BTCUSDT")[1:]
    assert one["positionAmt"] == "-0.020"
    assert len(sold) == 1
    assert D(one["entryPrice"]) == D(sold[0]["price"])


def test_margin_of_orders_counts_the_larger_side(usdm: BinanceTrader) -> None:
    free = D(_usdt(usdm)["availableBalance"])
    usdm.order("BUY", "0.1", "96000")
    usdm.order("SELL", "0.1", "104000")
    account = usdm.done("GET", "fapi/v3/account")
    assert D(account["totalOpenOrderInitialMargin"]) == D(104000) * D("0.1") / 20
    assert D(account["availableBalance"]) == free - D(104000) * D("0.1") / 20
    assert [row["symbol"] for row in account["positions"]] == ["BTCUSDT"]
    assert D(account["positions"][0]["positionAmt"]) == 0


def test_leverage_sets_margin_and_the_largest_position(usdm: BinanceTrader) -> None:
    reply = usdm.done("POST", "fapi/v1/leverage", symbol="BTCUSDT", leverage=125)
    assert reply == {"leverage": 125, "maxNotionalValue": "300000", "symbol": "BTCUSDT"}
    assert usdm.refused("BUY", "4") == -2027
    usdm.order("BUY", "1.6")
    config = usdm.done("GET", "fapi/v1/symbolConfig", symbol="BTCUSDT")
    assert [(row["leverage"], row["marginType"]) for row in config] == [(125, "CROSSED")]
    assert usdm.code("POST", "fapi/v1/leverage", symbol="BTCUSDT", leverage=126) == -4028
    usdm.done("POST", "fapi/v1/leverage", symbol="BTCUSDT", leverage=75)
    usdm.step(3)
    usdm.order("BUY", "1.6")
    assert usdm.code("POST", "fapi/v1/leverage", symbol="BTCUSDT", leverage=125) == -2027


def test_modes_are_switched_only_without_orders_and_positions(usdm: BinanceTrader) -> None:
    path = "fapi/v1/positionSide/dual"
    assert usdm.code("POST", path, dualSidePosition="false") == -4059
    assert usdm.code("POST", "fapi/v1/marginType", symbol="BTCUSDT", marginType="CROSSED") == -4046
    number = usdm.order("SELL", "0.01", "104000")["orderId"]
    assert usdm.code("POST", path, dualSidePosition="true") == -4067
    assert usdm.code("POST", "fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED") == -4047
    usdm.done("DELETE", "fapi/v1/order", symbol="BTCUSDT", orderId=number)
    usdm.order("BUY", "0.01")
    assert usdm.code("POST", path, dualSidePosition="true") == -4068
    assert usdm.code("POST", "fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED") == -4048
    usdm.order("SELL", "0.01")
    usdm.done("POST", path, dualSidePosition="true")
    assert usdm.done("GET", path) == {"dualSidePosition": True}
    assert usdm.done("GET", "fapi/v1/accountConfig")["dualSidePosition"] is True


def test_hedge_mode_keeps_both_sides_apart(usdm: BinanceTrader) -> None:
    usdm.done("POST", "fapi/v1/positionSide/dual", dualSidePosition="true")
    assert usdm.refused("BUY", "0.01") == -4061
    usdm.order("BUY", "0.02", positionSide="LONG")
    usdm.order("SELL", "0.03", positionSide="SHORT")
    assert usdm.refused("SELL", "0.01", positionSide="LONG", reduceOnly="true") == -1106
    assert (_position(usdm, "LONG")["positionAmt"], _position(usdm, "SHORT")["positionAmt"]) == ("0.020", "-0.030")
    usdm.order("SELL", "0.05", positionSide="LONG")  # closes no more than there is
    assert _position(usdm, "LONG")["positionAmt"] == "0.000"
    assert usdm.refused("SELL", "0.01", positionSide="LONG") == -2022


def test_closing_orders_shrink_with_the_position_and_end_with_it(usdm: BinanceTrader) -> None:
    usdm.order("BUY", "0.02")
    first = usdm.order("SELL", "0.05", "101000", reduceOnly="true")
    assert first["origQty"] == "0.020"
    usdm.order("SELL", "0.015")
    found = usdm.done("GET", "fapi/v1/order", symbol="BTCUSDT", orderId=first["orderId"])
    assert (found["status"], found["origQty"]) == ("NEW", "0.005")
    usdm.order("SELL", "0.005")
    found = usdm.done("GET", "fapi/v1/order", symbol="BTCUSDT", orderId=first["orderId"])
    assert found["status"] == "EXPIRED"


def test_isolated_margin_is_set_aside_and_given_back(usdm: BinanceTrader) -> None:
    usdm.done("POST", "fapi/v1/marginType", symbol="BTCUSDT", marginType="ISOLATED")
    usdm.order("BUY", "0.02")
    (trade,) = usdm.done("GET", "fapi/v1/userTrades", symbol="BTCUSDT")
    wallet = _usdt(usdm)
    aside = (D(trade["quoteQty"]) / 20).quantize(D("1e-8"))
    assert D(_position(usdm)["isolatedWallet"]) == aside
    assert D(wallet["balance"]) - D(wallet["crossWalletBalance"]) == aside
    usdm.order("SELL", "0.01")
    assert D(_position(usdm)["isolatedWallet"]) == aside - (aside / 2).quantize(D("1e-8"))
    assert usdm.code("POST", "fapi/v1/leverage", symbol="BTCUSDT", leverage=5) == -4161
    usdm.order("SELL", "0.01")
    assert _usdt(usdm)["crossWalletBalance"] == _usdt(usdm)["balance"]


def test_fees_are_paid_in_bnb_at_a_discount_while_there_is_some() -> None:
    account = AccountSettings(
        name="usdm", venue="usdm", keys=(BINANCE_MONEY_KEY,), balances={"USDT": D(10_000), "BNB": D("0.0006")}
    )
    venues = make_venues(symbols=("BTC",), accounts=(account,))
    usdm = BinanceTrader(venues, "usdm")
    usdm.done("POST", "fapi/v1/feeBurn", feeBurn="true")
    assert usdm.done("GET", "fapi/v1/feeBurn") == {"feeBurn": True}
    usdm.order("BUY", "0.01")
    usdm.order("SELL", "0.01")
    first, second = usdm.done("GET", "fapi/v1/userTrades", symbol="BTCUSDT")
    assert first["commissionAsset"] == "BNB"
    assert D(first["commission"]) == (D(first["quoteQty"]) * D("0.0005") * D("0.9") / 900).quantize(D("1e-8"))
    assert second["commissionAsset"] == "USDT"
    wallets = {row["asset"]: D(row["balance"]) for row in usdm.done("GET", "fapi/v2/balance")}
    assert wallets["BNB"] == D("0.0006") - D(first["commission"])


def test_an_account_may_have_fees_of_its_own() -> None:
    account = AccountSettings(name="usdm", venue="usdm", keys=(BINANCE_MONEY_KEY,), balances={"USDT": D(10_000)},
                              maker_fee=D("0.0001"), taker_fee=D("0.0003"))  # fmt: skip
    usdm = BinanceTrader(make_venues(symbols=("BTC",), accounts=(account,)), "usdm")
    told = usdm.done("GET", "fapi/v1/commissionRate", symbol="BTCUSDT")
    assert (told["makerCommissionRate"], told["takerCommissionRate"]) == ("0.0001", "0.0003")
    usdm.order("BUY", "0.01")
    (trade,) = usdm.done("GET", "fapi/v1/userTrades", symbol="BTCUSDT")
    assert D(trade["commission"]) == D(trade["quoteQty"]) * D("0.0003")


@pytest.mark.parametrize("path", ["account", "positionRisk", "balance"])
def test_the_older_forms_tell_the_same(usdm: BinanceTrader, path: str) -> None:
    usdm.order("BUY", "0.01")
    older, newer = usdm.done("GET", f"fapi/v2/{path}"), usdm.done("GET", f"fapi/v3/{path}")
    if path == "balance":
        assert older == newer
    elif path == "positionRisk":
        assert len(newer) == 1
        assert len(older) == 3
        assert {**older[0], **newer[0]} == older[0]
        assert older[0]["leverage"] == "20"
    else:
        assert older["totalWalletBalance"] == newer["totalWalletBalance"]
        assert len(older["positions"]) > len(newer["positions"]) == 1


def test_the_brackets_have_no_jump_between_them(usdm: BinanceTrader) -> None:
    for listed in usdm.done("GET", "fapi/v1/leverageBracket"):
        before = listed["brackets"][0]
        for one in listed["brackets"][1:]:
            assert one["notionalFloor"] == before["notionalCap"]
            assert one["initialLeverage"] < before["initialLeverage"]
            at = one["notionalFloor"]
            low, high = at * before["maintMarginRatio"] - before["cum"], at * one["maintMarginRatio"] - one["cum"]
            assert low == pytest.approx(high)
            before = one


def test_the_multi_assets_mode_is_a_setting(usdm: BinanceTrader) -> None:
    assert usdm.code("POST", "fapi/v1/multiAssetsMargin", multiAssetsMargin="false") == -4171
    usdm.done("POST", "fapi/v1/multiAssetsMargin", multiAssetsMargin="true")
    assert usdm.done("GET", "fapi/v1/multiAssetsMargin") == {"multiAssetsMargin": True}


def test_the_weights_of_requests(usdm: BinanceTrader) -> None:
    def spent(method: str, path: str, **params: Any) -> int:
        before = int(usdm.last.headers["X-MBX-USED-WEIGHT-1M"])
        usdm.ask(method, path, **params)
        return int(usdm.last.headers["X-MBX-USED-WEIGHT-1M"]) - before

    usdm.done("GET", "fapi/v3/balance")
    terms = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
             "price": "104000"}  # fmt: skip
    assert spent("POST", "fapi/v1/order", **terms) == 0
    assert spent("GET", "fapi/v1/openOrders", symbol="BTCUSDT") == 1
    assert spent("GET", "fapi/v1/openOrders") == 40
    assert spent("DELETE", "fapi/v1/allOpenOrders", symbol="BTCUSDT") == 1
    assert spent("GET", "fapi/v3/account") == 5
    assert spent("GET", "fapi/v1/income") == 30
    assert spent("GET", "fapi/v1/commissionRate", symbol="BTCUSDT") == 20
    assert "X-MBX-ORDER-COUNT-10S" not in usdm.last.headers
    for _ in range(57):
        usdm.ask("GET", "fapi/v1/openOrders")
    status, content = usdm.ask("GET", "fapi/v1/openOrders")
    assert (status, content["code"]) == (429, -1003)
