"""`arb data generate` on the command line, with the installed plugins."""

import json
from pathlib import Path

import pytest

from arbcore.cli import main
from arbcore.data.dataset import find_datasets, read_info


def run(*arguments: object) -> int:
    return main(["data", "generate", *map(str, arguments)])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_config_the_one_of_arb_init_is_used(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--quotes", 2_000, "--seed", 1, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert sum(each["kinds"].get("quotes", {"rows": 0})["rows"] for each in shown["datasets"]) == 2_000
    keys = {info.key for info in find_datasets(project / "data")}
    assert keys == {"upbit:KRW-BTC", "binance:BTCUSDT", "rates:usdt_krw"}


def test_the_same_seed_gives_the_same_hashes(project: Path) -> None:
    for out in ("a", "b"):
        assert run("--quotes", 2_000, "--seed", 5, "--out", project / out) == 0
    first, second = ([info.hash for info in find_datasets(project / out)] for out in ("a", "b"))
    assert first == second


def test_what_was_generated_before_is_replaced_with_a_word(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed, said in ((5, ""), (5, ""), (6, "binance:BTCUSDT, rates:usdt_krw: replaced what was generated: seed 5")):
        capsys.readouterr()
        assert run("--quotes", 2_000, "--seed", seed) == 0
        told = [line for line in capsys.readouterr().err.splitlines() if "replaced" in line]
        assert told == ([f"upbit:KRW-BTC, {said}"] if said else [])


def test_the_config_of_arb_init_trades_on_generated_data(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(project)]) == 0
    assert run("--quotes", 60_000, "--seed", 1, "--out", project / "data") == 0
    capsys.readouterr()
    assert main(["backtest", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["quotes"] == 60_000
    assert result["trades"] >= 20


def test_coins_are_those_of_the_strategies_or_of_the_option(project: Path) -> None:
    assert main(["init", str(project)]) == 0
    config = project / "arb.yaml"
    config.write_text(config.read_text().replace("symbols: [BTC]", "symbols: [ETH, XRP]"))
    assert run("--quotes", 400, "--seed", 1, "--out", "strategies") == 0
    assert run("--quotes", 400, "--seed", 1, "--symbols", "sol", "--out", "option") == 0
    assert {info.symbol for info in find_datasets(project / "strategies") if info.venue == "upbit"} == {
        "KRW-ETH",
        "KRW-XRP",
    }
    assert {info.symbol for info in find_datasets(project / "option") if info.venue == "binance"} == {"SOLUSDT"}


def test_parameters_reach_the_market(project: Path) -> None:
    options = ["--premium-sd-bps", "0", "-p", "prices.BTC=50000", "--start", "2025-07-01T00:00Z", "--spacing", "1s"]
    assert run("--quotes", 100, "--seed", 1, *options) == 0
    info = read_info(project / "data" / "upbit" / "KRW-BTC")
    assert "premium_sd_bps=0.0" in info.source
    assert info.kinds["quotes"].first_ts // 10**9 == 1_751_328_000


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--seed", 1), 2, "--quotes"),
        (("--quotes", 0, "--seed", 1), 2, "0 is not in the range"),
        (("--quotes", 1, "--seed", -1), 2, "-1 is not in the range"),
        (("--quotes", 1, "--seed", 1, "-p", "nonsense"), 2, "not of the form NAME=VALUE"),
        (("--quotes", 1, "--seed", 1, "-p", "premium=1"), 1, "there is no parameter 'premium'"),
        (("--quotes", 1, "--seed", 1, "--symbols", "NOCOIN"), 3, "no reference instrument of NOCOIN"),
        (("--quotes", 1, "--seed", 1, "-c", "none.yaml"), 3, "none.yaml"),
    ],
)
def test_what_is_wrong_is_said(
    project: Path, arguments: tuple[object, ...], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == code
    assert message in capsys.readouterr().err
    assert not (project / "data").exists()
