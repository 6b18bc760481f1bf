"""Writes what the standard runs give now: `python -m tests.golden`, after a change that was meant to change them."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.e2e import standard


def main() -> None:
    """Run what can be run here, and write the results that changed with today's date."""
    golden = standard.read_golden()
    with TemporaryDirectory() as name:
        folder = Path(name)
        found = {"generated-60k": standard.run_generated(standard.make_project(folder / "project"))}
        if standard.RECORDINGS:
            found["kimchi-2025"] = standard.run_recorded(standard.import_recordings(folder / "data"))
    for run, ran in found.items():
        values = standard.golden_values(ran.told())
        if values.items() - golden.get(run, {}).items():
            golden[run] = {"since": f"{datetime.now(UTC):%Y-%m-%d}", **values}
            sys.stdout.write(f"{run} changed: say why in docs/rationale.md\n")
    standard.GOLDEN.write_text(json.dumps(golden, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
