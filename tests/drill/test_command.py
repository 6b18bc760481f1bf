"""`arb drill venue` as its user runs it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arbcore.cli import main
from arbcore.cli._simulator import running_simulator
from arbcore.drill.cards import CARDS
from tests.docs.snippets import ROOT, blocks
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


def test_a_drill_with_its_table_and_its_page(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "kept" / "page.md"
    assert main(["drill", "venue", "upbit", *files, "--report", str(page)]) == 0
    out, err = capsys.readouterr()
    assert "16 scenarios: 13 passed, 0 failed, 3 skipped" in out
    assert " 9 cancel: passed" in err
    assert f"report: {page}" in err
    text = page.read_text(encoding="utf-8")
    assert all(f"| {card.number} | {card.name} |" in text for card in CARDS)
    for secret in project.KEYS.values():
        assert secret not in out + err + text


def test_one_json_object(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["drill", "venue", "upbit", *files, "--suite", "reading", "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (answer["schema_version"], answer["ok"], answer["environment"]) == (1, True, "simulator")
    assert [outcome["status"] for outcome in answer["outcomes"]] == ["passed"] * 4


def test_an_account_that_can_not_be_opened_is_an_error(
    files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UPBIT_SECRET_KEY", "wrong-secret-0123456789abcdef0123456789")
    assert main(["drill", "venue", "upbit", *files]) == 1
    err = capsys.readouterr().err
    assert err.count("error: ") == 1
    assert "wrong-secret" not in err


def test_a_page_that_can_not_be_written(files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    page = tmp_path / "file" / "page.md"
    assert main(["drill", "venue", "upbit", *files, "--suite", "reading", "--report", str(page)]) == 1
    assert "name a file that can be written" in capsys.readouterr().err


def test_the_simulator_of_the_page_lets_all_sixteen_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "doctor.md").read_text("utf-8")
    (block,) = [each for each in blocks("docs/doctor.md", page) if each.title == "simulator.yaml"]
    (tmp_path / "simulator.yaml").write_text(block.text, encoding="utf-8")
    monkeypatch.setenv("BINANCE_API_KEY", "my-binance-key")
    monkeypatch.setenv("BINANCE_API_SECRET", "my-binance-secret")
    with running_simulator(("--symbols", "BTC", "--config", str(tmp_path / "simulator.yaml"))) as there:
        files = [part for path in project.make(tmp_path / "project", there) for part in ("-c", str(path))]
        assert main(["drill", "venue", "binance", *files]) == 0
    assert "16 scenarios: 16 passed, 0 failed, 0 skipped" in capsys.readouterr().out
