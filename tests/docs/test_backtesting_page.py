"""The page on backtests explains every field of a result, and states the bounds that the program uses."""

import re

from msgspec import Struct

from arbcore.runtime import result
from arbcore.runtime.result import BacktestResult, Episodes, PnlResult, SymbolResult, Unhedged
from tests.docs.snippets import ROOT

PAGE = (ROOT / "docs" / "backtesting.md").read_text("utf-8")


def rows(heading: str) -> dict[str, str]:
    """Return what the tables of a chapter say, by each name in their first column."""
    chapter = PAGE.partition(f"{heading}\n")[2]
    chapter = re.split(r"^##", chapter, maxsplit=1, flags=re.MULTILINE)[0]
    found = re.findall(r"^\| (`.*?) \| (.+) \|$", chapter, re.MULTILINE)
    return {name: text for names, text in found for name in re.findall(r"`(\w+)`", names)}


def fields(record: type[Struct]) -> set[str]:
    return set(record.__struct_fields__)


def test_every_field_is_explained_and_no_other() -> None:
    told = rows("## The report")
    assert set(told) == fields(BacktestResult)
    assert set(rows("### Profit")) == fields(PnlResult)
    for name, record in (("symbols", SymbolResult), ("rejected", Episodes), ("unhedged_seconds", Unhedged)):
        assert fields(record) <= set(re.findall(r"`(\w+)`", told[name])), name


def test_the_bounds_of_plausibility_are_those_of_the_program() -> None:
    low, high = result._PLAUSIBLE
    assert f"at least {result._FEW} closed trades, of which fewer than {low:.0%}".replace("%", " %") in PAGE
    assert f"or more than {high:.0%} won".replace("%", " %") in PAGE


def test_the_version_is_the_one_that_is_written() -> None:
    assert rows("## The report")["schema_version"].startswith(f"{result.SCHEMA_VERSION};")
