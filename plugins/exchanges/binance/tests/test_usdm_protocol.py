"""USD-M's private requests, answers and events: what goes out is what was meant, what comes in keeps every digit."""

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest

from arbcore.errors import ExchangeError, ExchangeRefused, OutcomeUnknown
from arbcore.model.order import (
    Amendment,
    Fill,
    Liquidity,
    OrderOrigin,
    OrderRef,
    OrderReport,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)
from arbcore.model.reason import Reason
from arbcore.net.request import Request
from arbcore_exchange_binance.protocol import usdm_requests as requests
from arbcore_exchange_binance.protocol import usdm_values as values
from arbcore_exchange_binance.protocol.exact import number
from arbcore_exchange_binance.protocol.requests import ORDERS, REQUEST_WEIGHT
from arbcore_exchange_binance.protocol.usdm_events import (
    AccountChange,
    AlgoUpdate,
    KeyExpired,
    MarginCall,
    OrderChange,
    Passed,
    TradeLite,
    read_event,
)
from arbcore_exchange_binance.protocol.usdm_orders import (
    algo_name,
    algo_params,
    amend_params,
    order_name,
    order_params,
    reason_of_end,
    state_of,
)
from plugins.exchanges.binance.tests import usdm_samples as samples
from plugins.exchanges.binance.tests.samples import encode
from plugins.exchanges.binance.tests.usdm_samples import KEY, event, news, order

LONG = "0.12345678901234567891"
HOUR = 3600 * 10**9


def params_of(**changes: Any) -> dict[str, Any]:
    return dict(order_params(order(**changes), response="RESULT", self_trade="EXPIRE_BOTH"))


def asked(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.query, keep_blank_values=True))


@pytest.mark.parametrize(
    ("life", "word"),
    [(TimeInForce.GTC, "GTC"), (TimeInForce.IOC, "IOC"), (TimeInForce.FOK, "FOK"), (TimeInForce.POST_ONLY, "GTX")],
)
def test_a_limit_order_is_written_as_meant(life: TimeInForce, word: str) -> None:
    assert params_of(time_in_force=life) == {
        "symbol": "BTCUSDT", "side": "SELL", "positionSide": "BOTH", "type": "LIMIT", "timeInForce": word,
        "price": "109950.1", "quantity": "0.01", "newClientOrderId": "ae-1", "newOrderRespType": "RESULT",
        "selfTradePreventionMode": "EXPIRE_BOTH",
    }  # fmt: skip


def test_a_market_order_has_a_quantity_and_no_price() -> None:
    params = params_of(type=OrderType.MARKET, price=None, reduce_only=True, side=Side.BUY)
    assert params["type"] == "MARKET"
    assert params["reduceOnly"] == "true"
    assert params["side"] == "BUY"
    assert not {"price", "timeInForce"} & params.keys()


@pytest.mark.parametrize("kind", [OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET])
def test_an_order_with_a_trigger_goes_to_the_algo_service(kind: OrderType) -> None:
    one = order(type=kind, price=None, trigger_price=Decimal("1E+5"), reduce_only=True)
    assert dict(algo_params(one)) == {
        "algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "SELL", "positionSide": "BOTH",
        "type": kind.value.upper(), "triggerPrice": "100000", "quantity": "0.01", "reduceOnly": "true",
        "clientAlgoId": "ae-1",
    }  # fmt: skip
    request = requests.place_algo(algo_params(one), 5)
    assert (request.method, request.path, request.counter) == ("POST", "/fapi/v1/algoOrder", ORDERS)


@pytest.mark.parametrize(
    "changes",
    [
        {"price": None},
        {"type": OrderType.MARKET},
        {"type": OrderType.BEST, "price": None},
        {"type": OrderType.STOP_MARKET, "price": None, "trigger_price": Decimal(5)},
        {"quantity": Decimal(0)},
        {"type": OrderType.MARKET, "price": None, "quantity": Decimal(0), "cost": Decimal(100)},
    ],
)
def test_what_the_venue_does_not_take_is_refused_unsent(changes: dict[str, Any]) -> None:
    with pytest.raises(ExchangeRefused, match="takes no such order") as raised:
        params_of(**changes)
    assert raised.value.reason == Reason.ORDER_UNSUPPORTED


