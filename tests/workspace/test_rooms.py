"""The kernel names nobody, and no room grows large."""

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KERNEL = sorted((ROOT / "arbcore").rglob("*.py"))
MOST_LINES = 400

# The names under which the project's own exchanges and stores are known to everybody. Words such as `top` or `paper`
# are the trade's, and the kernel may use them.
BRANDS = re.compile("upbit|binance|sqlite", re.IGNORECASE)
TABLE = json.loads((ROOT / "arbcore/first_party.json").read_text("utf-8"))


def _code(tree: ast.AST) -> list[str]:
    """Every name and text of a module, without what is there to be read: docstrings."""
    read = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in read:
                found.append(text)
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.alias(name=name):
                found.append(name)
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.append(name)
    return found


def _named(source: str) -> list[str]:
    return [text for text in _code(ast.parse(source)) if BRANDS.search(text)]


def test_the_kernel_names_no_brand() -> None:
    named = {path.relative_to(ROOT).as_posix(): _named(path.read_text("utf-8")) for path in KERNEL}
    assert {path: texts for path, texts in named.items() if texts} == {}


def test_a_brand_is_seen_where_it_counts() -> None:
    source = '"""Upbit may be an example."""\n\ndef open_binance():\n    """As Binance does."""\n    return "upbit"\n'
    assert sorted(_named(source)) == ["open_binance", "upbit"]


def test_every_exchange_of_the_project_counts_as_a_brand() -> None:
    assert all(BRANDS.fullmatch(name) for name in set(TABLE["exchange"]) - {"paper", "simulator"})


def test_no_file_of_code_is_longer_than_the_house_allows() -> None:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.splitlines()]
    long = [path.name for path in files if path.exists() and len(path.read_text("utf-8").splitlines()) > MOST_LINES]
    assert len(files) > 100
    assert not long
