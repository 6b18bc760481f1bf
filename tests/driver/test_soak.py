"""A day of a user stream in virtual time, reduced; and an hour of orders over sockets with the full counts."""

import os
import time
from decimal import Decimal
from random import Random

import anyio
import pytest

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore_exchange_binance.protocol import desk as binance_desk
from arbcore_exchange_binance.protocol import usdm_news
from arbcore_exchange_simulator import Simulator, SimulatorSettings
from arbcore_exchange_simulator.faults.presets import churn_private
from arbcore_exchange_upbit.protocol.private import desk as upbit_desk
from arbcore_exchange_upbit.protocol.private import proof
from benchmarks.driving.opening import ACCOUNTS, line
from benchmarks.soak_orders import DAY_FRAMES, FLAT_MIB, soak, taken
from tests.driver.test_driver import compared

_FULL = os.environ.get("ARBCORE_COUNTS") == "full"
_MINUTES = float(os.environ.get("ARBCORE_SOAK_MINUTES", "60"))
_REDUCED = 12_000
_CAPS = [
    (binance_desk, "_KEPT_ORDERS", 200),
    (binance_desk, "_KEPT_FILLS", 400),
    (usdm_news, "_KEPT", 200),
    (upbit_desk, "KEPT", 200),
    (upbit_desk, "KEPT_FILLS", 400),
    (proof, "KEPT", 200),
]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * 3600)]


@pytest.mark.parametrize("name", ["upbit", "usdm"])
def test_a_day_of_a_user_stream_leaves_nothing_behind(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if not _FULL:  # what is remembered is full much sooner then
        for module, cap, few in _CAPS:
            monkeypatch.setattr(module, cap, few)
    found = soak(taken(name), DAY_FRAMES if _FULL else _REDUCED, time.time_ns())
    assert found.news > found.frames // 10
    assert found.waiting == 0
    assert (found.growth if _FULL else found.grown) < FLAT_MIB


@pytest.mark.anyio
@pytest.mark.skipif(not _FULL, reason="an hour by the clock; set ARBCORE_COUNTS=full")
async def test_an_hour_of_orders_over_sockets() -> None:
    """Both venues at once under the mixture ``churn_private``, in rounds that are compared with the ledger."""
    told = {"symbols": ("BTC", "ETH", "XRP"), "accounts": ACCOUNTS, "preset": "churn_private"}
    end, random = time.monotonic() + _MINUTES * 60, Random(1)
    async with (
        Simulator(SimulatorSettings.model_validate(told)) as server,
        line(server, "upbit", 1, Decimal(20_000)) as upbit,
        line(server, "usdm", 1, Decimal(300), orders=random.choice(("rest", "websocket"))) as usdm,
    ):
        while time.monotonic() < end:
            async with anyio.create_task_group() as group:
                group.start_soon(upbit.driver.drive, 200)
                group.start_soon(usdm.driver.drive, 200)
            for one in (upbit, usdm):
                assert await compared(one, server) == []
            for fault in churn_private(random.randrange(10**6)):
                server.add_fault(fault)
