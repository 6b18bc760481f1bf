"""Changelog fragments have names that towncrier and the reader can use."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECTS = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/*/pyproject.toml"))]
DISTRIBUTIONS = {tomllib.loads(path.read_text())["project"]["name"] for path in PROJECTS}
TYPES = {kind["directory"] for kind in tomllib.loads(PROJECTS[0].read_text())["tool"]["towncrier"]["type"]}
FRAGMENT = re.compile(r"(?P<issue>[1-9]\d*)\.(?P<distribution>[a-z0-9-]+)\.(?P<type>[a-z]+)(\.\d+)?\.md")


def test_every_fragment_names_an_issue_a_distribution_and_a_type() -> None:
    for path in (ROOT / "changes").iterdir():
        if path.name in {"README.md", "template.md"}:
            continue
        match = FRAGMENT.fullmatch(path.name)
        assert match is not None, path.name
        assert match["distribution"] in DISTRIBUTIONS, path.name
        assert match["type"] in TYPES, path.name
        assert path.read_text().strip(), path.name


def _draft(folder: Path) -> str:
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "1.2.3", "--date", "2030-01-02"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_entries_open_with_the_distribution(tmp_path: Path) -> None:
    (tmp_path / "changes").mkdir()
    for source in (ROOT / "pyproject.toml", ROOT / "changes/template.md", ROOT / "CHANGELOG.md"):
        shutil.copy(source, tmp_path / source.relative_to(ROOT))
    assert "No changes to report." in _draft(tmp_path)

    fragments = {
        "7.arbcore.feature.md": "Something new,\nover two lines.",
        "12.arbcore-sink-jsonl.fix.md": "Lines end.",
        "9.arbcore-sink-console.fix.md": "Lines end.",
        "7.arbcore-sink-console.fix.1.md": "Colours stay.",
    }
    for name, text in fragments.items():
        (tmp_path / "changes" / name).write_text(text + "\n")
    assert _draft(tmp_path).strip().splitlines() == [
        "## 1.2.3 (2030-01-02)",
        "",
        "### Added",
        "",
        "- **arbcore**: Something new,",
        "  over two lines. (#7)",
        "",
        "### Fixed",
        "",
        "- **arbcore-sink-console**: Colours stay. (#7)",
        "- **arbcore-sink-console, arbcore-sink-jsonl**: Lines end. (#9, #12)",
    ]
