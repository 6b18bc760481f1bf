"""The user stream of USD-M without I/O: how a mute one is found, and what comes by requests meanwhile."""

import pytest

from arbcore.model.order import Fill, OrderReport, OrderState
from arbcore.net.protocol import Reconnect
from arbcore_exchange_binance.protocol.usdm_values import ORDER, told
from plugins.exchanges.binance.tests import usdm_samples as samples
from plugins.exchanges.binance.tests.samples import START, S, encode
from plugins.exchanges.binance.tests.usdm_line import EVERY, GRACE, Line, quiet_line
from plugins.exchanges.binance.tests.usdm_samples import event, order


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


def test_fills_that_the_venue_no_longer_tells_are_asked_for_ever_more_seldom() -> None:
    line = Line()
    line.memory.news.desk.sent(order(), START)
    line.answers["/fapi/v1/order"] = {**samples.QUERIED, "status": "PARTIALLY_FILLED", "executedQty": "0.004"}
    line.open()
    for _ in range(600):
        line.tick(S)
    assert 8 <= sum("orderId=4000123" in path and "userTrades" in path for path in line.asked) <= 20
