"""What a user of USD-M would lose or be told falsely without any single fault being large: found by review."""

from decimal import Decimal
from urllib.parse import parse_qs

import pytest

from arbcore.errors import ExchangeUnavailable, OutcomeUnknown
from arbcore.model.account import AccountUpdate
from arbcore.model.input import FundingPayment
from arbcore.model.order import Fill, OrderOrigin, OrderType
from arbcore.net.protocol import Fetch, Reconnect
from arbcore_exchange_binance.protocol.private_failures import private_failure
from arbcore_exchange_binance.protocol.usdm_events import OrderChange, read_event
from arbcore_exchange_binance.protocol.usdm_values import ACCOUNT, POSITIONS, told
from plugins.exchanges.binance.tests import usdm_samples as samples
from plugins.exchanges.binance.tests.samples import START, S, encode
from plugins.exchanges.binance.tests.usdm_line import EVERY, GRACE, Line, quiet_line, reply
from plugins.exchanges.binance.tests.usdm_samples import event, order

HOUR = 1795161600000
"""A settlement, UTC milliseconds."""


def payments(heard: object) -> list[FundingPayment]:
    assert isinstance(heard, list)
    return [one for one in heard if isinstance(one, FundingPayment)]


@pytest.mark.parametrize(
    "page",
    [
        b"<html><title>503 Service Unavailable</title><body>nginx</body></html>",
        b"upstream connect error or disconnect/reset before headers. Service Unavailable",
        b'{"message": "Service Unavailable"}',
    ],
)
def test_a_proxys_page_does_not_prove_that_an_order_was_not_taken(page: bytes) -> None:
    assert type(private_failure(503, page, "order")) is OutcomeUnknown
    assert type(private_failure(503, encode({"code": 0, "msg": "Service Unavailable."}), "x")) is ExchangeUnavailable


def test_a_snapshot_that_somebody_asks_for_hides_no_mute_stream() -> None:
    line = quiet_line()
    moved = [{**samples.POSITION, "positionAmt": "0.5", "updateTime": samples.MS + 9}]
    line.answers["/fapi/v3/positionRisk"] = moved
    wealth, whole = line.memory.wealth, line.memory.whole_until
    assets = told(encode(samples.ACCOUNT), ACCOUNT, "x").assets
    positions = told(encode(moved), POSITIONS, "x")
    shown = wealth.looked(assets, positions, START + S, START + S)
    assert [one.quantity for one in shown.positions] == [Decimal("0.5")]
    line.tick(EVERY)
    (end,) = line.tick(GRACE)
    assert isinstance(end, Reconnect)
    assert end.mute
    assert line.memory.whole_until == whole, "the trade that moved the position is still to be asked for"


def test_a_position_that_an_answer_closed_is_not_opened_by_an_older_event() -> None:
    line = quiet_line()
    line.answers["/fapi/v3/positionRisk"] = []
    line.frame(samples.MARGIN_CALL)
    line.tick(2 * S)
    late = {"s": "BTCUSDT", "pa": "-0.010", "ep": "109951.2", "ps": "BOTH"}
    at = START // 10**6 - 1
    heard = line.frame({**samples.ACCOUNT_UPDATE, "T": at, "a": {"m": "ORDER", "B": [], "P": [late]}})
    assert [one for one in heard if isinstance(one, AccountUpdate)] == []


def test_funding_told_without_its_rate_is_not_told_again_once_it_is_known() -> None:
    line = quiet_line()
    line.answers["/fapi/v1/fundingRate"] = None
    line.frame({**samples.FUNDING, "T": HOUR + 5_800})
    assert len(payments([one for _ in range(8) for one in line.tick(2 * S)])) == 1
    again = Line(line.memory, HOUR * 10**6 + 60 * S)
    again.answers["/fapi/v1/income"] = samples.INCOME
    assert payments(again.open()) == []


@pytest.mark.parametrize("failure", [None, (503, {"msg": "Unknown error"}), (400, {"code": -1000, "msg": "x"})])
def test_funding_that_was_missed_is_asked_for_until_the_venue_tells_it(failure: object) -> None:
    line = Line()
    line.open()
    again = Line(line.memory, HOUR * 10**6 + 60 * S)
    again.answers["/fapi/v1/income"] = failure
    assert payments(again.open()) == []
    assert again.stream.delivering()
    again.answers["/fapi/v1/income"] = samples.INCOME
    assert [one.amount for one in payments([one for _ in range(9) for one in again.tick(S)])] == [Decimal("0.10993401")]
    again.asked.clear()
    for _ in range(9):
        again.tick(S)
    assert not [path for path in again.asked if "income" in path]


