"""Refusals of private requests: the three outcomes, the reason of each code, and that no secret is quoted."""

import pytest

from arbcore.errors import ExchangeError, ExchangeRefused, ExchangeUnavailable, OutcomeUnknown, RateLimited
from arbcore.model.reason import Reason
from arbcore_exchange_binance.protocol.calls import read_call_id, read_result
from arbcore_exchange_binance.protocol.private_failures import REASONS, private_failure, require_done
from plugins.exchanges.binance.tests.samples import encode, reply

R = Reason
UNKNOWN = "Unknown error, please check your request or try again later."

OUTCOMES: list[tuple[int, object, type[ExchangeError]]] = [
    (503, {"code": 0, "msg": UNKNOWN}, OutcomeUnknown),
    (503, {"msg": UNKNOWN}, OutcomeUnknown),
    (503, {"code": 0, "msg": "Service Unavailable."}, ExchangeUnavailable),
    (503, {"code": -1008, "msg": "Request throttled by system-level protection."}, ExchangeUnavailable),
    (400, {"code": -1008, "msg": "Server is currently overloaded"}, ExchangeUnavailable),
    (200, {"code": -1007, "msg": "Timeout waiting for response from backend server."}, OutcomeUnknown),
    (400, {"code": -1006, "msg": "An unexpected response was received from the message bus."}, OutcomeUnknown),
    (400, {"code": -1000, "msg": "An unknown error occurred while processing the request."}, OutcomeUnknown),
    (400, {"code": -1001, "msg": "Internal error; unable to process your request."}, OutcomeUnknown),
    (408, {}, OutcomeUnknown),
    (500, {"code": -2019, "msg": "Margin is insufficient."}, OutcomeUnknown),
    (504, {}, OutcomeUnknown),
    (302, {}, OutcomeUnknown),
    (429, {"code": -1015, "msg": "Too many new orders."}, RateLimited),
    (418, {"code": -1003, "msg": "IP banned until 1795143845123"}, RateLimited),
    (400, {"code": -1003, "msg": "Too many requests."}, RateLimited),
    (403, {}, ExchangeRefused),
    (401, {}, ExchangeRefused),
    (400, {"code": -4999, "msg": "something new"}, ExchangeRefused),
]


@pytest.mark.parametrize(("status", "body", "kind"), OUTCOMES)
def test_outcomes(status: int, body: object, kind: type[ExchangeError]) -> None:
    assert type(private_failure(status, encode(body), "order")) is kind


def test_503_in_a_proxys_words() -> None:
    assert type(private_failure(503, b"Service Unavailable.", "order")) is ExchangeUnavailable
    assert type(private_failure(502, b"<html>Bad Gateway</html>", "order")) is OutcomeUnknown


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        (-1013, "Filter failure: LOT_SIZE", R.ORDER_OFF_GRID),
        (-1013, "Filter failure: PRICE_FILTER", R.ORDER_OFF_GRID),
        (-1013, "Filter failure: NOTIONAL", R.ORDER_BELOW_MINIMUM),
        (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE", R.ORDER_PRICE_BAND),
        (-1013, "Filter failure: MAX_NUM_ORDERS", R.ORDER_TOO_MANY),
        (-1013, "Invalid quantity.", R.ORDER_BELOW_MINIMUM),
        (-2010, "Account has insufficient balance for requested action.", R.ORDER_INSUFFICIENT_BALANCE),
        (-2010, "Order would immediately match and take.", R.ORDER_WOULD_TAKE),
        (-2010, "Duplicate order sent.", R.ORDER_DUPLICATE_ID),
        (-2010, "Something else.", R.ORDER_REFUSED),
        (-2011, "Unknown order sent.", R.ORDER_UNKNOWN),
        (-2013, "Order does not exist.", R.ORDER_UNKNOWN),
        (-2019, "Margin is insufficient.", R.ORDER_INSUFFICIENT_BALANCE),
        (-2022, "ReduceOnly Order is rejected.", R.ORDER_NOTHING_TO_REDUCE),
        (-2027, "Exceeded the maximum allowable position at current leverage.", R.ORDER_POSITION_LIMIT),
        (-4164, "Order's notional must be no smaller than 100", R.ORDER_BELOW_MINIMUM),
        (-1111, "Precision is over the maximum defined for this asset.", R.ORDER_OFF_GRID),
        (-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.", R.ORDER_PRICE_BAND),
        (-5021, "Due to the order could not be filled immediately, the FOK order is rejected.", R.ORDER_NO_LIQUIDITY),
        (-5022, "Due to the order could not be executed as maker, it will be rejected.", R.ORDER_WOULD_TAKE),
        (-4116, "ClientOrderId is duplicated.", R.ORDER_DUPLICATE_ID),
        (-1021, "Timestamp for this request is outside of the recvWindow.", R.VENUE_CLOCK_SKEWED),
        (-5028, "Timestamp for this request is outside of the ME recvWindow.", R.VENUE_CLOCK_SKEWED),
        (-2015, "Invalid API-key, IP, or permissions for action", R.VENUE_KEY_REFUSED),
        (-1015, "Too many new orders", R.ORDER_TOO_MANY),
        (-2025, "Reach max open order limit.", R.ORDER_TOO_MANY),
        (-5024, "Symbol is not in trading status.", R.MARKET_CLOSED),
        (-1121, "Invalid symbol.", R.ORDER_UNKNOWN_INSTRUMENT),
    ],
)  # fmt: skip
def test_reasons(code: int, text: str, reason: Reason) -> None:
    error = private_failure(400, encode({"code": code, "msg": text}), "order")
    assert isinstance(error, ExchangeRefused)
    assert (error.reason, error.code) == (reason, str(code))
    assert text in str(error)


def test_every_code_of_the_table_is_a_refusal_with_its_reason() -> None:
    for code, reason in REASONS.items():
        error = private_failure(400, encode({"code": code, "msg": "x"}), "order")
        assert isinstance(error, ExchangeRefused)
        assert error.reason == reason


def test_no_secret_is_quoted() -> None:
    signature, key = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9", "pqia91ma19a5s61cv6a81va65sdf"
    page = f"<h1>403</h1> POST /fapi/v1/order?symbol=BTCUSDT&signature={signature} /private/ws?listenKey={key}"
    text = str(private_failure(403, page.encode(), "order"))
    assert "BTCUSDT" in text
    assert signature[:8] not in text
    assert key[:8] not in text


def test_a_reply_that_is_done_raises_nothing() -> None:
    require_done(reply(b"{}"), "order")
    with pytest.raises(ExchangeRefused):
        require_done(reply(encode({"code": -2011, "msg": "Unknown order sent."}), 400), "cancel")


def test_answers_of_calls() -> None:
    done = {"id": "a-1", "status": 200, "result": {"orderId": 1}, "rateLimits": []}
    assert read_call_id(encode(done)) == "a-1"
    assert read_result(reply(encode(done)), "order.place") == b'{"orderId":1}'
    refused = {"id": "a-1", "status": 400, "error": {"code": -2010, "msg": "Duplicate order sent."}, "rateLimits": []}
    with pytest.raises(ExchangeRefused) as raised:
        read_result(reply(encode(refused)), "order.place")
    assert raised.value.reason == Reason.ORDER_DUPLICATE_ID
    for body in (b"", b"[]", b"\xff", b'{"id":"a"}', b"[" * 9999):
        with pytest.raises(OutcomeUnknown):
            read_result(reply(body), "order.place")
    assert [read_call_id(body) for body in (b"", b"[]", b"{}", b'{"e":"x"}', b'{"id":null}')] == [None] * 5
