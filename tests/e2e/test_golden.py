"""Standard runs give what they gave: `tests/golden/README.md` says what to do when one does not."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import Ran, arb
from tests.e2e.recorded import KIMCHI, needs_recordings

ROOT = Path(__file__).parents[2]
GOLDEN: dict[str, dict[str, Any]] = json.loads((ROOT / "tests" / "golden" / "runs.json").read_text(encoding="utf-8"))
BEGINNING = "2026-11-21"


def seen(told: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a result that are golden."""
    names = ("data_hash", "config_hash", "result_hash", "events", "trades")
    return {**{name: told[name] for name in names}, "total": told["pnl"]["total"]}


def expected(run: str) -> dict[str, Any]:
    """Return the golden values of a run."""
    return {name: value for name, value in GOLDEN[run].items() if name != "since"}


def test_generated(first: Ran) -> None:
    assert seen(first.told()) == expected("generated-60k")


@needs_recordings
def test_recorded(kimchi_data: Path) -> None:
    told = arb("backtest", KIMCHI / "arb.yaml", "--data", kimchi_data, "--json", cwd=kimchi_data.parent).told()
    assert seen(told) == expected("kimchi-2025")


@pytest.mark.parametrize("run", GOLDEN)
def test_a_changed_result_has_its_reason_written_down(run: str) -> None:
    since = GOLDEN[run]["since"]
    if since == BEGINNING:
        return
    entries = re.split(r"^### ", (ROOT / "docs" / "rationale.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert any(entry.startswith(since) and run in entry for entry in entries)
