"""What the README says about this repository is so."""

import re
import tomllib

from arbcore.plugins import first_party
from tests.docs.snippets import ROOT, blocks, commands

README = (ROOT / "README.md").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_the_table_of_plugins_is_complete() -> None:
    rows = re.findall(r"^\| (\w+) \| `(\w+)` \| `([\w-]+)` \|", README, re.MULTILINE)
    offered = {(kind, name, where) for kind, names in first_party().items() for name, where in names.items()}
    assert set(rows) == offered


def test_the_two_commands_stand_there() -> None:
    consoles = [block for block in blocks("README.md", README) if block.language == "console"]
    lines = [command.line for block in consoles for command in commands(block)]
    assert [line.partition("#")[0].strip() for line in lines[:2]] == ["make demo", "make test"]


def test_versions_of_python_are_those_of_the_project() -> None:
    tested = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)]
    assert f"Python {', '.join(tested[:-1])} or {tested[-1]}" in README
