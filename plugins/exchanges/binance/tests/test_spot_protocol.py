"""Spot's requests, answers and events: what goes out is what was meant, what comes in keeps every digit."""

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest

from arbcore.errors import ExchangeError, ExchangeRefused, OutcomeUnknown
from arbcore.model.order import (
    Amendment,
    Liquidity,
    OrderOrigin,
    OrderRef,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)
from arbcore.model.reason import Reason
from arbcore.net.request import Reply, Request
from arbcore_exchange_binance.protocol import spot_events, spot_replies, spot_requests, spot_values
from arbcore_exchange_binance.protocol.exact import number
from arbcore_exchange_binance.protocol.private_failures import private_failure
from arbcore_exchange_binance.protocol.requests import ORDERS, REQUEST_WEIGHT
from plugins.exchanges.binance.tests.samples import encode, reply
from plugins.exchanges.binance.tests.spot_samples import (
    ACCOUNT,
    CANCEL_EVENT,
    CANCELLED,
    COMMISSION,
    EXECUTION,
    FULL,
    KEY,
    LISTED,
    MY_TRADE,
    NEW_EVENT,
    POSITION,
    ROW,
    event,
    order,
)

LONG = "0.12345678901234567890"


def asked(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.query, keep_blank_values=True).items()}


def refused_reason(code: int, msg: str) -> str:
    error = private_failure(400, encode({"code": code, "msg": msg}), "order")
    assert isinstance(error, ExchangeRefused)
    return error.reason


@pytest.mark.parametrize(
    ("changes", "terms"),
    [
        ({}, {"type": "LIMIT", "timeInForce": "GTC", "quantity": "0.3", "price": "109950.1"}),
        ({"time_in_force": TimeInForce.FOK}, {"type": "LIMIT", "timeInForce": "FOK"}),
        ({"time_in_force": TimeInForce.POST_ONLY}, {"type": "LIMIT_MAKER", "price": "109950.1"}),
        ({"type": OrderType.MARKET, "price": None}, {"type": "MARKET", "quantity": "0.3"}),
        (
            {"type": OrderType.MARKET, "price": None, "quantity": Decimal(0), "cost": Decimal("1E+2")},
            {"type": "MARKET", "quoteOrderQty": "100"},
        ),
    ],
)
def test_orders_are_written_as_meant(changes: dict[str, Any], terms: dict[str, str]) -> None:
    request = spot_requests.place(spot_requests.order_params(order(**changes), "NONE"), 7)
    sent = asked(request)
    common = {"symbol": "BTCUSDT", "side": "BUY", "newClientOrderId": "ae-1", "newOrderRespType": "FULL"}
    assert {**common, **terms, "selfTradePreventionMode": "NONE"}.items() <= sent.items()
    assert ("timeInForce" in sent) == (terms["type"] == "LIMIT")
    assert len({"quantity", "quoteOrderQty"} & sent.keys()) == 1
    assert (request.method, request.path, request.counter) == ("POST", "/api/v3/order", ORDERS)
    assert request.signed
    assert request.shielded
    assert not request.repeatable
    assert request.expires_at == 7


@pytest.mark.parametrize(
    "changes",
    [
        {"type": OrderType.BEST, "price": None},
        {"type": OrderType.STOP_MARKET, "price": None, "trigger_price": Decimal(1)},
        {"reduce_only": True},
        {"price": None},
        {"cost": Decimal(5)},
        {"type": OrderType.MARKET},
        {"type": OrderType.MARKET, "price": None, "time_in_force": TimeInForce.POST_ONLY},
    ],
)
def test_orders_of_other_kinds_are_not_sent(changes: dict[str, Any]) -> None:
    with pytest.raises(ExchangeRefused, match="not sent") as caught:
        spot_requests.order_params(order(**changes), "NONE")
    assert caught.value.reason == Reason.ORDER_UNSUPPORTED


@pytest.mark.parametrize(
    ("value", "text"),
    [("0.10", "0.1"), ("1E+3", "1000"), ("1E-8", "0.00000001"), ("100", "100"), ("12345678901234567890.5", None)],
)
def test_amounts_are_written_whole(value: str, text: str | None) -> None:
    assert number(Decimal(value)) == (text or value)


