"""Named mixtures of faults."""

from random import Random
from typing import Final

from arbcore_exchange_simulator.faults.fault import Fault, Kind

# kind: mean time between two, shortest and longest length in seconds, and the share that is hit
_CHURN: Final[dict[Kind, tuple[float, float, float, float]]] = {
    "latency": (20, 1, 5, 1.0),
    "drop": (30, 1, 4, 0.2),
    "duplicate": (30, 1, 4, 0.3),
    "reorder": (45, 1, 3, 0.3),
    "mute": (60, 3, 15, 1.0),
    "disconnect": (45, 0.5, 3, 1.0),
    "gap": (30, 0.2, 1, 1.0),
    "garbage": (40, 0.5, 2, 0.2),
    "http_429": (60, 0.5, 2, 1.0),
    "http_5xx": (60, 0.5, 3, 1.0),
    "maintenance": (180, 2, 8, 1.0),
    "freeze": (120, 3, 10, 1.0),
}


def _ms(seconds: float) -> int:
    """Return ns, cut to whole milliseconds: shorter times have no place in a fault."""
    return int(seconds * 1000) * 1_000_000


def churn(seed: int, seconds: float = 3600.0) -> list[Fault]:
    """Return a random mixture for soak tests: every kind that passes, on either exchange, at drawn times.

    The first ten seconds are quiet, so that clients come up; the same seed gives the same faults.

    Args:
        seed: Seed of what is drawn.
        seconds: Length of the mixture, after which it repeats.
    """
    random = Random(f"{seed}:churn")  # noqa: S311 - reproducible
    found = []
    for kind, (every, shortest, longest, share) in _CHURN.items():
        at = 10 + random.expovariate(1 / every)
        while at < seconds:
            lasts = random.uniform(shortest, longest)
            found.append(
                Fault(
                    kind=kind,
                    venue=random.choice(("upbit", "usdm")),
                    at=_ms(at),
                    lasts=_ms(lasts),
                    every=_ms(seconds),
                    share=share,
                    amount=_ms(random.uniform(0.02, 0.5)),
                    jitter=_ms(random.uniform(0, 0.2)),
                )
            )
            at += lasts + random.expovariate(1 / every)
    return sorted(found, key=lambda fault: fault.at)
