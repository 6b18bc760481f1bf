"""Money: fees in every currency, margin, lots, opening positions, and executions that the account can't carry."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest
from msgspec.structs import replace

from arbcore.errors import ConfigurationError
from arbcore.model.input import AccountSnapshot, VenueReport
from arbcore.model.instrument import FeeSchedule, Instrument
from arbcore.model.order import Fill, Liquidity, OrderReport, OrderRequest, OrderState, Side, TimeInForce
from arbcore.model.reason import Reason
from arbcore.ports.fill import Execution
from arbcore.testing.samples import BALANCES, PERPETUAL, SPOT, closing, limit, market, opening, quote
from arbcore.testing.venue_desk import Desk
from arbcore_exchange_paper.market import margin_rate
from arbcore_exchange_paper.venue import PaperVenue
from arbcore_fill_top.model import TopFill

PLAIN = replace(PERPETUAL, contract_size=Decimal(1), fees=FeeSchedule(Decimal(0), Decimal("0.0005")))


def opened(
    *instruments: Instrument,
    balances: Mapping[str, Decimal] = BALANCES,
    leverage: str = "1",
    positions: Mapping[str, Decimal] | None = None,
    fee_rates: Mapping[str, Decimal] | None = None,
) -> Desk:
    venue = PaperVenue("sim", TopFill(), balances, leverage=Decimal(leverage), positions=positions, fee_rates=fee_rates)
    desk = Desk(venue, instruments, balances)
    for instrument in instruments:
        desk.market(quote(instrument, 98.0, 99.0, 100.0))
    return desk


def fill_of(reports: Sequence[VenueReport]) -> Fill:
    (fill,) = (one for one in reports if isinstance(one, Fill))
    return fill


def last_of(reports: Sequence[VenueReport]) -> OrderReport:
    report = reports[-1]
    assert isinstance(report, OrderReport)
    return report


def with_fees_in(currency: str) -> Instrument:
    return replace(SPOT, fees=FeeSchedule(Decimal("0.001"), Decimal("0.001"), currency))


def test_a_fee_in_the_coin_is_taken_from_what_is_bought() -> None:
    desk = opened(with_fees_in("COIN"), balances={"CASH": Decimal(198)})
    fill = fill_of(desk.order(limit(SPOT, Side.BUY, "2", "99")))
    assert (fill.fee, fill.fee_currency) == (Decimal("0.002"), "COIN")
    assert desk.venue.snapshot(1).balances[0].total == Decimal("1.998")
    desk.check()


def test_a_fee_in_the_coin_is_needed_beside_what_is_sold() -> None:
    desk = opened(with_fees_in("COIN"), balances={"COIN": Decimal(2)})
    assert last_of(desk.order(limit(SPOT, Side.SELL, "2", "98"))).reason == Reason.ORDER_INSUFFICIENT_BALANCE
    desk.order(limit(SPOT, Side.SELL, "1.99", "98", name="b"))
    assert desk.balance("COIN")[0] == Decimal("0.00801")
    desk.check()


def test_a_fee_in_a_third_coin_follows_its_rate() -> None:
    rates = {"GEM/CASH": Decimal("0.002")}
    desk = opened(with_fees_in("GEM"), balances={"CASH": Decimal(1000), "GEM": Decimal(1)}, fee_rates=rates)
    fill = fill_of(desk.order(limit(SPOT, Side.BUY, "2", "99")))
    assert (fill.fee, fill.fee_currency) == (Decimal("0.000396"), "GEM")
    assert desk.balance("CASH")[0] == 802
    assert desk.balance("GEM")[0] == Decimal("0.999604")
    desk.check()


def test_an_order_needs_its_fee_in_the_third_coin() -> None:
    desk = opened(with_fees_in("GEM"), balances={"CASH": Decimal(1000)}, fee_rates={"GEM/CASH": Decimal("0.002")})
    assert "GEM" in last_of(desk.order(limit(SPOT, Side.BUY, "2", "99"))).detail


def test_a_third_coin_without_a_rate_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"charges its fees in GEM and no rate of GEM/CASH is set"):
        opened(with_fees_in("GEM"))


def test_an_inverse_perpetual_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="settles in COIN and is quoted in CASH"):
        opened(replace(PERPETUAL, settle="COIN"))


@pytest.mark.parametrize(("leverage", "locked"), [("1", "99"), ("4", "24.75"), ("3", "33.000000000066")])
def test_margin_is_value_over_leverage(leverage: str, locked: str) -> None:
    desk = opened(PLAIN, leverage=leverage)
    desk.order(limit(PLAIN, Side.BUY, "1", "99"))
    assert desk.balance("CASH")[1] == Decimal(locked)


def test_the_margin_rate_is_rounded_up_once() -> None:
    assert str(margin_rate(Decimal(1))) == "1"
    assert margin_rate(Decimal(3)) == Decimal("0.333333333334")


def test_margin_and_fee_bound_the_order() -> None:
    # 1 x 99 x (1/2 + 0.0005) = 49.5495
    short = opened(PLAIN, balances={"CASH": Decimal("49.5494")}, leverage="2")
    assert last_of(short.order(limit(PLAIN, Side.BUY, "1", "99"))).state is OrderState.REJECTED
    enough = opened(PLAIN, balances={"CASH": Decimal("49.5495")}, leverage="2")
    assert last_of(enough.order(limit(PLAIN, Side.BUY, "1", "99"))).state is OrderState.FILLED
    assert enough.balance("CASH") == (Decimal("49.5"), Decimal("49.5"))


def test_a_short_counts_the_price_that_it_gets() -> None:
    # Its limit of 50 would need half; it sells at 98.
    desk = opened(PLAIN, balances={"CASH": Decimal(60)})
    assert last_of(desk.order(limit(PLAIN, Side.SELL, "1", "50"))).reason == Reason.ORDER_INSUFFICIENT_BALANCE


def test_closing_needs_no_money() -> None:
    desk = opened(PLAIN, balances={"CASH": Decimal("99.0495")})
    desk.order(limit(PLAIN, Side.BUY, "1", "99"))
    desk.market(quote(PLAIN, 10.0, 11.0, 100.0, at=2))
    assert last_of(desk.order(limit(PLAIN, Side.SELL, "1", "10", name="b"))).state is OrderState.FILLED
    assert desk.balance("CASH") == (Decimal("9.995"), Decimal(0))
    desk.check()


def test_a_loss_beyond_the_balance_is_shown() -> None:
    desk = opened(PLAIN, balances={"CASH": Decimal(20)}, leverage="10")
    desk.order(limit(PLAIN, Side.BUY, "1", "99"))
    desk.market(quote(PLAIN, 10.0, 11.0, 100.0, at=2))
    desk.order(limit(PLAIN, Side.SELL, "1", "10", name="b"))
    assert desk.balance("CASH")[0] < 0
    assert last_of(desk.order(limit(PLAIN, Side.BUY, "1", "11", name="c"))).state is OrderState.REJECTED
    desk.check()


def test_two_orders_cannot_close_the_same_position_for_free() -> None:
    desk = opened(PLAIN, balances={"CASH": Decimal(150)})
    desk.order(limit(PLAIN, Side.BUY, "1", "99"))
    assert last_of(desk.order(limit(PLAIN, Side.SELL, "1", "110", TimeInForce.GTC, name="b"))).state == "ACKNOWLEDGED"
    assert desk.balance("CASH")[1] == 99
    assert last_of(desk.order(limit(PLAIN, Side.SELL, "1", "110", TimeInForce.GTC, name="c"))).reason == (
        Reason.ORDER_INSUFFICIENT_BALANCE
    )


def test_a_turn_closes_the_oldest_lot_first() -> None:
    desk = opened(PLAIN)
    desk.order(limit(PLAIN, Side.BUY, "1", "99"))
    desk.market(quote(PLAIN, 108.0, 109.0, 100.0, at=2))
    desk.order(limit(PLAIN, Side.BUY, "1", "109", name="b"))
    desk.order(limit(PLAIN, Side.SELL, "1", "108", name="c"))
    (left,) = desk.venue.snapshot(2).positions
    assert (left.quantity, left.entry_value) == (Decimal(1), Decimal(109))
    desk.order(limit(PLAIN, Side.SELL, "3", "108", name="d"))
    (turned,) = desk.venue.snapshot(2).positions
    assert (turned.quantity, turned.entry_value) == (Decimal(-2), Decimal(-216))
    desk.check()


def test_a_waiting_order_meets_the_opening_with_its_own_money() -> None:
    # Reserved at the close's 99; the opening asks for more than there is.
    desk = opened(SPOT, balances={"CASH": Decimal(100)})
    desk.market(closing(SPOT, 98.0, 99.0, 5.0, at=10))
    assert last_of(desk.order(market(SPOT, Side.BUY, "1"))).state is OrderState.ACKNOWLEDGED
    assert desk.balance("CASH")[1] == Decimal("99.0495")
    report = last_of(desk.market(opening(SPOT, 104.0, 105.0, 5.0, at=10)))
    assert (report.state, report.reason) == (OrderState.EXPIRED, Reason.ORDER_INSUFFICIENT_BALANCE)
    assert desk.balance("CASH") == (Decimal(100), Decimal(0))


class Walker(TopFill):
    """A model that walks the book: a second execution at a worse price than the touch."""

    def execute(self, order: OrderRequest, quantity: Decimal, now: int) -> Sequence[Execution] | None:
        half = quantity / 2
        prices = (Decimal(99), Decimal(150))
        return [Execution(order.client_order_id, price, half, Liquidity.TAKER) for price in prices]


def test_an_execution_that_the_account_cannot_carry_is_not_booked() -> None:
    venue = PaperVenue("sim", Walker(), {"CASH": Decimal(200)})
    desk = Desk(venue, [SPOT], {"CASH": Decimal(200)})
    desk.market(quote(SPOT, 98.0, 99.0, 5.0))
    reports = desk.order(market(SPOT, Side.BUY, "2"))
    assert fill_of(reports).quantity == 1
    assert (last_of(reports).state, last_of(reports).reason) == ("EXPIRED", Reason.ORDER_INSUFFICIENT_BALANCE)
    assert desk.balance("CASH") == (Decimal("100.9505"), Decimal(0))
    desk.check()


def test_opening_positions_open_at_the_touch_and_are_told() -> None:
    venue = PaperVenue("sim", TopFill(), BALANCES, positions={PERPETUAL.symbol: Decimal(-4)})
    desk = Desk(venue, [SPOT, PERPETUAL], BALANCES)
    assert desk.market(quote(SPOT, 98.0, 99.0)) == []
    assert venue.snapshot(1).positions == ()
    (told,) = desk.market(quote(PERPETUAL, 98.0, 99.0, at=2))
    assert isinstance(told, AccountSnapshot)
    (position,) = told.positions
    assert (position.quantity, position.entry_value) == (Decimal(-4), Decimal("-39.2"))
    assert desk.balance("CASH") == (BALANCES["CASH"], Decimal("39.2"))
    assert desk.market(quote(PERPETUAL, 98.0, 99.0, at=3)) == []


def test_opening_positions_survive_a_restore_before_they_open() -> None:
    first = PaperVenue("sim", TopFill(), BALANCES, positions={PERPETUAL.symbol: Decimal(4)})
    first.list_instrument(PERPETUAL)
    second = PaperVenue("sim", TopFill(), {})
    second.restore(first.state())
    assert len(second.on_market(quote(PERPETUAL, 98.0, 99.0))) == 1
    assert second.snapshot(1).positions[0].entry_value == Decimal("39.6")


@pytest.mark.parametrize(
    ("instrument", "quantity", "words"),
    [(SPOT, "1", "a spot market holds balances"), (PERPETUAL, "0.05", "is no multiple of the lot")],
)
def test_opening_positions_must_fit_their_market(instrument: Instrument, quantity: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        opened(instrument, positions={instrument.symbol: Decimal(quantity)})
