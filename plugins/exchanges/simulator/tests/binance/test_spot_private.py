"""Spot: orders, money, transfers and withdrawals, by plain requests."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from arbcore_exchange_simulator import Fault
from arbcore_exchange_simulator.binance.trader import BinanceTrader
from arbcore_exchange_simulator.memory import make_venues
from arbcore_exchange_simulator.trading.given import BINANCE_MONEY_KEY, AccountSettings, KeySettings

D = Decimal
ORDER = "api/v3/order"
TRANSFER = "sapi/v1/asset/transfer"


def _wallets(spot: BinanceTrader) -> dict[str, tuple[Decimal, Decimal]]:
    told = spot.done("GET", "api/v3/account")["balances"]
    return {row["asset"]: (D(row["free"]), D(row["locked"])) for row in told}


def test_a_purchase_pays_its_fee_in_what_it_receives(spot: BinanceTrader) -> None:
    before = _wallets(spot)
    reply = spot.order("BUY", "0.01")
    assert reply["status"] == "FILLED"
    paid = sum((D(one["price"]) * D(one["qty"]) for one in reply["fills"]), D(0))
    fee = sum((D(one["commission"]) for one in reply["fills"]), D(0))
    assert {one["commissionAsset"] for one in reply["fills"]} == {"BTC"}
    assert fee == D("0.00001")
    assert D(reply["cummulativeQuoteQty"]) == paid
    after = _wallets(spot)
    assert after["USDT"] == (before["USDT"][0] - paid, D(0))
    assert after["BTC"] == (before["BTC"][0] + D("0.01") - fee, D(0))


def test_a_purchase_by_cost_and_a_sale_by_proceeds(spot: BinanceTrader) -> None:
    bought = spot.done("POST", ORDER, symbol="BTCUSDT", side="BUY", type="MARKET", quoteOrderQty="1000")
    assert bought["status"] == "FILLED"
    assert 998 < float(bought["cummulativeQuoteQty"]) <= 1000
    assert spot.done("GET", ORDER, symbol="BTCUSDT", orderId=bought["orderId"])["status"] == "FILLED"
    sold = spot.done("POST", ORDER, symbol="BTCUSDT", side="SELL", type="MARKET", quoteOrderQty="1000")
    assert 998 < float(sold["cummulativeQuoteQty"]) <= 1000
    assert sold["fills"][0]["commissionAsset"] == "USDT"


def test_a_limit_locks_money_until_it_ends(spot: BinanceTrader) -> None:
    before = _wallets(spot)
    reply = spot.order("BUY", "0.01", "90000", newClientOrderId="rest")
    assert (reply["status"], reply["fills"]) == ("NEW", [])
    assert _wallets(spot)["USDT"] == (before["USDT"][0] - 900, D(900))
    assert [row["orderId"] for row in spot.done("GET", "api/v3/openOrders")] == [reply["orderId"]]
    gone = spot.done("DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="rest", newClientOrderId="stop")
    assert (gone["status"], gone["origClientOrderId"], gone["clientOrderId"]) == ("CANCELED", "rest", "stop")
    assert _wallets(spot) == before
    assert spot.code("DELETE", ORDER, symbol="BTCUSDT", origClientOrderId="rest") == -2011
    assert spot.code("DELETE", "api/v3/openOrders", symbol="BTCUSDT") == -2011


@pytest.mark.parametrize(
    ("terms", "code", "text"),
    [
        ({"symbol": "NONEUSDT"}, -1121, ""),
        ({"side": "HOLD"}, -1117, ""),
        ({"type": "STOP_LOSS_LIMIT"}, -1116, ""),
        ({"timeInForce": "GTX"}, -1115, ""),
        ({"price": ""}, -1102, "price"),
        ({"quantity": ""}, -1102, "quantity"),
        ({"type": "MARKET", "timeInForce": ""}, -1106, "price"),
        ({"type": "LIMIT_MAKER"}, -1106, "timeInForce"),
        ({"quoteOrderQty": "10"}, -1106, "quoteOrderQty"),
        ({"price": "90000.001"}, -1013, "PRICE_FILTER"),
        ({"price": "1000"}, -1013, "PERCENT_PRICE_BY_SIDE"),
        ({"quantity": "0.000001"}, -1013, "LOT_SIZE"),
        ({"quantity": "0.000000001"}, -1111, ""),
        ({"quantity": "0.00005"}, -1013, "NOTIONAL"),
        ({"quantity": "50"}, -2010, "insufficient balance"),
        ({"side": "SELL", "quantity": "50"}, -2010, "insufficient balance"),
        ({"type": "LIMIT_MAKER", "timeInForce": "", "price": "101000"}, -2010, "immediately match"),
        ({"newClientOrderId": "no spaces"}, -1100, ""),
        ({"newOrderRespType": "SOME"}, -1136, ""),
    ],
)
def test_refused_orders(spot: BinanceTrader, terms: dict[str, str], code: int, text: str) -> None:
    usual = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
             "price": "90000"}  # fmt: skip
    before = _wallets(spot)
    wanted = {name: value for name, value in (usual | terms).items() if value}
    status, content = spot.ask("POST", ORDER, **wanted)
    assert (status, content["code"]) == (400, code)
    assert text in content["msg"]
    assert spot.ask("POST", f"{ORDER}/test", **wanted)[0] == (200 if code == -2010 and "balance" in text else 400)
    assert _wallets(spot) == before


def test_how_much_a_reply_tells(spot: BinanceTrader) -> None:
    terms = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.001"}
    short = spot.done("POST", ORDER, **terms, newOrderRespType="ACK")
    assert "status" not in short
    assert "fills" not in spot.done("POST", ORDER, **terms, newOrderRespType="RESULT")
    assert spot.last.headers["X-MBX-ORDER-COUNT-10S"] == "2"
    assert spot.last.headers["X-MBX-ORDER-COUNT-1D"] == "2"
    found = spot.done("GET", "api/v3/allOrders", symbol="BTCUSDT")
    assert [row["status"] for row in found] == ["FILLED", "FILLED"]
    trades = spot.done("GET", "api/v3/myTrades", symbol="BTCUSDT", orderId=short["orderId"])
    assert {row["orderId"] for row in trades} == {short["orderId"]}


def test_what_is_left_of_ioc_and_fok(spot: BinanceTrader) -> None:
    ask, there = spot.venues.world.markets["spot"]["BTCUSDT"].book.touch[1]
    price, more = f"{ask / 1e8:.2f}", f"{there / 1e8 + 1:.5f}"
    kept = spot.order("BUY", more, price, timeInForce="IOC")
    assert kept["status"] == "EXPIRED"
    assert float(kept["executedQty"]) == there / 1e8
    none = spot.order("BUY", "9", "95000", timeInForce="FOK")
    assert (none["status"], none["fills"]) == ("EXPIRED", [])


def test_one_order_in_place_of_another(spot: BinanceTrader) -> None:
    first = spot.order("SELL", "0.01", "110000")
    new = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
           "price": "111000", "cancelReplaceMode": "STOP_ON_FAILURE"}  # fmt: skip
    done = spot.done("POST", f"{ORDER}/cancelReplace", **new, cancelOrderId=first["orderId"])
    assert (done["cancelResult"], done["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    assert done["newOrderResponse"]["price"] == "111000.00000000"
    status, failed = spot.ask("POST", f"{ORDER}/cancelReplace", **new, cancelOrderId=first["orderId"])
    assert (status, failed["code"], failed["data"]["newOrderResult"]) == (400, -2022, "NOT_ATTEMPTED")
    partly = {**new, "quantity": "0.000001", "cancelOrderId": done["newOrderResponse"]["orderId"]}
    status, failed = spot.ask("POST", f"{ORDER}/cancelReplace", **partly)
    assert (status, failed["code"]) == (409, -2021)
    assert failed["data"]["cancelResult"] == "SUCCESS"
    assert failed["data"]["newOrderResponse"]["code"] == -1013


def test_fees_in_bnb() -> None:
    account = AccountSettings(name="spot", venue="spot", keys=(BINANCE_MONEY_KEY,), options={"bnb_burn": True},
                              balances={"USDT": D(10_000), "BNB": D(1)})  # fmt: skip
    spot = BinanceTrader(make_venues(symbols=("BTC",), accounts=(account,)), "spot")
    reply = spot.order("BUY", "0.01")
    fee = sum((D(one["commission"]) for one in reply["fills"]), D(0))
    assert {one["commissionAsset"] for one in reply["fills"]} == {"BNB"}
    assert _wallets(spot)["BNB"][0] == 1 - fee
    assert _wallets(spot)["BTC"][0] == D("0.01")


def test_the_account_and_its_fees(spot: BinanceTrader) -> None:
    brief = spot.done("GET", "api/v3/account", omitZeroBalances="true")
    assert all(D(row["free"]) + D(row["locked"]) for row in brief["balances"])
    assert (
        spot.done("GET", "api/v3/account/commission", symbol="BTCUSDT")["standardCommission"]["taker"] == "0.00100000"
    )
    status, content = spot.raw("POST", "api/v3/userDataStream")
    assert (status, content["code"]) == (410, -1020)


def test_money_moves_between_spot_and_futures(spot: BinanceTrader, usdm: BinanceTrader) -> None:
    client = usdm.listen()
    number = spot.done("POST", TRANSFER, type="MAIN_UMFUTURE", asset="USDT", amount="1500.5")["tranId"]
    assert _wallets(spot)["USDT"][0] == D("1998499.5")
    assert usdm.done("GET", "fapi/v3/balance")[0]["balance"] == "2001500.50000000"
    (event,) = client.take()
    assert (event["a"]["m"], event["a"]["B"][0]["bc"]) == ("DEPOSIT", "1500.5")
    assert usdm.done("GET", "fapi/v1/income", incomeType="TRANSFER")[0]["income"] == "1500.50000000"
    told = spot.done("GET", TRANSFER, type="MAIN_UMFUTURE")
    assert (told["total"], told["rows"][0]["tranId"], told["rows"][0]["status"]) == (1, number, "CONFIRMED")
    spot.done("POST", TRANSFER, type="UMFUTURE_MAIN", asset="USDT", amount="500.5")
    assert _wallets(spot)["USDT"][0] == D(1_999_000)
    assert spot.code("POST", TRANSFER, type="MAIN_UMFUTURE", asset="USDT", amount="9000000") == -5013
    assert spot.code("POST", TRANSFER, type="MAIN_MOON", asset="USDT", amount="1") == -1130
    assert spot.code("POST", TRANSFER, type="MAIN_UMFUTURE", asset="USDT", amount="0") == -1130


def test_margin_does_not_leave_the_futures(spot: BinanceTrader, usdm: BinanceTrader) -> None:
    usdm.order("BUY", "0.5")
    most = D(usdm.done("GET", "fapi/v3/balance")[0]["maxWithdrawAmount"])
    assert spot.code("POST", TRANSFER, type="UMFUTURE_MAIN", asset="USDT", amount=str(most + 1)) == -5013
    spot.done("POST", TRANSFER, type="UMFUTURE_MAIN", asset="USDT", amount=str(most))


def test_the_funding_wallet(spot: BinanceTrader) -> None:
    spot.done("POST", TRANSFER, type="MAIN_FUNDING", asset="XRP", amount="100")
    (row,) = spot.done("POST", "sapi/v1/asset/get-funding-asset")
    assert (row["asset"], row["free"]) == ("XRP", "100")
    spot.done("POST", TRANSFER, type="FUNDING_MAIN", asset="XRP", amount="100")
    assert spot.done("POST", "sapi/v1/asset/get-funding-asset") == []


def test_a_withdrawal_arrives_where_its_address_belongs() -> None:
    to = {
        "currency": "XRP",
        "net_type": "XRP",
        "address": "rSimulatedAddress",
        "secondary_address": "7",
        "pays": "other",
    }
    accounts = (
        AccountSettings(name="spot", venue="spot", keys=(BINANCE_MONEY_KEY,), balances={"XRP": D(500)},
                        options={"addresses": [to]}),
        AccountSettings(name="other", venue="spot", keys=(KeySettings(key="other-key", secret=SecretStr("x" * 20)),)),
    )  # fmt: skip
    venues = make_venues(symbols=("XRP",), accounts=accounts)
    spot = BinanceTrader(venues, "spot")
    other = BinanceTrader(venues, "spot", "other-key", "x" * 20)
    apply = {"coin": "XRP", "network": "XRP", "address": "rSimulatedAddress", "addressTag": "7", "amount": "100",
             "withdrawOrderId": "w-1"}  # fmt: skip
    reply = spot.done("POST", "sapi/v1/capital/withdraw/apply", **apply)
    assert spot.code("POST", "sapi/v1/capital/withdraw/apply", **apply) == -4007
    (row,) = spot.done("GET", "sapi/v1/capital/withdraw/history", withdrawOrderId="w-1")
    assert (row["id"], row["status"], row["amount"], row["transactionFee"]) == (reply["id"], 4, "99.8", "0.2")
    assert _wallets(spot)["XRP"][0] == 400
    spot.step(10.1)
    assert spot.done("GET", "sapi/v1/capital/withdraw/history", status=6)[0]["txId"]
    assert _wallets(other)["XRP"][0] == D("99.8")
    (row,) = other.done("GET", "sapi/v1/capital/deposit/hisrec", coin="XRP")
    assert (row["amount"], row["status"]) == ("99.8", 1)


def test_a_withdrawal_to_upbit_shows_among_its_deposits() -> None:
    to = {"currency": "XRP", "net_type": "XRP", "address": "rUpbit", "secondary_address": "7", "pays": "upbit"}
    accounts = (
        AccountSettings(
            name="spot", venue="spot", keys=(BINANCE_MONEY_KEY,), balances={"XRP": D(500)}, options={"addresses": [to]}
        ),
        AccountSettings(name="upbit", venue="upbit"),
    )
    venues = make_venues(symbols=("XRP",), accounts=accounts)
    spot = BinanceTrader(venues, "spot")
    spot.done("POST", "sapi/v1/capital/withdraw/apply", coin="XRP", address="rUpbit", addressTag="7", amount="100.2")
    upbit = venues.accounts.known("upbit")
    before = upbit.of("XRP").free
    spot.step(10.1)
    assert upbit.of("XRP").free == before + 100
    assert [row["amount"] for row in upbit.extra["deposits"]] == ["100"]


ACTS = st.lists(
    st.tuples(st.sampled_from(["market", "cost", "limit", "wait", "cancel"]), st.booleans(), st.integers(1, 300)),
    min_size=1,
    max_size=12,
)


@given(ACTS)
def test_money_is_what_trades_and_fees_say(acts: list[tuple[str, bool, int]]) -> None:
    spot = BinanceTrader(make_venues(symbols=("BTC",)), "spot")
    before = _wallets(spot)
    for kind, buy, size in acts:
        terms: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY" if buy else "SELL"}
        if kind == "wait":
            spot.step(size / 100)
        elif kind == "cancel":
            spot.ask("DELETE", "api/v3/openOrders", symbol="BTCUSDT")
        elif kind == "cost":
            spot.ask("POST", ORDER, type="MARKET", quoteOrderQty=size, **terms)
        elif kind == "market":
            spot.ask("POST", ORDER, type="MARKET", quantity=f"{size / 10_000:.4f}", **terms)
        else:
            price = 100_000 + (size - 150) * (1 if buy else -1)
            terms |= {"type": "LIMIT", "timeInForce": "GTC", "price": price}
            spot.ask("POST", ORDER, quantity=f"{size / 10_000:.4f}", **terms)
    owed = {name: free + locked for name, (free, locked) in before.items()}
    for row in spot.done("GET", "api/v3/myTrades", symbol="BTCUSDT"):
        sign = 1 if row["isBuyer"] else -1
        owed["BTC"] += sign * D(row["qty"])
        owed["USDT"] -= sign * D(row["quoteQty"])
        owed[row["commissionAsset"]] -= D(row["commission"])
    found = {name: (free, locked) for name, (free, locked) in _wallets(spot).items()}
    assert {name: free + locked for name, (free, locked) in found.items()} == owed
    opened = spot.done("GET", "api/v3/openOrders")
    left = [D(row["origQty"]) - D(row["executedQty"]) for row in opened]
    sold = sum((one for one, row in zip(left, opened, strict=True) if row["side"] == "SELL"), D(0))
    paid = sum((one * D(row["price"]) for one, row in zip(left, opened, strict=True) if row["side"] == "BUY"), D(0))
    assert (found["BTC"][1], found["USDT"][1]) == (sold, paid)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"coin": "MOON"}, -4019),
        ({"network": "MOON"}, -4019),
        ({"amount": "0.1"}, -4010),
        ({"amount": "99999999"}, -4026),
        ({"coin": "BTC", "amount": "1", "addressTag": "7"}, -4106),
        ({"address": ""}, -1102),
    ],
)
def test_refused_withdrawals(spot: BinanceTrader, terms: dict[str, str], code: int) -> None:
    wanted = {"coin": "XRP", "address": "rSimulatedAddress", "amount": "100"} | terms
    wanted = {name: value for name, value in wanted.items() if value}
    assert spot.code("POST", "sapi/v1/capital/withdraw/apply", **wanted) == code


def test_coins_and_what_a_key_may_do(spot: BinanceTrader) -> None:
    coins = {row["coin"]: row for row in spot.done("GET", "sapi/v1/capital/config/getall")}
    assert coins["XRP"]["networkList"][0]["withdrawFee"] == "0.2"
    assert spot.done("GET", "sapi/v1/capital/deposit/address", coin="XRP")["address"].startswith("sim")
    assert spot.raw("GET", "sapi/v1/system/status", key="") == (200, {"status": 0, "msg": "normal"})
    key = KeySettings(key="trading-only", secret=SecretStr("x" * 20), permissions=("spot", "futures"))
    venues = make_venues(symbols=("BTC",), accounts=(AccountSettings(name="one", venue="spot", keys=(key,)),))
    narrow = BinanceTrader(venues, "spot", "trading-only", "x" * 20)
    rights = narrow.done("GET", "sapi/v1/account/apiRestrictions")
    assert (rights["enableFutures"], rights["enableWithdrawals"], rights["permitsUniversalTransfer"]) == (
        True,
        False,
        False,
    )
    assert narrow.code("POST", TRANSFER, type="MAIN_UMFUTURE", asset="USDT", amount="1") == -2015
    assert spot.done("GET", "sapi/v1/account/apiRestrictions")["enableWithdrawals"] is True


def test_silent_fills_and_orders_that_end_by_faults(spot: BinanceTrader) -> None:
    spot.venues.faults.add(Fault(kind="fill_silence", venue="spot", lasts=2_000_000_000))
    reply = spot.order("BUY", "0.001")
    assert (reply["status"], reply["fills"]) == ("NEW", [])
    spot.step(2.1)
    assert spot.done("GET", ORDER, symbol="BTCUSDT", orderId=reply["orderId"])["status"] == "FILLED"
    spot.venues.faults.add(Fault(kind="post_only_cancelled", venue="spot", times=1))
    terms = {"symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT_MAKER", "quantity": "0.001", "price": "110000"}
    number = spot.done("POST", ORDER, **terms)["orderId"]
    assert spot.done("GET", ORDER, symbol="BTCUSDT", orderId=number)["status"] == "EXPIRED"
