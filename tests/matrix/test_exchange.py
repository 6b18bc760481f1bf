"""The faulty exchange itself: what it does in truth, and what it tells of that, fault by fault."""

from decimal import Decimal
from typing import Any

import pytest

from arbcore.model.input import AccountSnapshot, ConnectionChanged, Input, LookedUp, VenueHealth, VenueStatement
from arbcore.model.market import Quote
from arbcore.model.order import Fill, OrderOrigin, OrderReport, OrderRequest, OrderState, Side, TimeInForce
from arbcore.model.reason import Reason
from arbcore.model.state import ConnectionState, HealthState
from arbcore.testing.faulty.exchange import FaultyExchange
from arbcore.testing.faulty.plan import SECOND, Fault, Request, Trouble
from tests.matrix.field import ACCEPTS_NS, BALANCES, DELAY_NS, PERP, SWAP, WON

NOW = 10 * SECOND


def exchange(*troubles: Trouble, accepts_for_ns: int | None = ACCEPTS_NS, sums: bool = False) -> FaultyExchange:
    made = FaultyExchange(SWAP, [PERP], BALANCES[SWAP], accepts_for_ns=accepts_for_ns, delay_ns=DELAY_NS, sums=sums)
    made.plan.extend(troubles)
    made.quote(Quote(PERP.key, NOW, NOW, 100.0, 100.1, 20.0, 20.0), NOW)
    return made


def order(name: str = "a", quantity: str = "1", price: str = "99", **more: Any) -> OrderRequest:
    given: dict[str, Any] = {"side": Side.SELL, "time_in_force": TimeInForce.IOC, **more}
    return OrderRequest(
        client_order_id=name,
        instrument=PERP.key,
        quantity=Decimal(quantity),
        price=Decimal(price),
        **given,
    )


def told(venue: FaultyExchange, until: int) -> list[Input]:
    items: list[Input] = []
    while venue.next_time() <= until:
        items += venue.advance(venue.next_time())
    return items


def states(items: list[Input]) -> list[str]:
    return [str(one.state) if isinstance(one, OrderReport) else type(one).__name__ for one in items]


def after(*troubles: Trouble, seconds: int = 5, **more: Any) -> tuple[FaultyExchange, list[Input]]:
    venue = exchange(*troubles)
    venue.submit(order(**more), NOW)
    return venue, told(venue, NOW + seconds * SECOND)


def look(venue: FaultyExchange, now: int, name: str = "a") -> list[Input]:
    venue.look_up(name, now)
    return told(venue, now + 5 * SECOND)


def test_an_order_is_told_and_answered_after_a_round_trip() -> None:
    venue, items = after()
    assert states(items) == ["ACKNOWLEDGED", "Fill", "FILLED", "ACKNOWLEDGED"]
    assert {one.recv_ts for one in items} == {NOW + 2 * DELAY_NS}
    assert venue.ledger.position(PERP.key) == -1
    assert venue.ledger.cash["USDT"] == Decimal(10**6) - Decimal("0.05")


def test_an_answer_may_tell_the_sum() -> None:
    venue = exchange(sums=True)
    venue.submit(order(), NOW)
    report = told(venue, NOW + SECOND)[-1]
    assert isinstance(report, OrderReport)
    assert (report.state, report.filled) == (OrderState.FILLED, Decimal(1))


