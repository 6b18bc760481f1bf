"""The pages name every parameter and every field, and the defaults that hold."""

import re
from pathlib import Path

from arbcore.data.generate.parameters import MarketParameters
from arbcore.data.imports.recipe import DURATIONS, INSTANTS
from arbcore.ports.control import ImportProfile

DOCS = Path(__file__).parents[2] / "docs"
FREE = {"start", "prices.COIN", "rates.NAME"}


def rows(page: str) -> list[list[str]]:
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| `")]


def test_every_parameter_is_named_with_its_default() -> None:
    defaults: dict[str, str] = {}
    for names, values, *_ in rows("generated-data.md"):
        listed = re.findall(r"`([^`]+)`", names)
        defaults |= dict(zip(listed, values.split(", ") + [""] * len(listed), strict=False))
    assert set(defaults) >= FREE
    texts = {name: value for name, value in defaults.items() if name not in FREE}
    assert MarketParameters.from_texts({**texts, "start": defaults["start"]}) == MarketParameters()
    pairs = {"prices", "rates"}
    assert len(defaults) == len(MarketParameters.__struct_fields__)
    assert {name for name in MarketParameters.__struct_fields__ if name in pairs} == pairs


def test_every_field_of_a_profile_is_named() -> None:
    names = {name for row in rows("imports.md") for name in re.findall(r"`([^`]+)`", row[0])}
    renamed = {stored: name for name, stored in (DURATIONS | INSTANTS).items()}
    assert {renamed.get(field, field) for field in ImportProfile.__struct_fields__} <= names
