"""The desk under any sequence of news: nothing is told twice, nothing goes back, no fill is lost."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from arbcore.model.account import AccountUpdate, BalanceUpdate
from arbcore.model.input import AccountSnapshot
from arbcore.model.money import total
from arbcore.model.order import TERMINAL, Fill, OrderOrigin, OrderRef, OrderReport, OrderState, Side, may_become
from arbcore.model.position import Balance
from arbcore_exchange_binance.protocol import desk as module
from arbcore_exchange_binance.protocol.desk import Desk
from plugins.exchanges.binance.tests.samples import S
from plugins.exchanges.binance.tests.spot_samples import KEY, order

STATES = (
    OrderState.ACKNOWLEDGED, OrderState.PARTIALLY_FILLED, OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED,
    OrderState.REJECTED,
)  # fmt: skip


def report(state: OrderState, filled: int | str = 0, *, name: str = "ae-1", venue_id: str = "28") -> OrderReport:
    return OrderReport(
        client_order_id=name,
        state=state,
        venue_order_id=venue_id,
        filled=Decimal(filled),
        instrument=KEY,
        ts=1,
        recv_ts=1,
    )


def fill(number: int, quantity: int | str = 1, *, name: str = "ae-1", venue_id: str = "28") -> Fill:
    return Fill(
        fill_id=f"BTCUSDT-{number}",
        client_order_id=name,
        instrument=KEY,
        side=Side.BUY,
        quantity=Decimal(quantity),
        price=Decimal(100),
        fee=Decimal(0),
        fee_currency="BNB",
        venue_order_id=venue_id,
        ts=1,
        recv_ts=1,
    )


news = st.one_of(
    st.builds(report, st.sampled_from(STATES), st.integers(0, 3), name=st.sampled_from(("ae-1", "ae-2"))),
    st.builds(fill, st.integers(0, 5), name=st.sampled_from(("ae-1", "ae-2"))),
)


def apart(one: OrderReport | Fill) -> OrderReport | Fill:
    """Ids of the venue that belong to the client's."""
    return replace(one, venue_order_id="28" if one.client_order_id == "ae-1" else "29")


@given(st.lists(st.tuples(news, st.booleans()), max_size=40))
def test_any_sequence(steps: list[tuple[OrderReport | Fill, bool]]) -> None:
    desk = Desk()
    told: list[OrderReport | Fill] = []
    for one, asked in ((apart(one), asked) for one, asked in steps):
        if isinstance(one, Fill):
            told += [out] if (out := desk.fill(one)) is not None else []
        elif asked:
            desk.learn(one)
        else:
            told += [later] if (later := desk.report(one)) is not None else []
    fills = [one.fill_id for one in told if isinstance(one, Fill)]
    assert len(fills) == len(set(fills)) == len({one.fill_id for one, _ in steps if isinstance(one, Fill)})
    for name in ("ae-1", "ae-2"):
        reports = [one for one in told if isinstance(one, OrderReport) and one.client_order_id == name]
        pairs = [(one.state, one.filled) for one in reports]
        assert len(pairs) == len(set(pairs))
        for (before, filled), (after, more) in pairwise(pairs):
            assert filled <= more
            assert before is after or may_become(before, after)
        stated = sum(fill.quantity for fill in told if isinstance(fill, Fill) and fill.client_order_id == name)
        known = desk.known(KEY, client_order_id=name)
        assert known is None or known.fills == stated


def test_an_answer_goes_before_older_events() -> None:
    desk = Desk()
    desk.sent(order(), 1)
    desk.learn(report(OrderState.PARTIALLY_FILLED, 1))
    assert desk.report(report(OrderState.ACKNOWLEDGED)) is None
    assert desk.report(report(OrderState.PARTIALLY_FILLED, 1)) is not None
    assert desk.report(report(OrderState.PARTIALLY_FILLED, 1)) is None


def test_a_fill_may_come_after_the_cancel() -> None:
    desk = Desk()
    assert desk.report(report(OrderState.CANCELLED)) is not None
    assert desk.fill(fill(1)) is not None
    late = desk.report(report(OrderState.FILLED, 1))
    assert late is not None
    assert late.state is OrderState.FILLED


def test_orders_are_open_until_their_fills_are_told() -> None:
    desk = Desk()
    desk.sent(order(), 1)
    assert [one.client_order_id for one in desk.unsettled()] == ["ae-1"]
    desk.learn(report(OrderState.FILLED, 2))
    desk.fill(fill(1))
    assert list(desk.unsettled())
    desk.fill(fill(2))
    assert not list(desk.unsettled())


