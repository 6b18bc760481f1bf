"""What is in force: values with origins, and the hash over them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.config import Config, RawConfig, SettingsLookup, explain_values, load, validate
from arbcore.settings import format_duration, parse_duration

Check = Callable[..., Config]


def test_every_value_has_an_origin(check: Check, raw_of: Callable[..., RawConfig]) -> None:
    config = check("strategies.main.notional=5", env={"ARB__SESSION__NAME": "other"})
    file = raw_of().files[0]
    shown = {one.path: (one.value, one.origin) for one in explain_values(config)}
    assert shown["session.name"] == ("other", "ARB__SESSION__NAME")
    assert shown["session.mode"] == ("paper", "default")
    assert shown["strategies.main.notional"] == ("5", "--set strategies.main.notional")
    assert shown["strategies.main.window"] == ("5s", "default")
    assert shown["strategies.main.routes[0].symbols[0]"] == ("BTC", f"{file}:11")
    assert shown["rates.usdt_krw.max_age"] == ("10s", f"{file}:7")
    assert shown["paper.balances.left.KRW"] == ("1000", f"{file}:15")
    assert shown["paper.leverage"] == ("1", "default")
    assert shown["schema_version"] == (1, f"{file}:1")
    assert all(origin for _, origin in shown.values())


def test_equal_configs_have_equal_hashes_wherever_they_were_written(check: Check) -> None:
    plain = check("strategies.main.window=10s", "session.name=x")
    assert len(plain.hash) == 64
    other = check("strategies.main.window=10000ms", env={"ARB__SESSION__NAME": "x"})
    assert other.hash == plain.hash
    assert check("strategies.main.enter_bps=25").hash == check().hash


def test_another_value_order_or_plugin_is_another_hash(check: Check) -> None:
    changes = [[], ["strategies.main.enter_bps=26"], ["risk.first.order=5"], ["risk.first=null"], ["session.name=y"]]
    assert len({check(*change).hash for change in changes}) == len(changes)


def test_where_data_and_events_lie_is_not_in_the_hash(check: Check) -> None:
    changes = ["backtest.data=data", "backtest.data=./data", "backtest.data=/elsewhere", "backtest.journal=config"]
    assert {check(change).hash for change in changes} == {check().hash}
    assert check("backtest.start=2025-01-01").hash != check().hash


def test_the_order_of_keys_does_not_count_but_that_of_instances_does(
    write: Callable[..., Path], settings_model: SettingsLookup
) -> None:
    head = "schema_version: 1\nfills: {b: {use: fill}}\njournal: {use: store}\n"
    texts = [
        "paper: {use: sim, fill: b, balances: {}}\nrisk: {x: {use: limit}, y: {use: limit}}\n",
        "risk: {x: {use: limit}, y: {use: limit}}\npaper: {balances: {}, fill: b, use: sim}\n",
        "paper: {use: sim, fill: b, balances: {}}\nrisk: {y: {use: limit}, x: {use: limit}}\n",
    ]
    one, same, other = (validate(load([write(head + text)], {}), settings_model).hash for text in texts)
    assert one == same
    assert one != other


def test_relative_paths_count_from_the_project(check: Check, tmp_path: Path) -> None:
    config = check("backtest.data=data")
    assert config.path(config.backtest.data or "") == tmp_path / "data"
    assert config.path("/abs") == Path("/abs")


@pytest.mark.parametrize(
    ("stated", "counted"), [("logs", "{project}/logs"), ("/var/logs", "/var/logs"), ("~/logs", "{home}/logs")]
)
def test_paths_of_plugins_count_from_the_project_too(check: Check, tmp_path: Path, stated: str, counted: str) -> None:
    config = check(f"journal.path={stated}")
    assert config.journal is not None
    assert config.journal.settings.path == Path(counted.format(project=tmp_path, home=Path.home()))  # type: ignore[attr-defined]
    shown = {one.path: one.value for one in explain_values(config)}
    assert shown["journal.path"] == stated, "as it was stated, and so is the hash, wherever the project lies"
    assert check().journal.settings.path is None  # type: ignore[union-attr]


@given(st.one_of(st.just(0), st.integers(min_value=10**6)))
def test_durations_are_read_as_they_are_written(value: int) -> None:
    text = format_duration(value)
    assert parse_duration(value) == value
    if value < 2**53:
        assert parse_duration(text) == value