def test_cancels_are_urgent_and_name_the_order() -> None:
    by_ours = spot_requests.cancel(OrderRef(client_order_id="ae-1", instrument=KEY, venue_order_id="28"))
    assert asked(by_ours) == {"symbol": "BTCUSDT", "origClientOrderId": "ae-1"}
    assert (by_ours.method, by_ours.urgent, by_ours.shielded, by_ours.repeatable) == ("DELETE", True, True, False)
    assert by_ours.counter == REQUEST_WEIGHT
    by_theirs = spot_requests.cancel(OrderRef(instrument=KEY, venue_order_id="28"))
    assert asked(by_theirs) == {"symbol": "BTCUSDT", "orderId": "28"}


def test_replacing_places_nothing_without_the_cancel() -> None:
    change = Amendment(side=Side.BUY, quantity=Decimal("0.2"), price=Decimal(5), new_client_order_id="ae-2")
    request = spot_requests.replace_order(OrderRef(client_order_id="ae-1", instrument=KEY), change, "NONE")
    sent = asked(request)
    assert sent["cancelReplaceMode"] == "STOP_ON_FAILURE"
    assert sent["cancelRestrictions"] == "ONLY_NEW"
    assert (sent["cancelOrigClientOrderId"], sent["newClientOrderId"]) == ("ae-1", "ae-2")
    assert (sent["quantity"], sent["price"]) == ("0.2", "5")
    named = spot_requests.replace_order(OrderRef(instrument=KEY, venue_order_id="28"), change, "NONE")
    assert asked(named)["cancelOrderId"] == "28"


def test_questions_may_be_repeated_and_name_their_span() -> None:
    request = spot_requests.trades("BTCUSDT", since=1_795_143_845_000_000_001, until=1_795_143_846_000_000_001)
    assert asked(request) == {
        "symbol": "BTCUSDT", "startTime": "1795143845000", "endTime": "1795143846001", "limit": "1000"
    }  # fmt: skip
    assert request.repeatable
    assert asked(spot_requests.all_orders("BTCUSDT", from_id=29))["orderId"] == "29"
    assert asked(spot_requests.account()) == {"omitZeroBalances": "true"}


def test_a_full_answer_tells_fills_with_their_fees() -> None:
    row = spot_replies.read_order(encode(FULL), "order")
    report = spot_values.order_report(row, "binance", OrderOrigin.OURS, 5)
    assert (report.state, report.filled, report.venue_order_id) == (OrderState.FILLED, Decimal("0.3"), "28")
    assert (report.instrument, report.ts) == (KEY, 1_795_143_845_012_000_000)
    first, second = spot_values.placed_fills(row, "binance", Side.BUY, 5)
    assert (first.fee, first.fee_currency, first.fill_id) == (Decimal("0.00000912"), "BNB", "BTCUSDT-56")
    assert (second.fee, second.fee_currency, second.quantity) == (Decimal("0.0002"), "BTC", Decimal("0.2"))
    assert first.liquidity is Liquidity.TAKER


def test_a_fill_has_one_id_whichever_way_it_comes() -> None:
    told = spot_events.read_user_frame(event(EXECUTION))
    assert isinstance(told, spot_events.Execution)
    by_stream = spot_events.execution_fill(told, "binance", OrderOrigin.OURS, 0)
    (row,) = spot_replies.read_trades(encode([MY_TRADE]), "myTrades")
    by_request = spot_values.trade_fill(row, "binance", "ae-1", OrderOrigin.OURS, 0)
    (by_answer, _) = spot_values.placed_fills(spot_replies.read_order(encode(FULL), ""), "binance", Side.BUY, 0)
    assert by_stream is not None
    assert by_stream.fill_id == by_request.fill_id == by_answer.fill_id
    same = ("quantity", "price", "fee", "fee_currency", "client_order_id", "side", "venue_order_id", "instrument")
    assert all(getattr(by_stream, name) == getattr(by_request, name) == getattr(by_answer, name) for name in same)


@pytest.mark.parametrize("field", ["price", "executedQty", "origQty"])
def test_no_digit_is_lost(field: str) -> None:
    text = encode({**ROW, field: LONG})
    for body in (text, text.replace(f'"{LONG}"'.encode(), LONG.encode())):
        row = spot_replies.read_order(body, "order")
        assert Decimal(LONG) in {row.price, row.executed_qty, row.orig_qty}


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999999999", "1" * 41, "1e-21", "0e999", "x", ""])
def test_what_is_no_amount_is_refused(value: str) -> None:
    with pytest.raises(ExchangeError, match="can't be read"):
        spot_replies.read_order(encode({**ROW, "executedQty": value}), "order")


