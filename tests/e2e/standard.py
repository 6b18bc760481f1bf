"""The standard runs: what `tests/golden/runs.json` holds the results of."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import Ran, arb

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "runs.json"
KIMCHI = ROOT / "cookbook" / "kimchi-2025"
RECORDINGS = os.environ.get("ARBCORE_TEST_DATA", "")
QUOTES = 60_000
SEED = 7

needs_recordings = pytest.mark.skipif(not RECORDINGS, reason="ARBCORE_TEST_DATA names no folder of recorded data")


def make_project(folder: Path) -> Path:
    """Make a project by `arb init` and `arb data generate`, and by nothing else."""
    made = arb("init", folder, cwd=folder.parent)
    assert made.code == 0, made.err
    generated = arb("data", "generate", "--quotes", QUOTES, "--seed", SEED, "--out", "data", cwd=folder)
    assert generated.code == 0, generated.err
    return folder


def import_recordings(folder: Path) -> Path:
    """Import the recorded Upbit and Binance pair by the one documented command."""
    ran = arb("data", "import", KIMCHI / "import.yaml", RECORDINGS, "--out", folder, cwd=folder.parent)
    assert ran.code == 0, ran.err
    return folder


def run_generated(project: Path) -> Ran:
    """Backtest the unedited config of a project."""
    return arb("backtest", "--json", cwd=project)


def run_recorded(data: Path, *arguments: object) -> Ran:
    """Backtest the cookbook's config on the recordings."""
    return arb("backtest", KIMCHI / "arb.yaml", "--data", data, "--json", *arguments, cwd=data.parent)


def golden_values(told: dict[str, Any]) -> dict[str, Any]:
    """Return what is golden of a result."""
    names = ("data_hash", "config_hash", "result_hash", "events", "trades")
    return {**{name: told[name] for name in names}, "total": told["pnl"]["total"]}


def read_golden() -> dict[str, dict[str, Any]]:
    """Return the golden values by run, each with the day since which they hold."""
    runs: dict[str, dict[str, Any]] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return runs
