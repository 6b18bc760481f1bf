"""Binance USD-M futures against the suite of real venues, on the simulator in process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest

from arbcore.ports.trading import Venue
from arbcore.ports.venue import Capabilities
from arbcore.testing.gate import Way
from arbcore.testing.trading import Faults, Operation

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore_exchange_binance import plugin
from arbcore_exchange_binance.settings import BinanceSettings
from tests.trading.simulators import BINANCE_KEY, BINANCE_SECRET, NETWORK, Stage, context, still
from tests.trading.staged import StagedSuite

WAYS: dict[Operation, Way] = {
    "place": Way("POST", "/fapi/v1/order"),
    "cancel": Way("DELETE", "/fapi/v1/order"),
    "amend": Way("PUT", "/fapi/v1/order"),
}


def settings_with(address: str, own_ids: str = "suite-", orders: str = "rest") -> BinanceSettings:
    """Return settings that reach the venue through an address."""
    return BinanceSettings.model_validate(
        {"use": "binance", "product": "usdm", "simulator": address, "orders": orders, "own_ids": own_ids}
        | {"network": NETWORK}
    )


@asynccontextmanager
async def staged(orders: str) -> AsyncIterator[Stage]:
    """Run a simulator with the venue on it; orders go as requests or as calls."""
    secrets = {"api_key": BINANCE_KEY, "api_secret": BINANCE_SECRET}
    async with still() as (simulator, gate):

        def open_as(own_ids: str) -> Venue:
            # The other program does not run a venue: it only sends.
            by = orders if own_ids == "suite-" else "rest"
            return plugin.open_venue(settings_with(gate.address, own_ids, by), context("usdm", secrets))

        async with plugin.open_feed(settings_with(simulator.address), context("usdm", secrets)) as feed:
            (instrument,) = [one for one in await feed.instruments() if one.symbol == "BTCUSDT"]
        yield Stage(simulator, gate, "usdm", instrument, WAYS, "/private/", open_as)


class UsdmSuite(StagedSuite):
    """What both ways to send orders share."""

    connection = "user"
    hidden = (BINANCE_SECRET, BINANCE_KEY, "signature=")

    orders: ClassVar[str]

    @pytest.fixture
    async def stage(self) -> AsyncIterator[Stage]:
        """The venue on a simulator."""
        async with staged(self.orders) as stage:
            yield stage

    @pytest.fixture
    def capabilities(self) -> Capabilities:
        return plugin.capabilities(settings_with("http://127.0.0.1:1"))


class TestRequests(UsdmSuite):
    orders = "rest"


class TestCalls(UsdmSuite):
    """Orders as calls over the WebSocket API: what fails on the way is put in by the simulator."""

    orders = "websocket"

    @pytest.fixture
    def faults(self, stage: Stage) -> Faults:
        return stage.call_faults("user")
