"""The exchanges' feeds on the local simulator: written apart from each other, so that one checks the other."""

import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from arbcore.context import Context
from arbcore.runtime.clock import WallClock

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore_exchange_simulator import Fault, Simulator, SimulatorSettings

COINS = ("BTC", "ETH")
NETWORK = {"first_wait": "20ms", "longest_wait": "100ms", "stagger": "1ms"}


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Both exchanges, with quick markets."""
    async with Simulator(SimulatorSettings(seed=3, symbols=COINS, rate=30)) as running:
        yield running


@pytest.fixture
def cut(simulator: Simulator) -> Callable[[], None]:
    """Cuts every socket."""

    def disconnect() -> None:
        simulator.add_fault(Fault(kind="disconnect", lasts=20_000_000))

    return disconnect


def context(instance: str) -> Context:
    """Return the context of an instance on the simulator."""
    return Context(
        instance=instance,
        session="test",
        mode="paper",
        environment="simulator",
        base_currency="USDT",
        clock=WallClock(),
        logger=logging.getLogger(f"arbcore.test.{instance}"),
        data_dir=Path(),
    )
