"""Orders of many shapes straight on the adapters, over real sockets, under faults: nothing is lost, nothing is doubled.

Some hundred orders; tens of thousands under the mixture ``churn_private`` with the full counts.
"""

import os
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import anyio
import pytest

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore_exchange_simulator import Fault, Simulator, SimulatorSettings
from arbcore_exchange_simulator.faults.presets import churn_private
from benchmarks.driving.opening import ACCOUNTS, Line, line

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(3600)]

_FULL = os.environ.get("ARBCORE_COUNTS") == "full"
_COUNT = int(os.environ.get("ARBCORE_DRIVER_ORDERS", "12000" if _FULL else "150"))
_SEED = int(os.environ.get("ARBCORE_DRIVER_SEED", "7"))
_COINS = ("BTC", "ETH", "XRP", "SOL", "DOGE")
_LINES: Sequence[tuple[str, dict[str, Any], Decimal]] = (
    ("upbit", {}, Decimal(20_000)),
    ("usdm", {"orders": "rest"}, Decimal(300)),
    ("usdm", {"orders": "websocket"}, Decimal(300)),
    ("spot", {}, Decimal(300)),
)
_SPELLS: Sequence[tuple[str, float]] = (
    ("ack_timeout", 0.2),
    ("unknown_5xx", 0.3),
    ("failed_5xx", 0.3),
    ("reject_order", 0.3),
    ("fill_on_cancel", 0.6),
    ("cancel_refused", 0.3),
    ("order_report_delay", 0.5),
    ("duplicate_event", 0.5),
    ("fill_silence", 1.0),
    ("post_only_cancelled", 0.7),
    ("latency", 1.0),
)


def storm(venue: str) -> list[Fault]:
    """Return short spells of every fault of orders, one after the other and again, with cuts of every socket."""
    found = [
        {"kind": kind, "share": share, "at": f"{300 + 500 * number}ms", "lasts": "700ms", "every": "6s"}
        for number, (kind, share) in enumerate(_SPELLS)
    ]
    found += [{"kind": "disconnect", "at": f"{at}ms", "lasts": "200ms", "every": "6s"} for at in (1500, 4200)]
    return [Fault.model_validate({"amount": "150ms", "venue": venue, **one}) for one in found]


async def compared(tested: Line, simulator: Simulator) -> list[str]:
    """Settle in good weather and return what differs from the venue's own books."""
    simulator.faults.clear()
    await tested.driver.settle()
    ledger, books = tested.ledger, tested.driver.books
    found = ledger.differences(books)
    snapshot = await tested.venue.snapshot()
    spot = tested.name != "usdm"
    asked = {one.currency: (one.total, one.locked) for one in snapshot.balances}
    found += ledger.view_differences(asked, "snapshot", locked=spot)
    with anyio.move_on_after(10):
        while ledger.view_differences(books.view, "stream", locked=spot):
            await tested.driver.news()
    found += ledger.view_differences(books.view, "stream", locked=spot)
    found += [f"the position {one.quantity} of {one.instrument} is open" for one in snapshot.positions]
    found += [f"{key}: position {size} by the stream" for key, size in books.positions.items() if size]
    if tested.ledger.account.open:
        found.append(f"open at the venue: {list(tested.ledger.account.open)}")
    return found


@pytest.mark.parametrize("faults", [False, True] if _FULL else [True], ids=["calm", "storm"][not _FULL :])
@pytest.mark.parametrize(("name", "more", "value"), _LINES, ids=["upbit", "usdm-rest", "usdm-websocket", "spot"])
async def test_every_order_ends_known_and_the_books_are_the_venues(
    name: str, more: dict[str, Any], value: Decimal, *, faults: bool
) -> None:
    rules = {} if _FULL else {"enforce": False, "upbit_order": 200}
    told = {"seed": _SEED, "symbols": _COINS, "rules": rules, "accounts": ACCOUNTS}
    settings = SimulatorSettings.model_validate(told)
    quick = {} if _FULL or name != "upbit" else {"orders_per_second": 200}
    count = _COUNT // 3 if name == "spot" else _COUNT  # its limits of orders are the tightest
    async with Simulator(settings) as simulator, line(simulator, name, _SEED, value, **more, **quick) as tested:
        for fault in _weather(name) if faults else ():
            simulator.add_fault(fault)
        await tested.driver.drive(count)
        found = await compared(tested, simulator)
    counts = tested.driver.counts
    assert found == [], "\n".join([str(dict(counts)), *found])
    assert counts["place accepted"] > count // 5
    assert sum(len(sent.fills) for sent in tested.driver.books.sent.values()) > count // 8
    if faults and name != "spot":  # whose few orders of the reduced form may miss the spell
        assert counts["place unknown"] > 0


def _weather(name: str) -> list[Fault]:
    return [*churn_private(_SEED), *storm(name)] if _FULL else storm(name)
