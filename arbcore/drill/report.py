"""What a drill found, and the page that keeps it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

PASSED: Final = "passed"
FAILED: Final = "failed"
SKIPPED: Final = "skipped"


class Outcome(Struct, frozen=True, kw_only=True):
    """How one scenario went.

    Attributes:
        number: Number of the card.
        name: Its name.
        status: ``passed``, ``failed`` or ``skipped``.
        started: When it began, UTC nanoseconds.
        seconds: How long it took, tidying up included.
        seen: What was seen, or why it was skipped.
        passes: The card's criterion.
    """

    number: int
    name: str
    status: str
    started: int
    seconds: float
    seen: str
    passes: str


class DrillReport(Struct, frozen=True, kw_only=True):
    """A drill.

    Attributes:
        suite: Name of the suite.
        exchange: Exchange instance id.
        plugin: Its plugin.
        environment: ``production``, ``testnet`` or ``simulator``.
        instrument: What was traded.
        started: When it began, UTC nanoseconds.
        outcomes: The scenarios, in order.
        left: What could not be tidied up.
        versions: Versions of arbcore, Python and the plugin.
    """

    suite: str
    exchange: str
    plugin: str
    environment: str
    instrument: str
    started: int
    outcomes: Sequence[Outcome]
    left: Sequence[str]
    versions: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether nothing failed and nothing is left behind."""
        return not self.left and all(outcome.status != FAILED for outcome in self.outcomes)

    def count(self, status: str) -> int:
        """Return how many scenarios ended in a status."""
        return sum(outcome.status == status for outcome in self.outcomes)


def summary(report: DrillReport) -> str:
    """Return the counts in a sentence."""
    counts = ", ".join(f"{report.count(status)} {status}" for status in (PASSED, FAILED, SKIPPED))
    return f"{len(report.outcomes)} scenarios: {counts}"


def markdown(report: DrillReport) -> str:
    """Return a report as a page."""
    lines = [
        f"# Drill {report.suite}: {report.exchange} ({report.environment})",
        "",
        f"{_time(report.started)}, instrument `{report.instrument}`. {summary(report)}.",
        "",
        "| version of | |",
        "|---|---|",
        *(f"| {name} | {_cell(version)} |" for name, version in report.versions.items()),
        "",
        "| # | scenario | result | at | s | seen |",
        "|---|---|---|---|---|---|",
        *(_line(outcome) for outcome in report.outcomes),
    ]
    left = ["", "## Left behind", "", *(f"- {_cell(text)}" for text in report.left)] if report.left else []
    criteria = ["", "## When each has passed", "", *(f"{each.number}. {each.passes}" for each in report.outcomes)]
    return "\n".join([*lines, *left, *criteria]) + "\n"


def _line(outcome: Outcome) -> str:
    at = f"{datetime.fromtimestamp(outcome.started // 10**9, UTC):%H:%M:%S}"
    seen = _cell(outcome.seen)
    return f"| {outcome.number} | {outcome.name} | {outcome.status} | {at} | {outcome.seconds:.1f} | {seen} |"


def _time(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment // 10**9, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
