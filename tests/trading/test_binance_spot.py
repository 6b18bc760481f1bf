"""Binance spot against the suite of real venues, on the simulator in process."""

from collections.abc import AsyncIterator

import pytest

from arbcore.ports.trading import Venue
from arbcore.ports.venue import Capabilities
from arbcore.testing.gate import Way
from arbcore.testing.trading import Operation

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore_exchange_binance import plugin
from arbcore_exchange_binance.settings import BinanceSettings
from tests.trading.simulators import BINANCE_KEY, BINANCE_SECRET, NETWORK, Stage, context, still
from tests.trading.staged import StagedSuite

WAYS: dict[Operation, Way] = {
    "place": Way("POST", "/api/v3/order"),
    "cancel": Way("DELETE", "/api/v3/order"),
    "amend": Way("POST", "/api/v3/order/cancelReplace"),
}


def settings_with(address: str, own_ids: str = "suite-") -> BinanceSettings:
    """Return settings that send orders by request, through an address."""
    return BinanceSettings.model_validate(
        {"use": "binance", "product": "spot", "simulator": address, "orders": "rest", "own_ids": own_ids}
        | {"network": NETWORK}
    )


class TestBinanceSpot(StagedSuite):
    connection = "user"
    hidden = (BINANCE_SECRET, BINANCE_KEY, "signature=")

    @pytest.fixture
    async def stage(self) -> AsyncIterator[Stage]:
        """The venue on a simulator."""
        secrets = {"api_key": BINANCE_KEY, "api_secret": BINANCE_SECRET}
        async with still() as (simulator, gate):

            def open_as(own_ids: str) -> Venue:
                return plugin.open_venue(settings_with(gate.address, own_ids), context("spot", secrets))

            async with plugin.open_feed(settings_with(simulator.address), context("spot", secrets)) as feed:
                (instrument,) = [one for one in await feed.instruments() if one.symbol == "BTCUSDT"]
            yield Stage(simulator, gate, "spot", instrument, WAYS, "ws-api", open_as)

    @pytest.fixture
    def capabilities(self) -> Capabilities:
        return plugin.capabilities(settings_with("http://127.0.0.1:1"))
