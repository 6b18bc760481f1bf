"""The matrix as text: the ends that were written beforehand, and the page that shows what came of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tests.matrix.cells import Cell, Outcome
from tests.matrix.policies import POLICIES
from tests.matrix.truths import FLAT, FROZEN, HEDGED, NEITHER, SMALLER

EXPECTED: Final = Path(__file__).with_name("expected.txt")
PAGE: Final = Path(__file__).parents[2] / "docs" / "fault-matrix.md"

NOT_THERE: Final = "-"
"""Stands for a cell in which the fault can't strike."""

WORDS: Final = {
    FLAT: "flat",
    HEDGED: "hedged",
    SMALLER: "smaller",
    FROZEN: "**frozen**",
    NEITHER: "**open**",
    NOT_THERE: "",
}


def read_expected() -> dict[Cell, str]:
    """Return the end of every cell that there is, as it was written beforehand."""
    cells, situation = {}, ""
    for line in _lines(EXPECTED):
        if line.startswith("["):
            situation = line.strip("[]")
            continue
        words = line.split()
        fault, ends = " ".join(words[: -len(POLICIES)]), words[-len(POLICIES) :]
        for policy, end in zip(POLICIES, ends, strict=True):
            if end != NOT_THERE:
                cells[Cell(situation, fault, policy)] = end
    return cells


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def section(situation: str, outcomes: Mapping[Cell, Outcome]) -> str:
    """Return the part of the page that shows a situation."""
    return "\n".join(_section(situation, outcomes))


def _section(situation: str, outcomes: Mapping[Cell, Outcome]) -> Iterator[str]:
    yield f"### {situation[0].upper()}{situation[1:]}"
    yield ""
    yield "| fault | " + " | ".join(POLICIES) + " |"
    yield "|---" * (len(POLICIES) + 1) + "|"
    for fault in dict.fromkeys(cell.fault for cell in outcomes):
        shown = [_shown(outcomes.get(Cell(situation, fault, policy))) for policy in POLICIES]
        yield f"| {fault} | " + " | ".join(shown) + " |"
    yield ""


def _shown(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    seconds = f"{outcome.unhedged_ns / 10**9:.2f} s" if outcome.unhedged_ns else "0 s"
    return f"{WORDS[outcome.end]}, {seconds}, {outcome.dollar_seconds:.0f}"