@pytest.mark.parametrize(
    ("status", "kind", "life", "state", "reason"),
    [
        ("NEW", "LIMIT", "GTC", OrderState.PARTIALLY_FILLED, ""),
        ("PENDING_CANCEL", "LIMIT", "GTC", OrderState.PARTIALLY_FILLED, ""),
        ("CANCELED", "LIMIT", "GTC", OrderState.CANCELLED, Reason.ORDER_CANCELLED),
        ("EXPIRED", "LIMIT", "IOC", OrderState.EXPIRED, Reason.ORDER_NO_LIQUIDITY),
        ("EXPIRED", "LIMIT", "FOK", OrderState.EXPIRED, Reason.ORDER_NO_LIQUIDITY),
        ("EXPIRED", "MARKET", "GTC", OrderState.EXPIRED, Reason.ORDER_NO_LIQUIDITY),
        ("EXPIRED", "LIMIT", "GTC", OrderState.EXPIRED, Reason.ORDER_BY_VENUE),
        ("EXPIRED_IN_MATCH", "LIMIT", "IOC", OrderState.EXPIRED, Reason.ORDER_SELF_MATCH),
        ("REJECTED", "LIMIT", "GTC", OrderState.REJECTED, Reason.ORDER_REFUSED),
    ],
)
def test_statuses(status: str, kind: str, life: str, state: OrderState, reason: str) -> None:
    body = encode({**ROW, "status": status, "type": kind, "timeInForce": life})
    report = spot_values.order_report(spot_replies.read_order(body, ""), "binance", OrderOrigin.OURS, 0)
    assert (report.state, report.reason) == (state, reason)


def test_an_unknown_status_is_an_error() -> None:
    with pytest.raises(ExchangeError, match="no status"):
        spot_values.state_of("SLEEPING", Decimal(0))


def test_a_cancel_tells_the_order_by_its_own_id() -> None:
    row = spot_replies.read_order(encode(CANCELLED), "cancel")
    assert spot_values.order_report(row, "binance", OrderOrigin.OURS, 0).client_order_id == "ae-1"
    told = spot_events.read_user_frame(event(CANCEL_EVENT))
    assert isinstance(told, spot_events.Execution)
    report = spot_events.execution_report(told, "binance", OrderOrigin.OURS, 0)
    assert (report.client_order_id, report.state, report.filled) == ("ae-1", OrderState.CANCELLED, Decimal("0.1"))
    assert spot_events.execution_fill(told, "binance", OrderOrigin.OURS, 0) is None


def test_an_event_without_a_fill_has_a_null_fee() -> None:
    told = spot_events.read_user_frame(event(NEW_EVENT))
    assert isinstance(told, spot_events.Execution)
    assert spot_events.execution_report(told, "binance", OrderOrigin.OURS, 0).state is OrderState.ACKNOWLEDGED


def test_balances_are_free_and_locked() -> None:
    told = spot_events.read_user_frame(event(POSITION))
    assert isinstance(told, spot_events.Balances)
    update = spot_events.balances_update(told, "binance", 0)
    assert [(one.currency, one.total, one.locked) for one in update.balances] == [
        ("BTC", Decimal("1.3"), Decimal("0.2")),
        ("BNB", Decimal("12.4"), Decimal(0)),
    ]
    assert update.ts == 1_795_143_845_650_000_000


def test_the_account() -> None:
    found = spot_replies.read_account(reply(ACCOUNT))
    snapshot = spot_replies.account_snapshot(found, "binance", 9)
    assert {one.currency: one.total for one in snapshot.balances} == {
        "BTC": Decimal("4723846.99208130"),
        "BNB": Decimal("12.5"),
    }
    assert snapshot.ts == 1_795_143_845_012_000_000
    assert snapshot.positions == ()


def test_terms_add_the_parts_of_the_rates() -> None:
    rates = spot_replies.read_commission(encode(COMMISSION))
    terms = spot_replies.trading_terms(KEY, rates, spot_replies.read_listed(encode(LISTED), "BTCUSDT"))
    assert (terms.maker, terms.taker) == (Decimal("0.00110112"), Decimal("0.00130114"))
    assert (terms.min_notional, terms.max_notional, terms.trading) == (Decimal(5), Decimal(9_000_000), True)
    with pytest.raises(ExchangeError, match="not listed"):
        spot_replies.read_listed(encode(LISTED), "ETHUSDT")


