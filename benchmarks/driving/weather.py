"""The weather that orders are driven in: spells of every fault of orders, and mixtures that go on after a pause."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import anyio

from arbcore_exchange_simulator import Fault
from arbcore_exchange_simulator.faults.presets import churn_private
from benchmarks.driving.backstage import Backstage

_LOOK_S: Final = 0.05
_SPELLS: Final[Sequence[tuple[str, float]]] = (
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


def mixture(venue: str, seed: int) -> list[Fault]:
    """Return ``churn_private``, which knows no faults of spot: those of USD-M are for spot there."""
    found = churn_private(seed)
    if venue == "spot":
        found = [one.model_copy(update={"venue": "spot"}) if one.venue == "usdm" else one for one in found]
    return found


def from_then(faults: Iterable[Fault], elapsed: int) -> list[Fault]:
    """Return faults as they go on some nanoseconds after they were set first: a fault's times count from its setting.

    Each ends within its first round; a mixture that repeats is drawn anew.
    """
    found = []
    for fault in faults:
        at, lasts = fault.at - elapsed, fault.lasts
        if at < 0 and lasts is not None:
            at, lasts = 0, lasts + at
        if at >= 0 and (lasts is None or lasts > 0):
            found.append(fault.model_copy(update={"at": at, "lasts": lasts, "every": 0}))
    return found


@asynccontextmanager
async def spells(backstage: Backstage, venues: Sequence[str]) -> AsyncIterator[Counter[str]]:
    """Count, while the body runs, the faults that are on for any of some venues, by kind, each once a spell."""
    seen: Counter[str] = Counter()

    async def look() -> None:
        before: set[int] = set()
        while True:
            on = await backstage.spells(venues)
            seen.update(on[key] for key in on.keys() - before)
            before = set(on)
            await anyio.sleep(_LOOK_S)

    async with anyio.create_task_group() as group:
        group.start_soon(look)
        yield seen
        group.cancel_scope.cancel()
