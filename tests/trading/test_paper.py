"""The suite of real venues on the paper venue, dressed as a real one: rules of accounts and orders are the same."""

from decimal import Decimal

import pytest

from arbcore.model.instrument import Instrument
from arbcore.ports.trading import Venue
from arbcore.ports.venue import Capabilities
from arbcore.testing.samples import PERPETUAL, SPOT
from arbcore.testing.session import make_context
from arbcore.testing.simulated_bench import SimulatedBench
from arbcore.testing.trading import Faults, Market, OpenRealVenue, VenueSuite, Witness
from arbcore_exchange_paper import plugin
from arbcore_exchange_paper.settings import PaperSettings
from arbcore_fill_top.model import TopFill

SETTINGS = PaperSettings(use="paper", fill="book")


def bench_on(instrument: Instrument) -> SimulatedBench:
    """Return a bench on a paper venue with money."""
    context = make_context(
        "paper", venue="sim", balances={"CASH": Decimal(10_000), "COIN": Decimal(100)}, fill_model=TopFill()
    )
    return SimulatedBench(plugin.open_venue(SETTINGS, context), instrument)


class PaperSuite(VenueSuite):
    """What both instruments share."""

    @pytest.fixture
    def instrument(self) -> Instrument:
        """The instrument to trade."""
        return SPOT

    @pytest.fixture
    def simulated(self, instrument: Instrument) -> SimulatedBench:
        """A fresh account."""
        return bench_on(instrument)

    @pytest.fixture
    def open_venue(self, simulated: SimulatedBench) -> OpenRealVenue:
        """The paper venue as a real one."""
        return simulated.open_venue

    @pytest.fixture
    def market(self, simulated: SimulatedBench) -> Market:
        """Its market."""
        return simulated.market

    @pytest.fixture
    def capabilities(self, simulated: SimulatedBench) -> Capabilities:
        """What it can do."""
        return simulated.capabilities

    @pytest.fixture
    def faults(self, simulated: SimulatedBench) -> Faults:
        """The line's faults."""
        return simulated.faults

    @pytest.fixture
    def witness(self, simulated: SimulatedBench) -> Witness:
        """The far side."""
        return simulated.witness


class TestSpot(PaperSuite):
    pass


class TestPerpetual(PaperSuite):
    @pytest.fixture
    def instrument(self) -> Instrument:
        return PERPETUAL


def test_it_is_a_venue() -> None:
    assert isinstance(bench_on(SPOT).open_venue(), Venue)
