"""Orders and fills from every source in every order: no fill twice, no state backwards, no quantity too much."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.model.money import total
from arbcore.model.order import TERMINAL, TRANSITIONS, Fill, OrderOrigin, OrderReport, OrderState, OrderType
from arbcore.model.reason import Reason
from arbcore.ports.trading import OrderNews
from arbcore_exchange_binance.protocol import usdm_news
from arbcore_exchange_binance.protocol.usdm_events import AlgoUpdate, OrderChange, TradeLite, read_event
from arbcore_exchange_binance.protocol.usdm_news import News
from arbcore_exchange_binance.protocol.usdm_values import ALGO, ORDER, TRADES, told
from plugins.exchanges.binance.tests import usdm_samples as samples
from plugins.exchanges.binance.tests.samples import encode
from plugins.exchanges.binance.tests.usdm_samples import KEY, event, news, order

LOTS = [Decimal("0.003"), Decimal("0.002"), Decimal("0.005")]
S = OrderState


def read(frame: bytes, one: News, now: int = 1) -> list[OrderNews]:
    found = read_event(frame)
    if isinstance(found, OrderChange):
        return one.changed(found, now)
    if isinstance(found, TradeLite):
        return one.lite(found, now)
    assert isinstance(found, AlgoUpdate)
    return one.triggered(found, now)


def row(**changes: Any) -> bytes:
    return encode({**samples.QUERIED, **changes})


def trades(*numbers: int) -> bytes:
    return encode([{**samples.TRADE, "id": number, "qty": str(LOTS[number - 1])} for number in numbers])


def filled(number: int) -> str:
    return str(total(LOTS[:number]))


def tell(one: News, number: int, end: str, source: str) -> list[OrderNews]:
    """Hear of the first trades of an order that fills in three, from one of the sources."""
    lot, status = LOTS[number - 1], end if number == len(LOTS) else "PARTIALLY_FILLED"
    if source == "event":
        return read(event(X=status, t=number, l=str(lot), z=filled(number)), one)
    if source == "lite":
        return read(encode({**samples.LITE, "t": number, "l": str(lot)}), one)
    answer = told(row(status=status, executedQty=filled(number)), ORDER, "x")
    if source == "answer":
        return one.order(answer, 1)
    # Orders of trades are asked for before their fills are told.
    one.report_of(answer, 1)
    return [item for each in told(trades(*range(1, number + 1)), TRADES, "x") for item in one.trade(each, 1)]


def judge(heard: Sequence[OrderNews]) -> None:
    """No fill twice; states as the table allows; never more filled than there is, never less than before."""
    fills = [item for item in heard if isinstance(item, Fill)]
    assert len({fill.fill_id for fill in fills}) == len(fills)
    reports = [item for item in heard if isinstance(item, OrderReport)]
    state, most = S.SUBMITTED, Decimal(0)
    for report in reports:
        assert report.state == state or report.state in TRANSITIONS[state], (state, report.state)
        assert most <= report.filled <= total(LOTS)
        state, most = report.state, report.filled


@given(st.data(), st.sampled_from(["FILLED", "CANCELED", "EXPIRED"]))
def test_any_interleaving_tells_each_thing_once_and_nothing_backwards(data: st.DataObject, end: str) -> None:
    one = news()
    one.desk.sent(order(quantity=total(LOTS)), 1)
    sources = st.sampled_from(["event", "lite", "answer", "trades"])
    picks = data.draw(st.lists(st.tuples(st.integers(1, len(LOTS)), sources), max_size=30))
    heard = read(event(x="NEW", X="NEW", l="0", z="0", t=0), one) if data.draw(st.booleans()) else []
    heard += [item for number, source in picks for item in tell(one, number, end, source)]
    judge(heard)
    # Whatever was lost on the way, whole answers settle it.
    heard += [*tell(one, 3, end, "trades"), *tell(one, 3, end, "answer")]
    judge(heard)
    assert total(item.quantity for item in heard if isinstance(item, Fill)) == total(LOTS)
    last = [item for item in heard if isinstance(item, OrderReport)][-1]
    assert last.state in TERMINAL
    assert last.filled == total(LOTS)
    assert {item.client_order_id for item in heard} == {"ae-1"}
    known = one.desk.known(KEY, client_order_id="ae-1")
    assert known is not None
    assert known.settled


def test_a_lite_trade_tells_the_sum_and_no_fill() -> None:
    one = news()
    one.desk.sent(order(), 1)
    (hint,) = read(encode(samples.LITE), one)
    assert isinstance(hint, OrderReport)
    assert (hint.state, hint.filled) == (S.PARTIALLY_FILLED, Decimal("0.010"))
    assert read(encode(samples.LITE), one) == []
    fill, report = read(event(), one)
    assert isinstance(fill, Fill)
    assert isinstance(report, OrderReport)
    assert report.state is S.FILLED
    assert read(encode(samples.LITE), one) == []


def test_a_lite_trade_after_an_answer_that_counts_it_adds_nothing() -> None:
    one = news()
    one.desk.sent(order(), 1)
    told_by_answer = one.order(told(row(status="PARTIALLY_FILLED", executedQty="0.010"), ORDER, "x"), 1)
    assert [item.filled for item in told_by_answer if isinstance(item, OrderReport)] == [Decimal("0.010")]
    assert read(encode(samples.LITE), one) == []


def test_the_order_that_a_trigger_became_is_told_under_the_triggers_ids() -> None:
    one = news()
    one.desk.sent(order(client_order_id="ae-9", type=OrderType.STOP_MARKET, price=None), 1)
    placed = one.report_of_algo(told(encode(samples.ALGO), ALGO, "x"), 1)
    one.desk.learn(placed)
    assert (placed.venue_order_id, placed.state) == ("2146760", S.ACKNOWLEDGED)
    algo = {**samples.ALGO_UPDATE, "o": {**samples.ALGO_UPDATE["o"], "X": "TRIGGERED", "ai": "4000123"}}
    assert read(encode(algo), one) == []
    fill, report = read(event(c="whatever-the-venue-says"), one)
    assert isinstance(fill, Fill)
    assert isinstance(report, OrderReport)
    assert {(item.client_order_id, item.venue_order_id) for item in (fill, report)} == {("ae-9", "2146760")}
    assert fill.origin is OrderOrigin.OURS
    (again,) = told(encode([samples.TRADE]), TRADES, "x")
    assert one.trade(again, 2) == []
    assert one.fill_of(again, 2).client_order_id == "ae-9"


def test_a_triggered_order_with_our_id_needs_no_word_of_the_trigger() -> None:
    one = news()
    one.desk.sent(order(client_order_id="ae-9", type=OrderType.STOP_MARKET, price=None), 1)
    one.desk.learn(one.report_of_algo(told(encode(samples.ALGO), ALGO, "x"), 1))
    told_ids = {(item.client_order_id, item.venue_order_id) for item in read(event(c="ae-9"), one)}
    assert told_ids == {("ae-9", "2146760")}
    known = one.desk.known(KEY, client_order_id="ae-9")
    assert known is not None
    assert one.order_id_of(known) == "4000123"


def test_a_trigger_that_is_refused_says_why() -> None:
    one = news()
    one.desk.sent(order(client_order_id="ae-9", type=OrderType.STOP_MARKET, price=None), 1)
    refused = {"X": "REJECTED", "rm": "Margin is insufficient."}
    (report,) = read(encode({**samples.ALGO_UPDATE, "o": {**samples.ALGO_UPDATE["o"], **refused}}), one)
    assert isinstance(report, OrderReport)
    assert (report.state, report.reason, report.detail) == (S.REJECTED, Reason.ORDER_REFUSED, "Margin is insufficient.")


def test_a_reduce_only_order_that_the_venue_lowered_is_not_filled() -> None:
    one = news()
    asked = order(reduce_only=True, quantity=Decimal("0.02"))
    one.desk.sent(asked, 1)
    one.asks(asked)
    _, report = read(event(), one)
    assert isinstance(report, OrderReport)
    assert (report.state, report.filled) == (S.EXPIRED, Decimal("0.010"))
    assert report.reason == Reason.ORDER_NOTHING_TO_REDUCE


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert usdm_news._KEPT == 10_000
    monkeypatch.setattr(usdm_news, "_KEPT", 100)
    one = news()
    for number in range(150):
        read(msgspec.json.encode({**samples.LITE, "i": number + 1, "t": number + 1, "c": f"x{number}"}), one)
    assert len(one._lites) == len(one._names) == 100
