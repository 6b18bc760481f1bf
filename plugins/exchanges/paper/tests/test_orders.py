"""Orders and funding in the corners: reduce-only rests, books that can't be trusted, settlements inside a gap."""

from decimal import Decimal

from msgspec.structs import replace

from arbcore.model.input import FundingPayment
from arbcore.model.instrument import FeeSchedule, Instrument
from arbcore.model.market import BookInvalid, FundingRate, FxRate, PublicTrade
from arbcore.model.order import Fill, OrderReport, OrderState, Side, TimeInForce
from arbcore.model.reason import Reason
from arbcore.testing.samples import BALANCES, PERPETUAL, SPOT, closing, limit, market, opening, quote
from arbcore.testing.venue_desk import Desk
from arbcore_exchange_paper.venue import PaperVenue
from arbcore_fill_top.model import TopFill

FREE = replace(PERPETUAL, contract_size=Decimal(1), fees=FeeSchedule(Decimal(0), Decimal(0)))


def opened(*instruments: Instrument) -> Desk:
    desk = Desk(PaperVenue("sim", TopFill(), BALANCES), instruments, BALANCES)
    for instrument in instruments:
        desk.market(quote(instrument, 98.0, 99.0, 100.0))
    return desk


def state_of(desk: Desk, name: str) -> OrderState:
    return desk.fold.states[name]


def test_ids_are_counters_of_their_order() -> None:
    desk = opened(SPOT)
    desk.market(quote(SPOT, 98.0, 99.0, 1.0, at=2))
    ack, fill, partial = desk.order(limit(SPOT, Side.BUY, "2", "99", TimeInForce.GTC, name="ae-1"))
    assert isinstance(ack, OrderReport)
    assert isinstance(fill, Fill)
    assert isinstance(partial, OrderReport)
    assert (ack.venue_order_id, fill.fill_id, partial.state) == ("sim-1", "ae-1.1", OrderState.PARTIALLY_FILLED)
    again, end = desk.market(quote(SPOT, 90.0, 91.0, 9.0, at=3))
    assert isinstance(again, Fill)
    assert isinstance(end, OrderReport)
    assert (again.fill_id, again.price, end.state, end.filled) == ("ae-1.2", Decimal(99), "FILLED", Decimal(2))


def test_an_order_before_the_first_quote_expires() -> None:
    desk = Desk(PaperVenue("sim", TopFill(), BALANCES), [SPOT], BALANCES)
    *_, last = desk.order(market(SPOT, Side.BUY, "1"))
    assert isinstance(last, OrderReport)
    assert (last.state, last.reason) == (OrderState.EXPIRED, Reason.BOOK_INVALID)


def test_an_order_on_an_untrusted_book_expires() -> None:
    desk = opened(SPOT)
    desk.market(BookInvalid(SPOT.key, 2, 2, "BOOK_STALE"))
    *_, last = desk.order(limit(SPOT, Side.BUY, "1", "99"))
    assert isinstance(last, OrderReport)
    assert last.reason == Reason.BOOK_INVALID


def test_a_waiting_order_ends_with_the_reason_of_the_hole() -> None:
    desk = opened(SPOT)
    desk.market(closing(SPOT, 98.0, 99.0, 5.0, at=10))
    for name in "abc":
        desk.order(limit(SPOT, Side.BUY, "1", "105", TimeInForce.GTC, name=name))
    desk.cancel("b")
    reports = desk.market(BookInvalid(SPOT.key, 11, 11, "BOOK_STALE"))
    assert [(one.client_order_id, one.reason) for one in reports if isinstance(one, OrderReport)] == [
        ("a", "BOOK_STALE"),
        ("c", "BOOK_STALE"),
    ]


def test_the_rest_of_a_waiting_order_stays_in_the_book() -> None:
    desk = opened(SPOT)
    desk.market(closing(SPOT, 98.0, 99.0, 5.0, at=10))
    desk.order(limit(SPOT, Side.BUY, "5", "99", TimeInForce.GTC))
    desk.market(opening(SPOT, 97.0, 98.0, 3.0, at=10))
    assert state_of(desk, "a") is OrderState.PARTIALLY_FILLED
    assert desk.balance("CASH")[1] == Decimal("198.099")
    desk.market(closing(SPOT, 90.0, 91.0, 5.0, at=20))
    assert desk.fold.filled["a"] == 3
    desk.market(opening(SPOT, 90.0, 91.0, 5.0, at=20))
    assert state_of(desk, "a") is OrderState.FILLED
    desk.check()


def test_post_only_rests_where_no_touch_is_known() -> None:
    desk = Desk(PaperVenue("sim", TopFill(), BALANCES), [SPOT], BALANCES)
    desk.order(limit(SPOT, Side.BUY, "1", "97", TimeInForce.POST_ONLY))
    assert state_of(desk, "a") is OrderState.ACKNOWLEDGED
    desk.market(quote(SPOT, 90.0, 91.0, 5.0))
    assert state_of(desk, "a") is OrderState.FILLED


