"""The suite of real venues on USD-M futures, against the simulator over real sockets: by request and by call."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from arbcore.ports.venue import Capabilities
from arbcore.testing.trading import Faults, Market, OpenRealVenue, VenueSuite, Witness
from arbcore_exchange_binance import plugin
from plugins.exchanges.binance.tests.usdm_bench import SECRET, UsdmBench, listed_on, simulating


class UsdmSuite(VenueSuite):
    """What both ways of sending orders share."""

    orders = "rest"

    @pytest.fixture
    async def usdm(self, anyio_backend: Any) -> AsyncIterator[UsdmBench]:
        """A running simulator."""
        async with simulating() as simulator:
            yield UsdmBench(simulator, await listed_on(simulator), orders=self.orders)

    @pytest.fixture
    def open_venue(self, usdm: UsdmBench) -> OpenRealVenue:
        """A venue on the simulator's account."""
        return usdm.open_venue

    @pytest.fixture
    def market(self, usdm: UsdmBench) -> Market:
        """Its market, which stands still."""
        return usdm.market

    @pytest.fixture
    def capabilities(self, usdm: UsdmBench) -> Capabilities:
        """What it can do."""
        return plugin.capabilities(usdm.settings)

    @pytest.fixture
    def faults(self, usdm: UsdmBench) -> Faults:
        """The simulator's faults."""
        return usdm.faults

    @pytest.fixture
    def witness(self, usdm: UsdmBench) -> Witness:
        """The simulator's own ledger."""
        return usdm.witness

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        """The API secret."""
        return (SECRET,)


class TestByRequest(UsdmSuite):
    """Orders go as requests."""


class TestByCall(UsdmSuite):
    """Orders go over the WebSocket API while it is open."""

    orders = "auto"


del UsdmSuite, VenueSuite
