"""The desk of orders: nothing twice, nothing backwards, nothing lost."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from arbcore.errors import ExchangeRefused
from arbcore.model.money import total
from arbcore.model.order import TERMINAL, Fill, Liquidity, OrderOrigin, OrderRef, OrderReport, OrderState
from arbcore.model.reason import Reason
from arbcore_exchange_upbit.protocol.private import desk as desk_module
from arbcore_exchange_upbit.protocol.private.desk import ABSENT_NS, OrderDesk
from arbcore_exchange_upbit.protocol.private.frames import OrderFrame, read_frame
from arbcore_exchange_upbit.protocol.private.known import Known, Terms
from arbcore_exchange_upbit.protocol.private.order_replies import OrderRow, read_order
from arbcore_exchange_upbit.protocol.private.proof import StreamProof
from plugins.exchanges.upbit.tests.private_samples import (
    TRADE,
    UUID,
    market_buy,
    order_frame,
    order_row,
    trade_row,
)
from plugins.exchanges.upbit.tests.samples import raw, reply

S = 10**9
NOW = 1_795_143_846 * S
D = Decimal


def row(**changes: Any) -> OrderRow:
    found = read_order(reply(order_row(**changes)))
    assert found is not None
    return found


def frame(**changes: Any) -> OrderFrame:
    found = read_frame(raw(order_frame(**changes)))
    assert isinstance(found, OrderFrame)
    return found


def plain_frame(state: str, **changes: Any) -> OrderFrame:
    given = {"trade_uuid": None, "trade_fee": None, "is_maker": None, "trade_timestamp": None, "volume": 0.01}
    return frame(state=state, **{**given, **changes})


def desk() -> OrderDesk:
    return OrderDesk("upbit", "ae")


def sent(made: OrderDesk, client_id: str = "ae-1", now: int = NOW) -> Known:
    return made.sent("KRW-BTC", client_id, now)


def told(news: list[Any]) -> list[tuple[Any, ...]]:
    return [
        ("fill", item.fill_id, item.quantity) if isinstance(item, Fill) else (item.state, item.filled) for item in news
    ]


DONE: dict[str, Any] = {
    "state": "done",
    "volume": "0.01",
    "executed_volume": "0.004",
    "paid_fee": "297.92",
    "trades": [trade_row(volume="0.004", price="148960000", funds="595840")],
}


def test_an_order_from_its_sending_to_its_end() -> None:
    made = desk()
    report = made.identified(sent(made), UUID, NOW, NOW + 1)
    assert (report.state, report.venue_order_id, report.client_order_id, report.instrument) == (
        OrderState.ACKNOWLEDGED,
        UUID,
        "ae-1",
        "upbit:KRW-BTC",
    )
    assert told(made.on_frame(plain_frame("wait", executed_volume=0), NOW)) == []
    fill, partly = made.on_frame(frame(), NOW + 5)
    assert isinstance(fill, Fill)
    assert (fill.fill_id, fill.client_order_id, fill.quantity, fill.price) == (
        TRADE,
        "ae-1",
        D("0.004"),
        D(148_960_000),
    )
    assert (fill.fee, fill.fee_currency, fill.liquidity) == (D("297.92"), "KRW", Liquidity.MAKER)
    assert (fill.ts, fill.recv_ts, fill.venue_order_id) == (1_795_143_845_421_000_000, NOW + 5, UUID)
    assert told([partly]) == [(OrderState.PARTIALLY_FILLED, D("0.004"))]
    assert told(made.on_frame(plain_frame("done"), NOW)) == [(OrderState.FILLED, D("0.004"))]
    assert made.open() == []


def test_a_fill_has_one_id_whichever_way_it_comes() -> None:
    for first, second in (("frame", "row"), ("row", "frame")):
        made = desk()
        news = {
            "frame": lambda made=made: made.on_frame(frame(), NOW),
            "row": lambda made=made: made.on_row(row(**DONE), NOW),
        }
        assert [item[1] for item in told(news[first]()) if item[0] == "fill"] == [TRADE]
        assert [item for item in told(news[second]()) if item[0] == "fill"] == []
        assert told(news[first]()) == []


def test_nothing_goes_back() -> None:
    made = desk()
    made.on_row(row(**DONE), NOW)
    assert made.on_row(row(), NOW) == []
    assert made.on_frame(plain_frame("wait", executed_volume=0), NOW) == []
    assert made.on_row(row(state="cancel"), NOW) == []
    view = made.view(row(), NOW)
    assert told(view) == [(OrderState.FILLED, D("0.004"))]


def test_after_an_answer_nothing_earlier_is_told_and_the_fills_are() -> None:
    made = desk()
    made.identified(sent(made), UUID, NOW, NOW)
    whole = {**DONE, "executed_volume": "0.008", "paid_fee": "595.84"}
    whole["trades"] = [trade_row(volume="0.004"), trade_row(uuid="later", volume="0.004")]
    assert told(made.view(row(**whole), NOW))[-1] == (OrderState.FILLED, D("0.008"))
    assert told(made.on_frame(frame(executed_volume=0.004), NOW)) == [("fill", TRADE, D("0.004"))]
    news = told(made.on_row(row(**whole), NOW))
    assert news == [("fill", "later", D("0.004")), (OrderState.FILLED, D("0.008"))]


def test_an_end_that_an_answer_stated_is_told_in_the_same_words() -> None:
    made = desk()
    known = sent(made)
    made.identified(known, UUID, NOW, NOW)
    (answer,) = made.view(row(state="cancel", time_in_force="ioc"), NOW)
    assert isinstance(answer, OrderReport)
    known.asked = True
    (report,) = made.on_row(row(state="cancel", time_in_force="ioc"), NOW)
    assert isinstance(report, OrderReport)
    assert (report.state, report.reason) == (answer.state, answer.reason) == (OrderState.EXPIRED, "ORDER_NO_LIQUIDITY")


def test_an_end_before_its_fill_is_told_at_once_and_the_fill_is_looked_up() -> None:
    made = desk()
    made.identified(sent(made), UUID, NOW, NOW)
    assert told(made.on_frame(plain_frame("done"), NOW)) == [(OrderState.FILLED, D("0.004"))]
    assert made.missing(NOW) == []
    (known,) = made.missing(NOW + S)
    known.looked(NOW + S)
    assert made.missing(NOW + S) == []
    assert told(made.on_row(row(**DONE), NOW + S)) == [("fill", TRADE, D("0.004"))]
    assert (made.open(), made.missing(NOW + 100 * S)) == ([], [])


def test_looks_come_less_often_each_time() -> None:
    made = desk()
    made.on_frame(plain_frame("done"), NOW)
    times: list[float] = []
    now = NOW
    while len(times) < 9:
        now += S // 4
        for known in made.missing(now):
            known.looked(now)
            times.append((now - NOW) / S)
    gaps = [later - before for before, later in pairwise(times)]
    assert gaps[0] == 1.0
    assert gaps == sorted(gaps)
    assert gaps[-1] == 32.0


def test_a_market_buy_is_settled_by_its_fills() -> None:
    made = desk()
    known = made.sent("KRW-BTC", "ae-1", NOW, Terms(cost=D(6000)))
    made.identified(known, UUID, NOW, NOW)
    # A list tells no trades, so nobody knows yet whether the rest is a remainder.
    assert told(made.on_row(row(**market_buy(trades=None)), NOW)) == [(OrderState.PARTIALLY_FILLED, D("0.00003736"))]
    assert [one.uuid for one in made.missing(NOW + S)] == [UUID]
    fill, report = made.on_row(row(**market_buy()), NOW)
    assert isinstance(fill, Fill)
    assert fill.fee == D("2.99989592")
    assert told([report]) == [(OrderState.FILLED, D("0.00003736"))]


def test_a_market_buy_told_by_the_stream_alone() -> None:
    made = desk()
    made.identified(made.sent("KRW-BTC", "ae-1", NOW, Terms(cost=D(6000))), UUID, NOW, NOW)
    given = {"order_type": "price", "executed_volume": 0.00003736, "executed_funds": 5999.79184}
    fill = {"price": 160594000, "volume": 0.00003736, "trade_fee": 2.99989592}
    assert told(made.on_frame(frame(**given, **fill), NOW))[1] == (OrderState.PARTIALLY_FILLED, D("0.00003736"))
    end = plain_frame("cancel", **{**given, "volume": None, "price": 6000})
    assert told(made.on_frame(end, NOW)) == [(OrderState.FILLED, D("0.00003736"))]


def test_numbers_that_a_double_rounded_are_left_to_a_reply() -> None:
    made = desk()
    made.identified(sent(made), UUID, NOW, NOW)
    assert made.on_frame(frame(volume=123456789.12345678, executed_volume=123456789.12345678), NOW) == []
    assert [one.uuid for one in made.missing(NOW)] == [UUID]


def test_a_prevented_order_is_looked_up_and_ends_with_that_reason() -> None:
    made = desk()
    made.identified(sent(made), UUID, NOW, NOW)
    assert made.on_frame(plain_frame("prevented", executed_volume=0, prevented_volume=0.01), NOW) == []
    assert [one.uuid for one in made.missing(NOW + S)] == [UUID]
    (report,) = made.on_row(row(state="cancel", prevented_volume="0.0001"), NOW)
    assert isinstance(report, OrderReport)
    assert (report.state, report.reason) == (OrderState.CANCELLED, Reason.ORDER_SELF_MATCH)


def test_whose_order_it_is() -> None:
    made = desk()
    assert made.on_row(row(identifier="ae-7"), NOW)[0].origin is OrderOrigin.OURS
    for n, name in enumerate(("other-7", None)):
        (report,) = made.on_row(row(uuid=f"f-{n}", identifier=name), NOW)
        assert (report.origin, report.client_order_id) == (OrderOrigin.FOREIGN, name or "")
    sent(made, "no-prefix")
    assert made.on_row(row(uuid="u-9", identifier="no-prefix"), NOW)[0].origin is OrderOrigin.OURS
    # Whoever names an order by its identifier calls it ours.
    assert made.find(OrderRef(client_order_id="other-7", instrument="upbit:KRW-BTC")) is not None
    (later,) = made.on_row(row(uuid="f-0", identifier="other-7", state="cancel"), NOW)
    assert later.origin is OrderOrigin.OURS


def test_a_stream_that_is_quicker_than_the_answer() -> None:
    made = desk()
    known = sent(made)
    news = made.on_frame(frame(), NOW)
    assert {item.client_order_id for item in news} == {"ae-1"}
    report = made.identified(known, UUID, NOW, NOW)
    assert (report.state, report.filled) == (OrderState.PARTIALLY_FILLED, D("0.004"))


def test_a_stream_that_is_quicker_and_does_not_say_whose_order_it_is() -> None:
    made = desk()
    known = sent(made)
    assert made.on_frame(frame(identifier=None), NOW)[0].origin is OrderOrigin.FOREIGN
    report = made.identified(known, UUID, NOW, NOW)
    assert (report.client_order_id, report.origin, report.filled) == ("ae-1", OrderOrigin.OURS, D("0.004"))
    assert len(made) == 1
    (end,) = made.on_frame(plain_frame("done", identifier=None), NOW)
    assert (end.client_order_id, end.origin) == ("ae-1", OrderOrigin.OURS)


def test_an_id_is_taken_once_and_free_again_where_it_was_not_sent() -> None:
    made = desk()
    known = sent(made)
    with pytest.raises(ExchangeRefused) as caught:
        sent(made)
    assert caught.value.reason == Reason.ORDER_DUPLICATE_ID
    made.unsent(known)
    made.identified(sent(made), UUID, NOW, NOW)
    made.unsent(known)
    assert [one.client_id for one in made.open()] == ["ae-1"]


def test_an_order_that_the_venue_does_not_know_is_forgotten_in_the_end() -> None:
    made = desk()
    known = sent(made)
    assert list(made.absent(known, NOW + S)) == []
    assert made.open() == [known]
    assert list(made.absent(known, NOW + ABSENT_NS)) == []
    assert made.open() == []


def test_a_replacement_that_never_came_is_told() -> None:
    made = desk()
    known = sent(made, "ae-2")
    known.replaces = old = sent(made)
    made.identified(known, "u-2", NOW, NOW)
    assert list(made.absent(known, NOW + S)) == []
    # The new order comes to be once the old one is cancelled, however long that takes.
    assert list(made.absent(known, NOW + ABSENT_NS)) == []
    old.state = OrderState.FILLED
    assert list(made.absent(known, NOW + 2 * ABSENT_NS - 1)) == []
    (report,) = made.absent(known, NOW + 2 * ABSENT_NS)
    assert (report.state, report.reason) == (OrderState.REJECTED, Reason.ORDER_UNKNOWN)


def test_what_had_ended_before_is_never_news() -> None:
    made = desk()
    made.past(row(**DONE), NOW)
    assert made.on_row(row(**{**DONE, "trades": None}), NOW) == []
    assert made.open() == []


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "KEPT", 5)
    monkeypatch.setattr(desk_module, "KEPT_OPEN", 7)
    made = desk()
    for n in range(20):
        made.on_row(row(**{**DONE, "uuid": f"d-{n}", "identifier": f"ae-d{n}"}), NOW)
        made.on_row(row(uuid=f"o-{n}", identifier=f"ae-o{n}"), NOW)
    assert len(made) == 12
    assert len(made.open()) == 7
    monkeypatch.setattr(desk_module, "KEPT_FILLS", 2)
    made.on_row(row(**{**DONE, "uuid": "d-x", "identifier": "ae-x"}), NOW)
    # Two ended ones; of the open ones the newcomer displaced one before it was over.
    assert (len(made), len(made.open())) == (8, 6)


def test_a_view_tells_everything_and_marks_nothing() -> None:
    made = desk()
    first = made.view(row(**DONE), NOW, ours=True)
    assert told(first) == [("fill", TRADE, D("0.004")), (OrderState.FILLED, D("0.004"))]
    assert {item.origin for item in first} == {OrderOrigin.OURS}
    assert told(made.view(row(**DONE), NOW)) == told(first)
    assert len(made) == 0
    made.on_frame(frame(), NOW)
    (fill, report) = made.view(row(**DONE), NOW)
    assert isinstance(fill, Fill)
    assert fill.fee == D("297.92")
    assert told(made.on_frame(plain_frame("done"), NOW)) == told([report])


def test_sums_over_many_fills_are_exact() -> None:
    made, quantity = desk(), D("0.1")
    trades = [trade_row(uuid=f"t-{n}", volume="0.1", price=str(100 + n), funds=str(10 + n / D(10))) for n in range(9)]
    funds = total(D(trade["funds"]) for trade in trades)
    fills: list[Fill] = []
    for upto in range(1, 10):
        part = trades[:upto]
        paid = total(D(trade["funds"]) for trade in part) * D("0.0005")
        news = made.on_row(
            row(volume="0.9", executed_volume=str(quantity * upto), paid_fee=f"{paid:f}", trades=part), NOW
        )
        fills += [item for item in news if isinstance(item, Fill)]
    assert [fill.fill_id for fill in fills] == [f"t-{n}" for n in range(9)]
    assert total(fill.fee for fill in fills) == funds * D("0.0005")
    assert all(fill.fee == fill.quantity * fill.price * D("0.0005") for fill in fills)


# --- proof ---------------------------------------------------------------------------------------------------------


def test_what_a_reply_knows_and_the_stream_never_tells_is_overdue() -> None:
    made, proof = desk(), StreamProof()
    proof.learnt(made.on_row(row(**DONE), NOW), NOW)
    assert proof.overdue(NOW + S, S) == ""
    assert "a fill of the order 5d303952" in proof.overdue(NOW + S + 1, S)
    proof.heard(frame())
    assert "the end of the order" in proof.overdue(NOW + S + 1, S)
    proof.heard(plain_frame("done"))
    assert proof.overdue(NOW + 100 * S, S) == ""


def test_what_the_stream_told_first_is_not_owed() -> None:
    made, proof = desk(), StreamProof()
    proof.heard(frame())
    proof.heard(plain_frame("done"))
    proof.learnt(made.on_row(row(**DONE), NOW), NOW)
    assert proof.overdue(NOW + 100 * S, S) == ""


def test_terminal_states_are_what_the_desk_ends_with() -> None:
    made = desk()
    made.on_row(row(**DONE), NOW)
    assert made.open() == []
    made.on_row(row(uuid="u-3", identifier="ae-3"), NOW)
    assert all(known.state not in TERMINAL for known in made.open())
