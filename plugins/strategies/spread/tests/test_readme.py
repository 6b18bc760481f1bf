"""The README's tables name every setting with its default."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from arbcore.settings import parse_duration
from arbcore_strategy_spread.settings import PartialClose, Reference, RouteGroup, SpreadSettings

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
TABLES = README.split("| key | default | meaning |\n|---|---|---|\n")[1:]


def rows(table: str) -> dict[str, str]:
    """Return the defaults of a table by key."""
    lines = re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|", table.split("\n\n", maxsplit=1)[0], re.MULTILINE)
    return {key: default.strip("`") for keys, default in lines for key in re.findall(r"`(\w+)`", keys)}


def default(model: type[BaseModel], name: str, written: str) -> str:
    """Return a default as the README writes it; a duration may be in any unit."""
    field = model.model_fields[name]
    if field.is_required():
        return "required"
    value = field.get_default()
    if isinstance(value, int) and re.fullmatch(r"\d+[a-z]+", written) and parse_duration(written) == value:
        return written
    return "none" if value in {None, "", ()} else str(value).lower().removesuffix(".0")


@pytest.mark.parametrize(("place", "model"), [(0, SpreadSettings), (1, RouteGroup), (2, Reference)])
def test_every_key_is_in_the_readme(place: int, model: type[BaseModel]) -> None:
    """With the default that the model has, and no other key."""
    written = rows(TABLES[place])
    names = [name for name in model.model_fields if name not in {"use", "order"}]
    assert written == {name: default(model, name, written.get(name, "")) for name in names}


def test_the_steps_of_partial_closes_are_explained() -> None:
    """They have no table."""
    assert all(f"`{name}`" in README for name in PartialClose.model_fields)
