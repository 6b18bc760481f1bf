"""Folding a journal again, and holding the result against what it keeps."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from msgspec.structs import asdict

from arbcore.journal.codec import decode
from arbcore.journal.folds import Fold
from arbcore.journal.projections import Projections, ProjectionStore, compare
from arbcore.ports.journal import Journal, RunMetadata


@dataclass(frozen=True, slots=True)
class Refolded:
    """What a journal adds up to.

    Attributes:
        journal: Where it lies.
        projections: The result.
        differences: What does not add up, or differs from what was stored.
        runs: What ran, oldest first.
    """

    journal: str
    projections: Projections
    differences: list[str]
    runs: list[RunMetadata]

    def values(self) -> dict[str, Any]:
        """Return it as plain values."""
        folded = self.projections
        return {
            "journal": self.journal,
            "sequence": folded.sequence,
            "state": folded.state,
            "positions": folded.positions,
            "balances": [
                {"venue": venue, "currency": code, "amount": amount}
                for (venue, code), amount in sorted(folded.balances.items())
            ],
            "trades": {"count": len(folded.trades), "open": [trade.id for trade in folded.open_trades()]},
            "orders": {"open": sorted(folded.orders), **{str(key): n for key, n in sorted(folded.finished.items())}},
            "pnl": {**asdict(folded.pnl), "total": folded.pnl.total},
            "differences": self.differences,
        }


def refold(journal: Journal) -> Refolded:
    """Fold all events; where the journal keeps projections, compare them with the fold at their place."""
    kept = journal.projected() if isinstance(journal, ProjectionStore) else None
    fold, differences = Fold(), list[str]()
    for sequence in _fold(journal, fold):
        if kept is not None and sequence == kept.sequence:
            differences = compare(kept, fold.projections.summary())
    if kept is not None and kept.sequence > fold.projections.sequence:
        differences = [f"projections of event {kept.sequence} are stored, and the journal ends before it"]
    return Refolded(journal.location(), fold.projections, fold.differences + differences, list(journal.runs()))


def store(journal: Journal) -> bool:
    """Fold all events and replace the stored projections; tell whether the journal keeps any."""
    if not isinstance(journal, ProjectionStore):
        return False
    fold = Fold()
    for _ in _fold(journal, fold):
        pass
    journal.project(fold.projections.summary())
    return True


def _fold(journal: Journal, fold: Fold) -> Iterator[int]:
    """Fold event by event, giving each one's sequence."""
    for event in journal.read():
        fold.apply(decode(event.body))
        yield event.sequence
