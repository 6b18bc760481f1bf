"""The conformance suite of fill models."""

from collections.abc import Callable, Collection
from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given, strategies

from arbcore.errors import ArbcoreError
from arbcore.model.market import Book, BookInvalid, ClosingQuote, FundingRate, MarkPrice, OpeningQuote, Quote
from arbcore.model.order import Liquidity, Side, TimeInForce
from arbcore.ports.fill import Execution, FillModel
from arbcore.testing._fill_trial import FillTrial, steps
from arbcore.testing._suite import Suite
from arbcore.testing.samples import PERPETUAL, SPOT, closing, limit, market, opening, quote

Build = Callable[[], FillModel]


class FillModelSuite(Suite):
    """Standard tests of a fill model. Authors give `build`, and `reads` where the model fills from other data.

    Models differ in how much they fill; the suite asks for what no honest model may break: never more than is
    displayed, never beyond the worst price, never inside a bar or across a gap, and the same again after a restore.
    """

    @pytest.fixture
    def build(self) -> Build:
        """How to make a fresh model; the same every time."""
        raise AssertionError("give the fixture `build`: a function that returns a fresh fill model")

    @pytest.fixture
    def reads(self) -> Collection[type]:
        """Kinds of market data that the model fills from. What is left out it must refuse by raising."""
        return (Quote, Book, ClosingQuote, OpeningQuote)

    @pytest.fixture
    def model(self, build: Build) -> FillModel:
        """A fresh model that knows both sample instruments."""
        fresh = build()
        for instrument in (SPOT, PERPETUAL):
            fresh.list_instrument(instrument)
        return fresh

    def test_is_a_fill_model(self, model: FillModel) -> None:
        """It has every method of the port."""
        assert isinstance(model, FillModel)

    def test_no_touch_before_the_first(self, model: FillModel) -> None:
        """Without data there is no touch, and nothing fills."""
        assert model.touch(SPOT.key) is None
        assert not model.execute(limit(SPOT, Side.BUY, "1", "99"), Decimal(1), 1)

    def test_takes_at_the_touch(self, model: FillModel) -> None:
        """A marketable order fills on its own side of the touch, as taker."""
        model.on_market(quote(SPOT, 98.0, 99.0, 5.0))
        assert model.touch(SPOT.key) == (98.0, 99.0)
        bought = model.execute(limit(SPOT, Side.BUY, "2", "99.5", name="b"), Decimal(2), 1)
        assert bought == (Execution("b", Decimal(99), Decimal(2), Liquidity.TAKER),)
        sold = model.execute(limit(SPOT, Side.SELL, "2", "97.5", name="s"), Decimal(2), 1)
        assert sold == (Execution("s", Decimal(98), Decimal(2), Liquidity.TAKER),)

    def test_market_order_takes(self, model: FillModel) -> None:
        """An order without a price takes what is there."""
        model.on_market(quote(SPOT, 98.0, 99.0, 5.0))
        taken = model.execute(market(SPOT, Side.BUY, "1"), Decimal(1), 1)
        assert taken == (Execution("a", Decimal(99), Decimal(1), Liquidity.TAKER),)

    def test_never_beyond_the_worst_price(self, model: FillModel) -> None:
        """A touch outside the limit fills nothing, by however little."""
        model.on_market(quote(SPOT, 98.0, 99.0, 5.0))
        assert not model.execute(limit(SPOT, Side.BUY, "1", "98.9"), Decimal(1), 1)
        assert not model.execute(limit(SPOT, Side.SELL, "1", "98.1", name="s"), Decimal(1), 1)

    def test_prices_off_the_grid_round_against_the_order(self, model: FillModel) -> None:
        """A float between two ticks never fills at the better one."""
        model.on_market(quote(SPOT, 98.04, 99.06, 5.0))
        (bought,) = model.execute(limit(SPOT, Side.BUY, "1", "100"), Decimal(1), 1) or ()
        (sold,) = model.execute(limit(SPOT, Side.SELL, "1", "90", name="s"), Decimal(1), 1) or ()
        assert (bought.price, sold.price) == (Decimal("99.1"), Decimal("98.0"))

    def test_never_more_than_displayed(self, model: FillModel) -> None:
        """Two orders at one quote share what it shows, and sizes round down to the lot."""
        model.on_market(quote(SPOT, 98.0, 99.0, 3.009))
        first = model.execute(limit(SPOT, Side.BUY, "2", "99"), Decimal(2), 1) or ()
        second = model.execute(limit(SPOT, Side.BUY, "2", "99", name="b"), Decimal(2), 1) or ()
        assert sum((one.quantity for one in (*first, *second)), Decimal(0)) <= 3
        third = model.execute(limit(SPOT, Side.BUY, "2", "99", name="c"), Decimal(2), 1)
        assert not third

    def test_fill_or_kill_is_all_or_nothing(self, model: FillModel) -> None:
        """Nothing where not everything, and then nothing is used up."""
        model.on_market(quote(SPOT, 98.0, 99.0, 3.0))
        kill = limit(SPOT, Side.BUY, "4", "99", TimeInForce.FOK)
        assert not model.execute(kill, Decimal(4), 1)
        fill = limit(SPOT, Side.BUY, "3", "99", TimeInForce.FOK, name="b")
        assert sum(one.quantity for one in model.execute(fill, Decimal(3), 1) or ()) == 3

    def test_post_only_never_takes(self, model: FillModel) -> None:
        """Whether such an order is refused is the venue's affair; the model takes nothing for it."""
        model.on_market(quote(SPOT, 98.0, 99.0, 3.0))
        assert not model.execute(limit(SPOT, Side.BUY, "1", "99", TimeInForce.POST_ONLY), Decimal(1), 1)

    @pytest.mark.parametrize("side", Side)
    def test_resting_order_makes_at_its_price(self, model: FillModel, side: Side) -> None:
        """Once the market is far through it, a resting order has filled at its own price, as maker."""
        model.on_market(quote(SPOT, 98.0, 99.0, 3.0))
        price = "97" if side is Side.BUY else "99.9"
        model.rest(limit(SPOT, side, "1", price, TimeInForce.GTC), Decimal(1), 1)
        through = quote(SPOT, 90.0, 91.0, 5.0, at=2) if side is Side.BUY else quote(SPOT, 110.0, 111.0, 5.0, at=2)
        executions = list(model.on_market(through))
        assert sum(one.quantity for one in executions) == 1
        assert {(one.price, one.liquidity) for one in executions} == {(Decimal(price), Liquidity.MAKER)}
        assert not model.on_market(quote(SPOT, 90.0, 91.0, 5.0, at=3))

    def test_removed_order_never_fills(self, model: FillModel) -> None:
        """What was taken out of the book is gone; an unknown id is ignored."""
        model.on_market(quote(SPOT, 98.0, 99.0, 3.0))
        model.rest(limit(SPOT, Side.BUY, "1", "97", TimeInForce.GTC), Decimal(1), 1)
        model.remove("a")
        model.remove("never there")
        assert not model.on_market(quote(SPOT, 90.0, 91.0, 5.0, at=2))

    def test_instruments_do_not_mix(self, model: FillModel) -> None:
        """A quote of one instrument says nothing of another."""
        model.on_market(quote(SPOT, 98.0, 99.0, 5.0))
        assert model.touch(PERPETUAL.key) is None
        assert not model.execute(limit(PERPETUAL, Side.BUY, "1", "200"), Decimal(1), 1)

    @pytest.mark.parametrize("bad", [nan, inf, 0.0, -1.0])
    def test_numbers_that_are_none_fill_nothing(self, model: FillModel, bad: float) -> None:
        """Data that slips through every check still gives no fill."""
        for touch in (quote(SPOT, bad, 99.0, 5.0), quote(SPOT, 98.0, bad, 5.0), quote(SPOT, 98.0, 99.0, bad)):
            model.on_market(touch)
            assert not model.execute(limit(SPOT, Side.BUY, "1", "1000", name="b"), Decimal(1), 1)
            assert not model.execute(limit(SPOT, Side.SELL, "1", "1", name="s"), Decimal(1), 1)

    def test_invalid_book_fills_nothing(self, model: FillModel) -> None:
        """From the hole to the next quote nothing fills."""
        model.on_market(quote(SPOT, 98.0, 99.0, 5.0))
        model.on_market(BookInvalid(SPOT.key, 2, 2, "DATA_GAP"))
        assert not model.execute(limit(SPOT, Side.BUY, "1", "99"), Decimal(1), 2)
        model.on_market(quote(SPOT, 98.0, 99.0, 5.0, at=3))
        assert model.execute(limit(SPOT, Side.BUY, "1", "99", name="b"), Decimal(1), 3)

    def test_book_is_read_or_refused(self, model: FillModel, reads: Collection[type]) -> None:
        """A book's best level fills like a quote; a model that can't read books says so."""
        book = Book(SPOT.key, 1, 1, ((98.0, 5.0), (97.0, 9.0)), ((99.0, 5.0), (99.5, 9.0)))
        if Book not in reads:
            with pytest.raises(ArbcoreError):
                model.on_market(book)
            return
        model.on_market(book)
        assert model.touch(SPOT.key) == (98.0, 99.0)
        (taken,) = model.execute(limit(SPOT, Side.BUY, "1", "99"), Decimal(1), 1) or ()
        assert (taken.price, taken.quantity) == (Decimal(99), Decimal(1))

    def test_bars_are_read_or_refused(self, model: FillModel, reads: Collection[type]) -> None:
        """What is decided at a close fills at the next opening, at its touch; or the model refuses bars."""
        if ClosingQuote not in reads:
            with pytest.raises(ArbcoreError):
                model.on_market(closing(SPOT, 98.0, 99.0, at=10))
            return
        model.on_market(closing(SPOT, 98.0, 99.0, 5.0, at=10))
        order = limit(SPOT, Side.BUY, "1", "105")
        assert model.execute(order, Decimal(1), 10) is None
        model.on_market(opening(SPOT, 97.0, 98.0, 5.0, at=10))
        (taken,) = model.execute(order, Decimal(1), 10) or ()
        assert (taken.price, taken.quantity) == (Decimal(98), Decimal(1))

    def test_bars_fill_nothing_inside(self, model: FillModel, reads: Collection[type]) -> None:
        """After the opening's instant the bar is unknown until the next opening."""
        if ClosingQuote not in reads:
            pytest.skip("the model reads no bars")
        model.on_market(closing(SPOT, 98.0, 99.0, 5.0, at=10))
        model.on_market(opening(SPOT, 97.0, 98.0, 5.0, at=10))
        order = limit(SPOT, Side.BUY, "1", "105")
        assert model.execute(order, Decimal(1), 11) is None
        model.on_market(closing(SPOT, 98.0, 99.0, 5.0, at=20))
        assert model.execute(order, Decimal(1), 20) is None

    def test_bars_fill_nothing_across_a_gap(self, model: FillModel, reads: Collection[type]) -> None:
        """An opening at another time than the last close, or after a hole, fills nothing."""
        if ClosingQuote not in reads:
            pytest.skip("the model reads no bars")
        order = limit(SPOT, Side.BUY, "1", "105")
        model.on_market(closing(SPOT, 98.0, 99.0, 5.0, at=10))
        model.on_market(opening(SPOT, 97.0, 98.0, 5.0, at=20))
        assert not model.execute(order, Decimal(1), 20)
        model.on_market(closing(SPOT, 98.0, 99.0, 5.0, at=30))
        model.on_market(BookInvalid(SPOT.key, 30, 30, "DATA_GAP"))
        model.on_market(opening(SPOT, 97.0, 98.0, 5.0, at=30))
        assert not model.execute(order, Decimal(1), 30)

    def test_marks_and_funding_move_no_touch(self, model: FillModel) -> None:
        """What is no quote leaves the touch alone."""
        model.on_market(quote(PERPETUAL, 98.0, 99.0, 5.0))
        model.on_market(MarkPrice(PERPETUAL.key, 2, 2, 500.0, 500.0))
        model.on_market(FundingRate(PERPETUAL.key, 2, 2, 0.01))
        assert model.touch(PERPETUAL.key) == (98.0, 99.0)

    def test_random_markets_keep_the_rules(self, build: Build) -> None:
        """Random quotes, orders and cancels: every execution is on the grid, displayed, and within its price."""

        @given(steps())
        def holds(plan: list[object]) -> None:
            trial = FillTrial(build(), SPOT)
            for step in plan:
                trial.play(step)

        holds()

    def test_quotes_that_are_not_watched_do_not_matter(self, build: Build) -> None:
        """Where the model does not watch, the latest quote is as good as all of them."""

        @given(steps())
        def holds(plan: list[object]) -> None:
            every, sparing = FillTrial(build(), SPOT), FillTrial(build(), SPOT, sparing=True)
            for step in plan:
                assert every.play(step) == sparing.play(step)

        holds()

    def test_restore_continues_identically(self, build: Build) -> None:
        """A model restored anywhere in a random market gives the same executions as the one that went on."""

        @given(steps(), strategies.integers(0, 60))
        def holds(plan: list[object], cut: int) -> None:
            trial = FillTrial(build(), SPOT)
            for step in plan[:cut]:
                trial.play(step)
            twin = trial.fork(build())
            for step in plan[cut:]:
                assert trial.play(step) == twin.play(step)
            assert trial.model.state() == twin.model.state()

        holds()