def test_orders_of_ours_come_before_those_of_others() -> None:
    desk = Desk("ae-")
    desk.report(report(OrderState.ACKNOWLEDGED, name="web_1", venue_id="1"))
    desk.sent(order(), 1)
    assert [one.client_order_id for one in desk.unsettled([KEY])] == ["ae-1", "web_1"]
    assert [one.client_order_id for one in desk.unsettled()] == ["ae-1"]


def test_whose_an_order_is() -> None:
    desk = Desk("ae-")
    desk.sent(order(client_order_id="mine"), 1)
    desk.claim(OrderRef(client_order_id="asked", instrument=KEY), 1)
    names = ("mine", "asked", "ae-0", "web_1", "")
    ours, theirs = OrderOrigin.OURS, OrderOrigin.FOREIGN
    assert [desk.origin(name) for name in names] == [ours, ours, ours, theirs, theirs]


def test_a_refused_order_is_forgotten() -> None:
    desk = Desk()
    desk.sent(order(), 1)
    desk.refused("ae-1")
    assert not list(desk.unsettled())


def test_a_second_order_under_a_living_id_changes_nothing() -> None:
    desk = Desk()
    desk.sent(order(), 1)
    desk.learn(report(OrderState.ACKNOWLEDGED))
    desk.sent(order(), 2)
    desk.refused("ae-1")
    known = desk.known(KEY, client_order_id="ae-1")
    assert known is not None
    assert (known.venue_order_id, known.sent_at) == ("28", 1)


def test_an_order_that_never_arrived_is_given_up() -> None:
    desk = Desk()
    desk.sent(order(), S)
    desk.missing("ae-1", 2 * S)
    assert list(desk.unsettled())
    desk.missing("ae-1", 62 * S)
    assert not list(desk.unsettled())


def test_an_id_may_be_used_again() -> None:
    desk = Desk()
    desk.report(report(OrderState.CANCELLED, venue_id="1"))
    again = desk.report(report(OrderState.ACKNOWLEDGED, venue_id="2"))
    assert again is not None
    assert desk.report(report(OrderState.CANCELLED, venue_id="1")) is None


def test_what_is_kept_is_bounded() -> None:
    desk, most = Desk(), module._KEPT_ORDERS
    for number in range(most + 1):
        desk.report(report(OrderState.CANCELLED, name=f"a-{number}", venue_id=str(number)))
    assert desk.known(KEY, client_order_id="a-0") is None
    assert desk.known(KEY, client_order_id=f"a-{most}") is not None
    for number in range(module._KEPT_FILLS + 1):
        desk.fill(fill(number, name=f"a-{most}", venue_id=str(most)))
    assert desk.fill(fill(module._KEPT_FILLS, name=f"a-{most}", venue_id=str(most))) is None
    known = desk.known(KEY, client_order_id=f"a-{most}")
    assert known is not None
    assert known.fills == total([Decimal(1)] * (module._KEPT_FILLS + 1))


def test_the_latest_orders_are_known_by_both_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT_ORDERS", 100)
    desk, latest = Desk(), range(98)
    for number in range(400):
        desk.report(report(OrderState.CANCELLED, name=f"a-{number}", venue_id=str(number)))
        for back in (one for one in latest if one <= number):
            known = desk.known(KEY, client_order_id=f"a-{number - back}")
            assert known is not None
            assert desk.known(KEY, venue_order_id=str(number - back)) is known


def update(ts: int, **amounts: int) -> AccountUpdate:
    rows = (BalanceUpdate(currency=name, total=Decimal(amount)) for name, amount in amounts.items())
    return AccountUpdate(venue="binance", balances=tuple(rows), ts=ts, recv_ts=ts)


def test_balances_do_not_go_back() -> None:
    desk = Desk()
    assert desk.balances(update(5, BTC=1, BNB=2)) is not None
    assert desk.balances(update(4, BTC=9)) is None
    assert desk.balances(update(5, BTC=1)) is None
    later = desk.balances(update(6, BTC=1, BNB=3))
    assert later is not None
    assert [one.currency for one in later.balances] == ["BTC", "BNB"]


def test_a_snapshot_and_updates_agree() -> None:
    desk = Desk()
    desk.balances(update(9, BTC=7, XRP=0))
    rows = (Balance(venue="binance", currency=name, total=Decimal(1)) for name in ("BTC", "XRP", "USDT"))
    taken = AccountSnapshot(venue="binance", balances=tuple(rows), positions=(), ts=8, recv_ts=9)
    told = desk.snapshot(taken)
    assert {one.currency: one.total for one in told.balances} == {"BTC": Decimal(7), "USDT": Decimal(1)}
    assert desk.balances(update(7, USDT=9)) is None
    assert desk.balances(update(8, USDT=1)) is not None


def test_terminal_states_are_what_the_framework_says() -> None:
    assert {state for state in STATES if Desk().report(report(state)) is not None} == set(STATES)
    assert set(STATES) > TERMINAL