@pytest.mark.parametrize(
    ("fault", "expected", "filled"),
    [
        (Fault.TIMEOUT, ["ACKNOWLEDGED", "Fill", "FILLED", "UNKNOWN"], "1"),
        (Fault.ERROR_DONE, ["ACKNOWLEDGED", "Fill", "FILLED", "UNKNOWN"], "1"),
        (Fault.ERROR_OPEN, ["UNKNOWN"], "0"),
        (Fault.ERROR_REFUSED, ["REJECTED"], "0"),
        (Fault.LOST, ["UNKNOWN"], "0"),
        (Fault.SILENT, ["ACKNOWLEDGED"], "1"),
        (Fault.HELD, ["ACKNOWLEDGED", "ACKNOWLEDGED"], "0"),
        (Fault.REJECT, ["REJECTED"], "0"),
        (Fault.SELF_MATCH, ["ACKNOWLEDGED", "EXPIRED", "ACKNOWLEDGED"], "0"),
        (Fault.NO_FILL, ["ACKNOWLEDGED", "EXPIRED", "ACKNOWLEDGED"], "0"),
        (Fault.PARTIAL, ["ACKNOWLEDGED", "Fill", "PARTIALLY_FILLED", "EXPIRED", "ACKNOWLEDGED"], "0.4"),
        (Fault.TWICE, ["ACKNOWLEDGED", "Fill", "FILLED", "Fill", "ACKNOWLEDGED"], "1"),
        (Fault.SPLIT, ["ACKNOWLEDGED", "FILLED", "Fill", "Fill", "Fill", "ACKNOWLEDGED"], "1"),
        (Fault.LATE_FILL, ["ACKNOWLEDGED", "EXPIRED", "ACKNOWLEDGED", "Fill", "FILLED"], "1"),
        (Fault.MUTE, ["ACKNOWLEDGED"], "1"),
        (Fault.CLOSED, ["InstrumentStatus", "REJECTED", "InstrumentStatus"], "0"),
        (Fault.RATE_LIMITED, ["REJECTED"], "0"),
    ],
)
def test_each_fault_does_and_tells_what_its_name_says(fault: Fault, expected: list[str], filled: str) -> None:
    venue, items = after(Trouble(fault=fault))
    assert states(items) == expected
    assert venue.ledger.position(PERP.key) == -Decimal(filled)


def test_a_request_that_is_late_is_taken_within_the_bound_only() -> None:
    venue, items = after(Trouble(fault=Fault.LATE_ARRIVAL, lasts_ns=SECOND))
    assert states(items) == ["UNKNOWN", "ACKNOWLEDGED", "Fill", "FILLED"]
    venue, items = after(Trouble(fault=Fault.LATE_ARRIVAL, lasts_ns=3 * SECOND))
    assert states(items) == ["UNKNOWN"]
    assert states(look(venue, NOW + 5 * SECOND)) == ["LookedUp"]
    unbound = exchange(Trouble(fault=Fault.LATE_ARRIVAL, lasts_ns=3 * SECOND), accepts_for_ns=None)
    unbound.submit(order(), NOW)
    assert states(told(unbound, NOW + 5 * SECOND))[1:] == ["ACKNOWLEDGED", "Fill", "FILLED"]


def test_fills_that_are_split_come_backwards_and_add_up() -> None:
    _, items = after(Trouble(fault=Fault.SPLIT))
    fills = [one for one in items if isinstance(one, Fill)]
    assert [one.fill_id for one in fills] == ["v1-2", "v1-1", "v1-0"]
    assert sum(one.quantity for one in fills) == 1


def test_a_look_up_tells_one_report_and_every_fill_and_then_ends() -> None:
    venue, _ = after(Trouble(fault=Fault.SILENT))
    items = look(venue, NOW + 5 * SECOND)
    assert states(items) == ["FILLED", "Fill", "LookedUp"]
    assert items[-1] == LookedUp(
        venue=SWAP, client_order_id="a", answered=True, found=True, recv_ts=NOW + 5 * SECOND + 2 * DELAY_NS
    )
    assert states(look(venue, NOW + 20 * SECOND, "b")) == ["LookedUp"]


@pytest.mark.parametrize(
    ("fault", "answered"), [(Fault.LOOK_UPS_FAIL, False), (Fault.LOOK_UPS_BLIND, True), (Fault.OUTAGE, False)]
)
def test_look_ups_fail_or_come_too_early_for_a_while(fault: Fault, answered: bool) -> None:
    venue, _ = after(seconds=1)
    venue.strike(Trouble(fault=fault, lasts_ns=3 * SECOND), NOW + SECOND)
    answer = next(one for one in look(venue, NOW + SECOND) if isinstance(one, LookedUp))
    assert (answer.answered, answer.found) == (answered, False)
    assert states(look(venue, NOW + 8 * SECOND))[-3:] == ["FILLED", "Fill", "LookedUp"]


def test_a_late_fill_is_hidden_from_look_ups_until_it_is_told() -> None:
    venue, _ = after(Trouble(fault=Fault.LATE_FILL, lasts_ns=8 * SECOND), seconds=1)
    assert states(look(venue, NOW + SECOND))[:2] == ["EXPIRED", "LookedUp"]
    assert states(look(venue, NOW + 9 * SECOND))[-3:] == ["FILLED", "Fill", "LookedUp"]


