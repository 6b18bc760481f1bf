"""Precedence: files in order, environment, flags; and what only a file may say."""

from collections.abc import Callable
from pathlib import Path

import pytest

from arbcore.config import Override, RawConfig, load
from arbcore.config.tree import KeyPath
from arbcore.errors import ConfigurationError, SafetyError

Write = Callable[..., Path]
Raw = Callable[..., RawConfig]


def origin(raw: RawConfig, path: KeyPath) -> str:
    return raw.origins[path].text


def test_each_layer_wins_over_the_ones_before(write: Write) -> None:
    one = write("session: {name: one, mode: paper, profile: paper, base_currency: USD}", "one.yaml")
    two = write("session: {mode: backtest, profile: staging, base_currency: EUR}", "two.yaml")
    env = {"ARB__SESSION__PROFILE": "local_dev", "ARB__SESSION__BASE_CURRENCY": "KRW", "HOME": "/", "ARB_DEBUG": "1"}
    raw = load([one, two], env, [Override.assign("session.base_currency=USDT")])
    assert raw.values["session"] == {
        "name": "one",
        "mode": "backtest",
        "profile": "local_dev",
        "base_currency": "USDT",
    }
    assert origin(raw, ("session", "name")) == f"{one}:1"
    assert origin(raw, ("session", "mode")) == f"{two}:1"
    assert origin(raw, ("session", "profile")) == "ARB__SESSION__PROFILE"
    assert origin(raw, ("session", "base_currency")) == "--set session.base_currency"
    assert raw.folder == one.parent


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("0.5", 0.5),
        ("true", True),
        ("NO", "NO"),
        ("5s", "5s"),
        ("[BTC, ON]", ["BTC", "ON"]),
        ("{env: KEY}", {"env": "KEY"}),
        ("", None),
    ],
)
def test_variables_and_flags_are_yaml(raw_of: Raw, text: str, value: object) -> None:
    assert raw_of(env={"ARB__STRATEGIES__MAIN__X": text}).values["strategies"]["main"]["x"] == value
    assert raw_of(f"strategies.main.x={text}").values["strategies"]["main"]["x"] == value


def test_a_value_may_hold_an_equals_sign(raw_of: Raw) -> None:
    assert raw_of("sinks.log.url=http://x/?a=b").values["sinks"]["log"]["url"] == "http://x/?a=b"


def test_a_variable_finds_keys_whatever_their_case(raw_of: Raw) -> None:
    raw = raw_of(env={"ARB__PAPER__BALANCES__LEFT__KRW": "5"})
    assert raw.values["paper"]["balances"] == {"left": {"KRW": 5}}


@pytest.mark.parametrize("name", ["ARB__", "ARB__SESSION__", "ARB____NAME", "ARB__A____B"])
def test_a_malformed_variable(raw_of: Raw, name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"environment variable {name}: not of the form"):
        raw_of(env={name: "1"})


def test_a_malformed_value_is_not_repeated(raw_of: Raw) -> None:
    with pytest.raises(ConfigurationError, match="ARB__EXCHANGES__LEFT__API_KEY: not YAML") as caught:
        raw_of(env={"ARB__EXCHANGES__LEFT__API_KEY": "hunter2: [x"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("text", ["session.name", "=x", "session..name=x", ".name=x"])
def test_a_malformed_flag(raw_of: Raw, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"--set .*: not of the form section\.key=value"):
        raw_of(text)


def test_plugins_chosen_on_the_command_line(write: Write) -> None:
    overrides = [
        Override.use("sinks", "jsonl", "--sink"),
        Override.use("sinks", "second=jsonl", "--sink"),
        Override.use("strategies", "two-legs", "-s"),
        Override.assign("sinks.second.path=x"),
    ]
    raw = load([write("schema_version: 1")], {}, overrides)
    assert raw.values["sinks"] == {"jsonl": {"use": "jsonl"}, "second": {"use": "jsonl", "path": "x"}}
    assert raw.values["strategies"] == {"two_legs": {"use": "two-legs"}}
    assert origin(raw, ("sinks", "second", "use")) == "--sink second=jsonl"


def test_choosing_another_plugin_for_an_id_starts_afresh(raw_of: Raw, write: Write) -> None:
    raw = load([write("fills: {book: {use: top, x: 1}}")], {}, [Override.use("fills", "book=depth", "--fill")])
    assert raw.values["fills"] == {"book": {"use": "depth"}}


def test_instances_left_out(write: Write) -> None:
    path = write("sinks: {log: {use: a}, out: {use: b}}\nrisk: {log: {use: c}}\njournal: {use: d}\n")
    assert load([path], {}, [Override.without("out")]).values["sinks"] == {"log": {"use": "a"}}
    assert "journal" not in load([path], {}, [Override.without("journal")]).values
    raw = load([path], {}, [Override.without("risk.log")])
    assert raw.values["risk"] == {}
    assert not any(key[:2] == ("risk", "log") for key in raw.origins)
    with pytest.raises(ConfigurationError, match=r"several instances .*\n.*write one of risk\.log, sinks\.log"):
        load([path], {}, [Override.without("log")])
    with pytest.raises(ConfigurationError, match=r"--without ouy: no such instance; did you mean out\?"):
        load([path], {}, [Override.without("ouy")])


@pytest.mark.parametrize(
    ("assigned", "env"),
    [
        (["session.mode=live"], {}),
        (["session={mode: live}"], {}),
        (["live.enabled=true"], {}),
        ([], {"ARB__SESSION__MODE": "live"}),
        ([], {"ARB__LIVE__ENABLED": "true"}),
        ([], {"ARB__LIVE": "{enabled: true}"}),
    ],
)
def test_only_a_file_turns_paper_into_live(raw_of: Raw, assigned: list[str], env: dict[str, str]) -> None:
    with pytest.raises(SafetyError, match="live trading is not switched on from here"):
        raw_of(*assigned, env=env)


def test_a_command_states_its_own_mode(write: Write) -> None:
    path = write("session: {mode: paper}\nlive: {enabled: true}\n")
    raw = load([path], {}, [Override.mode("live", "--live")])
    assert raw.values["session"]["mode"] == "live"
    assert origin(raw, ("session", "mode")) == "--live"
    with pytest.raises(SafetyError):
        load([path], {}, [Override.mode("live", "--live"), Override.assign("live.enabled=true")])


def test_a_flag_may_not_hide_behind_a_command(write: Write) -> None:
    path = write("session: {mode: paper}\n")
    with pytest.raises(SafetyError):
        load([path], {}, [Override.mode("backtest", "arb backtest"), Override.assign("session.mode=live")])
