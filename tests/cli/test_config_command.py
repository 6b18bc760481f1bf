"""`arb config show|validate|schema` on the project that `arb init` makes, with the real plugins."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]


def test_validate(arb: Run, project: Path) -> None:
    assert arb("config", "validate") == (0, "ok\n", "")
    code, out, err = arb("config", "validate", "--set", "rates.usdt_krw.use=''")
    assert (code, out) == (0, "ok\n")
    assert "warning: rates.usdt_krw (arb.yaml:28): no source" in err


def test_validate_says_all_that_is_wrong_and_exits_with_3(arb: Run, project: Path) -> None:
    code, out, err = arb("config", "validate", "--set", "strategies.premium.enter_bp=1", "--sink", "jsonll")
    assert (code, out) == (3, "")
    assert "the config has 2 errors" in err
    assert (
        "strategies.premium.enter_bp (--set strategies.premium.enter_bp): unknown key; did you mean enter_bps?" in err
    )
    assert "sinks.jsonll.use (--sink jsonll):" in err


def test_what_is_not_there_is_answered_with_what_is(arb: Run, project: Path) -> None:
    code, _, err = arb("config", "validate", "--without", "nothing")
    assert code == 3
    assert "--without nothing: no such instance (there: upbit, binance, premium," in err
    assert "did you mean premium?" in arb("config", "validate", "--without", "premum")[2]
    err = arb("config", "validate", "--set", "extras.a=1", "--strategy", "nothing")[2]
    assert "extras: unknown section (there: schema_version, session," in err
    assert "strategies.nothing.use (--strategy nothing): " in err


def test_an_instance_left_out_is_missed_where_it_is_named_and_nowhere_else(arb: Run, project: Path) -> None:
    err = arb("config", "validate", "--without", "upbit")[2]
    assert "the config has 2 errors" in err
    assert "routes[0].spot" in err
    assert "paper.balances.upbit" in err


def test_validate_as_json(arb: Run, project: Path) -> None:
    code, out, err = arb("config", "validate", "--json")
    told = json.loads(out)
    assert (code, told["valid"], told["schema_version"], err) == (0, True, 1, "")
    assert len(told["config_hash"]) == 64
    assert told["findings"] == []
    code, out, err = arb("config", "validate", "--json", "--set", "session.x=1")
    told = json.loads(out)
    assert (code, told["valid"], err) == (3, False, "")
    assert told["findings"] == [
        {
            "level": "error",
            "path": "session.x",
            "origin": "--set session.x",
            "text": "unknown key",
            "fix": "",
        }
    ]


def test_validate_looks_for_secrets(arb: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change = ["--set", "exchanges.upbit.api_key={env: NO_SUCH_KEY}"]
    code, _, err = arb("config", "validate", *change)
    assert code == 0
    assert "exchanges.upbit.api_key (--set exchanges.upbit.api_key): the secret env NO_SUCH_KEY is not set" in err
    code, _, err = arb("config", "validate", *change, "--set", "session.profile=paper")
    assert code == 3
    assert "NO_SUCH_KEY is not set" in err
    monkeypatch.setenv("NO_SUCH_KEY", "hunter2")
    code, out, err = arb("config", "validate", *change, "--set", "session.profile=paper")
    assert code == 0
    assert "hunter2" not in out + err


def test_show(arb: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARB__SESSION__NAME", "other")
    monkeypatch.setenv("UPBIT_ACCESS_KEY", "hunter2")
    change = ["--set", "exchanges.upbit.api_key={env: UPBIT_ACCESS_KEY}", "-s", "second=spread", "--without", "second"]
    code, out, err = arb("config", "show", *change[:2], "--json")
    assert code == 0
    shown = {one["path"]: (one["value"], one["origin"]) for one in json.loads(out)["values"]}
    assert shown["session.name"] == ("other", "ARB__SESSION__NAME")
    assert shown["strategies.premium.enter_bps"][1].startswith("arb.yaml:")
    assert shown["exchanges.upbit.api_key"] == ("*** (env UPBIT_ACCESS_KEY)", "--set exchanges.upbit.api_key")
    assert "config: the environment sets ARB__SESSION__NAME" in err
    code, out, err = arb("config", "show", *change[:2])
    assert code == 0
    assert "*** (env UPBIT_ACCESS_KEY)" in out
    assert "hunter2" not in out + err


def test_selection_on_the_command_line(arb: Run, project: Path) -> None:
    (project / "over.yaml").write_text("session: {name: over}\nrisk: {portfolio: {open_trades: 7}}\n", encoding="utf-8")
    code, out, _ = arb(
        "config", "show", "arb.yaml", "-c", "over.yaml", "--without", "journal", "--sink", "log=jsonl", "--json"
    )
    assert code == 0
    shown = {one["path"]: (one["value"], one["origin"]) for one in json.loads(out)["values"]}
    assert shown["session.name"] == ("over", "over.yaml:1")
    assert shown["risk.portfolio.open_trades"] == (7, "over.yaml:2")
    assert shown["sinks.log.use"] == ("jsonl", "--sink log=jsonl")
    assert not any(path.startswith("journal") for path in shown)


def test_no_config_here(arb: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = arb("config", "show")
    assert (code, out) == (3, "")
    assert err == "error: no config: arb.yaml is not here\n  fix: name a file, or make one with `arb init`\n"


def test_schema_of_the_plugins_that_the_config_names(arb: Run, project: Path) -> None:
    code, out, _ = arb("config", "schema")
    schema = json.loads(out)
    assert code == 0
    assert {"strategies.spread", "exchanges.upbit", "risk.portfolio", "journal.sqlite"} <= set(schema["$defs"])
    assert "sinks.jsonl" not in schema["$defs"]


def test_schema_of_all_that_is_installed(arb: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = arb("config", "schema")
    assert code == 0
    assert {"strategies.spread", "sinks.jsonl", "fills.top"} <= set(json.loads(out)["$defs"])
