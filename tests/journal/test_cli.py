"""`arb events` and `arb journal`, on journals that a real store wrote."""

import json
import sqlite3
from collections.abc import Callable
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import anyio
import pytest

from arbcore.cli import main
from arbcore.context import Context
from arbcore.journal.chain import GENESIS, seal
from arbcore.journal.folds import rebuild
from arbcore.model.events import (
    AlertRaised,
    BalanceChanged,
    EnginePaused,
    Event,
    PnlReported,
    PositionChanged,
    TradeClosed,
)
from arbcore.model.state import Severity
from arbcore.model.trade import Pnl, Trade, TradeLeg, TradeState
from arbcore.ports.journal import RunMetadata
from arbcore.testing.events import numbered
from arbcore.testing.stores import store_context
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings

CONFIG = """
schema_version: 1
session: {name: kimchi, mode: backtest, environment: simulator}
strategies:
  premium: {use: gone, routes: [a]}     # no such plugin is installed
fills: {book: {use: gone}}
paper: {use: gone, fill: book}
journal: {use: sqlite}
"""
EVENTS: list[Event] = [
    BalanceChanged(venue="upbit", currency="KRW", change=Decimal(100), after=Decimal(100), reason="opening"),
    PositionChanged(instrument="upbit:KRW-BTC", before=Decimal(0), after=Decimal("0.10")),
    BalanceChanged(venue="upbit", currency="KRW", change=Decimal(-60), after=Decimal(40), reason="fill"),
    AlertRaised(rule="stale", severity=Severity.P1, source="upbit", text="odd \x1b[31m words"),
    EnginePaused(reason="by hand"),
    PnlReported(pnl=Pnl(), ledger_change=Decimal(0)),
]
Run = Callable[..., tuple[int, str, str]]


def store(folder: Path, events: list[Event], context: Context | None = None) -> None:
    context = context or store_context(folder, session="kimchi", mode="backtest")
    run = RunMetadata(
        session=context.session, mode=context.mode, started_wall="2026-01-01T00:00:00Z", python="3", plugins={},
        config_hash="",
    )  # fmt: skip

    async def write() -> None:
        async with SqliteJournal(SqliteSettings(use="sqlite"), context) as journal:
            journal.start_run(run)
            journal.append(seal(GENESIS, numbered([(number, f"k{number}", e) for number, e in enumerate(events, 1)])))

    anyio.run(write)


def damage(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / "journal.db")
    with connection:
        connection.execute(statement)
    connection.close()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one session, in the current folder."""
    (tmp_path / "arb.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    store(tmp_path / "sessions" / "kimchi", EVENTS)
    return tmp_path


@pytest.fixture
def arb(capfd: pytest.CaptureFixture[str]) -> Run:
    """A function that runs `arb` and returns exit code, stdout and stderr."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return run


def test_events_of_the_session(project: Path, arb: Run) -> None:
    code, out, err = arb("events")
    assert code == 0
    assert "AlertRaised" in out
    assert '"after":"0.1"' in out
    assert "\x1b[31m" not in out
    assert "6 events of" in err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), [1, 2, 3, 4, 5, 6]),
        (("--limit", "2"), [5, 6]),
        (("--since", "2", "--limit", "2"), [2, 3]),
        (("--since", "5"), [5, 6]),
        (("--since", "7"), []),
        (("--limit", "0"), [1, 2, 3, 4, 5, 6]),
        (("--type", "BalanceChanged"), [1, 3]),
        (("--type", "BalanceChanged", "--limit", "1"), [3]),
        (("--type", "BalanceChanged", "--type", "EnginePaused", "--since", "2"), [3, 5]),
    ],
)
def test_which_events(project: Path, arb: Run, options: tuple[str, ...], expected: list[int]) -> None:
    code, out, _ = arb("events", "--json", *options)
    shown = json.loads(out)
    assert code == 0
    assert shown["schema_version"] == 1
    assert [event["sequence"] for event in shown["events"]] == expected