def test_a_trigger_needs_its_price_and_no_limit() -> None:
    for changes in ({"trigger_price": None}, {"trigger_price": Decimal(5), "price": Decimal(5)}):
        with pytest.raises(ExchangeRefused):
            algo_params(order(**{"type": OrderType.STOP_MARKET, "price": None, **changes}))


@pytest.mark.parametrize(
    ("value", "text"),
    [("0.10", "0.1"), ("1E+3", "1000"), ("1E-8", "0.00000001"), ("100", "100"), (LONG, LONG), ("0", "0")],
)
def test_numbers_are_written_whole(value: str, text: str) -> None:
    assert number(Decimal(value)) == text


def test_what_changes_something_is_signed_shielded_and_never_repeated() -> None:
    changes = [
        requests.place(params_of(), 7),
        requests.place_algo({}, 7),
        requests.amend({}),
        requests.cancel({}),
        requests.cancel_algo({}),
        requests.cancel_open("BTCUSDT"),
        requests.cancel_open_algo("BTCUSDT"),
        requests.countdown("BTCUSDT", 60 * 10**9),
        requests.set_leverage("BTCUSDT", 5),
        requests.set_margin_type("BTCUSDT", isolated=True),
        requests.set_hedge_mode(on=True),
        requests.set_multi_assets(on=False),
    ]
    for request in changes:
        assert request.signed
        assert request.shielded
        assert not request.repeatable
        assert request.method in {"POST", "PUT", "DELETE"}
        assert request.body == b""
        assert request.urgent == (request.method == "DELETE" or "countdown" in request.path)
    assert [request.counter for request in changes[:3]] == [ORDERS] * 3
    assert {request.counter for request in changes[3:]} == {REQUEST_WEIGHT}
    assert changes[0].expires_at == 7
    assert asked(changes[7]) == {"symbol": "BTCUSDT", "countdownTime": "60000"}
    assert asked(requests.countdown("BTCUSDT", 1))["countdownTime"] == "1"
    assert asked(requests.countdown("BTCUSDT", 0))["countdownTime"] == "0"
    assert [asked(request) for request in changes[8:]] == [
        {"symbol": "BTCUSDT", "leverage": "5"},
        {"symbol": "BTCUSDT", "marginType": "ISOLATED"},
        {"dualSidePosition": "true"},
        {"multiAssetsMargin": "false"},
    ]


def test_questions_are_signed_and_may_be_repeated() -> None:
    questions = [
        (requests.account(), "/fapi/v3/account", 5),
        (requests.balance(), "/fapi/v3/balance", 5),
        (requests.position_risk(), "/fapi/v3/positionRisk", 5),
        (requests.account_config(), "/fapi/v1/accountConfig", 5),
        (requests.symbol_config("X"), "/fapi/v1/symbolConfig", 5),
        (requests.leverage_bracket("X"), "/fapi/v1/leverageBracket", 1),
        (requests.commission_rate("X"), "/fapi/v1/commissionRate", 20),
        (requests.fee_burn(), "/fapi/v1/feeBurn", 30),
        (requests.open_orders("X"), "/fapi/v1/openOrders", 1),
        (requests.open_orders(), "/fapi/v1/openOrders", 40),
        (requests.open_algo_orders("X"), "/fapi/v1/openAlgoOrders", 1),
        (requests.all_orders("X", 0, HOUR), "/fapi/v1/allOrders", 5),
        (requests.user_trades("X", 0, HOUR), "/fapi/v1/userTrades", 5),
        (requests.income("FUNDING_FEE", "", 0, HOUR), "/fapi/v1/income", 30),
        (requests.query({}), "/fapi/v1/order", 1),
        (requests.query_algo({}), "/fapi/v1/algoOrder", 1),
    ]  # fmt: skip
    for request, path, weight in questions:
        assert (request.method, request.path, request.weight) == ("GET", path, weight)
        assert request.signed
        assert request.repeatable
        assert request.counter == REQUEST_WEIGHT


