"""The suite of real venues on spot by calls over the WebSocket API, against the simulator.

By request it runs among the tests of trading. Every connection counts as the stream here, so that no order is sent
before the one for calls is open.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from arbcore.ports.venue import Capabilities
from arbcore.testing.trading import Faults, Market, OpenRealVenue, VenueSuite, Witness
from arbcore_exchange_binance import plugin
from plugins.exchanges.binance.tests.spot_bench import SECRET, SpotBench, simulating


class TestByCall(VenueSuite):
    @pytest.fixture
    async def spot(self, anyio_backend: Any) -> AsyncIterator[SpotBench]:
        """A running simulator."""
        async with simulating() as simulator:
            yield await SpotBench.on(simulator)

    @pytest.fixture
    def open_venue(self, spot: SpotBench) -> OpenRealVenue:
        return spot.open_venue

    @pytest.fixture
    def market(self, spot: SpotBench) -> Market:
        return spot.market

    @pytest.fixture
    def capabilities(self, spot: SpotBench) -> Capabilities:
        return plugin.capabilities(spot.settings)

    @pytest.fixture
    def faults(self, spot: SpotBench) -> Faults:
        return replace(spot.faults, stream="")

    @pytest.fixture
    def witness(self, spot: SpotBench) -> Witness:
        return spot.witness

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return (SECRET,)


del VenueSuite
