"""The conformance suite finds profiles that are wrong: faults put in on purpose, one at a time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from arbcore.errors import DataError
from arbcore.ports.control import ImportProfile
from arbcore.testing.profiles import ImportProfileSuite, read_profile
from arbcore_exchange_upbit import plugin
from arbcore_exchange_upbit.settings import UpbitSettings

SUITE = ImportProfileSuite()
GOOD = plugin.import_profiles()[0]


def judge(profiles: Sequence[ImportProfile]) -> None:
    """Run the whole suite on profiles."""
    SUITE.test_names_are_unique(profiles)
    SUITE.test_each_makes_its_kind(profiles)
    SUITE.test_rates_belong_to_no_market(profiles)
    settings = UpbitSettings(use="upbit")
    SUITE.test_each_market_is_known(
        profiles, lambda profile: plugin.reference_instruments(settings, profile.venue, [profile.base])
    )


@pytest.mark.parametrize(
    "fault",
    [
        {"description": ""},
        {"files": ""},
        {"kind": "candles"},
        {"columns": {"ts": "timestamp"}},
        {"rate": "usdt_krw"},
        {"symbol": ""},
        {"symbol": "KRW-ETH"},
        {"base": "ETH"},
    ],
    ids=str,
)
def test_a_fault_is_found(fault: dict[str, Any]) -> None:
    judge([GOOD])
    with pytest.raises((AssertionError, DataError)):
        judge([replace(GOOD, **fault)])


@pytest.mark.parametrize("profiles", [[], [GOOD, GOOD]], ids=["none", "twice"])
def test_no_profile_and_one_given_twice_are_found(profiles: list[ImportProfile]) -> None:
    with pytest.raises(AssertionError):
        SUITE.test_names_are_unique(profiles)


def test_a_source_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="timestamp"):
        read_profile(GOOD, tmp_path, "when,open,high,low,close,volume\n2025-05-28 18:10:00,1,1,1,1,1\n")