def test_a_span_is_a_week_at_most() -> None:
    sent = asked(requests.user_trades("BTCUSDT", 10**18, 2 * 10**18))
    assert int(sent["endTime"]) - int(sent["startTime"]) == 7 * 86_400_000
    assert sent["limit"] == "1000"
    assert "symbol" not in asked(requests.income("FUNDING_FEE", "", 0, HOUR))


def test_the_listen_key_needs_no_signature_and_no_parameters() -> None:
    found = [requests.make_listen_key(), requests.extend_listen_key(), requests.end_listen_key()]
    assert [one.method for one in found] == ["POST", "PUT", "DELETE"]
    assert all(not one.signed and not one.query and one.repeatable for one in found)


def test_orders_are_named_by_our_id_wherever_there_is_one() -> None:
    both = OrderRef(client_order_id="ae-1", instrument=KEY, venue_order_id="7")
    theirs = OrderRef(instrument=KEY, venue_order_id="7")
    assert dict(order_name(both)) == {"symbol": "BTCUSDT", "origClientOrderId": "ae-1"}
    assert dict(order_name(theirs)) == {"symbol": "BTCUSDT", "orderId": "7"}
    assert dict(algo_name(both)) == {"clientAlgoId": "ae-1"}
    assert dict(algo_name(theirs)) == {"algoId": "7"}
    change = Amendment(side=Side.BUY, quantity=Decimal("0.020"), price=Decimal("1E+5"))
    assert dict(amend_params(both, change)) == {
        "symbol": "BTCUSDT", "origClientOrderId": "ae-1", "side": "BUY", "quantity": "0.02", "price": "100000",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "life", "kind", "expiry", "reason"),
    [
        ("NEW", "GTC", "LIMIT", "", None),
        ("FILLED", "GTC", "LIMIT", "0", None),
        ("CANCELED", "GTC", "LIMIT", "", Reason.ORDER_CANCELLED),
        ("REJECTED", "GTC", "LIMIT", "", Reason.ORDER_REFUSED),
        ("EXPIRED_IN_MATCH", "GTC", "LIMIT", "", Reason.ORDER_SELF_MATCH),
        ("EXPIRED", "IOC", "LIMIT", "0", Reason.ORDER_NO_LIQUIDITY),
        ("EXPIRED", "FOK", "LIMIT", "", Reason.ORDER_NO_LIQUIDITY),
        ("EXPIRED", "GTC", "MARKET", "", Reason.ORDER_NO_LIQUIDITY),
        ("EXPIRED", "GTX", "LIMIT", "0", Reason.ORDER_WOULD_TAKE),
        ("EXPIRED", "GTC", "LIMIT", "", Reason.ORDER_EXPIRED),
        ("EXPIRED", "GTC", "LIMIT", "1", Reason.ORDER_SELF_MATCH),
        ("EXPIRED", "IOC", "LIMIT", "2", Reason.ORDER_NO_LIQUIDITY),
        ("EXPIRED", "IOC", "LIMIT", "3", Reason.ORDER_SELF_MATCH),
        ("EXPIRED", "GTC", "LIMIT", "4", Reason.ORDER_NOTHING_TO_REDUCE),
        ("EXPIRED", "GTC", "LIMIT", "5", Reason.ORDER_BY_VENUE),
        ("EXPIRED", "GTC", "LIMIT", "7", Reason.ORDER_BY_VENUE),
        ("EXPIRED", "GTC", "MARKET", "9", Reason.ORDER_NO_LIQUIDITY),
    ],
)
def test_why_an_order_ended(status: str, life: str, kind: str, expiry: str, reason: Reason | None) -> None:
    assert reason_of_end(status, life=life, kind=kind, expiry=expiry) == reason


def test_an_unknown_status_is_an_exchange_error() -> None:
    assert state_of("NEW_ADL") is OrderState.ACKNOWLEDGED
    with pytest.raises(ExchangeError, match="SOMETHING"):
        state_of("SOMETHING")


