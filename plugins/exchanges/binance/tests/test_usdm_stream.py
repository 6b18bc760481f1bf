"""The user stream without I/O: its key, and what it asks for after opening."""

from decimal import Decimal

import pytest

from arbcore.errors import ExchangeError
from arbcore.model.input import AccountSnapshot
from arbcore.model.order import Fill, OrderOrigin, OrderReport, OrderState, OrderType
from arbcore.net.protocol import Fetch, Heard, Reconnect
from arbcore_exchange_binance.protocol.usdm_stream import EXTEND, UserStream
from plugins.exchanges.binance.tests import usdm_samples as samples
from plugins.exchanges.binance.tests.samples import START, S
from plugins.exchanges.binance.tests.usdm_line import EVERY, GRACE, RENEWAL, Line, reply
from plugins.exchanges.binance.tests.usdm_samples import event, order


def test_the_address_is_known_once_the_key_is() -> None:
    line = Line()
    assert line.stream.url == ""
    line.answers["/fapi/v1/listenKey"] = None
    line.tick()
    assert line.stream.url == ""
    line.answers["/fapi/v1/listenKey"] = {"listenKey": "a/b"}
    line.tick(S)
    assert line.stream.url == "ws://h/private/ws/a%2Fb"
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


def test_orders_that_are_still_open_are_not_asked_for_one_by_one() -> None:
    line = Line()
    line.memory.news.desk.sent(order(), START)
    line.memory.news.desk.sent(order(client_order_id="ae-9", type=OrderType.STOP_MARKET, price=None), START)
    line.answers["/fapi/v1/openOrders"] = [{**samples.PLACED, "type": "LIMIT"}]
    line.answers["/fapi/v1/openAlgoOrders"] = [samples.ALGO]
    reports = line.open()
    assert [one.client_order_id for one in reports if isinstance(one, OrderReport)] == ["ae-1", "ae-9"]
    assert not [path for path in line.asked if "/order?" in path or "/algoOrder?" in path]


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