@pytest.mark.parametrize(
    ("fault", "expected", "filled"),
    [
        (Fault.HELD, ["CANCELLED"], "0"),
        (Fault.FILL_ON_CANCEL, ["Fill", "FILLED", "UNKNOWN"], "1"),
        (Fault.PART_ON_CANCEL, ["Fill", "PARTIALLY_FILLED", "CANCELLED"], "0.4"),
        (Fault.CANCEL_REFUSED, ["UNKNOWN"], "0"),
        (Fault.CANCEL_LOST, ["UNKNOWN"], "0"),
    ],
)
def test_cancels(fault: Fault, expected: list[str], filled: str) -> None:
    venue, _ = after(Trouble(fault=fault), seconds=1)
    venue.cancel("a", NOW + SECOND)
    assert states(told(venue, NOW + 5 * SECOND)) == expected
    assert venue.ledger.position(PERP.key) == -Decimal(filled)
    venue.cancel("a", NOW + 5 * SECOND)
    again = "CANCELLED" if fault in {Fault.CANCEL_REFUSED, Fault.CANCEL_LOST} else "UNKNOWN"
    assert states(told(venue, NOW + 10 * SECOND)) == [again]


def test_a_trouble_may_begin_at_a_cancel_or_a_look_up() -> None:
    venue, _ = after(Trouble(fault=Fault.HELD), seconds=1)
    venue.plan.append(Trouble(fault=Fault.OUTAGE, at=Request.CANCEL))
    venue.plan.append(Trouble(fault=Fault.MUTE, at=Request.LOOK_UP))
    venue.cancel("a", NOW + SECOND)
    assert venue.reached(venue.plan[1])
    assert not venue.reached(venue.plan[2])
    assert states(told(venue, NOW + 5 * SECOND))[:3] == ["ConnectionChanged", "VenueHealth", "UNKNOWN"]


def test_what_a_lost_connection_missed_is_told_before_it_counts_as_connected() -> None:
    venue, items = after(Trouble(fault=Fault.DISCONNECT, lasts_ns=3 * SECOND))
    assert states(items) == [
        "ConnectionChanged", "ACKNOWLEDGED", "ACKNOWLEDGED", "Fill", "FILLED", "ConnectionChanged", "AccountSnapshot",
    ]  # fmt: skip
    back = items[-2]
    assert isinstance(back, ConnectionChanged)
    assert back.state is ConnectionState.CONNECTED
    assert isinstance(items[-1], AccountSnapshot)
    assert items[-1].positions[0].quantity == venue.ledger.position(PERP.key)


def test_an_outage_loses_requests_and_answers() -> None:
    venue, items = after(Trouble(fault=Fault.OUTAGE, lasts_ns=3 * SECOND))
    assert "UNKNOWN" in states(items)
    assert venue.ledger.position(PERP.key) == 0
    venue, items = after(Trouble(fault=Fault.OUTAGE, lasts_ns=3 * SECOND, after=True))
    assert states(items)[:3] == ["ConnectionChanged", "VenueHealth", "UNKNOWN"]
    assert venue.ledger.position(PERP.key) == -1
    assert states(items)[3:6] == ["ACKNOWLEDGED", "Fill", "FILLED"]
    assert [one.state for one in items if isinstance(one, VenueHealth)] == [HealthState.DOWN, HealthState.HEALTHY]


@pytest.mark.parametrize(
    ("fault", "origin", "left"),
    [
        (Fault.LIQUIDATION, OrderOrigin.LIQUIDATION, "0"),
        (Fault.ADL, OrderOrigin.ADL, "-0.6"),
        (Fault.DELISTING, OrderOrigin.SETTLEMENT, "0"),
    ],
)
def test_what_the_venue_takes_off_bears_its_origin(fault: Fault, origin: OrderOrigin, left: str) -> None:
    venue, _ = after(seconds=1)
    venue.strike(Trouble(fault=fault), NOW + SECOND)
    fill = next(one for one in told(venue, NOW + 2 * SECOND) if isinstance(one, Fill))
    assert (fill.origin, fill.side) == (origin, Side.BUY)
    assert venue.ledger.position(PERP.key) == Decimal(left)


