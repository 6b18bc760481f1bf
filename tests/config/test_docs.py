"""The page on configuration is held to the code: its keys, its defaults, its examples."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from arbcore.config import load, validate, wanted
from arbcore.config.sections import INSTANCE_SECTIONS, KERNEL_SECTIONS, InstanceKeys
from arbcore.plugins import load as load_plugins
from arbcore.plugins import settings_model_of
from arbcore.settings import format_duration
from arbcore.templates import FOLDER

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([^`]+)` \|([^|]*)\|", PAGE, flags=re.MULTILINE))
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def keys(model: type[BaseModel], path: str) -> Iterator[tuple[str, object]]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from keys(inner, f"{path}.{name}")
        else:
            yield f"{path}.{name}", None if field.is_required() else field.default


def kernel_keys() -> Iterator[tuple[str, object]]:
    for name, model in KERNEL_SECTIONS.items():
        yield from keys(model, name)
    for section in INSTANCE_SECTIONS.values():
        path = section.name if section.single else f"{section.name}.ID"
        for key, default in keys(section.keys, path):
            name = key.rpartition(".")[2]
            own = name not in InstanceKeys.model_fields or default != InstanceKeys.model_fields[name].default
            if section.keys is not InstanceKeys and own and not (name == "use" and default is None):
                yield key, default


@pytest.mark.parametrize(("key", "default"), sorted(kernel_keys()), ids=str)
def test_every_key_of_the_kernel_is_there_with_its_default(key: str, default: object) -> None:
    duration = isinstance(default, int) and default >= 10**6 and not isinstance(default, bool)
    shown = format_duration(default) if duration and isinstance(default, int) else default
    empty = default in (None, "", {})
    assert ROWS[key].strip("` ") == ("" if empty else str(shown).lower() if isinstance(shown, bool) else str(shown))


def test_every_section_is_there_with_its_kind() -> None:
    sections = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([a-z]*) ?\|$", PAGE, flags=re.MULTILINE))
    expected = {name: section.kind for name, section in INSTANCE_SECTIONS.items()}
    assert sections == {"schema_version": "", **dict.fromkeys(KERNEL_SECTIONS, ""), **expected}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_valid_over_the_template(write: Callable[..., Path], example: str) -> None:
    raw = load([FOLDER / "arb.yaml", write(example, "example.yaml")], {})
    plugins = load_plugins(wanted(raw))
    config = validate(raw, lambda kind, name: settings_model_of(plugins.get(kind, name)))
    assert config.raw.files[1].name == "example.yaml"


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4
