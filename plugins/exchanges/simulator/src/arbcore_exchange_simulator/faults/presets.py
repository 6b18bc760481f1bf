"""Named mixtures of faults."""

from random import Random
from typing import Final, Literal

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

# the same, of orders: they come in short spells, and hit a share of the requests or events
_PRIVATE: Final[dict[Kind, tuple[float, float, float, float]]] = {
    "ack_timeout": (60, 0.5, 2, 0.3),
    "unknown_5xx": (60, 0.5, 3, 0.4),
    "failed_5xx": (60, 0.5, 3, 0.5),
    "throttled": (90, 0.5, 3, 0.5),
    "fill_silence": (60, 1, 6, 1.0),
    "fill_on_cancel": (40, 1, 5, 0.5),
    "reject_order": (60, 0.5, 3, 0.5),
    "cancel_refused": (60, 0.5, 3, 0.5),
    "post_only_cancelled": (60, 1, 4, 0.7),
    "order_report_delay": (40, 1, 5, 0.5),
    "duplicate_event": (30, 1, 5, 0.3),
    "market_offline": (150, 2, 6, 1.0),
    "user_mute": (120, 2, 8, 1.0),
}

# faults that only one venue has
_VENUE: Final[dict[Kind, Literal["upbit", "usdm"]]] = {"market_offline": "upbit", "throttled": "usdm"}


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
    return _mixture(_CHURN, Random(f"{seed}:churn"), seconds)  # noqa: S311 - reproducible


def churn_private(seed: int, seconds: float = 3600.0) -> list[Fault]:
    """Return `churn` with the faults of orders besides, for soaks that trade.

    Args:
        seed: Seed of what is drawn.
        seconds: Length of the mixture, after which it repeats.
    """
    orders = _mixture(_PRIVATE, Random(f"{seed}:churn:private"), seconds)  # noqa: S311 - reproducible
    return sorted([*churn(seed, seconds), *orders], key=lambda fault: fault.at)


def _mixture(kinds: dict[Kind, tuple[float, float, float, float]], random: Random, seconds: float) -> list[Fault]:
    found = []
    for kind, (every, shortest, longest, share) in kinds.items():
        at = 10 + random.expovariate(1 / every)
        while at < seconds:
            lasts = random.uniform(shortest, longest)
            found.append(
                Fault(
                    kind=kind,
                    venue=_VENUE[kind] if kind in _VENUE else random.choice(("upbit", "usdm")),
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


PRESETS: Final = {"churn": churn, "churn_private": churn_private}
"""Mixtures by name."""