def test_a_reduce_only_rest_ends_with_its_position() -> None:
    desk = opened(FREE)
    desk.order(limit(FREE, Side.BUY, "2", "99"))
    desk.order(limit(FREE, Side.SELL, "5", "110", TimeInForce.GTC, reduce_only=True, name="r"))
    desk.market(quote(FREE, 111.0, 112.0, 100.0, at=2))
    assert (state_of(desk, "r"), desk.fold.filled["r"]) == (OrderState.EXPIRED, Decimal(2))
    assert desk.venue.snapshot(2).positions == ()
    desk.check()


def test_a_reduce_only_rest_never_opens() -> None:
    desk = opened(FREE)
    desk.order(limit(FREE, Side.BUY, "2", "99"))
    desk.order(limit(FREE, Side.SELL, "2", "110", TimeInForce.GTC, reduce_only=True, name="r"))
    desk.order(limit(FREE, Side.SELL, "2", "98", name="s"))
    reports = desk.market(quote(FREE, 111.0, 112.0, 100.0, at=2))
    assert [one.reason for one in reports if isinstance(one, OrderReport)] == [Reason.ORDER_INSUFFICIENT_BALANCE]
    assert desk.venue.snapshot(2).positions == ()
    # It is out of the book, too.
    assert desk.market(quote(FREE, 115.0, 116.0, 100.0, at=3)) == []


def test_a_reduce_only_fill_or_kill_is_all_or_nothing() -> None:
    desk = opened(FREE)
    desk.order(limit(FREE, Side.BUY, "2", "99"))
    (report,) = desk.order(limit(FREE, Side.SELL, "5", "98", TimeInForce.FOK, reduce_only=True, name="r"))
    assert isinstance(report, OrderReport)
    assert report.detail == "sim:10COINCASH holds 2 to reduce"


def test_a_small_rest_may_be_closed() -> None:
    floor = replace(FREE, min_notional=Decimal(50))
    desk = opened(floor)
    desk.order(limit(floor, Side.BUY, "0.6", "99"))
    desk.order(limit(floor, Side.SELL, "0.5", "98", reduce_only=True, name="b"))
    (report,) = desk.order(limit(floor, Side.SELL, "0.1", "98", name="c"))
    assert isinstance(report, OrderReport)
    assert report.reason == Reason.ORDER_BELOW_MINIMUM
    desk.order(limit(floor, Side.SELL, "0.1", "98", reduce_only=True, name="d"))
    assert desk.venue.snapshot(1).positions == ()


def test_the_largest_quantity_bounds_an_order() -> None:
    desk = opened(SPOT)
    (report,) = desk.order(limit(SPOT, Side.BUY, "1000.01", "1"))
    assert isinstance(report, OrderReport)
    assert report.detail == "quantity 1000.01 is above the largest, 1000"


def test_a_market_order_is_never_post_only() -> None:
    desk = opened(SPOT)
    order = replace(market(SPOT, Side.BUY, "1"), time_in_force=TimeInForce.POST_ONLY)
    (report,) = desk.order(order)
    assert isinstance(report, OrderReport)
    assert report.reason == Reason.ORDER_WOULD_TAKE


def test_a_market_order_never_rests() -> None:
    desk = opened(SPOT)
    desk.market(quote(SPOT, 98.0, 99.0, 1.0, at=2))
    order = replace(market(SPOT, Side.BUY, "2"), time_in_force=TimeInForce.GTC)
    *_, last = desk.order(order)
    assert isinstance(last, OrderReport)
    assert (last.state, last.filled) == (OrderState.EXPIRED, Decimal(1))


def test_a_settlement_inside_a_gap_is_paid_at_its_end() -> None:
    desk = opened(FREE)
    desk.order(limit(FREE, Side.BUY, "2", "99"))
    desk.market(BookInvalid(FREE.key, 2, 2, "DATA_GAP"))
    assert desk.market(FundingRate(FREE.key, 3, 3, 0.001)) == []
    assert desk.market(FundingRate(FREE.key, 4, 4, -0.0005)) == []
    twin = PaperVenue("sim", TopFill(), {})
    twin.restore(desk.venue.state())
    item = quote(FREE, 90.0, 91.0, at=5)
    reports = desk.market(item)
    assert twin.on_market(item) == reports
    payments = [(one.ts, one.recv_ts, one.amount) for one in reports if isinstance(one, FundingPayment)]
    assert payments == [(3, 5, Decimal("-0.181")), (4, 5, Decimal("0.0905"))]
    assert desk.market(quote(FREE, 90.0, 91.0, at=6)) == []
    desk.check()


def test_a_rate_below_twelve_decimals_pays_nothing() -> None:
    desk = opened(FREE)
    desk.order(limit(FREE, Side.BUY, "2", "99"))
    assert desk.market(FundingRate(FREE.key, 2, 2, 1e-20)) == []


def test_other_data_says_nothing() -> None:
    desk = opened(SPOT)
    assert desk.venue.on_market(FxRate("coin_cash", 2, 2, 1.0, 1.0, "test")) == ()
    assert desk.market(PublicTrade(SPOT.key, 2, 2, 98.0, 1.0, True)) == []
    assert desk.venue.on_market(quote(FREE, 98.0, 99.0)) == ()
    assert desk.venue.on_market(FundingRate(FREE.key, 2, 2, 0.01)) == ()