def test_an_event_as_json(project: Path, arb: Run) -> None:
    event = json.loads(arb("events", "--json", "--since", "3", "--limit", "1")[1])["events"][0]
    assert len(event.pop("hash")) == 64
    assert event == {
        "at": "1970-01-01T00:00:00.000000003Z", "time": 3, "sequence": 3, "cause": 0, "key": "k3",
        "type": "BalanceChanged",
        "event": {
            "type": "BalanceChanged", "venue": "upbit", "currency": "KRW", "change": "-60", "after": "40",
            "reason": "fill", "rate": None,
        },
    }  # fmt: skip


def test_a_trade_takes_a_line_and_json_has_all_of_it(project: Path, arb: Run) -> None:
    pnl = Pnl(spread=Decimal("4.2770"), slippage=Decimal("0E-20"), fees=Decimal("-1E-9"))
    trade = Trade(
        id="1s", strategy="premium", route="premium/BTC", symbol="BTC", state=TradeState.CLOSED, forward=True,
        legs=(TradeLeg(instrument="upbit:KRW-BTC", bought=Decimal("0.00900000")),), opened_at=1, closed_at=2,
        notional=Decimal("9E+2"), entry_edge_bps=27.8, entry_reason="EDGE_ENTER", pnl=pnl,
    )  # fmt: skip
    store(project / "results" / "trades", [TradeClosed(trade=trade)])
    code, out, _ = arb("events", "--journal", project / "results" / "trades")
    assert code == 0
    told = '{"trade":"1s","route":"premium/BTC","notional":"900","entry_reason":"EDGE_ENTER",'
    assert "".join(line.split("│")[5].strip() for line in out.splitlines() if line.startswith("│")) == (
        told + '"pnl":{"spread":"4.277","fees":"-0.000000001"}}'
    )
    (event,) = json.loads(arb("events", "--json", "--journal", project / "results" / "trades")[1])["events"]
    assert event["event"]["trade"]["legs"][0]["bought"] == "0.009"
    assert event["event"]["trade"]["pnl"]["slippage"] == "0"


def test_a_type_that_does_not_exist(project: Path, arb: Run) -> None:
    code, _, err = arb("events", "--type", "BalanceChange")
    assert code == 2
    assert "did you mean BalanceChanged?" in err


def test_verify_a_sound_journal(project: Path, arb: Run) -> None:
    code, out, _ = arb("journal", "verify")
    assert code == 0
    assert "ok" in out
    shown = json.loads(arb("journal", "verify", "--json")[1])
    assert (shown["ok"], shown["events"], shown["bad"]) == (True, 6, None)
    assert shown["runs"][0]["session"] == "kimchi"


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_verify_a_changed_journal(project: Path, arb: Run, options: tuple[str, ...]) -> None:
    damage(project / "sessions" / "kimchi", "UPDATE event_store SET time = 99 WHERE sequence = 3")
    code, out, err = arb("journal", "verify", *options)
    assert code == 1
    assert "event 3: the columns beside the body differ" in err
    assert "changed or lost afterwards" in err
    if options:
        shown = json.loads(out)
        assert (shown["ok"], shown["bad"], shown["torn"], shown["events"]) == (False, 3, False, 2)
    else:
        assert "broken at event 3" in out


def test_verify_a_torn_journal(project: Path, arb: Run) -> None:
    damage(project / "sessions" / "kimchi", "UPDATE event_store SET body = x'7b' WHERE sequence = 6")
    code, _, err = arb("journal", "verify")
    assert code == 1
    assert "event 6" in err
    assert "interrupted write" in err


def test_rebuild_prints_and_stores(project: Path, arb: Run) -> None:
    code, out, _ = arb("journal", "rebuild", "--json")
    shown = json.loads(out)
    assert code == 0
    assert shown["positions"] == {"upbit:KRW-BTC": "0.1"}
    assert shown["balances"] == [{"venue": "upbit", "currency": "KRW", "amount": "40"}]
    assert (shown["differences"], shown["stored"]) == ([], True)
    stored = sqlite3.connect(project / "sessions" / "kimchi" / "journal.db")
    assert stored.execute("SELECT quantity FROM projection_position").fetchall() == [("0.10",)]
    stored.close()
    code, out, _ = arb("journal", "rebuild")
    assert code == 0
    assert "position upbit:KRW-BTC" in out


