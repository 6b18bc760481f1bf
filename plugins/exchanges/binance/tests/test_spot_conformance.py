"""The suite of real venues on spot, against the simulator over real sockets: by request and by call."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from arbcore.ports.venue import Capabilities
from arbcore.testing.trading import Faults, Market, OpenRealVenue, VenueSuite, Witness
from arbcore_exchange_binance import plugin
from plugins.exchanges.binance.tests.spot_bench import SECRET, SpotBench, simulating


class SpotSuite(VenueSuite):
    """What both ways of sending orders share."""

    orders = "rest"

    @pytest.fixture
    async def spot(self, anyio_backend: Any) -> AsyncIterator[SpotBench]:
        """A running simulator."""
        async with simulating() as simulator:
            yield await SpotBench.on(simulator, orders=self.orders)

    @pytest.fixture
    def open_venue(self, spot: SpotBench) -> OpenRealVenue:
        """A venue on the simulator's account."""
        return spot.open_venue

    @pytest.fixture
    def market(self, spot: SpotBench) -> Market:
        """Its market, which stands still."""
        return spot.market

    @pytest.fixture
    def capabilities(self, spot: SpotBench) -> Capabilities:
        """What it can do."""
        return plugin.capabilities(spot.settings)

    @pytest.fixture
    def faults(self, spot: SpotBench) -> Faults:
        """The simulator's faults."""
        return spot.faults

    @pytest.fixture
    def witness(self, spot: SpotBench) -> Witness:
        """The simulator's own ledger."""
        return spot.witness

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        """The API secret."""
        return (SECRET,)


class TestByRequest(SpotSuite):
    """Orders go as requests."""


class TestByCall(SpotSuite):
    """Orders go over the WebSocket API while it is open."""

    orders = "auto"


del SpotSuite, VenueSuite
