"""The page of doctor and drills says what the program does."""

import re

import pytest

from arbcore.doctor.keys import EXPIRY_WARN, NEEDS_ACCOUNT, SKEW_FAIL, SKEW_WARN
from arbcore.doctor.session import AMPLE_FREE, LEAST_FREE
from arbcore.drill.cards import CARDS
from tests.docs.snippets import ROOT

PAGE = (ROOT / "docs" / "doctor.md").read_text("utf-8")
SOURCES = sorted((ROOT / "arbcore" / "doctor").glob("*.py"))
EXPLAINED = {
    name.replace(" SYMBOL", "").replace(" COIN", "").replace(" NAME", "")
    for row in re.findall(r"^\| (`[^|]+`) \| ", PAGE, re.MULTILINE)
    for name in re.findall(r"`([^`]+)`", row)
}


def test_every_check_is_explained() -> None:
    """Names of checks are literals in the code, perhaps with a symbol or coin behind."""
    text = "\n".join(path.read_text("utf-8") for path in SOURCES)
    names = set(re.findall(r'(?:name|check)=f?"([a-z][a-z ]*?)(?: \{|")', text))
    names |= set(re.findall(r'name = f?"([a-z][a-z ]*?)(?: \{|")', text)) | set(NEEDS_ACCOUNT.split(", "))
    assert {"clock", "bracket", "open orders", "size", "routes", "rate"} <= names
    assert {name for name in names if name not in EXPLAINED and f"{name}s" not in EXPLAINED} <= {"wallets"}


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)
def test_every_card_stands_as_it_is_played(card: object) -> None:
    told = [getattr(card, name) for name in ("number", "name", "action", "expected", "passes", "skip_when")]
    assert f"| {' | '.join(str(each or 'never') for each in told)} |" in PAGE


def test_limits_are_those_of_the_code() -> None:
    assert (SKEW_WARN, SKEW_FAIL, EXPIRY_WARN) == (500 * 10**6, 10**9, 30 * 86_400 * 10**9)
    assert (AMPLE_FREE, LEAST_FREE) == (2 * 2**30, 200 * 2**20)
    for text in ("warns from 500 ms of certain offset, fails from 1 s", "30 days before", "under 2 GiB", "200 MiB"):
        assert text in PAGE