def test_rebuild_tells_what_differs(project: Path, arb: Run) -> None:
    folder = project / "sessions" / "kimchi"
    arb("journal", "rebuild")
    damage(folder, "UPDATE projection_balance SET amount = '41'")
    code, out, err = arb("journal", "rebuild", "--check", "--json")
    assert code == 1
    assert "stored 41, folded 40" in err
    assert json.loads(out)["stored"] is False
    assert arb("journal", "rebuild")[0] == 1
    assert arb("journal", "rebuild")[0] == 0


def test_rebuild_finds_events_that_contradict_each_other(project: Path, arb: Run) -> None:
    wrong = [*EVENTS, PnlReported(pnl=Pnl(), ledger_change=Decimal(5))]
    assert rebuild(numbered([(1, "", event) for event in wrong])).differences
    store(project / "results" / "bad", wrong)
    assert arb("journal", "rebuild", project / "results" / "bad")[0] == 1
    code, _, err = arb("journal", "rebuild", "--check", project / "results" / "bad")
    assert code == 1
    assert "event 7: the ledger's change is 5" in err


def test_rebuild_while_the_session_runs(project: Path, arb: Run) -> None:
    folder = project / "sessions" / "kimchi"
    journal = SqliteJournal(SqliteSettings(use="sqlite"), store_context(folder, session="kimchi", mode="backtest"))
    journal._lease.take()
    try:
        code, _, err = arb("journal", "rebuild")
        assert code == 1
        assert "in use by process" in err
        assert arb("journal", "rebuild", "--check")[0] == 0
        assert arb("journal", "verify")[0] == 0
    finally:
        journal._lease.release()


def test_export_can_be_checked_without_arbcore(project: Path, arb: Run) -> None:
    code, _, err = arb("journal", "export", "--out", "all.jsonl")
    assert code == 0
    assert "6 events written" in err
    previous = bytes(32)
    for line in (project / "all.jsonl").read_bytes().splitlines():
        head, _, body = line.partition(b'"body":')
        previous = sha256(previous + body[:-1]).digest()
        assert json.loads(line)["hash"] == previous.hex()
        assert b'"at"' in head
    code, out, _ = arb("journal", "export")
    assert out.encode() == (project / "all.jsonl").read_bytes()


def test_a_path_finds_the_config_above_it(project: Path, arb: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.parent)
    for path in (project / "sessions" / "kimchi", project / "sessions" / "kimchi" / "journal.db"):
        code, out, _ = arb("journal", "verify", path, "--json")
        assert code == 0
        assert json.loads(out)["events"] == 6
        assert arb("events", "--journal", path)[0] == 0
    assert arb("events", "-c", project / "arb.yaml")[0] == 0
    assert arb("events")[0] == 3


def test_another_session_and_the_newest_result(project: Path, arb: Run) -> None:
    store(project / "sessions" / "other", EVENTS[:2], store_context(project / "sessions" / "other", session="other"))
    assert json.loads(arb("journal", "verify", "--session", "other", "--json")[1])["events"] == 2
    (project / "sessions" / "kimchi").rename(project / "results")
    assert arb("events")[0] == 4
    (project / "results").rename(project / "old")
    store(project / "results" / "run1", EVENTS[:3])
    assert json.loads(arb("journal", "verify", "--json")[1])["events"] == 3


def test_what_is_not_there(project: Path, arb: Run) -> None:
    for arguments in (("--session", "typo"), ("typo",)):
        code, _, err = arb("journal", "verify", *arguments)
        assert code == 4
        assert "does not exist" in err
    assert arb("journal", "verify", "--session", "a", "sessions")[0] == 2
    (project / "empty").mkdir()
    code, _, err = arb("journal", "verify", "empty")
    assert code == 1
    assert "can't be opened" in err


def test_a_config_without_a_journal(project: Path, arb: Run) -> None:
    (project / "arb.yaml").write_text(CONFIG.replace("journal: {use: sqlite}", ""), encoding="utf-8")
    code, _, err = arb("events")
    assert code == 3
    assert "names no journal" in err
