"""The fault matrix: every situation by every fault by every policy ends as was written beforehand, and truthfully.

Pains that it answers: legs left alone after a failure of the other, orders repeated after a time-out, fills lost with
the stream, positions that differ from the venue's (section 2b of the users' page, 1 to 6).
"""

import pytest

from tests.matrix.cells import Cell, Outcome, run
from tests.matrix.faults import COLUMNS
from tests.matrix.policies import POLICIES
from tests.matrix.situations import SITUATIONS
from tests.matrix.table import PAGE, read_expected, section
from tests.matrix.truths import FROZEN

EXPECTED = read_expected()


def play(situation: str) -> dict[Cell, Outcome]:
    return {cell: run(cell) for cell in EXPECTED if cell.situation == situation}


def complaint(cell: Cell, outcome: Outcome) -> str:
    found = [] if outcome.end == EXPECTED[cell] else [f"ends {outcome.end}, not {EXPECTED[cell]}"]
    if not outcome.struck:
        found.append("its fault never struck")
    return "; ".join([*found, *outcome.faults])


@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_cell_ends_as_was_written_beforehand(situation: str) -> None:
    outcomes = play(situation)
    wrong = [f"{cell}: {found}" for cell, one in outcomes.items() if (found := complaint(cell, one))]
    assert wrong == []
    assert section(situation, outcomes) in PAGE.read_text(encoding="utf-8"), (
        "docs/fault-matrix.md is not what the matrix gives: python -m tests.matrix"
    )


def test_the_table_names_every_situation_fault_and_policy() -> None:
    assert {cell.situation for cell in EXPECTED} == SITUATIONS.keys()
    assert {cell.fault for cell in EXPECTED} == COLUMNS.keys()
    assert {cell.policy for cell in EXPECTED} == POLICIES.keys()
    assert FROZEN not in EXPECTED.values(), "with the venue up none may end frozen"
