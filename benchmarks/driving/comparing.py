"""Settles what a driver sent, and compares all that it was told with the venue's own ledger."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import anyio
from msgspec import Struct

from arbcore_exchange_simulator import Fault, Simulator, SimulatorSettings
from benchmarks.driving.backstage import Near
from benchmarks.driving.opening import ACCOUNTS, Line, line
from benchmarks.driving.progress import watched
from benchmarks.driving.weather import spells

COINS: Final = ("BTC", "ETH", "XRP", "SOL", "DOGE")
LINES: Final[dict[str, tuple[str, dict[str, Any], Decimal]]] = {
    "upbit": ("upbit", {}, Decimal(20_000)),
    "usdm-rest": ("usdm", {"orders": "rest"}, Decimal(300)),
    "usdm-websocket": ("usdm", {"orders": "websocket"}, Decimal(300)),
    "spot": ("spot", {}, Decimal(300)),
}
"""Venue, further settings and usual value of an order by name of what is driven."""

_NEWS_S: Final = 10.0


class Driven(Struct):
    """What came of a driver's orders.

    Attributes:
        orders: Orders that were sent.
        fills: Fills of them.
        counts: What happened, by name.
        faults: Spells of faults, by kind.
        differences: What differs from the venue's own ledger, one line each.
    """

    orders: int
    fills: int
    counts: Counter[str]
    faults: Counter[str]
    differences: list[str]

    def __str__(self) -> str:
        """Return the figures in a line."""
        counts = self.counts
        return (
            f"{self.orders:,} orders, {counts['place accepted']:,} accepted, {counts['place refused']:,} refused, "
            f"{counts['place unknown']:,} unknown ({counts['found absent']:,} never were); {counts['looked up']:,} "
            f"look-ups; cancels {counts['cancel accepted']:,}, unknown {counts['cancel unknown']:,}; {self.fills:,} "
            f"fills; {sum(counts[name] for name in counts if name.endswith(' RECONNECTING')):,} reconnections; "
            f"{self.faults.total():,} spells of {len(self.faults)} faults; {len(self.differences)} differences"
        )


async def driven(name: str, count: int, seed: int, faults: Sequence[Fault], *, strict: bool = True) -> Driven:
    """Drive orders on a simulator of its own, settle and compare.

    Args:
        name: One of `LINES`.
        count: How many orders.
        seed: Seed of markets and orders.
        faults: The weather.
        strict: Whether the venue's limits of requests are enforced.

    Raises:
        Stalled: The driver got no further.
    """
    venue, more, value = LINES[name]
    rules = {} if strict else {"enforce": False, "upbit_order": 200}
    quick = {} if strict or venue != "upbit" else {"orders_per_second": 200}
    settings = {"seed": seed, "symbols": COINS, "rules": rules, "accounts": ACCOUNTS}
    async with (
        Simulator(SimulatorSettings.model_validate(settings)) as simulator,
        line(Near(simulator), venue, seed, value, **more, **quick) as tested,
        watched(tested.driver),
        spells(tested.backstage, (venue,)) as seen,
    ):
        await tested.backstage.add_faults(faults)
        await tested.driver.drive(count)
        differences = await compared(tested)
    driver = tested.driver
    fills = sum(len(sent.fills) for sent in driver.books.sent.values())
    return Driven(driver.moved[0], fills, driver.counts, seen, differences)


async def compared(tested: Line) -> list[str]:
    """Settle in good weather and return what differs from the venue's own books; the weather is over then."""
    await tested.backstage.clear_faults()
    await tested.driver.settle()
    ledger, books = tested.ledger, tested.driver.books
    await ledger.look(orders=True)
    found = ledger.differences(books)
    snapshot = await tested.venue.snapshot()
    await ledger.look()
    spot = tested.name != "usdm"
    asked = {one.currency: (one.total, one.locked) for one in snapshot.balances}
    found += ledger.view_differences(asked, "snapshot", locked=spot)
    with anyio.move_on_after(_NEWS_S):
        while ledger.view_differences(books.view, "stream", locked=spot) or any(books.positions.values()):
            await tested.driver.news()
            await ledger.look()
    found += ledger.view_differences(books.view, "stream", locked=spot)
    found += [f"the position {one.quantity} of {one.instrument} is open" for one in snapshot.positions]
    found += [f"{key}: position {size} by the stream" for key, size in books.positions.items() if size]
    if ledger.seen.open:
        found.append(f"open at the venue: {ledger.seen.open}")
    return found
