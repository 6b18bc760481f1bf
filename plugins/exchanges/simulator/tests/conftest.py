"""Venues in virtual time with clients in memory, and running simulators with raw clients on real sockets."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import msgspec
import pytest

from arbcore_exchange_simulator import Simulator, SimulatorSettings
from arbcore_exchange_simulator.memory import MemoryClient, make_venues
from arbcore_exchange_simulator.venues import Venues

Connect = Callable[..., MemoryClient]


@pytest.fixture
def venues() -> Venues:
    return make_venues(symbols=("BTC", "XRP", "SHIB"))


@pytest.fixture
def connect(venues: Venues) -> Connect:
    def opened(venue: str, path: str, **query: str) -> MemoryClient:
        return MemoryClient(venues, venue, path, query)

    return opened


@pytest.fixture
def get(venues: Venues) -> Callable[..., Any]:
    """Ask a venue over REST: status and body."""

    def asked(venue: str, path: str, **query: str) -> tuple[int, Any]:
        answer = venues.answer("GET", venue, path, query)
        return answer.status, msgspec.json.decode(answer.body)

    return asked


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """A simulator on a real port, with a manual clock."""
    settings = SimulatorSettings(clock="manual", symbols=("BTC", "XRP", "SHIB"))
    async with Simulator(settings) as opened:
        yield opened


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened
