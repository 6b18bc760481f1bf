"""Episodes: skips and refused inputs, counted and told once instead of once per quote."""

from collections.abc import Iterator
from typing import Final

from arbcore.model.events import InputsRejected, OpportunitySkipped

QUIET_NS: Final = 900 * 10**9
"""An episode ends when nothing of its kind happened for a quarter of an hour of engine time."""

MAX_OPEN: Final = 10_000
"""Most episodes kept open at once; beyond it the oldest is closed. Bounds memory whatever the input."""


class _Run:
    __slots__ = ("best", "count", "first", "last", "sample")

    def __init__(self, now: int, best: float, sample: str) -> None:
        self.first = now
        self.last = now
        self.count = 1
        self.best = best
        self.sample = sample


class Skips:
    """Opportunities that were seen and could not be followed, by strategy, route and reason."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str, str], _Run] = {}

    def note(self, strategy: str, route: str, reason: str, now: int, edge: float) -> Iterator[OpportunitySkipped]:
        """Count a skip; deliver the episode that it shows to be over, if any."""
        key = (strategy, route, reason)
        run = self._open.get(key)
        if run is not None and now - run.last <= QUIET_NS:
            run.last = now
            run.count += 1
            run.best = max(run.best, edge)
            return
        if run is not None or len(self._open) >= MAX_OPEN:
            ended = key if run is not None else next(iter(self._open))
            yield _skipped(ended, self._open.pop(ended))
        self._open[key] = _Run(now, edge, "")

    def running(self, strategy: str, route: str, reason: str, now: int) -> bool:
        """Tell whether an episode of this kind is going on."""
        run = self._open.get((strategy, route, reason))
        return run is not None and now - run.last <= QUIET_NS

    def close(self) -> Iterator[OpportunitySkipped]:
        """Deliver every open episode, oldest first."""
        for key, run in self._open.items():
            yield _skipped(key, run)
        self._open.clear()


class Refusals:
    """Inputs that were refused, by source and reason."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], _Run] = {}

    def note(self, source: str, reason: str, now: int, sample: object) -> Iterator[InputsRejected]:
        """Count a refusal; deliver the episode that it shows to be over, if any."""
        key = (source, reason)
        run = self._open.get(key)
        if run is not None and now - run.last <= QUIET_NS:
            run.last = now
            run.count += 1
            return
        if run is not None or len(self._open) >= MAX_OPEN:
            ended = key if run is not None else next(iter(self._open))
            yield _rejected(ended, self._open.pop(ended))
        self._open[key] = _Run(now, 0.0, repr(sample)[:200])

    def close(self) -> Iterator[InputsRejected]:
        """Deliver every open episode, oldest first."""
        for key, run in self._open.items():
            yield _rejected(key, run)
        self._open.clear()


def _skipped(key: tuple[str, str, str], run: _Run) -> OpportunitySkipped:
    strategy, route, reason = key
    return OpportunitySkipped(
        strategy=strategy,
        route=route,
        reason=reason,
        first=run.first,
        last=run.last,
        count=run.count,
        best_edge_bps=run.best * 1e4,
    )


def _rejected(key: tuple[str, str], run: _Run) -> InputsRejected:
    source, reason = key
    return InputsRejected(
        source=source, reason=reason, first=run.first, last=run.last, count=run.count, sample=run.sample
    )
