"""The journal of a real backtest: whole, and its events add up to what the engine says."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from arbcore.cli import main


@pytest.mark.slow
def test_a_backtest_verifies_and_adds_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def arb(*arguments: str) -> str:
        capfd.readouterr()
        assert main(arguments) == 0, capfd.readouterr().err
        return capfd.readouterr().out

    arb("init", str(tmp_path / "project"))
    monkeypatch.chdir(tmp_path / "project")
    arb("data", "generate", "--quotes", "30000", "--seed", "3", "--out", "data")
    result = json.loads(arb("backtest", "--data", "data", "--journal", "--json"))
    assert result["trades"]
    verified = json.loads(arb("journal", "verify", "--json"))
    assert verified["last_hash"] == result["result_hash"]
    assert verified["runs"][0]["mode"] == "backtest"
    folded = json.loads(arb("journal", "rebuild", "--json"))
    assert folded["differences"] == []
    assert folded["stored"] is True
    for part in ("spread", "slippage", "fees", "funding", "fx", "total"):
        assert Decimal(folded["pnl"][part]) == Decimal(result["pnl"][part])
