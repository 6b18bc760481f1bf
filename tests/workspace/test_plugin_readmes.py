"""A plugin's README tells its settings: every key with the default that it has, and no other key."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from ruamel.yaml import YAML

from arbcore.settings import Duration, PluginSettings

ROOT = Path(__file__).parents[2]
HEADER = "| key | default | meaning |\n|---|---|---|\n"
OF_ALL = {"use", "order"}

# Tables after the first: the model that each is about.
FURTHER = {"spread": ("RouteGroup", "Reference")}


def _models(folder: Path) -> Iterator[type[PluginSettings]]:
    """The models of a plugin's settings, one per entry point, in their order."""
    for entries in tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"].values():
        for target in entries.values():
            module, _, name = target.partition(":")
            plugin = getattr(import_module(module), name)
            if hasattr(plugin, "settings_model"):
                yield plugin.settings_model()


FOLDERS = sorted(path.parent for path in ROOT.glob("plugins/*/*/pyproject.toml"))
MODELS = [pytest.param(folder, found, id=folder.name) for folder in FOLDERS if (found := list(_models(folder)))]


def _tables(folder: Path) -> list[dict[str, str]]:
    """The README's tables of settings: what stands under `default`, by key."""
    texts = (folder / "README.md").read_text("utf-8").split(HEADER)[1:]
    found = [re.findall(r"^\| ([^|]+) \| ([^|]+) \|", text.split("\n\n", 1)[0], re.MULTILINE) for text in texts]
    return [{key: told for keys, told in rows for key in re.findall(r"`(\w+)`", keys)} for rows in found]


def _is_told(field: FieldInfo, told: str) -> bool:
    """Whether the cell tells the field's default; words other than `none` are for what is settled later."""
    if field.is_required():
        return told == "required"
    default, literal = field.get_default(call_default_factory=True), re.fullmatch(r"`([^`]+)`", told)
    if literal is None:
        return told != "required" and default in (None, "", (), {})
    adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
    try:
        return bool(adapter.validate_python(YAML(typ="safe").load(literal[1])) == default)
    except ValidationError:
        return False


def _nested(models: Sequence[type[BaseModel]]) -> set[type[BaseModel]]:
    """The plugin's own models inside its models, at any depth; those of the kernel have pages of their own."""
    waiting: list[Any] = [field.annotation for model in models for field in model.model_fields.values()]
    found: set[type[BaseModel]] = set()
    while waiting:
        one = waiting.pop()
        waiting += get_args(one)
        if not isinstance(one, type) or one.__module__.startswith("arbcore."):
            continue
        if issubclass(one, BaseModel) and one not in found:
            found.add(one)
            waiting += [field.annotation for field in one.model_fields.values()]
    return found


@pytest.mark.parametrize(("folder", "models"), MODELS)
def test_every_key_stands_in_its_table_with_its_default(folder: Path, models: list[type[PluginSettings]]) -> None:
    inner = {one.__name__: one for one in _nested(models)}
    about = [*models, *(inner[name] for name in FURTHER.get(folder.name, ()))]
    tables = _tables(folder)
    assert len(tables) == len(about)
    for one, table in zip(about, tables, strict=True):
        assert table.keys() - OF_ALL == one.model_fields.keys() - OF_ALL
        wrong = {key: told for key, told in table.items() if not _is_told(one.model_fields[key], told)}
        assert not wrong, one.__name__


@pytest.mark.parametrize(("folder", "models"), MODELS)
def test_every_key_of_a_setting_with_parts_is_named(folder: Path, models: list[type[PluginSettings]]) -> None:
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", (folder / "README.md").read_text("utf-8"))
    words = set(re.findall(r"\w+", " ".join(spans)))
    assert {name for one in _nested(models) for name in one.model_fields} - words == set()


class Timed(BaseModel):
    wait: Duration = 5_000_000_000
    shown: tuple[str, ...] = ("fills", "orders")
    folder: Path | None = None
    name: str


@pytest.mark.parametrize(
    ("key", "told", "right"),
    [
        *(("wait", told, True) for told in ("`5s`", "`5000ms`")),
        *(("wait", told, False) for told in ("`6s`", "`soon`", "none", "required", "by venue")),
        ("shown", "`[fills, orders]`", True),
        ("shown", "`[fills]`", False),
        *(("folder", told, True) for told in ("none", "the session's folder")),
        *(("folder", told, False) for told in ("`here`", "required")),
        *(("name", told, told == "required") for told in ("required", "none", "`required`", "by venue")),
    ],
)
def test_a_wrong_default_is_seen(key: str, told: str, right: bool) -> None:
    assert _is_told(Timed.model_fields[key], told) is right