def test_funding_just_after_the_hour_is_not_lost_between_two_connections() -> None:
    line = quiet_line()
    line.memory.whole_until = HOUR * 10**6 + S
    again = Line(line.memory, HOUR * 10**6 + 5 * S)
    again.answers["/fapi/v1/income"] = [{**samples.INCOME[0], "time": HOUR + 3_000}]
    assert len(payments(again.open())) == 1


def test_a_refused_question_about_a_rate_does_not_end_the_stream() -> None:
    line = quiet_line()
    line.answers["/fapi/v1/fundingRate"] = (403, {})
    assert payments(line.frame(samples.FUNDING)) == []
    line.answers["/fapi/v1/fundingRate"] = samples.RATES
    assert len(payments(line.tick(2 * S))) == 1


def test_fills_of_an_earlier_process_that_nobody_tells_any_more_are_no_mute_stream() -> None:
    line = Line()
    partly = {**samples.PLACED, "type": "LIMIT", "status": "PARTIALLY_FILLED", "executedQty": "0.004"}
    line.answers["/fapi/v1/openOrders"] = [partly]
    line.answers["/fapi/v1/order"] = partly
    line.open()
    assert not [one for _ in range(200) for one in line.tick(S) if isinstance(one, Reconnect)]


def test_orders_are_compared_in_turn_however_many_there_are() -> None:
    line = Line()
    rows = []
    for number in range(120):
        line.memory.news.desk.sent(order(client_order_id=f"ae-{number}"), START)
        rows.append({**samples.PLACED, "type": "LIMIT", "clientOrderId": f"ae-{number}", "orderId": number + 1})
    line.answers["/fapi/v1/openOrders"] = rows
    line.open()
    line.tick()
    line.asked.clear()
    line.answers["/fapi/v1/order"] = None
    for _ in range(3):
        line.tick(EVERY)
    names = {path.rpartition("=")[2] for path in line.asked if "/order?" in path}
    assert len(names) == 120


def test_a_gap_leaves_most_of_the_urgent_share_to_cancels() -> None:
    line = Line()
    for number in range(500):
        line.memory.news.desk.sent(order(client_order_id=f"ae-{number}"), START)
    waiting, urgent = list(line.stream.opened(START)), 0
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, Fetch):
            urgent += one.request.weight if one.request.urgent else 0
            waiting += line.stream.fetched(
                one.tag, reply(samples.QUERIED if one.request.path.endswith("/order") else []), START
            )
    assert 0 < urgent <= 120


def test_a_gap_of_weeks_is_asked_for_week_by_week() -> None:
    line = quiet_line()
    again = Line(line.memory, START + 15 * 24 * 3600 * S)
    again.open()
    starts = sorted({int(parse_qs(path)["startTime"][0]) for path in again.asked if "userTrades" in path})
    assert len(starts) == 3
    assert starts[0] <= START // 10**6


def test_a_fee_that_is_not_named_yet_is_no_defect_of_the_frame() -> None:
    change = read_event(event(x="NEW", X="NEW", N=None, n=None, t=0, l="0", z="0", L="0"))
    assert isinstance(change, OrderChange)
    assert not change.fee


def test_an_order_refused_under_an_id_in_use_is_not_forgotten_with_the_first() -> None:
    desk = samples.news().desk
    desk.sent(order(client_order_id="mine-1"), START)
    desk.sent(order(client_order_id="mine-1"), START + 1)
    desk.refused("mine-1")
    assert desk.origin("mine-1") is OrderOrigin.OURS
    desk.refused("mine-1")
    assert desk.origin("mine-1") is OrderOrigin.FOREIGN


def test_the_address_is_one_that_the_documentation_names() -> None:
    line = Line()
    line.tick()
    assert line.stream.url == "ws://h/private/ws/the-key"


def test_orders_with_a_trigger_are_compared_too() -> None:
    line = Line()
    line.memory.news.desk.sent(order(client_order_id="ae-9", type=OrderType.STOP_MARKET, price=None), START)
    line.answers["/fapi/v1/openAlgoOrders"] = [samples.ALGO]
    line.open()
    line.tick()
    line.answers["/fapi/v1/algoOrder"] = {**samples.ALGO, "algoStatus": "CANCELED"}
    line.tick(EVERY)
    (end,) = line.tick(GRACE)
    assert isinstance(end, Reconnect)


def test_fills_are_asked_for_though_the_venue_does_not_tell_the_account() -> None:
    line = Line()
    line.memory.news.desk.sent(order(), START)
    line.answers["/fapi/v1/order"] = {**samples.PLACED, "type": "LIMIT"}
    line.answers["/fapi/v3/account"] = (503, {"msg": "Unknown error"})
    line.open()
    line.tick(S)
    line.frame(samples.LITE)
    line.answers["/fapi/v1/userTrades"] = [samples.TRADE]
    assert [type(one) for _ in range(4) for one in line.tick(S)] == [Fill]
