"""`arb data list` and `arb data verify`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from arbcore.cli import main
from arbcore.data.recorder import Recorder
from arbcore.model.market import BookInvalid, MarkPrice, Quote
from tests.data.samples import T0, S, bars, files_below, fx, instrument, quotes, spoil, write


def test_list_shows_each_kind_and_the_notes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "quotes", quotes([T0, T0 + S]), notes=("made up",))
    write(tmp_path, "bars", bars([T0]), interval_ns=60 * S)
    assert main(["data", "list", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    for text in ("alpha", "BTC-USDT", "quotes", "bars", "2023-11-15T00:00:00Z", "2023-11-15T00:00:01Z"):
        assert text in out
    assert "alpha:BTC-USDT: made up" in err
    assert "alpha:BTC-USDT: from a test" in err


def test_what_is_said_of_several_data_sets_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "quotes", quotes([T0, T0 + S]), notes=("made up",))
    write(tmp_path, "fx", fx([T0]), notes=("made up", "a fix"))
    assert main(["data", "list", str(tmp_path)]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "alpha:BTC-USDT, rates:usdt_krw: from a test",
        "alpha:BTC-USDT, rates:usdt_krw: made up",
        "rates:usdt_krw: a fix",
    ]


def test_list_prints_one_json_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info = write(tmp_path, "quotes", quotes([T0, T0 + S]))
    write(tmp_path, "fx", fx([T0]))
    assert main(["data", "list", "--json", str(tmp_path)]) == 0
    market, rate = json.loads(capsys.readouterr().out)["datasets"]
    assert (market["venue"], market["symbol"], market["hash"]) == ("alpha", "BTC-USDT", info.hash)
    assert market["instrument"]["ticks"]["bands"][0]["tick"] == "0.5"
    quoted = market["kinds"]["quotes"]
    assert (quoted["rows"], quoted["first"], quoted["source"]) == (2, "2023-11-15T00:00:00Z", "a test")
    assert (rate["rate"], rate["instrument"]) == ("usdt_krw", None)


def test_recordings_are_listed_and_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Recorder(tmp_path, instruments=[instrument()], source="a session") as recorder:
        recorder.put(MarkPrice("alpha:BTC-USDT", T0, T0, 100.0, 100.0))
        recorder.put(Quote("alpha:BTC-USDT", T0, T0 + 1, 101.0, 100.0, 1.0, 1.0))
        recorder.put(BookInvalid("alpha:BTC-USDT", T0, T0 + 2, "BOOK_GAP"))
    assert main(["data", "list", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert all(kind in out for kind in ("marks", "quotes", "breaks"))
    assert main(["data", "verify", str(tmp_path)]) == 0
    assert "the bid is above the ask" in capsys.readouterr().out


def test_list_of_nothing_says_how_to_make_something(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "list", str(tmp_path)]) == 0
    assert "arb data generate" in capsys.readouterr().err
    assert main(["data", "list", str(tmp_path / "nowhere")]) == 1
    assert "there is no folder" in capsys.readouterr().err


def test_verify_exits_by_its_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info = write(tmp_path, "quotes", quotes([T0, T0 + S, T0 + 2 * S]))
    assert main(["data", "verify", str(tmp_path)]) == 0
    assert "ok" in capsys.readouterr().out
    assert main(["data", "verify", "--gap", "500ms", "--json", str(tmp_path)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], [record["check"] for record in report["records"]]) == (True, ["gap"])
    spoil(info, "quotes", bid={1: -1.0})
    assert main(["data", "verify", "--json", str(tmp_path)]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert {"check": "price", "count": 1, "verdict": "error"}.items() <= report["records"][0].items()


def test_verify_writes_a_repaired_copy_and_checks_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info = write(tmp_path / "data", "quotes", quotes([T0, T0 + S, T0 + 2 * S]))
    spoil(info, "quotes", bid={1: -1.0})
    before = files_below(tmp_path / "data")
    out = str(tmp_path / "copy")
    assert main(["data", "verify", str(tmp_path / "data"), "--repair", "--out", out, "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["folder"] == out
    assert "1 (not a positive price)" in printed.err
    assert files_below(tmp_path / "data") == before


@pytest.mark.parametrize(
    "options", [["--repair"], ["--out", "copy"], ["--gap", "soon"], ["--clock-tolerance", "5 parsecs"]]
)
def test_half_an_option_is_a_usage_error(tmp_path: Path, options: list[str]) -> None:
    write(tmp_path, "quotes", quotes([T0]))
    assert main(["data", "verify", str(tmp_path), *options]) == 2


def test_help_and_list_import_no_column_library_and_no_other_command(tmp_path: Path) -> None:
    write(tmp_path, "quotes", quotes([T0]))
    code = (
        "import sys; from arbcore.cli import main; main(sys.argv[1:]);"
        "heavy = {'numpy', 'polars', 'arbcore.cli.data_generate', 'arbcore.cli.data_import'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    for arguments in (["data", "--help"], ["data", "list", "--json", str(tmp_path)]):
        run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
        assert run.stdout.splitlines()[-1] == "[]"
    help_text = subprocess.run(
        [sys.executable, "-c", code, "data", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert all(name in help_text for name in ("generate", "import", "list", "verify"))
