"""How entries are cut, in numbers that the documentation tells, and which settings are refused."""

from decimal import Decimal
from itertools import pairwise
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, strategies
from pydantic import ValidationError

from arbcore.errors import ConfigurationError
from arbcore.model.money import total
from arbcore.ports.policy import Depth, Slice, Slicer
from arbcore.settings import PluginSettings
from arbcore.testing.policy import entry
from arbcore_policy_time import time, volume
from arbcore_policy_time.settings import MODELS
from arbcore_policy_time.slicers import build

SECOND = 10**9
PLENTY = Depth(1e6)


def by_time(**options: object) -> Slicer:
    return time.build_slicer(time.settings_model().model_validate({"use": "time"} | options))


def by_volume(**options: object) -> Slicer:
    return volume.build_slicer(volume.settings_model().model_validate({"use": "volume"} | options))


def cut(slicer: Slicer, one: Depth, other: Depth, *, notional: str = "10000", quantity: str = "6") -> list[Slice]:
    return list(slicer.slices(entry(notional, quantity), (one, other), 0))


def shape(parts: list[Slice]) -> tuple[int, float]:
    """Return how many parts there are, and how many seconds apart."""
    gaps = {later.at - earlier.at for earlier, later in pairwise(parts)} or {0}
    (gap,) = gaps
    return len(parts), gap / SECOND


def test_equal_parts_evenly_over_the_span() -> None:
    parts = cut(by_time(slices=3, span="1m"), PLENTY, PLENTY)
    third = Decimal("0.333333333333")
    assert parts == [Slice(third, 0), Slice(third, 20 * SECOND), Slice(Decimal("0.333333333334"), 40 * SECOND)]


@pytest.mark.parametrize(
    ("notional", "expected"), [("3000", (6, 10.0)), ("2999", (5, 12.0)), ("1000", (2, 30.0)), ("999", (1, 0.0))]
)
def test_parts_that_would_be_too_small_are_fewer_and_further_apart(notional: str, expected: tuple[int, float]) -> None:
    assert shape(cut(by_time(slices=6, span="1m", min_notional=500), PLENTY, PLENTY, notional=notional)) == expected


@given(
    strategies.integers(2, 1000),
    strategies.integers(1, 10**12).map(lambda units: Decimal(units).scaleb(-4)),
    strategies.integers(0, 10**8).map(lambda units: Decimal(units).scaleb(-4)),
)
def test_parts_sum_to_one_and_none_is_below_the_smallest(slices: int, notional: Decimal, smallest: Decimal) -> None:
    parts = cut(by_time(slices=slices, span="1h", min_notional=smallest), PLENTY, PLENTY, notional=str(notional))
    assert total(part.share for part in parts) == 1
    assert len(parts) == 1 or len(parts) * smallest <= notional
    assert len(parts) == slices or (len(parts) + 1) * smallest > notional
    assert max(part.share for part in parts) - min(part.share for part in parts) <= Decimal("1e-9")


def test_the_documented_volume() -> None:
    assert shape(cut(by_volume(), Depth(2.0, 0.5), PLENTY)) == (6, 20.0)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Depth(100.0), PLENTY, (1, 0.0)),
        (Depth(12.0), PLENTY, (1, 0.0)),
        (Depth(4.0), PLENTY, (3, 2.0)),
        (PLENTY, Depth(4.0), (3, 2.0)),
        (Depth(2.0, 0.5), Depth(2.0, 0.25), (6, 40.0)),
        (Depth(2.0, 100.0), Depth(2.0, 100.0), (6, 2.0)),
        (Depth(2.0, 0.001), PLENTY, (6, 100.0)),
        (Depth(0.1), PLENTY, (20, 2.0)),
        (Depth(0.1, 0.01), PLENTY, (20, 30.0)),
        (Depth(0.0), PLENTY, (20, 2.0)),
        (Depth(nan), PLENTY, (20, 2.0)),
        (Depth(inf), PLENTY, (20, 2.0)),
        (Depth(4.0, nan), PLENTY, (3, 2.0)),
    ],
    ids=str,
)
def test_the_scarcest_leg_decides_within_the_bounds(one: Depth, other: Depth, expected: tuple[int, float]) -> None:
    assert shape(cut(by_volume(), one, other)) == expected


def test_a_leg_says_what_it_wants_in_coins() -> None:
    # Contracts of a thousand coins: six of them are not six coins.
    contracts = Depth(2000.0, 0.0, 6000.0)
    assert shape(cut(by_volume(), contracts, Depth(1e6, 0.0, 6000.0))) == (6, 2.0)
    assert shape(cut(by_volume(), Depth(2000.0), PLENTY)) == (1, 0.0)


def test_parts_by_volume_are_no_smaller_than_the_smallest() -> None:
    parts = cut(by_volume(min_notional=3000), Depth(2.0, 0.5), PLENTY)
    assert shape(parts) == (3, 40.0)


@pytest.mark.parametrize(
    ("use", "options", "said"),
    [
        ("time", {"slices": 1}, "greater than or equal to 2"),
        ("time", {"slices": 1001}, "less than or equal to 1000"),
        ("time", {"slices": 100, "span": "50ms"}, "`span` / `slices` is under a millisecond"),
        ("time", {"interval": "2s"}, "Extra inputs are not permitted"),
        ("time", {"min_notional": -1}, "greater than or equal to 0"),
        ("volume", {"offered_share": 0}, "greater than 0"),
        ("volume", {"traded_share": 1.5}, "less than or equal to 1"),
        ("volume", {"interval": "10us"}, "`interval` is under a millisecond"),
        ("volume", {"interval": "1m"}, "`interval` x `slices` is longer than `span`"),
        ("volume", {"use": "time"}, "Input should be 'volume'"),
    ],
)
def test_what_makes_no_sense_is_refused(use: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        MODELS[use].model_validate({"use": use} | options)
    assert said in str(raised.value)


def test_settings_of_others_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="PluginSettings are settings of no slicer here"):
        build(PluginSettings(use="time"))
