"""Types of settings: durations, moments, secrets, references to other parts of the config."""

import pytest
from pydantic import ValidationError

from arbcore.settings import (
    ConfigView,
    Duration,
    ExchangeId,
    FillId,
    PluginSettings,
    Secret,
    Timestamp,
    did_you_mean,
    parse_duration,
    parse_time,
)


class Sample(PluginSettings):
    age: Duration = 5_000_000_000
    start: Timestamp | None = None
    exchange: ExchangeId = ""
    fill: FillId = "book"
    key: Secret | None = None
    share: float = 0.5


VIEW = ConfigView(
    mode="paper",
    environment="production",
    profile="paper",
    base_currency="USDT",
    ids={"exchanges": ("left",), "fills": ("book",)},
)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("500ms", 5 * 10**8), ("1.5s", 15 * 10**8), (" 7 d ", 604_800 * 10**9), ("2w", 1_209_600 * 10**9), ("3us", 3000)],
)
def test_durations(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize("value", [5, 999_999, -1, 1.5, True, "", "5", "s", "5 sec", "-1s", None, [1]], ids=repr)
def test_a_duration_without_a_unit_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="write a number and a unit"):
        parse_duration(value)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01", 0),
        ("2025-07-05", 1_751_673_600 * 10**9),
        ("2025-07-05T09:00+09:00", 1_751_673_600 * 10**9),
        ("2025-07-05T00:00:00.000001", 1_751_673_600_000_001_000),
        (7, 7),
    ],
)
def test_moments_are_utc_unless_they_name_an_offset(text: object, nanoseconds: int) -> None:
    assert parse_time(text) == nanoseconds


@pytest.mark.parametrize("value", ["soon", "", True, None, "2025-13-01"], ids=repr)
def test_other_text_is_no_moment(value: object) -> None:
    with pytest.raises(ValueError, match="write a date or ISO 8601"):
        parse_time(value)


def test_durations_are_shown_with_their_unit() -> None:
    dumped = Sample(use="x", age=7 * 86_400 * 10**9).model_dump(mode="json")
    assert dumped["age"] == "7d"
    assert Sample.model_validate(dumped).age == 7 * 86_400 * 10**9


def test_references_are_checked_where_the_config_is_known() -> None:
    assert Sample.model_validate({"use": "x", "exchange": "nowhere"}).exchange == "nowhere"
    assert Sample.model_validate({"use": "x", "exchange": "left"}, context=VIEW).exchange == "left"
    assert Sample.model_validate({"use": "x"}, context=VIEW).exchange == ""
    with pytest.raises(ValidationError, match=r"exchanges has no 'lefft'; did you mean left\? \(there: left\)"):
        Sample.model_validate({"use": "x", "exchange": "lefft"}, context=VIEW)
    with pytest.raises(ValidationError, match="at least 1 character"):
        Sample.model_validate({"use": "x", "fill": ""}, context=VIEW)


@pytest.mark.parametrize("value", ["nan", "inf", float("nan"), float("-inf")], ids=repr)
def test_numbers_are_finite(value: object) -> None:
    with pytest.raises(ValidationError, match="finite number"):
        Sample.model_validate({"use": "x", "share": value})


def test_a_literal_secret_is_nowhere_in_the_error() -> None:
    with pytest.raises(ValidationError, match="a secret is never written here") as caught:
        Sample.model_validate({"use": "x", "key": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_a_secret_shows_where_it_is_kept_and_survives_a_round_trip() -> None:
    settings = Sample(use="x", key=Secret("env", "KEY"))
    assert repr(settings.key) == "Secret(env: KEY)"
    assert Sample.model_validate(settings.model_dump(mode="json")) == settings
    assert len({Secret("env", "KEY"), Secret("env", "KEY"), Secret("file", "KEY")}) == 2


def test_the_nearest_name_or_nothing() -> None:
    assert did_you_mean("enter_bp", ["exit_bps", "enter_bps"]) == "; did you mean enter_bps?"
    assert did_you_mean("zzz", ["exit_bps"]) == ""
