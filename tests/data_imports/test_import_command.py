"""`arb data import` on the command line, with the installed plugins."""

import json
from pathlib import Path

import pytest

from arbcore.cli import main
from arbcore.data.dataset import read_info
from tests.data_imports.formats import BARS, write

COLUMNS = "ts=time,open=open,high=high,low=low,close=close,volume=volume"


def run(*arguments: object) -> int:
    return main(["data", "import", *map(str, arguments)])


def test_a_mapping_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write(tmp_path, "bars.csv", BARS), tmp_path / "out"
    options = ["--kind", "bars", "--interval", "5m", "--clock", "+09:00", "--venue", "upbit", "--symbol", "KRW-BTC"]
    assert run(path, "--columns", COLUMNS, *options, "--out", out, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["schema_version"] == 1
    assert shown["datasets"][0]["kinds"]["bars"]["first"] == "2025-05-28T09:10:00Z"
    info = read_info(out / "upbit" / "KRW-BTC")
    # The label is an exchange plugin's name, which knows the market.
    assert info.instrument is not None
    assert (info.instrument.base, info.instrument.quote) == ("BTC", "KRW")


def test_a_naive_clock_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write(tmp_path, "bars.csv", BARS), tmp_path / "out"
    options = ["--kind", "bars", "--interval", "5m", "--venue", "upbit", "--symbol", "KRW-BTC", "--out", out]
    assert run(path, "--columns", COLUMNS, *options) == 1
    told = capsys.readouterr().err
    assert "line 2, column 'time'" in told
    assert "--clock UTC" in told
    assert not [path for path in out.rglob("*") if path.is_file()]


def test_a_profile_of_a_plugin_with_changed_fields(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write(tmp_path, "any.csv", BARS.replace("time", "timestamp")), tmp_path / "out"
    assert run("upbit:bars-5m", path, "--out", out, "--symbol", "KRW-ETH", "--base", "ETH", "--note", "mine") == 0
    info = read_info(out / "upbit" / "KRW-ETH")
    assert info.instrument is not None
    assert (info.instrument.base, info.notes) == ("ETH", ("mine",))
    assert "KRW-ETH" in capsys.readouterr().out


def test_a_recipe(tmp_path: Path) -> None:
    write(tmp_path, "in/bars.csv", BARS)
    recipe = write(
        tmp_path,
        "r.yaml",
        f"schema_version: 1\nimports:\n  - name: own\n    kind: bars\n    files: bars.csv\n    interval: 5m\n"
        f"    clock: UTC\n    venue: gamma\n    symbol: BTC_USDT\n    columns: {{{COLUMNS.replace('=', ': ')}}}\n",
    )
    assert run(recipe, tmp_path / "in", "--out", tmp_path / "out") == 0
    assert read_info(tmp_path / "out" / "gamma" / "BTC_USDT").instrument is None


def test_all_profiles_are_listed_with_their_plugin(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--list", "--json") == 0
    profiles = json.loads(capsys.readouterr().out)["profiles"]
    assert {name.partition(":")[0] for name in profiles} >= {"upbit", "binance"}
    assert all(profile["name"] == name for name, profile in profiles.items())
    assert run("--list") == 0
    assert "upbit:usdt-daily" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "name a profile or a recipe"),
        (("upbit:bars-5m",), 2, "name the files to import"),
        (("upbit:bars-5n", "x.csv"), 1, "did you mean 'upbit:bars-5m'?"),
        (("upbti:bars-5m", "x.csv"), 3, "upbit"),
        (("bars-5m", "x.csv"), 1, "a profile is named PLUGIN:PROFILE"),
        (("upbit:bars-5m", "x.csv"), 1, "there is no file or folder x.csv"),
        (("x.csv", "-m", "ts"), 2, "'ts' is not of the form NAME=VALUE"),
        (("x.csv", "-m", "ts=t", "--interval", "soon"), 1, "interval: 'soon' is not a duration"),
        (("nowhere.yaml", "x.csv"), 1, "nowhere.yaml: can't be read"),
    ],
)
def test_what_is_wrong_is_said(
    arguments: tuple[str, ...], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == code
    assert message in capsys.readouterr().err


def test_a_market_that_the_plugin_does_not_know(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "any.csv", BARS.replace("time", "timestamp"))
    options = ["--symbol", "NOCOINUSDT", "--base", "NOCOIN"]
    assert run("binance:spot-bars-5m", path, "--out", tmp_path / "out", *options) == 1
    assert "'binance' has no reference instrument 'NOCOINUSDT'" in capsys.readouterr().err


def test_a_setting_that_the_plugin_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "any.csv", "timestamp,open,high,low,close,volume\n1751628900000,1,1,1,1,1\n")
    assert run("binance:usdm-bars-5m", path, "--out", tmp_path / "out", "--setting", "product=options") == 3
    assert "exchange_settings.product" in capsys.readouterr().err


def test_a_recipe_of_several_imports_takes_no_field(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = "  - name: own\n    kind: fx\n    rate: usdt_krw\n    columns: {ts: t, price: p}\n"
    recipe = write(tmp_path, "r.yaml", "schema_version: 1\nimports:\n" + entry * 2)
    assert run(recipe, tmp_path, "--clock", "UTC") == 2
    assert "takes no --clock" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["own.csv", "folder"])
def test_data_alone_is_answered_with_both_ways_to_say_how_it_is_read(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "own.csv", BARS)
    (tmp_path / "folder").mkdir()
    assert run(tmp_path / name, "--out", tmp_path / "out") == 2
    err = " ".join(capsys.readouterr().err.split())
    assert "name a profile or a recipe before it" in err
    assert "--columns" in err
