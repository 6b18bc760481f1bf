"""Upbit against the suite of real venues, on the simulator in process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from arbcore.ports.trading import Venue
from arbcore.ports.venue import Capabilities
from arbcore.testing.gate import Way
from arbcore.testing.trading import Operation

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore_exchange_upbit import plugin
from arbcore_exchange_upbit.settings import UpbitSettings
from tests.trading.simulators import NETWORK, UPBIT_KEY, UPBIT_SECRET, Stage, context, still
from tests.trading.staged import StagedSuite

WAYS: dict[Operation, Way] = {
    "place": Way("POST", "/v1/orders"),
    "cancel": Way("DELETE", "/v1/order"),
    "amend": Way("POST", "/v1/orders/cancel_and_new"),
}


def settings_with(address: str, our_ids: str = "suite-") -> UpbitSettings:
    """Return settings that reach the venue through an address."""
    return UpbitSettings.model_validate({"use": "upbit", "simulator": address, "our_ids": our_ids, "network": NETWORK})


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """Run a simulator with the venue on it."""
    secrets = {"api_key": UPBIT_KEY, "api_secret": UPBIT_SECRET}
    async with still() as (simulator, gate):

        def open_as(our_ids: str) -> Venue:
            return plugin.open_venue(settings_with(gate.address, our_ids), context("upbit", secrets))

        async with plugin.open_feed(settings_with(simulator.address), context("upbit", secrets)) as feed:
            (instrument,) = [one for one in await feed.instruments() if one.symbol == "KRW-BTC"]
        yield Stage(simulator, gate, "upbit", instrument, WAYS, "/private", open_as)


class TestUpbit(StagedSuite):
    connection = "private-1"
    hidden = (UPBIT_SECRET, UPBIT_KEY, "Bearer ")

    @pytest.fixture
    async def stage(self) -> AsyncIterator[Stage]:
        """The venue on a simulator."""
        async with staged() as stage:
            yield stage

    @pytest.fixture
    def capabilities(self) -> Capabilities:
        return plugin.capabilities(settings_with("http://127.0.0.1:1"))
