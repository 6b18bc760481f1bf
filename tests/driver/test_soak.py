"""A day of a user stream in virtual time, reduced; and an hour of orders over sockets with the full counts."""

import logging
import os
import random
import time

import pytest

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore_exchange_binance.protocol import desk as binance_desk
from arbcore_exchange_binance.protocol import usdm_news
from arbcore_exchange_upbit.protocol.private import desk as upbit_desk
from arbcore_exchange_upbit.protocol.private import proof
from benchmarks import soak_sockets
from benchmarks.soak_orders import DAY_FRAMES, FLAT_MIB, SETTLED, soak, taken

logger = logging.getLogger(__name__)

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
    warm = SETTLED if _FULL else 0
    found = soak(taken(name), warm + (DAY_FRAMES if _FULL else _REDUCED), time.time_ns(), warm=warm)
    assert found.news > found.frames // 10
    assert found.waiting == 0
    assert (found.growth if _FULL else found.grown) < FLAT_MIB


@pytest.mark.anyio
async def test_orders_over_sockets_in_rounds() -> None:
    """An hour of both venues at once under the mixture ``churn_private``; seconds, of which memory tells nothing."""
    if not _FULL:
        found = await soak_sockets.soak(0.0, 1, logger.info, length=2.0)
        assert found.wrong == []
        return
    found = await soak_sockets.soak(_MINUTES, random.randrange(10**6), logger.info)
    soak_sockets.report(found, logger.info)
    assert found.wrong == []
    assert found.faults.total() > 10
    assert found.growth < soak_sockets.FLAT_MIB
