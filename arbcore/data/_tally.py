"""What checks find, counted: one record per check and place, with the first example."""

from typing import Final, Literal

from msgspec import Struct

Verdict = Literal["ok", "warning", "error"]


class Record(Struct, frozen=True):
    """One result of a verification.

    Attributes:
        check: Name of the check; ``rows`` where nothing was found.
        where: Data set and kind.
        count: How often; rows looked at where nothing was found.
        first: The first example.
        verdict: ``ok``; ``warning`` for what real recordings have; ``error`` for what must not be traded on.
    """

    check: str
    where: str
    count: int
    first: str
    verdict: Verdict


class Tally:
    """Collects the records of one place."""

    def __init__(self, where: str) -> None:
        self.where: Final = where
        self.rows = 0
        self._found: dict[tuple[str, Verdict], tuple[int, str]] = {}

    def add(self, check: str, verdict: Verdict, first: str, count: int = 1) -> None:
        """Count a finding; the first example stays."""
        before, example = self._found.get((check, verdict), (0, first))
        self._found[check, verdict] = (before + count, example)

    def records(self) -> list[Record]:
        """Return what was found in the order of its finding, or one record that all is well."""
        if not self._found:
            return [Record("rows", self.where, self.rows, "", "ok")]
        return [
            Record(check, self.where, count, first, verdict) for (check, verdict), (count, first) in self._found.items()
        ]