def test_rows_keep_every_digit() -> None:
    long = {**samples.TRADE, "price": LONG, "qty": LONG, "commission": f"-{LONG}"}
    (row,) = values.told(encode([long]), values.TRADES, "x")
    assert (str(row.price), str(row.qty), str(row.commission)) == (LONG, LONG, f"-{LONG}")
    bracket = b'{"initialLeverage":5,"notionalCap":0.1234567890123456789,"notionalFloor":0,'
    bracket += b'"maintMarginRatio":0.0040000000000000001}'
    numbers = b'[{"symbol":"X","brackets":[%s]}]' % bracket
    found = values.told(numbers, values.BRACKETS, "x")
    assert isinstance(found, list)
    assert str(found[0].brackets[0].notional_cap) == "0.1234567890123456789"
    assert str(found[0].brackets[0].maint_margin_ratio) == "0.0040000000000000001"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999999", "abc", None, [], "1" * 60])
def test_amounts_that_are_none_are_refused(value: Any) -> None:
    with pytest.raises(ExchangeError):
        values.told(encode([{**samples.TRADE, "qty": value}]), values.TRADES, "x")
    with pytest.raises(OutcomeUnknown):
        values.done(encode({**samples.PLACED, "executedQty": value}), values.ORDER, "order")


def test_an_answer_that_lost_its_average_price_is_whole() -> None:
    row = values.done(encode(samples.PLACED), values.ORDER, "order")
    report = news().report_of(row, 5)
    assert report == OrderReport(
        client_order_id="ae-1", state=OrderState.ACKNOWLEDGED, venue_order_id="4000123", filled=Decimal("0.000"),
        detail="NEW", instrument=KEY, ts=1795143845012 * 10**6, recv_ts=5,
    )  # fmt: skip


def test_events_by_kind() -> None:
    kinds = {
        OrderChange: samples.EVENT, TradeLite: samples.LITE, AccountChange: samples.ACCOUNT_UPDATE,
        AlgoUpdate: samples.ALGO_UPDATE, MarginCall: samples.MARGIN_CALL, KeyExpired: samples.KEY_EXPIRED,
        Passed: samples.CONFIG_UPDATE,
    }  # fmt: skip
    for kind, frame in kinds.items():
        assert type(read_event(encode(frame))) is kind
    assert type(read_event(b'{"e":"SOMETHING_NEW","x":[1]}')) is Passed


def test_an_event_is_a_fill_and_then_a_state() -> None:
    one = news()
    change = read_event(event(L=LONG, n=LONG, m=True))
    assert isinstance(change, OrderChange)
    fill, report = one.changed(change, 9)
    assert fill == Fill(
        fill_id="BTCUSDT-12345678", client_order_id="ae-1", instrument=KEY, side=Side.SELL, quantity=Decimal("0.010"),
        price=Decimal(LONG), fee=Decimal(LONG), fee_currency="USDT", liquidity=Liquidity.MAKER,
        venue_order_id="4000123", ts=samples.MS * 10**6, recv_ts=9,
    )  # fmt: skip
    assert isinstance(report, OrderReport)
    assert (report.state, report.filled, report.reason) == (OrderState.FILLED, Decimal("0.010"), "")
    assert one.changed(change, 10) == []


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("autoclose-1795143845650", OrderOrigin.LIQUIDATION),
        ("adl_autoclose", OrderOrigin.ADL),
        ("settlement_autoclose-BTCUSDT", OrderOrigin.SETTLEMENT),
        ("ae-77", OrderOrigin.OURS),
        ("web_1", OrderOrigin.FOREIGN),
    ],
)
def test_who_placed_an_order(name: str, origin: OrderOrigin) -> None:
    change = read_event(event(c=name))
    assert isinstance(change, OrderChange)
    told = news().changed(change, 9)
    assert [one.origin for one in told] == [origin, origin]


def test_frames_that_can_not_be_read_are_exchange_errors() -> None:
    for frame in (b"", b"[]", b"\xff", b"[" * 9999, event(t="x"), event(S="HOLD"), event(l="NaN"), event(z="-")):
        with pytest.raises(ExchangeError):
            read_event(frame)
