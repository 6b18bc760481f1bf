"""The conformance suite of instruments: what an exchange plugin knows of its markets without a network."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, strategies

from arbcore.model.grid import Rounding, on_grid
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.ports.venue import Capabilities
from arbcore.testing._suite import Suite

Reference = Callable[[str, Sequence[str]], Sequence[Instrument]]

_COIN = re.compile(r"^[A-Z][A-Z0-9]*$|^[0-9][A-Z0-9]*$")
_PACKED = re.compile(r"^(1000000|1000|1M)[A-Z]")


class InstrumentSuite(Suite):
    """Standard tests of `reference_instruments`. Authors give three fixtures.

    They find what silently costs money: a tick that holds no price, a multiplier left in the coin's name, a minimum
    that no order can meet, fees off by a factor of a hundred.
    """

    @pytest.fixture
    def reference(self) -> Reference:
        """The plugin's instruments, given an exchange id and base coins."""
        raise AssertionError("give the fixture `reference`: the plugin's hook with its settings filled in")

    @pytest.fixture
    def bases(self) -> Sequence[str]:
        """Coins that the plugin must know."""
        raise AssertionError("give the fixture `bases`: some coins that the plugin knows")

    @pytest.fixture
    def capabilities(self) -> Capabilities:
        """The plugin's capabilities with the same settings."""
        raise AssertionError("give the fixture `capabilities`: the plugin's record")

    @pytest.fixture
    def instruments(self, reference: Reference, bases: Sequence[str]) -> Sequence[Instrument]:
        """The instruments of those coins on an exchange called ``somewhere``."""
        return reference("somewhere", bases)

    def test_every_coin_has_one(self, instruments: Sequence[Instrument], bases: Sequence[str]) -> None:
        """One instrument per coin, in the order asked, each under its own key on the exchange asked."""
        assert [one.base for one in instruments] == list(bases)
        assert len({one.key for one in instruments}) == len(instruments)
        assert {one.venue for one in instruments} == {"somewhere"}
        assert all(one.symbol and one.quote and one.quote != one.base for one in instruments)

    def test_same_question_same_answer(self, reference: Reference, bases: Sequence[str]) -> None:
        """It is pure; asked for nothing it gives nothing, and a coin asked for twice is given once."""
        assert list(reference("a", bases)) == list(reference("a", bases))
        assert list(reference("a", ())) == []
        assert list(reference("a", [*bases, *bases])) == list(reference("a", bases))

    def test_kinds_are_declared(self, instruments: Sequence[Instrument], capabilities: Capabilities) -> None:
        """The capabilities name every kind that there is."""
        assert {one.kind for one in instruments} <= capabilities.kinds

    def test_multipliers_are_told(self, instruments: Sequence[Instrument]) -> None:
        """A coin's name carries no multiplier: two venues' coins are compared by it."""
        for one in instruments:
            assert _COIN.match(one.base), one.base
            assert not _PACKED.match(one.base), f"{one.base}: put the multiplier into `multiplier`"
            assert one.multiplier >= 1

    def test_spot_has_no_contract(self, instruments: Sequence[Instrument]) -> None:
        """A spot market trades coins, not contracts."""
        spot = [one for one in instruments if one.kind is InstrumentKind.SPOT]
        assert all(one.contract_size == 1 for one in spot)

    def test_fees_are_plausible(self, instruments: Sequence[Instrument]) -> None:
        """Rates are fractions: a maker pays no more than a taker, and a taker no more than one percent."""
        for one in instruments:
            assert one.fees.maker <= one.fees.taker
            assert Decimal(0) <= one.fees.taker <= Decimal("0.01")
            assert one.fees.maker >= Decimal("-0.001")

    def test_limits_can_be_met(self, instruments: Sequence[Instrument]) -> None:
        """The smallest quantity lies on the lot, and the largest above it."""
        for one in instruments:
            assert one.min_quantity > 0
            assert on_grid(one.min_quantity, one.lot)
            assert one.min_notional >= 0
            assert one.max_quantity is None or one.max_quantity > one.min_quantity

    def test_ticks_grow_with_the_price(self, instruments: Sequence[Instrument]) -> None:
        """A coarser band's floor and tick are on the finer grid, so rounding across a floor stays on the grid."""
        for one in instruments:
            for lower, upper in pairwise(one.ticks.bands):
                assert lower.tick <= upper.tick
                assert on_grid(upper.floor, lower.tick)
                assert on_grid(upper.floor, upper.tick)

    def test_prices_round_as_told(self, instruments: Sequence[Instrument]) -> None:
        """Any price lands on the grid, on the side asked, within one tick."""

        @given(strategies.sampled_from(list(instruments)), strategies.floats(1e-6, 1e9))
        def holds(one: Instrument, price: float) -> None:
            down, up = (one.ticks.place(price, way) for way in (Rounding.DOWN, Rounding.UP))
            exact = Decimal(repr(price))
            tick = one.ticks.tick_at(price)
            # A float within a billionth of a tick of the grid counts as on it.
            slack = tick.scaleb(-9)
            assert down - slack <= exact <= up + slack
            assert up - down in {Decimal(0), tick}
            assert not down or one.ticks.holds(down)
            assert one.ticks.holds(up)

        holds()

    def test_survives_storage(self, instruments: Sequence[Instrument]) -> None:
        """Written to a data set's description and read back it is equal."""
        for one in instruments:
            assert msgspec.json.decode(msgspec.json.encode(one), type=Instrument) == one
