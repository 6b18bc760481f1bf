"""`arb doctor` as its user runs it, and the checks that plugins bring."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from arbcore.cli import main
from arbcore.cli._simulator import running_simulator
from arbcore.config import Instance, InstanceKeys
from arbcore.pipeline import Pipeline
from arbcore.ports.control import Check, DoctorCheck
from tests.doctor import project


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_simulator(("--symbols", "BTC")) as there:
        yield there


@pytest.fixture
def files(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name, value in project.KEYS.items():
        monkeypatch.setenv(name, value)
    paths = project.make(tmp_path / "project", address)
    return [part for path in paths for part in ("-c", str(path))]


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    answer = json.loads(capsys.readouterr().out)
    assert isinstance(answer, dict)
    return answer


def test_a_healthy_exchange_exits_with_zero(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["doctor", *files, "--exchange", "upbit"]) == 0
    out = capsys.readouterr().out
    for text in ("of", "check", "status", "seen, and what to do", "withdrawing", "20 checks: 0 failed, 0 warned"):
        assert text in out
    for secret in project.KEYS.values():
        assert secret not in out


def test_a_warning_is_no_failure(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["doctor", *files, "--exchange", "upbit", "--set", "keys.withdraw=unknown", "--json"]) == 0
    answer = told(capsys)
    assert (answer["schema_version"], answer["ok"], answer["failed"], answer["warned"]) == (1, True, 0, 1)
    assert {tuple(check) for check in answer["checks"]} == {("of", "check", "status", "seen", "fix")}


def test_a_failure_exits_with_one_and_says_what_to_do(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", *files, "--exchange", "upbit", "--set", "strategies.premium.notional=1"]) == 1
    assert "→ raise strategies.premium.notional" in capsys.readouterr().out


def test_a_config_that_does_not_load_is_a_row(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["doctor", *files, "--set", "session.colour=red", "--json"]) == 1
    (check,) = told(capsys)["checks"]
    assert (check["of"], check["check"], check["status"]) == ("session", "config", "fail")
    assert "session.colour" in check["seen"]


def test_live_without_the_first_consent_is_a_row(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["doctor", *files, "--live", "--json"]) == 1
    (check,) = told(capsys)["checks"]
    assert "live without the first consent" in check["seen"]


def test_an_exchange_that_is_not_there(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", *files, "--exchange", "upbeat"]) == 3
    assert "there: upbit, binance" in capsys.readouterr().err


def test_no_config_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["doctor"]) == 3
    assert "arb init" in capsys.readouterr().err


def test_checks_of_plugins_are_run_and_isolated(
    files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def later() -> Check:
        return Check(name="later", status="warn", detail="asked and awaited")

    def broken() -> Check:
        raise RuntimeError("out of order")

    def offered(_pipeline: Pipeline, instance: Instance[InstanceKeys]) -> Sequence[DoctorCheck]:
        if instance.id == "premium":
            raise ZeroDivisionError("nothing to offer")
        if instance.id not in {"upbit", "journal", "binance"}:
            return ()
        now = DoctorCheck("now", lambda: Check(name="now", status="ok", detail="seen"))
        return (now, DoctorCheck("later", later), DoctorCheck("broken", broken))

    monkeypatch.setattr(Pipeline, "doctor_checks", offered)
    capsys.readouterr()
    assert main(["doctor", *files, "--exchange", "upbit", "--json"]) == 1
    checks = told(capsys)["checks"]
    found = {(check["of"], check["check"]): check["status"] for check in checks if check["of"] != "session"}
    for of in ("upbit", "journal"):
        assert [found[of, name] for name in ("now", "later", "broken")] == ["ok", "warn", "fail"]
    assert found["strategies.premium", "plugin spread"] == "fail"
    assert not [of for of, _ in found if of == "binance"]
