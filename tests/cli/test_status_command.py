"""`arb status|positions|trades|balance|events -f` on sessions that run, ended, or were killed."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arbcore.cli._reading import FRESH_S
from arbcore.runtime.folder import SessionFolder
from arbcore.runtime.stats import SessionStats
from tests.cli.pictures import rate, stats
from tests.cli.sessions import CONFIG, story, writing
from tests.warm import PRELUDE, Called

ROOT = Path(__file__).parents[2]
HOLDER = (
    "import sys; from pathlib import Path; from tests.cli.sessions import hold; hold(Path(sys.argv[1])); sys.exit(0)"
)

Run = Callable[..., tuple[int, str, str]]
Hold = Callable[[], Called[str]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a session in a project, which is current."""
    (tmp_path / "arb.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "sessions" / "kimchi"


@pytest.fixture
def finished(place: Path) -> Path:
    """A session that was stopped."""
    with writing(place, story(ends=True)):
        pass
    return place


@pytest.fixture
def held(place: Path) -> Iterator[Hold]:
    """Starts a process that runs the session; it is ended at last."""
    started: list[Called[str]] = []

    def start() -> Called[str]:
        env = {**os.environ, PRELUDE: HOLDER}
        process = Called[str](place, env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def keep_stats(place: Path, *, old_s: float = 0.0, **changes: Any) -> SessionStats:
    shown = stats(time=time.time_ns() - int(old_s * 1e9), **changes)
    SessionFolder(place).keep("stats.json", msgspec.json.encode(shown))
    return shown


def read(arb: Run, *arguments: str | Path) -> dict[str, Any]:
    code, out, _ = arb(*map(str, arguments), "--json")
    assert code == 0
    told: dict[str, Any] = json.loads(out)
    assert told["schema_version"] == 1
    return told


def test_a_running_session(arb: Run, held: Hold, place: Path) -> None:
    process = held()
    shown = keep_stats(place)
    told = read(arb, "status")
    assert told["condition"] == "running"
    assert told["writer"].startswith(f"process {process.fork} on ")
    assert (told["session"], told["mode"], told["state"]) == ("kimchi", "paper", "RUNNING")
    assert told["started"] == "2026-01-01T08:00:01.000000000Z"
    assert told["trades"] == {"open": 2, "closed": 1, "won": 1, "unhedged": ["3"]}
    assert told["pnl"]["source"] == "now"
    assert told["pnl"]["total"] == str(shown.pnl.total if shown.pnl else None)
    assert told["fees"] == {"KRW": "1400"}
    assert told["unhedged_max_s"] == 0.21
    assert told["stats"]["venues"]["upbit"]["health"] == "healthy"
    code, out, err = arb("status")
    assert code == 0
    for text in (f"running: process {process.fork}", "up ", "2 open, 1 closed (1 won)", "2 connected", "1 / 1,383.6",
                 "upbit:KRW-USDT", "35 us, p99 181 us", "1,372/s", "120 MiB", "now BTC 3 open"):  # fmt: skip
        assert text in out, text
    assert err == ""


@pytest.mark.parametrize("kept", ["none", "old", "damaged"])
def test_without_fresh_statistics_the_journal_tells(arb: Run, held: Hold, place: Path, kept: str) -> None:
    held()
    if kept == "old":
        keep_stats(place, old_s=FRESH_S + 5)
    elif kept == "damaged":
        SessionFolder(place).keep("stats.json", b'{"session":')
    told = read(arb, "status")
    assert told["condition"] == "running"
    assert told["stats"] is None
    assert told["pnl"]["source"] == "realised"
    assert Decimal(told["pnl"]["total"]) == Decimal("4.277") - 1
    code, out, err = arb("status")
    assert code == 0
    assert "PnL (realised)" in out
    assert "venue " not in out
    assert f"its statistics {'are 1' if kept == 'old' else 'are missing'}" in err


def test_a_finished_session(arb: Run, finished: Path) -> None:
    keep_stats(finished)
    told = read(arb, "status")
    assert told["condition"] == "finished"
    assert told["writer"] == ""
    assert told["stop_reason"] == "SIGINT was received"
    assert told["stats"] is None, "what ended has no present"
    assert told["pnl"]["source"] == "whole"
    assert told["pnl"]["parts"]["unrealised"] == "0.25"
    code, out, err = arb("status", str(finished))
    assert code == 0
    assert "finished: SIGINT was received" in out
    assert "2026-01-01T08:00:01Z, ran 0:00:" in out
    assert err == ""


def test_a_killed_session(arb: Run, held: Hold, place: Path) -> None:
    process = held()
    keep_stats(place)
    process.kill()
    process.wait()
    told = read(arb, "status")
    assert (told["condition"], told["writer"], told["stats"]) == ("killed", "", None)
    code, out, err = arb("status")
    assert code == 0
    events = len(story(ends=False))
    assert f"killed: it ended without a stop; the journal holds {events} events up to" in out
    assert "its lease is free; nothing that was stored is lost" in err
    where = Path("sessions") / "kimchi"
    assert f"arb journal verify {place}" in err or f"arb journal verify {where}" in err
    assert "arb replay " in err
    assert arb("journal", "verify")[0] == 0, "what it advises works"


def test_a_session_that_ends_while_it_is_followed(arb: Run, held: Hold, place: Path) -> None:
    process = held()
    follower = Called[str](
        *("events", "--follow", "--json", "--limit", "1"),
        env=os.environ,
        cwd=place.parents[1],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert follower.stdout is not None
    first = json.loads(follower.stdout.readline())
    assert (first["sequence"], first["type"]) == (len(story(ends=False)), "TradeOpened")
    process.communicate("end\n")
    out, err = follower.communicate(timeout=60)
    assert [json.loads(line)["type"] for line in out.splitlines()] == ["EngineStopped"]
    assert f"nobody writes {place / 'journal.db'}" in err or "nobody writes sessions" in err
    assert follower.returncode == 0
    assert read(arb, "status")["condition"] == "finished"


@pytest.mark.parametrize(
    ("arguments", "types"),
    [
        (("--limit", "2"), ["PnlReported", "EngineStopped"]),
        (("--type", "EngineStarted"), ["EngineStarted"]),
        (("--since", "4", "--limit", "1", "--type", "TradeOpened"), ["TradeOpened"] * 3),
        (("--since", "100000"), []),
    ],
)
def test_following_what_ended_shows_it_and_ends(
    arb: Run, finished: Path, arguments: tuple[str, ...], types: list[str]
) -> None:
    code, out, err = arb("events", "-f", *arguments)
    assert code == 0
    assert [line.split()[2] for line in out.splitlines()] == types
    assert f"its {len(story(ends=True))} events are complete" in err


@pytest.mark.parametrize("command", ["status", "positions", "trades", "balance"])
def test_where_nothing_is_it_says_so(arb: Run, place: Path, command: str) -> None:
    code, out, err = arb(command)
    assert (code, out) == (4, "")
    assert "never ran here" in err
    place.mkdir(parents=True)
    code, out, err = arb(command)
    assert (code, out) == (4, "")
    assert "no session ran there" in err
    assert arb(command, str(place / "none"))[0] == 4
    with writing(place, []):
        pass
    code, out, err = arb(command)
    assert (code, out) == (4, "")
    assert "holds no session yet" in err


def test_positions(arb: Run, finished: Path) -> None:
    told = read(arb, "positions")
    assert told["positions"] == [
        {"instrument": "binance:BTCUSDT", "quantity": "-0.01", "entry_price": "100000", "trades": ["2"],
         "outside_trades": "0"},
        {"instrument": "upbit:KRW-BTC", "quantity": "0.01", "entry_price": "140000000", "trades": ["2"],
         "outside_trades": "0"},
    ]  # fmt: skip
    code, out, err = arb("positions", "--session", "kimchi")
    assert code == 0
    assert "140000000" in out
    assert "2 positions of kimchi (finished)" in err


def test_trades(arb: Run, finished: Path) -> None:
    told = read(arb, "trades")
    assert [(trade["id"], trade["state"]) for trade in told["trades"]] == [
        ("1", "closed"), ("2", "hedged"), ("3", "open"),
    ]  # fmt: skip
    first, second = told["trades"][:2]
    assert (first["opened"], first["closed"]) == ("2026-01-01T08:00:01.000000000Z", "2026-01-01T08:01:16.000000000Z")
    assert first["held_s"] == 75
    assert second["closed"] is None
    assert second["held_s"] == len(story(ends=True)) - 2, "up to the last event, where nothing runs"
    code, out, err = arb("trades")
    assert code == 0
    for text in ("edge reverted", "+2.48 USDT", "spread +4.28, fees -1.80", "0:01:15", "-39.7", "+26.2", "997.62 USDT"):
        assert text in out, text
    assert "3 trades of kimchi (finished)" in err


def test_fewer_trades(arb: Run, finished: Path) -> None:
    assert [trade["id"] for trade in read(arb, "trades", "--open")["trades"]] == ["2", "3"]
    assert [trade["id"] for trade in read(arb, "trades", "--limit", "1")["trades"]] == ["3"]
    assert len(read(arb, "trades", "--limit", "0")["trades"]) == 3
    assert "1 trades of 2 of kimchi" in arb("trades", "--open", "--limit", "1")[2]


def test_balances_are_converted_while_there_is_a_rate(arb: Run, held: Hold, place: Path) -> None:
    held()
    keep_stats(place, rates={"usdt_krw": rate(0.000722752241)})
    told = read(arb, "balance")
    binance, upbit = told["balances"]
    assert (binance["amount"], binance["value"], binance["rate"]) == ("30000.5", "30000.5", "")
    assert Decimal(upbit["value"]) == Decimal(50000000) * Decimal("0.000722752241")
    assert upbit["rate"] == "usdt_krw of upbit:KRW-USDT, 0.4 s old"
    assert Decimal(told["total"]) == Decimal(upbit["value"]) + Decimal("30000.5")
    code, out, err = arb("balance")
    assert code == 0
    assert "36,137.61 USDT" in out
    assert "usdt_krw of upbit:KRW-USDT" in out
    assert "together 66,138.11 USDT" in err


@pytest.mark.parametrize("kept", ["none", "old", "unusable", "unknown"])
def test_balances_without_a_present_rate_stay_what_they_are(arb: Run, held: Hold, place: Path, kept: str) -> None:
    held()
    if kept != "none":
        shown = {"old": rate(), "unusable": rate(usable=False), "unknown": rate(None)}[kept]
        keep_stats(place, old_s=FRESH_S + 5 if kept == "old" else 0, rates={"usdt_krw": shown})
    told = read(arb, "balance")
    assert told["balances"][1]["value"] is None
    assert told["balances"][1]["amount"] == "50000000"
    assert told["total"] is None
