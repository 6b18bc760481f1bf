"""The page of the hooks and the table of our own plugins are what the code and the projects say."""

import json
import re
import tomllib
from inspect import getdoc, signature
from pathlib import Path

import pytest

from arbcore.hooks import KINDS, AllHooks, CommonHooks
from arbcore.plugins import first_party
from arbcore.plugins._verify import HOOK_NAMES
from tools import generated

ROOT = Path(__file__).parents[2]
PAGE = ROOT / generated.PAGE

SPECIFICATIONS = [kind.hooks for kind in KINDS.values() if kind.hooks] + [CommonHooks]


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == generated.hooks_page(), "run `python -m tools.generated`"


@pytest.mark.parametrize("hook", HOOK_NAMES)
def test_every_hook_has_one_chapter_with_its_arguments_and_its_mark(hook: str) -> None:
    page = PAGE.read_text("utf-8")
    chapters = re.findall(rf"^### `{hook}`( \(provisional\))?\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    assert len(chapters) == 1
    mark, body = chapters[0]
    specification = getattr(AllHooks, hook)
    assert bool(mark) == ("Provisional:" in (getdoc(specification) or ""))
    stated = re.search(rf"def {hook}\((.*)\) -> .*: \.\.\.", body)
    assert stated
    names = list(signature(specification).parameters)
    assert re.findall(r"(\w+)(?:,|:|$)", re.sub(r"\[[^]]*\]|: \w+", "", stated[1])) == names
    for name in names[1:]:
        assert f"- `{name}`: " in body


@pytest.mark.parametrize("hook", HOOK_NAMES)
def test_every_specification_explains_arguments_result_and_failure(hook: str) -> None:
    specification = getattr(AllHooks, hook)
    text = getdoc(specification) or ""
    for name in list(signature(specification).parameters)[1:]:
        assert f"\n    {name}: " in text
    assert ("\nReturns:\n" in text) == (signature(specification).return_annotation is not None)
    assert "\nRaises:\n" in text


def test_hook_names_are_unique_among_kinds() -> None:
    owners = [
        name for hooks in SPECIFICATIONS for name, member in vars(hooks).items() if hasattr(member, "arbcore_spec")
    ]
    assert sorted(owners) == sorted(HOOK_NAMES)


def test_required_hooks_are_hooks_of_their_kind() -> None:
    for kind in KINDS.values():
        for hook in (hook for group in kind.required for hook in group):
            assert hasattr(kind.hooks, hook)


def test_the_first_party_table_is_what_the_projects_offer() -> None:
    assert (ROOT / generated.TABLE).read_text("utf-8") == generated.first_party_table(ROOT)
    projects = [tomllib.loads(path.read_text("utf-8")) for path in ROOT.glob("plugins/*/*/pyproject.toml")]
    listed = {name for kind in first_party().values() for name in kind.values()}
    assert listed == {project["project"]["name"] for project in projects if "entry-points" in project["project"]}


def test_a_stale_file_is_noticed_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generated, "ROOT", tmp_path)
    (tmp_path / "arbcore").mkdir()
    assert generated.main(["--check"]) == 1
    assert capsys.readouterr().out == f"{generated.PAGE} is out of date\n{generated.TABLE} is out of date\n"
    assert generated.main([]) == 0
    assert generated.main(["--check"]) == 0
    assert json.loads((tmp_path / generated.TABLE).read_text()) == {}
