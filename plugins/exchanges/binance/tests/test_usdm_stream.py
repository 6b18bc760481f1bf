"""The user stream without I/O: its key, what it asks for after opening, and how a mute one is found."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from arbcore.errors import ExchangeError
from arbcore.model.account import AccountUpdate
from arbcore.model.input import AccountSnapshot, FundingPayment
from arbcore.model.order import Fill, OrderOrigin, OrderReport, OrderState, OrderType
from arbcore.net.protocol import Fetch, Heard, Reconnect
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.usdm_memory import Memory
from arbcore_exchange_binance.protocol.usdm_stream import EXTEND, UserStream
from arbcore_exchange_binance.protocol.usdm_values import ORDER, told
from plugins.exchanges.binance.tests import usdm_samples as samples
from plugins.exchanges.binance.tests.samples import START, S, encode
from plugins.exchanges.binance.tests.usdm_samples import KEY, event, memory, order

GRACE, EVERY, RENEWAL = 5 * S, 30 * S, 1800 * S
NEVER = {"code": -2013, "msg": "Order does not exist."}


def reply(content: Any, status: int = 200, now: int = START) -> Reply:
    return Reply(status=status, headers={}, body=encode(content), sent_ts=now, recv_ts=now)


class Line:
    """One connection, with a venue that answers by path.

    Attributes:
        answers: Contents by path, or pairs of status and content.
        heard: Everything that was told.
        asked: Paths in the order of the requests.
    """

    def __init__(self, known: Memory | None = None, now: int = START) -> None:
        self.memory = known or memory()
        self.stream = UserStream("ws://h/private", self.memory, renewal=RENEWAL, reconcile=EVERY, grace=GRACE)
        self.now = now
        self.heard: list[Heard] = []
        self.asked: list[str] = []
        self.answers: dict[str, Any] = {
            "/fapi/v1/listenKey": {"listenKey": "the-key"},
            "/fapi/v1/openOrders": [],
            "/fapi/v1/openAlgoOrders": [],
            "/fapi/v1/userTrades": [],
            "/fapi/v1/fundingRate": samples.RATES,
            "/fapi/v1/income": [],
            "/fapi/v3/account": samples.ACCOUNT,
            "/fapi/v3/positionRisk": [samples.POSITION],
            "/fapi/v1/order": (400, NEVER),
            "/fapi/v1/algoOrder": (400, NEVER),
        }

    def take(self, found: Sequence[Heard]) -> list[Heard]:
        """Answer what is asked for until nothing is; return what was told meanwhile."""
        start, waiting = len(self.heard), list(found)
        while waiting:
            one = waiting.pop(0)
            if isinstance(one, Fetch):
                self.asked.append(f"{one.request.method} {one.request.path}?{one.request.query}".rstrip("?"))
                answer = self.answers[one.request.path]
                if answer is None:
                    waiting += self.stream.fetched(one.tag, None, self.now)
                    continue
                status, content = answer if isinstance(answer, tuple) else (200, answer)
                waiting += self.stream.fetched(one.tag, reply(content, status, self.now), self.now)
            else:
                self.heard.append(one)
        return self.heard[start:]

    def tick(self, after: int = 0) -> list[Heard]:
        self.now += after
        return self.take(self.stream.tick(self.now, connected=self.stream._opened))

    def open(self) -> list[Heard]:
        self.tick()
        return self.take(self.stream.opened(self.now))

    def frame(self, content: Any) -> list[Heard]:
        return self.take(self.stream.received(content if isinstance(content, bytes) else encode(content), self.now))


def test_the_address_is_known_once_the_key_is() -> None:
    line = Line()
    assert line.stream.url == ""
    line.answers["/fapi/v1/listenKey"] = None
    line.tick()
    assert line.stream.url == ""
    line.answers["/fapi/v1/listenKey"] = {"listenKey": "a/b"}
    line.tick(S)
    assert line.stream.url == "ws://h/private/ws?listenKey=a%2Fb"
    assert line.asked == ["POST /fapi/v1/listenKey"] * 2


def test_a_refused_key_is_an_exchange_error() -> None:
    line = Line()
    line.answers["/fapi/v1/listenKey"] = (401, {"code": -2015, "msg": "Invalid API-key, IP, or permissions"})
    with pytest.raises(ExchangeError, match="-2015"):
        line.tick()


def test_the_key_is_extended_on_time_and_again_where_that_failed() -> None:
    line = Line()
    line.open()
    line.tick(RENEWAL - S)
    assert "PUT /fapi/v1/listenKey" not in line.asked
    line.answers["/fapi/v1/listenKey"] = None
    line.tick(S)
    line.answers["/fapi/v1/listenKey"] = {}
    line.tick(30 * S)
    line.tick(RENEWAL - S)
    assert line.asked.count("PUT /fapi/v1/listenKey") == 2


def test_a_key_that_no_longer_exists_ends_the_connection() -> None:
    line = Line()
    line.open()
    gone = reply({"code": -1125, "msg": "This listenKey does not exist."}, 400)
    (end,) = line.stream.fetched(EXTEND, gone, line.now)
    assert isinstance(end, Reconnect)
    assert end.mute
    (other,) = Line().frame(samples.KEY_EXPIRED)
    assert isinstance(other, Reconnect)


def test_it_delivers_once_everything_missed_is_told_and_then_tells_the_whole_account() -> None:
    line = Line()
    line.memory.news.desk.sent(order(), START)
    line.answers["/fapi/v1/order"] = samples.QUERIED
    line.answers["/fapi/v1/userTrades"] = [samples.TRADE]
    line.tick()
    first = line.stream.opened(line.now)
    assert not line.stream.delivering()
    fill, report = line.take(first)
    assert isinstance(fill, Fill)
    assert (fill.client_order_id, str(fill.fee)) == ("ae-1", "0.54975050")
    assert isinstance(report, OrderReport)
    assert report.state is OrderState.FILLED
    assert line.stream.delivering()
    # Orders that are not open any more are asked for one by one, and trades once their orders are known.
    paths = [path.split("?")[0] for path in line.asked]
    assert paths[1:] == [
        "GET /fapi/v1/openOrders", "GET /fapi/v1/openAlgoOrders", "GET /fapi/v1/order", "GET /fapi/v1/userTrades",
    ]  # fmt: skip
    (snapshot,) = line.tick()
    assert isinstance(snapshot, AccountSnapshot)
    usdt, bnb = snapshot.balances
    assert (str(usdt.total), str(usdt.locked)) == ("1226.12345678", "219.99345678")
    assert (bnb.currency, bnb.locked) == ("BNB", Decimal(0))
    (position,) = snapshot.positions
    assert (position.quantity, position.entry_value) == (Decimal("-0.010"), Decimal("-1099.512"))
    assert snapshot.ts == samples.MS * 10**6


def test_a_request_that_failed_is_asked_again_before_it_delivers() -> None:
    line = Line()
    line.answers["/fapi/v1/openOrders"] = (503, {"msg": "Service Unavailable."})
    line.open()
    assert not line.stream.delivering()
    line.tick(S)
    assert not line.stream.delivering()
    line.answers["/fapi/v1/openOrders"] = []
    line.tick(2 * S)
    assert line.stream.delivering()


def test_trades_of_orders_that_nothing_names_are_asked_for_by_number() -> None:
    line = Line()
    line.answers["/fapi/v1/userTrades"] = [samples.TRADE]
    line.answers["/fapi/v1/order"] = {**samples.QUERIED, "clientOrderId": "adl_autoclose"}
    fill, report = line.open()
    assert isinstance(fill, Fill)
    assert (fill.client_order_id, fill.origin) == ("adl_autoclose", OrderOrigin.ADL)
    assert isinstance(report, OrderReport)
    assert any("orderId=4000123" in path for path in line.asked)


def test_a_trade_whose_order_is_not_found_any_more_is_told_without_its_name() -> None:
    line = Line()
    line.answers["/fapi/v1/userTrades"] = [samples.TRADE]
    (fill,) = line.open()
    assert isinstance(fill, Fill)
    assert (fill.client_order_id, fill.origin) == ("", OrderOrigin.FOREIGN)
    assert line.stream.delivering()


def test_pages_of_trades_are_followed_to_their_end() -> None:
    line = Line()
    line.answers["/fapi/v1/order"] = samples.QUERIED
    line.tick()
    found = list(line.stream.opened(line.now))
    pages = [[{**samples.TRADE, "id": number} for number in range(first, first + size)]
             for first, size in ((1, 1000), (1001, 3))]  # fmt: skip
    heard: list[Heard] = []
    while found:
        one = found.pop(0)
        if not isinstance(one, Fetch):
            heard.append(one)
            continue
        line.asked.append(f"{one.request.path}?{one.request.query}")
        content = pages.pop(0) if "userTrades" in one.request.path else line.answers[one.request.path]
        found += line.stream.fetched(one.tag, reply(content), line.now)
    assert sum(isinstance(one, Fill) for one in heard) == 1003
    assert any("fromId=1001" in path for path in line.asked)


def test_the_next_connection_asks_for_what_came_since_and_tells_nothing_twice() -> None:
    line = Line()
    line.memory.news.desk.sent(order(), START)
    line.answers["/fapi/v1/order"] = {**samples.PLACED, "type": "LIMIT"}
    line.open()
    line.tick()
    assert len(line.frame(event())) == 2
    again = Line(line.memory, line.now + 60 * S)
    again.answers["/fapi/v1/order"] = samples.QUERIED
    again.answers["/fapi/v1/userTrades"] = [samples.TRADE]
    assert again.open() == []
    (trades,) = [path for path in again.asked if "userTrades" in path]
    start = int(dict(part.split("=") for part in trades.partition("?")[2].split("&"))["startTime"])
    assert START // 10**6 - 10_000 <= start <= START // 10**6


def test_the_account_as_events_tell_it() -> None:
    line = Line()
    line.open()
    line.tick()
    later = {**samples.ACCOUNT_UPDATE, "T": samples.MS + 1}
    (update,) = line.frame(later)
    assert isinstance(update, AccountUpdate)
    assert [(one.currency, one.total, one.locked) for one in update.balances] == [("USDT", Decimal("1226.12"), None)]
    assert [(one.quantity, one.entry_value) for one in update.positions] == [(Decimal("-0.010"), Decimal("-1099.501"))]
    assert update.cause == "order"
    assert line.frame({**samples.ACCOUNT_UPDATE, "T": samples.MS - 1}) == [], "older than what is known"


def test_positions_of_both_sides_are_told_net() -> None:
    line = Line()
    sides = [{"s": "BTCUSDT", "pa": "0.030", "ep": "100000", "mt": "CROSSED", "iw": "0", "ps": "LONG"},
             {"s": "BTCUSDT", "pa": "-0.010", "ep": "110000", "mt": "cross", "iw": "0", "ps": "SHORT"}]  # fmt: skip
    (update,) = line.frame({**samples.ACCOUNT_UPDATE, "a": {"m": "ORDER", "B": [], "P": sides}})
    assert isinstance(update, AccountUpdate)
    (position,) = update.positions
    assert (position.quantity, position.entry_value) == (Decimal("0.020"), Decimal("1900.000"))


def test_a_margin_call_has_the_account_told_anew() -> None:
    line = Line()
    line.open()
    line.tick()
    assert line.frame(samples.MARGIN_CALL) == []
    assert [type(one) for one in line.tick(S)] == [AccountSnapshot]


def test_funding_is_told_with_its_rate_and_once() -> None:
    line = Line()
    line.open()
    line.tick()
    update, payment = line.frame(samples.FUNDING)
    assert isinstance(update, AccountUpdate)
    assert isinstance(payment, FundingPayment)
    assert (payment.payment_id, payment.instrument) == ("BTCUSDT-1795161600000", KEY)
    assert (str(payment.amount), str(payment.rate), payment.currency) == ("0.10993401", "0.00010000", "USDT")
    assert payment.quantity == Decimal("-0.010")
    assert line.frame(samples.FUNDING) == [update]
    assert not [one for one in line.frame({**samples.FUNDING, "T": 1795161600900}) if isinstance(one, FundingPayment)]


def test_funding_without_a_symbol_is_asked_for() -> None:
    line = Line()
    line.open()
    line.tick()
    line.answers["/fapi/v1/income"] = samples.INCOME
    without = {**samples.FUNDING, "a": {key: one for key, one in samples.FUNDING["a"].items() if key != "S"}}
    (payment,) = [one for one in line.frame(without) if isinstance(one, FundingPayment)]
    assert (payment.payment_id, payment.amount) == ("BTCUSDT-1795161600000", Decimal("0.10993401"))
    assert payment.quantity == Decimal("-0.01"), "worked out from amount, rate and mark price"


def test_funding_whose_rate_stays_unknown_is_told_in_the_end() -> None:
    line = Line()
    line.open()
    line.tick()
    line.answers["/fapi/v1/fundingRate"] = None
    assert [type(one) for one in line.frame(samples.FUNDING)] == [AccountUpdate]
    late = [one for _ in range(8) for one in line.tick(2 * S) if isinstance(one, FundingPayment)]
    assert [(one.amount, one.rate) for one in late] == [(Decimal("0.10993401"), Decimal(0))]


def test_funding_that_was_missed_is_asked_for_after_a_reconnection() -> None:
    line = Line()
    line.open()
    again = Line(line.memory, 1795161600000 * 10**6 + 60 * S)
    again.answers["/fapi/v1/income"] = samples.INCOME
    (payment,) = again.open()
    assert isinstance(payment, FundingPayment)
    assert payment.payment_id == "BTCUSDT-1795161600000"


def quiet_line() -> Line:
    """A connection in step with the venue."""
    line = Line()
    line.open()
    line.tick()
    return line


def test_a_stream_in_step_is_never_mute() -> None:
    line = quiet_line()
    assert [one for _ in range(100) for one in line.tick(S)] == []
    assert line.asked.count("GET /fapi/v3/account") >= 3


def test_a_position_that_only_requests_know_shows_a_mute_stream() -> None:
    line = quiet_line()
    line.answers["/fapi/v3/positionRisk"] = [{**samples.POSITION, "positionAmt": "0.5", "updateTime": samples.MS + 9}]
    assert line.tick(EVERY) == []
    assert line.tick(GRACE - 1) == []
    (end,) = line.tick(1)
    assert isinstance(end, Reconnect)
    assert end.mute
    assert "BTCUSDT BOTH" in end.reason


def test_an_event_within_the_grace_settles_the_doubt() -> None:
    line = quiet_line()
    line.answers["/fapi/v3/positionRisk"] = [{**samples.POSITION, "positionAmt": "0.5", "updateTime": samples.MS + 9}]
    line.tick(EVERY)
    late = {"s": "BTCUSDT", "pa": "0.5", "ep": "109950", "ps": "BOTH"}
    line.frame({**samples.ACCOUNT_UPDATE, "T": samples.MS + 9, "a": {"m": "ORDER", "B": [], "P": [late]}})
    assert line.tick(GRACE) == []


def test_a_balance_that_only_requests_know_shows_a_mute_stream() -> None:
    line = quiet_line()
    usdt = {**samples.ACCOUNT["assets"][0], "walletBalance": "1", "updateTime": samples.MS + 9}
    line.answers["/fapi/v3/account"] = {"assets": [usdt]}
    line.tick(EVERY)
    (end,) = line.tick(GRACE)
    assert isinstance(end, Reconnect)
    assert "USDT" in end.reason


@pytest.mark.parametrize("status", ["FILLED", "CANCELED", "EXPIRED"])
def test_an_order_that_only_requests_know_shows_a_mute_stream(status: str) -> None:
    line = Line()
    line.memory.news.desk.sent(order(), START)
    line.answers["/fapi/v1/order"] = {**samples.PLACED, "type": "LIMIT"}
    line.open()
    line.tick()
    line.answers["/fapi/v1/order"] = {**samples.QUERIED, "status": status}
    assert line.tick(EVERY) == []
    (end,) = line.tick(GRACE)
    assert isinstance(end, Reconnect)
    assert "4000123" in end.reason


def test_fills_that_only_their_sum_is_known_of_are_asked_for_soon() -> None:
    line = Line()
    line.memory.news.desk.sent(order(), START)
    line.answers["/fapi/v1/order"] = {**samples.PLACED, "type": "LIMIT"}
    line.open()
    line.tick(S)
    assert [type(one) for one in line.frame(samples.LITE)] == [OrderReport]
    line.tick(S)
    line.answers["/fapi/v1/userTrades"] = [samples.TRADE]
    (fill,) = line.tick(S)
    assert isinstance(fill, Fill)
    assert (fill.client_order_id, fill.fill_id) == ("ae-1", "BTCUSDT-12345678")
    (report,) = line.frame(event())
    assert isinstance(report, OrderReport), "the fill was told before"


def test_what_an_answer_said_is_told_where_the_stream_does_not() -> None:
    line = quiet_line()
    line.memory.news.desk.sent(order(), START)
    cancelled = {**samples.PLACED, "status": "CANCELED", "type": "LIMIT"}
    line.memory.hint(told(encode(cancelled), ORDER, "x"), line.now)
    assert line.tick() == []
    (report,) = line.tick(2 * S)
    assert isinstance(report, OrderReport)
    assert (report.client_order_id, report.state) == ("ae-1", OrderState.CANCELLED)
    assert line.tick(2 * S) == []


def test_a_trigger_that_was_missed_is_followed_to_its_order() -> None:
    line = Line()
    line.memory.news.desk.sent(order(client_order_id="ae-9", type=OrderType.STOP_MARKET, price=None), START)
    line.answers["/fapi/v1/algoOrder"] = {**samples.ALGO, "algoStatus": "FINISHED", "actualOrderId": "4000123"}
    line.answers["/fapi/v1/order"] = {**samples.QUERIED, "clientOrderId": "venue-made"}
    line.answers["/fapi/v1/userTrades"] = [samples.TRADE]
    heard = line.open()
    assert {getattr(one, "client_order_id", "") for one in heard} == {"ae-9"}
    assert {getattr(one, "venue_order_id", "") for one in heard} == {"2146760"}
    states = [one.state for one in heard if isinstance(one, OrderReport)]
    assert states[-1] is OrderState.FILLED
    assert sum(isinstance(one, Fill) for one in heard) == 1


def test_an_order_that_the_venue_never_saw_is_forgotten_after_a_minute() -> None:
    line = Line()
    line.memory.news.desk.sent(order(), START)
    line.open()
    assert list(line.memory.news.desk.unsettled())
    line.tick()
    for _ in range(4):
        line.tick(EVERY)
    assert not list(line.memory.news.desk.unsettled())
    assert not [one for one in line.heard if isinstance(one, (OrderReport, Reconnect))]


def test_orders_that_are_still_open_are_not_asked_for_one_by_one() -> None:
    line = Line()
    line.memory.news.desk.sent(order(), START)
    line.memory.news.desk.sent(order(client_order_id="ae-9", type=OrderType.STOP_MARKET, price=None), START)
    line.answers["/fapi/v1/openOrders"] = [{**samples.PLACED, "type": "LIMIT"}]
    line.answers["/fapi/v1/openAlgoOrders"] = [samples.ALGO]
    reports = line.open()
    assert [one.client_order_id for one in reports if isinstance(one, OrderReport)] == ["ae-1", "ae-9"]
    assert not [path for path in line.asked if "/order?" in path or "/algoOrder?" in path]


def test_fills_that_the_venue_no_longer_tells_are_asked_for_ever_more_seldom() -> None:
    line = Line()
    line.memory.news.desk.sent(order(), START)
    line.answers["/fapi/v1/order"] = {**samples.QUERIED, "status": "PARTIALLY_FILLED", "executedQty": "0.004"}
    line.open()
    for _ in range(600):
        line.tick(S)
    assert 8 <= sum("orderId=4000123" in path and "userTrades" in path for path in line.asked) <= 20


def test_a_clock_that_jumped_is_measured_anew_by_the_connection_itself() -> None:
    line = Line()
    line.answers["/fapi/v1/openOrders"] = (400, {"code": -1021, "msg": "Timestamp is outside of the recvWindow."})
    line.answers["/fapi/v1/time"] = {"serverTime": (START + 9 * S) // 10**6}
    line.open()
    assert not line.stream.delivering()
    assert round(line.memory.offset.value / S) == 9
    line.answers["/fapi/v1/openOrders"] = []
    line.tick(S)
    line.tick(S)
    assert line.stream.delivering()


def test_what_fills_a_gap_may_use_the_urgent_share() -> None:
    line = Line()
    assert all(one.request.urgent for one in line.stream.opened(START) if isinstance(one, Fetch))
    line.memory.instruments = tuple(f"binance:X{number}" for number in range(40))
    many = UserStream("ws://h", line.memory, renewal=RENEWAL, reconcile=EVERY, grace=GRACE).opened(START)
    assert [one.request.weight for one in many if isinstance(one, Fetch)] == [40, 40]
