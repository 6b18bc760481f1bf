"""A running simulator with a manual clock, and raw clients."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from arbcore_exchange_simulator import Simulator, SimulatorSettings


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def settings() -> dict[str, Any]:
    """What a test changes about the simulator, by parametrizing this fixture's name."""
    return {}


@pytest.fixture
async def simulator(settings: dict[str, Any]) -> AsyncIterator[Simulator]:
    told = {"clock": "manual", "symbols": ("BTC", "XRP", "SHIB"), **settings}
    async with Simulator(SimulatorSettings.model_validate(told)) as opened:
        yield opened