def test_after_a_margin_call_only_reductions_are_taken() -> None:
    venue, _ = after(Trouble(fault=Fault.MARGIN_CALL, after=True), seconds=1)
    venue.submit(order("b"), NOW + SECOND)
    venue.submit(order("c", side=Side.BUY, price="101", reduce_only=True), NOW + SECOND)
    assert states(told(venue, NOW + 2 * SECOND)) == ["REJECTED", "ACKNOWLEDGED", "Fill", "FILLED", "ACKNOWLEDGED"]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"quantity": "0.0005"}, Reason.ORDER_OFF_GRID),
        ({"price": "99.05"}, Reason.ORDER_OFF_GRID),
        ({"quantity": "0.05"}, Reason.ORDER_BELOW_MINIMUM),
        ({"reduce_only": True}, Reason.ORDER_NOTHING_TO_REDUCE),
    ],
)
def test_the_venue_has_rules_of_its_own(more: dict[str, Any], reason: Reason) -> None:
    _, items = after(**more)
    assert [one.reason for one in items if isinstance(one, OrderReport)] == [reason]


def test_an_id_is_taken_once() -> None:
    venue, _ = after(seconds=1)
    venue.submit(order(), NOW + SECOND)
    report = told(venue, NOW + 2 * SECOND)[0]
    assert isinstance(report, OrderReport)
    assert report.reason == Reason.ORDER_DUPLICATE_ID


def test_a_spot_venue_lends_nothing() -> None:
    venue = FaultyExchange("seoul", [WON], {"KRW": Decimal(100_000)})
    venue.quote(Quote(WON.key, NOW, NOW, 130_000.0, 130_010.0, 20.0, 20.0), NOW)
    for side in Side:
        request = OrderRequest(
            client_order_id=side, instrument=WON.key, side=side, quantity=Decimal(1), price=Decimal(130_010)
        )
        venue.submit(request, NOW)
    items = told(venue, NOW + SECOND)
    assert [one.reason for one in items if isinstance(one, OrderReport)] == [Reason.ORDER_INSUFFICIENT_BALANCE] * 2


def test_an_order_that_rests_fills_as_maker_where_the_market_comes_to_it() -> None:
    venue, items = after(price="100.1", time_in_force=TimeInForce.POST_ONLY)
    assert states(items) == ["ACKNOWLEDGED", "ACKNOWLEDGED"]
    venue.quote(Quote(PERP.key, NOW, NOW, 100.2, 100.3, 0.4, 20.0), NOW + 6 * SECOND)
    assert states(told(venue, NOW + 7 * SECOND)) == ["Fill", "PARTIALLY_FILLED"]
    assert (venue.ledger.fills[0].price, venue.ledger.fills[0].liquidity) == (Decimal("100.1"), "maker")


def test_an_order_that_would_take_is_not_posted() -> None:
    _, items = after(time_in_force=TimeInForce.POST_ONLY)
    assert [one.reason for one in items if isinstance(one, OrderReport)][1] == Reason.ORDER_WOULD_TAKE


def test_a_statement_tells_what_was_missed_and_then_everything() -> None:
    venue, _ = after(Trouble(fault=Fault.SILENT), seconds=1)
    venue.submit(order("b", price="100.1", time_in_force=TimeInForce.GTC), NOW + SECOND)
    told(venue, NOW + 2 * SECOND)
    venue.ask(NOW, NOW + 2 * SECOND)
    items = told(venue, NOW + 3 * SECOND)
    assert states(items) == ["FILLED", "Fill", "ACKNOWLEDGED", "VenueStatement"]
    statement = items[-1]
    assert isinstance(statement, VenueStatement)
    assert statement.snapshot is not None
    assert statement.snapshot.positions[0].quantity == -1
    assert [one.client_order_id for one in statement.orders] == ["b"]


def test_positions_are_netted_first_in_first_out() -> None:
    venue = exchange()
    for name, side, quantity, bid in (
        ("a", Side.SELL, "1", 100.0),
        ("b", Side.SELL, "1", 110.0),
        ("c", Side.BUY, "1.5", 90.0),
    ):
        venue.quote(Quote(PERP.key, NOW, NOW, bid, bid + 0.1, 20.0, 20.0), NOW)
        venue.submit(order(name, quantity, "50" if side is Side.SELL else "200", side=side), NOW)
        told(venue, NOW + SECOND)
    fees = venue.ledger.fees["USDT"]
    # 1 sold at 100 and half of the 1 sold at 110 were bought back at 90.1.
    assert venue.ledger.cash["USDT"] + fees - 10**6 == Decimal("9.9") + Decimal("9.95")
    assert venue.ledger.entry_value(PERP) == Decimal(-55)