@pytest.mark.parametrize(
    ("msg", "reason"),
    [
        ("Filter failure: LOT_SIZE", Reason.ORDER_OFF_GRID),
        ("Filter failure: PRICE_FILTER", Reason.ORDER_OFF_GRID),
        ("Filter failure: NOTIONAL", Reason.ORDER_BELOW_MINIMUM),
        ("Filter failure: MIN_NOTIONAL", Reason.ORDER_BELOW_MINIMUM),
        ("Filter failure: PERCENT_PRICE_BY_SIDE", Reason.ORDER_PRICE_BAND),
        ("Filter failure: MAX_NUM_ORDERS", Reason.ORDER_TOO_MANY),
    ],
)
def test_filters_by_their_names(msg: str, reason: Reason) -> None:
    assert refused_reason(-1013, msg) == reason


@pytest.mark.parametrize(
    ("msg", "reason"),
    [
        ("Account has insufficient balance for requested action.", Reason.ORDER_INSUFFICIENT_BALANCE),
        ("Order would immediately match and take.", Reason.ORDER_WOULD_TAKE),
        ("Duplicate order sent.", Reason.ORDER_DUPLICATE_ID),
        ("Market is closed.", Reason.MARKET_CLOSED),
        ("Something new.", Reason.ORDER_REFUSED),
    ],
)
def test_rejections_by_their_words(msg: str, reason: Reason) -> None:
    assert refused_reason(-2010, msg) == reason


def replaced(status: int, **parts: Any) -> Reply:
    return reply(parts, status)


def halves(cancel: str, new: str, cancel_response: Any, new_response: Any) -> dict[str, Any]:
    return {
        "cancelResult": cancel,
        "newOrderResult": new,
        "cancelResponse": cancel_response,
        "newOrderResponse": new_response,
    }


def test_replacing_succeeds_whole() -> None:
    done = spot_replies.read_replaced(replaced(200, **halves("SUCCESS", "SUCCESS", CANCELLED, FULL)), "amend")
    assert done.cancelled.client_id == "ae-1"
    assert done.placed is not None
    assert done.placed.status == "FILLED"


def test_replacing_succeeds_by_half() -> None:
    failed = {"code": -2010, "msg": "Account has insufficient balance for requested action."}
    body = {"code": -2021, "msg": "Order cancel-replace partially failed.",
            "data": halves("SUCCESS", "FAILURE", CANCELLED, failed)}  # fmt: skip
    done = spot_replies.read_replaced(replaced(409, **body), "amend")
    assert done.cancelled.status == "CANCELED"
    assert done.placed is None
    assert isinstance(done.error, ExchangeRefused)
    assert done.error.reason == Reason.ORDER_INSUFFICIENT_BALANCE


def test_replacing_fails_whole() -> None:
    gone = {"code": -2011, "msg": "Unknown order sent."}
    body = {"code": -2022, "msg": "Order cancel-replace failed.",
            "data": halves("FAILURE", "NOT_ATTEMPTED", gone, None)}  # fmt: skip
    with pytest.raises(ExchangeRefused) as caught:
        spot_replies.read_replaced(replaced(400, **body), "amend")
    assert caught.value.reason == Reason.ORDER_UNKNOWN


def test_replacing_refuses_what_has_begun_to_fill() -> None:
    kept = {"code": -2011, "msg": "Order was not canceled due to cancel restrictions."}
    body = {"code": -2022, "msg": "", "data": halves("FAILURE", "NOT_ATTEMPTED", kept, None)}
    with pytest.raises(ExchangeRefused) as caught:
        spot_replies.read_replaced(replaced(400, **body), "amend")
    assert caught.value.reason == Reason.ORDER_UNSUPPORTED


@pytest.mark.parametrize("status", [200, 409])
def test_replacing_with_an_unreadable_answer_is_unknown(status: int) -> None:
    with pytest.raises(OutcomeUnknown):
        spot_replies.read_replaced(reply(b"{]", status), "amend")
    with pytest.raises(OutcomeUnknown):
        spot_replies.read_replaced(reply(halves("SUCCESS", "SUCCESS", {}, {}), 200), "amend")


@pytest.mark.parametrize("status", [503, 500])
def test_replacing_with_a_server_error_is_unknown(status: int) -> None:
    with pytest.raises(OutcomeUnknown):
        spot_replies.read_replaced(reply({"code": -1007, "msg": "Timeout"}, status), "amend")
