"""Standard runs give what they gave: `tests/golden/README.md` says what to do when one does not."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import Ran
from tests.e2e.standard import ROOT, golden_values, needs_recordings, read_golden, run_recorded

BEGINNING = "2026-11-21"


def expected(run: str) -> dict[str, Any]:
    """Return the golden values of a run."""
    return {name: value for name, value in read_golden()[run].items() if name != "since"}


def test_generated(first: Ran) -> None:
    assert golden_values(first.told()) == expected("generated-60k")


@needs_recordings
def test_recorded(kimchi_data: Path) -> None:
    assert golden_values(run_recorded(kimchi_data).told()) == expected("kimchi-2025")


@pytest.mark.parametrize("run", read_golden())
def test_a_changed_result_has_its_reason_written_down(run: str) -> None:
    since = read_golden()[run]["since"]
    if since == BEGINNING:
        return
    entries = re.split(r"^### ", (ROOT / "docs" / "rationale.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert any(entry.startswith(since) and run in entry for entry in entries)
