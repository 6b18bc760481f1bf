"""The conformance suite of simulated venues."""

from decimal import Decimal

import pytest
from hypothesis.stateful import run_state_machine_as_test
from msgspec.structs import replace

from arbcore.model.input import FundingPayment, VenueReport
from arbcore.model.market import BookInvalid, FundingRate
from arbcore.model.money import ZERO
from arbcore.model.order import Fill, Liquidity, OrderReport, OrderRequest, OrderState, Side, TimeInForce
from arbcore.model.position import PositionReport
from arbcore.model.reason import Reason
from arbcore.ports.venue import SimVenue
from arbcore.testing._suite import Suite
from arbcore.testing._venue_machine import OpenVenue, venue_machine
from arbcore.testing.samples import BALANCES, PERPETUAL, SPOT, closing, limit, market, opening, quote
from arbcore.testing.venue_desk import Desk, news_of

__all__ = ["OpenVenue", "SimVenueSuite"]

_GTC, _FOK, _POST_ONLY = TimeInForce.GTC, TimeInForce.FOK, TimeInForce.POST_ONLY


class SimVenueSuite(Suite):
    """Standard tests of a simulated venue. Authors give `open_venue`, and `bars` where there are none.

    The venue must match at the top of the book: with a fill model of one's own, take one that does. Reports may be
    delayed; the suite waits for them.
    """

    @pytest.fixture
    def open_venue(self) -> OpenVenue:
        """How to make a venue that stands for ``sim``, given instruments and opening balances."""
        raise AssertionError("give the fixture `open_venue`: a function of instruments and balances")

    @pytest.fixture
    def bars(self) -> bool:
        """Whether the venue fills on bars."""
        return True

    @pytest.fixture
    def desk(self, open_venue: OpenVenue) -> Desk:
        """A venue with both sample instruments, a touch of 98 to 99 on each, and money for every order."""
        instruments = (SPOT, PERPETUAL)
        desk = Desk(open_venue(instruments, BALANCES), instruments, BALANCES)
        for instrument in instruments:
            desk.market(quote(instrument, 98.0, 99.0, 5.0))
        return desk

    def test_is_a_simulated_venue(self, desk: Desk) -> None:
        """It has every method of the port, opens with its balances, and has nothing to report by itself."""
        assert isinstance(desk.venue, SimVenue)
        assert desk.venue.next_time() is None
        desk.check()

    @pytest.mark.parametrize(
        ("order", "reason"),
        [
            (limit(SPOT, Side.BUY, "1.005", "99"), Reason.ORDER_OFF_GRID),
            (limit(SPOT, Side.BUY, "-1", "99"), Reason.ORDER_OFF_GRID),
            (limit(SPOT, Side.BUY, "0", "99"), Reason.ORDER_OFF_GRID),
            (limit(SPOT, Side.BUY, "NaN", "99"), Reason.ORDER_OFF_GRID),
            (limit(SPOT, Side.BUY, "1", "99.05"), Reason.ORDER_OFF_GRID),
            (limit(SPOT, Side.SELL, "1", "100.5"), Reason.ORDER_OFF_GRID),
            (limit(SPOT, Side.BUY, "1", "-99"), Reason.ORDER_OFF_GRID),
            (replace(limit(SPOT, Side.BUY, "1", "99"), price=None), Reason.ORDER_OFF_GRID),
            (limit(SPOT, Side.BUY, "0.04", "99"), Reason.ORDER_BELOW_MINIMUM),
            (limit(SPOT, Side.BUY, "0.1", "99"), Reason.ORDER_BELOW_MINIMUM),
            (market(SPOT, Side.BUY, "0.1"), Reason.ORDER_BELOW_MINIMUM),
            (limit(SPOT, Side.SELL, "100.01", "90"), Reason.ORDER_INSUFFICIENT_BALANCE),
            (limit(PERPETUAL, Side.BUY, "20000", "99"), Reason.ORDER_INSUFFICIENT_BALANCE),
            (limit(PERPETUAL, Side.BUY, "1", "99", reduce_only=True), Reason.ORDER_NOTHING_TO_REDUCE),
            (limit(SPOT, Side.BUY, "1", "99", reduce_only=True), Reason.ORDER_NOTHING_TO_REDUCE),
            (limit(SPOT, Side.BUY, "1", "99", _POST_ONLY), Reason.ORDER_WOULD_TAKE),
            (limit(SPOT, Side.SELL, "1", "98", _POST_ONLY), Reason.ORDER_WOULD_TAKE),
            (replace(limit(SPOT, Side.BUY, "1", "99"), instrument="sim:NONE"), Reason.ORDER_UNKNOWN_INSTRUMENT),
        ],
    )
    def test_refuses(self, desk: Desk, order: OrderRequest, reason: Reason) -> None:
        """A bad order is rejected with its reason, and moves and locks nothing."""
        (report,) = desk.order(order)
        assert isinstance(report, OrderReport)
        assert (report.state, report.reason) == (OrderState.REJECTED, reason)
        assert desk.balance("CASH") == (BALANCES["CASH"], ZERO)
        desk.check()

    def test_refuses_a_used_id(self, desk: Desk) -> None:
        """An id works once, whatever became of its order, and the order that has it stays what it is."""
        desk.order(limit(SPOT, Side.BUY, "1", "90", _GTC))
        (report,) = desk.order(limit(SPOT, Side.BUY, "1", "99"))
        assert isinstance(report, OrderReport)
        assert (report.state, report.reason) == (OrderState.REJECTED, Reason.ORDER_DUPLICATE_ID)
        assert _states([*desk.cancel("a"), *desk.settle()]) == [OrderState.CANCELLED]
        assert _states(desk.order(limit(SPOT, Side.BUY, "1", "99"))) == [OrderState.REJECTED]

    def test_refuses_what_arrives_too_late(self, desk: Desk) -> None:
        """An order whose time to live is over expires at the door."""
        desk.now = 10
        (report,) = desk.order(limit(SPOT, Side.BUY, "1", "99", expires_at=9))
        assert isinstance(report, OrderReport)
        assert (report.state, report.reason) == (OrderState.EXPIRED, Reason.ORDER_EXPIRED)

    def test_spot_trade_moves_value_and_fee_exactly(self, desk: Desk) -> None:
        """Coins one way, value and fee the other, to the last digit."""
        reports = desk.order(limit(SPOT, Side.BUY, "1.23", "99"))
        assert _states(reports) == [OrderState.ACKNOWLEDGED, OrderState.FILLED]
        (fill,) = _fills(reports)
        assert (fill.quantity, fill.price, fill.liquidity) == (Decimal("1.23"), Decimal(99), Liquidity.TAKER)
        assert (fill.fee, fill.fee_currency) == (Decimal("0.060885"), "CASH")
        assert desk.balance("CASH") == (Decimal("99878.169115"), ZERO)
        assert desk.balance("COIN") == (Decimal("101.23"), ZERO)
        desk.order(limit(SPOT, Side.SELL, "1.23", "98", name="b"))
        assert desk.balance("COIN") == (Decimal(100), ZERO)
        desk.check()

    def test_rest_of_an_immediate_order_ends(self, desk: Desk) -> None:
        """What the touch can't fill does not stay."""
        reports = desk.order(limit(SPOT, Side.BUY, "7", "99"))
        last = reports[-1]
        assert isinstance(last, OrderReport)
        assert last.state in {OrderState.EXPIRED, OrderState.CANCELLED}
        assert last.filled == sum(fill.quantity for fill in _fills(reports)) == 5
        assert last.reason
        assert desk.balance("CASH")[1] == 0

    def test_nothing_offered_fills_nothing(self, desk: Desk) -> None:
        """An immediate order outside the touch ends without a fill."""
        reports = desk.order(limit(SPOT, Side.BUY, "1", "98.9"))
        last = reports[-1]
        assert not _fills(reports)
        assert isinstance(last, OrderReport)
        assert last.reason == Reason.ORDER_NO_LIQUIDITY

    def test_fill_or_kill(self, desk: Desk) -> None:
        """All or nothing."""
        assert not _fills(desk.order(limit(SPOT, Side.BUY, "6", "99", _FOK)))
        (fill,) = _fills(desk.order(limit(SPOT, Side.BUY, "5", "99", _FOK, name="b")))
        assert fill.quantity == 5

    def test_resting_order_locks_and_frees(self, desk: Desk) -> None:
        """A bid holds back its value and fee, an offer its coins; a cancel frees both."""
        assert _states(desk.order(limit(SPOT, Side.BUY, "10", "90", _GTC, name="b"))) == [OrderState.ACKNOWLEDGED]
        desk.order(limit(SPOT, Side.SELL, "10", "110", _POST_ONLY, name="s"))
        assert desk.balance("CASH") == (BALANCES["CASH"], Decimal("900.45"))
        assert desk.balance("COIN") == (BALANCES["COIN"], Decimal(10))
        (over,) = desk.order(limit(SPOT, Side.SELL, "90.01", "110", _GTC, name="o"))
        assert isinstance(over, OrderReport)
        assert over.reason == Reason.ORDER_INSUFFICIENT_BALANCE
        for name in "bs":
            assert _states([*desk.cancel(name), *desk.settle()]) == [OrderState.CANCELLED]
        assert (desk.balance("CASH")[1], desk.balance("COIN")[1]) == (ZERO, ZERO)

    def test_cancel_of_what_is_not_there_says_nothing(self, desk: Desk) -> None:
        """Neither an order that ended nor one that never was changes its state."""
        desk.order(limit(SPOT, Side.BUY, "1", "99"))
        assert [*desk.cancel("a"), *desk.cancel("never"), *desk.settle()] == []

    def test_tells_what_became_of_an_order(self, desk: Desk) -> None:
        """An order that is looked up has one state, and its fills under the ids they were told with."""
        told = _fills(desk.order(limit(SPOT, Side.BUY, "7", "99")))
        fills, (report,) = news_of(desk.venue.look_up("a", 9 * 10**9))
        assert [fill.fill_id for fill in fills] == [fill.fill_id for fill in told]
        assert (report.state, report.filled) == (desk.fold.states["a"], Decimal(5))
        assert {report.recv_ts, *(fill.recv_ts for fill in fills)} == {9 * 10**9}
        assert not desk.venue.look_up("never", desk.now)

    def test_refused_orders_are_looked_up_as_refused(self, desk: Desk) -> None:
        """Its state is the refusal; and an id used twice tells what its first order became."""
        desk.order(limit(SPOT, Side.BUY, "1", "99.05"))
        _, (report,) = news_of(desk.venue.look_up("a", desk.now))
        assert (report.state, report.reason) == (OrderState.REJECTED, Reason.ORDER_OFF_GRID)
        desk.order(limit(SPOT, Side.BUY, "1", "99", name="b"))
        desk.order(limit(SPOT, Side.BUY, "1", "99", name="b"))
        _, (report,) = news_of(desk.venue.look_up("b", desk.now))
        assert report.state is OrderState.FILLED

    def test_lists_what_rests(self, desk: Desk) -> None:
        """Open orders are listed as they were placed, with what has filled, until they end."""
        placed = limit(PERPETUAL, Side.BUY, "10", "97", _GTC)
        desk.order(placed)
        at = desk.now
        (listed,) = desk.venue.open_orders()
        assert (listed.client_order_id, listed.instrument, listed.side) == ("a", PERPETUAL.key, Side.BUY)
        assert (listed.quantity, listed.price, listed.filled) == (placed.quantity, placed.price, ZERO)
        assert listed.venue_order_id
        assert 0 < listed.ts <= at
        desk.market(quote(PERPETUAL, 80.0, 81.0, 4.0, at=desk.now + 1))
        desk.settle()
        assert [one.filled for one in desk.venue.open_orders()] == [desk.fold.filled["a"]]
        desk.cancel("a")
        desk.settle()
        assert not desk.venue.open_orders()

    def test_resting_order_fills_as_maker(self, desk: Desk) -> None:
        """Once the market is far through it, at its own price and the maker's fee."""
        desk.order(limit(PERPETUAL, Side.BUY, "10", "97", _GTC))
        desk.market(quote(PERPETUAL, 80.0, 81.0, 4.0, at=desk.now + 1))
        reports = [*desk.settle(), *desk.market(quote(PERPETUAL, 80.0, 81.0, 40.0, at=desk.now + 1)), *desk.settle()]
        assert desk.fold.states["a"] is OrderState.FILLED
        assert {(one.price, one.liquidity) for one in _fills(reports)} == {(Decimal(97), Liquidity.MAKER)}
        # 10 contracts of 0.1 at 97 are 97; the maker's rate of -0.01 % is a rebate.
        assert desk.balance("CASH")[0] == Decimal("100000.0097")
        desk.check()

    def test_perpetual_pays_its_profit(self, desk: Desk) -> None:
        """A short sold at 98 and bought back at 89: 4 x 0.1 x 9, less both fees."""
        desk.order(limit(PERPETUAL, Side.SELL, "4", "98"))
        (position,) = desk.venue.snapshot(desk.now).positions
        assert position == PositionReport(instrument=PERPETUAL.key, quantity=Decimal(-4), entry_value=Decimal("-39.2"))
        assert desk.balance("CASH")[1] > 0
        desk.market(quote(PERPETUAL, 88.0, 89.0, 5.0, at=desk.now + 1))
        desk.order(limit(PERPETUAL, Side.BUY, "4", "89", reduce_only=True, name="b"))
        assert desk.venue.snapshot(desk.now).positions == ()
        fees = Decimal("0.0005") * (Decimal("39.2") + Decimal("35.6"))
        assert desk.balance("CASH") == (BALANCES["CASH"] + Decimal("3.6") - fees, ZERO)
        desk.check()

    def test_reduce_only_never_turns_a_position(self, desk: Desk) -> None:
        """It closes what is there and no more."""
        desk.order(limit(PERPETUAL, Side.BUY, "2", "99"))
        fills = _fills(desk.order(limit(PERPETUAL, Side.SELL, "5", "98", reduce_only=True, name="b")))
        assert sum(fill.quantity for fill in fills) == 2
        assert desk.venue.snapshot(desk.now).positions == ()
        assert desk.balance("CASH")[1] == 0

    @pytest.mark.parametrize(("side", "amount"), [(Side.BUY, "-0.0394"), (Side.SELL, "0.0394")])
    def test_funding_moves_from_longs_to_shorts(self, desk: Desk, side: Side, amount: str) -> None:
        """4 contracts of 0.1 at the middle of 98 and 99 times 0.1 %, once per settlement, and only when settled."""
        desk.order(limit(PERPETUAL, side, "4", "99" if side is Side.BUY else "98"))
        before = desk.balance("CASH")[0]
        at = desk.now + 1
        assert not desk.market(FundingRate(PERPETUAL.key, at, at, 0.001, settled=False))
        (payment,) = desk.market(FundingRate(PERPETUAL.key, at, at, 0.001))
        assert isinstance(payment, FundingPayment)
        assert (payment.amount, payment.currency, payment.rate) == (Decimal(amount), "CASH", Decimal("0.001"))
        assert payment.quantity == 4 * side.sign
        assert desk.balance("CASH")[0] == before + Decimal(amount)
        assert not desk.market(FundingRate(PERPETUAL.key, at, at + 1, 0.001))

    def test_no_position_pays_no_funding(self, desk: Desk) -> None:
        """Without a position a settlement is nothing, and so is a rate that is no number."""
        assert not desk.market(FundingRate(PERPETUAL.key, 2, 2, 0.001))
        desk.order(limit(PERPETUAL, Side.BUY, "4", "99"))
        assert not desk.market(FundingRate(PERPETUAL.key, desk.now + 1, desk.now + 1, float("nan")))
        desk.check()

    def test_bars_fill_at_the_next_opening(self, desk: Desk, bars: bool) -> None:
        """An order after a close waits for the opening and takes its touch."""
        if not bars:
            pytest.skip("the venue fills on no bars")
        at = desk.now + 10
        desk.market(closing(SPOT, 98.0, 99.0, 5.0, at=at))
        assert _states(desk.submit(limit(SPOT, Side.BUY, "1", "105"))) in ([], [OrderState.ACKNOWLEDGED])
        desk.settle()
        assert desk.balance("CASH")[1] > 0
        later = desk.now + 1
        desk.market(replace(opening(SPOT, 100.0, 101.0, 5.0, at=later), ts=at))
        desk.settle()
        assert desk.fold.states["a"] is OrderState.FILLED
        assert desk.balance("CASH") == (BALANCES["CASH"] - 101 - Decimal("0.0505"), ZERO)

    def test_gap_ends_what_waits(self, desk: Desk, bars: bool) -> None:
        """Nothing fills across a hole in the data."""
        if not bars:
            pytest.skip("the venue fills on no bars")
        desk.market(closing(SPOT, 98.0, 99.0, 5.0, at=desk.now + 10))
        desk.order(limit(SPOT, Side.BUY, "1", "105"))
        desk.market(BookInvalid(SPOT.key, desk.now + 10, desk.now + 10, Reason.DATA_GAP))
        desk.settle()
        desk.market(closing(SPOT, 98.0, 99.0, 5.0, at=desk.now + 10))
        desk.order(limit(SPOT, Side.BUY, "1", "105", name="b"))
        reports = [*desk.market(opening(SPOT, 98.0, 99.0, 5.0, at=desk.now + 10)), *desk.settle()]
        assert [one.reason for one in reports if isinstance(one, OrderReport)] == [Reason.DATA_GAP]
        assert {desk.fold.states[name] for name in "ab"} == {OrderState.EXPIRED}
        assert desk.balance("CASH") == (BALANCES["CASH"], ZERO)

    def test_random_sessions_add_up(self, open_venue: OpenVenue, bars: bool) -> None:
        """Random sessions: money is conserved, states follow the table, nothing is locked twice, restores agree."""
        run_state_machine_as_test(venue_machine(open_venue, bars=bars))


def _states(reports: list[VenueReport]) -> list[OrderState]:
    return [one.state for one in reports if isinstance(one, OrderReport)]


def _fills(reports: list[VenueReport]) -> list[Fill]:
    return [one for one in reports if isinstance(one, Fill)]
