"""Every plugin's pyproject.toml follows the root's rules and the table of names."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob("plugins/*/*/pyproject.toml"))

# folder under plugins/: the word in the distribution's name, and the groups its kind may register in.
KINDS = {
    "exchanges": ("exchange", {"arbcore.exchanges"}),
    "fills": ("fill", {"arbcore.fills"}),
    "policies": ("policy", {"arbcore.policies"}),
    "risk": ("risk", {"arbcore.risk"}),
    "sinks": ("sink", {"arbcore.sinks", "arbcore.notifiers"}),
    "strategies": ("strategy", {"arbcore.strategies"}),
    "tuning": ("tune", {"arbcore.searches", "arbcore.executors"}),
}
# Groups that any kind may add to.
COMMON_GROUPS = {"arbcore.commands", "arbcore.rates"}

# What stays as it is for all: a plugin may not have its own idea of these.
SHARED = ("version", "requires-python", "license", "authors")
KEYS = {*SHARED, "name", "description", "readme", "dependencies", "entry-points", "optional-dependencies"}

CONSTRAINT = re.compile(r"(?P<name>[a-z0-9-]+)==[0-9][A-Za-z0-9.!+]*(?: ; .+)?")


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _name(requirement: str) -> str:
    """The distribution that a requirement names, in the index's spelling."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]).lower()


KERNEL = _read(ROOT / "pyproject.toml")
PROJECT = KERNEL["project"]
CONSTRAINTS = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]


def _dependencies(project: dict[str, Any]) -> list[str]:
    extras: dict[str, list[str]] = project.get("optional-dependencies", {})
    return [*project["dependencies"], *(requirement for extra in extras.values() for requirement in extra)]


@pytest.fixture(params=FILES, ids=[path.parent.relative_to(ROOT / "plugins").as_posix() for path in FILES])
def plugin(request: pytest.FixtureRequest) -> Path:
    """One plugin's folder."""
    path: Path = request.param
    return path.parent


def test_there_are_plugins_and_each_folder_is_one() -> None:
    folders = {path for path in ROOT.glob("plugins/*/*") if path.is_dir() and path.name != "__pycache__"}
    assert {path.parent for path in FILES} == folders
    assert len(FILES) >= 9


def test_names_follow_the_table(plugin: Path) -> None:
    word, groups = KINDS[plugin.parent.name]
    project = _read(plugin / "pyproject.toml")["project"]
    distribution = f"arbcore-{word}-{plugin.name}"
    module = distribution.replace("-", "_")
    assert project["name"] == distribution
    assert [path.name for path in (plugin / "src").iterdir() if path.is_dir()] == [module]

    entries: dict[str, dict[str, str]] = project["entry-points"]
    assert set(entries) <= groups | COMMON_GROUPS
    of_its_kind = {name for group in groups for name in entries.get(group, {})}
    of_its_kind |= set(entries.get("arbcore.commands", ()))  # a tool is known by its command
    assert plugin.name in of_its_kind or "arbcore.notifiers" in entries
    for targets in entries.values():
        for name, target in targets.items():
            assert re.fullmatch(r"[a-z][a-z0-9_-]*", name)
            assert re.fullmatch(rf"{module}(\.\w+)*:\w+", target)


def test_the_shared_fields_are_the_roots(plugin: Path) -> None:
    data = _read(plugin / "pyproject.toml")
    assert set(data["project"]) <= KEYS
    assert {key: data["project"][key] for key in SHARED} == {key: PROJECT[key] for key in SHARED}
    assert data["build-system"] == KERNEL["build-system"]
    assert data["project"]["description"]
    assert data["project"]["readme"] == "README.md"


def test_no_tool_settings(plugin: Path) -> None:
    tools = _read(plugin / "pyproject.toml").get("tool", {})
    assert set(tools) <= {"uv"}
    assert set(tools.get("uv", {})) <= {"build-backend"}
    strays = [name for name in ("ruff.toml", "mypy.ini", "setup.cfg", "tox.ini") if (plugin / name).exists()]
    assert not strays


def test_it_requires_the_kernel_it_was_made_for(plugin: Path) -> None:
    major, minor, _ = PROJECT["version"].split(".")
    kernel = [d for d in _read(plugin / "pyproject.toml")["project"]["dependencies"] if _name(d) == "arbcore"]
    match = re.fullmatch(r"arbcore(?:\[(?P<extras>[a-z,]+)\])?(?P<range>.+)", kernel[0])
    assert len(kernel) == 1
    assert match is not None
    assert match["range"] == f">={major}.{minor},<{int(major) + 1}"
    assert set((match["extras"] or "data").split(",")) <= set(PROJECT["optional-dependencies"])


def test_it_requires_no_other_plugin_and_sets_no_caps(plugin: Path) -> None:
    project = _read(plugin / "pyproject.toml")["project"]
    others = [d for d in _dependencies(project) if _name(d) != "arbcore"]
    assert not [d for d in others if _name(d).startswith("arbcore")]
    assert not [d for d in others if "==" in d or "@" in d]


def test_it_is_typed_and_documented(plugin: Path) -> None:
    package = next(path for path in (plugin / "src").iterdir() if path.is_dir())
    assert (package / "py.typed").is_file()
    assert (package / "__init__.py").read_text().startswith('"""')
    assert list((plugin / "tests").glob("test_*.py")), "a plugin brings its own tests"


def test_its_readme_has_the_required_parts(plugin: Path) -> None:
    distribution = _read(plugin / "pyproject.toml")["project"]["name"]
    text = (plugin / "README.md").read_text(encoding="utf-8")
    headings = [line.lstrip("# ").lower() for line in text.splitlines() if line.startswith("## ")]
    assert text.startswith(f"# {distribution}\n")
    assert f"pip install {distribution}" in text
    assert any(re.search("config|settings", heading) for heading in headings), "its settings"
    assert any("limit" in heading for heading in headings), "what it cannot do"
    assert re.search(r"^\|.*\|$", text, re.MULTILINE), "a table of its settings"


def test_constraints_are_names_and_versions_only() -> None:
    wrong = [line for line in CONSTRAINTS if not CONSTRAINT.fullmatch(line)]
    assert CONSTRAINTS
    assert not wrong


@pytest.mark.parametrize("path", [ROOT / "pyproject.toml", *FILES], ids=lambda path: path.parent.name)
def test_every_declared_dependency_is_constrained(path: Path) -> None:
    data = _read(path)
    declared = _dependencies(data["project"])
    declared += [requirement for group in data.get("dependency-groups", {}).values() for requirement in group]
    known = {match["name"] for line in CONSTRAINTS if (match := CONSTRAINT.fullmatch(line))}
    missing = {_name(requirement) for requirement in declared} - {"arbcore"} - known
    assert not missing, "run `make constraints`"
