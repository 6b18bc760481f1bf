"""A paper session over sockets, from its first line to everything that can be asked about it afterwards."""

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import Ran, amount
from tests.e2e.live_project import CONFIG, Simulator, make_live, session, simulated

Here = Callable[..., Ran]
SESSION = "sessions/live"
DECISIONS = ("OrderIntended", "TradeOpened", "TradeClosed")


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Two exchanges on this machine."""
    with simulated(tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Path:
    """A project that trades on them."""
    return make_live(tmp_path_factory.mktemp("live") / "project", simulator.address)


@pytest.fixture(scope="module")
def ended(project: Path) -> Ran:
    """Its session, interrupted after some trades."""
    with session(project, "--json", "--kpi", "kpi.json") as run:
        run.until(lambda said: said.count(" closed ") >= 3)
        return run.stop()


@pytest.fixture(scope="module")
def told(ended: Ran) -> dict[str, Any]:
    """The result that it printed."""
    return ended.told()


@pytest.mark.slow
def test_it_trades_and_adds_up(ended: Ran, told: dict[str, Any]) -> None:
    assert told["trades"] >= 3
    assert told["reason"] == "SIGINT was received"
    assert told["pnl"]["remainder"] == "0"
    assert amount(told, "total") == amount(told, "ledger_change")
    parts = ("spread", "slippage", "fees", "funding", "fx", "unrealised")
    assert sum(amount(told, part) for part in parts) == amount(told, "total")
    assert amount(told, "fees") < 0
    for text in ("live started (paper)", "upbit public-1 connected", "session ended: SIGINT was received"):
        assert text in ended.err
    for alien in ("Traceback", "Warning", "Exception"):
        assert alien not in ended.err


def test_the_key_figures_are_those_of_its_result(project: Path, told: dict[str, Any]) -> None:
    figures = json.loads((project / "kpi.json").read_text(encoding="utf-8"))
    stats = told["stats"]
    assert (figures["trades_closed"], figures["fills"]) == (told["trades"], stats["fills"])
    assert (figures["equity"], figures["pnl_total"]) == (stats["equity"], told["pnl"]["total"])
    assert figures["quotes"] == told["quotes"]
    assert figures["venues"].keys() == {"upbit", "binance"}


def test_its_journal_is_whole(arb_here: Here, told: dict[str, Any]) -> None:
    verified = arb_here("journal", "verify", SESSION, "--json").told()
    assert verified["ok"]
    assert (verified["events"], verified["last_hash"]) == (told["events"], told["result_hash"])
    assert arb_here("journal", "rebuild", SESSION, "--check", "--json").told()["differences"] == []


def test_a_replay_makes_every_event_again(arb_here: Here, told: dict[str, Any]) -> None:
    replayed = arb_here("replay", SESSION, "--json").told()
    assert replayed["identical"] is True
    assert replayed["compared"] == replayed["events"] == told["events"]
    assert replayed["notes"] == replayed["changed"] == []


def test_every_command_that_reads_tells_the_same_story(arb_here: Here, told: dict[str, Any]) -> None:
    status = arb_here("status", SESSION, "--json").told()
    assert (status["condition"], status["stop_reason"]) == ("finished", told["reason"])
    assert (status["trades"]["closed"], status["trades"]["open"]) == (told["trades"], told["open_trades"])
    assert status["pnl"]["total"] == told["pnl"]["total"]
    assert status["fees"] == told["fees"]
    trades = arb_here("trades", SESSION, "--limit", 0, "--json").told()["trades"]
    states = Counter(trade["state"] for trade in trades if any(Decimal(leg["bought"]) for leg in trade["legs"]))
    assert states["closed"] == told["trades"]
    assert sum(states.values()) == told["trades"] + told["open_trades"]


def test_positions_and_balances_are_what_the_fills_make(arb_here: Here, told: dict[str, Any]) -> None:
    """Added up from the events alone, in another way than the program does."""
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in _events(arb_here, SESSION, "TradeExecuted"):
        held[fill["instrument"]] += Decimal(fill["quantity"]) * (1 if fill["side"] == "buy" else -1)
    positions = arb_here("positions", SESSION, "--json").told()["positions"]
    assert {each["instrument"]: Decimal(each["quantity"]) for each in positions} == _nonzero(held)
    owned: defaultdict[str, Decimal] = defaultdict(Decimal)
    for change in _events(arb_here, SESSION, "BalanceChanged"):
        owned[f"{change['venue']} {change['currency']}"] += Decimal(change["change"])
    balances = arb_here("balance", SESSION, "--json").told()["balances"]
    stated = {f"{each['venue']} {each['currency']}": Decimal(each["amount"]) for each in balances}
    assert _nonzero(owned) == _nonzero(stated)
    assert len(_nonzero(owned)) >= 2


def test_its_tables_tell_what_its_json_does(arb_here: Here, told: dict[str, Any]) -> None:
    assert f"{told['trades']} closed" in arb_here("status", SESSION).out
    assert "finished: SIGINT was received" in arb_here("status", SESSION).out
    assert "upbit:KRW-BTC" in arb_here("status", SESSION).out
    assert arb_here("trades", SESSION).out.count(" closed ") == told["trades"]
    assert "KRW" in arb_here("balance", SESSION).out
    assert "SIGINT was received" in arb_here("events", "--journal", SESSION, "--type", "EngineStopped").out


def test_a_backtest_on_its_recording_decides_the_same(arb_here: Here, told: dict[str, Any]) -> None:
    """The decision journals of both, event by event and nanosecond by nanosecond; only mode and config hash differ."""
    ran = arb_here("data", "verify", f"{SESSION}/recording", "--json")
    assert ran.code == 0, ran.out
    backtest = arb_here(
        "backtest", *CONFIG, "--data", f"{SESSION}/recording", "--journal", "--out", "results/same", "--json"
    ).told()
    for kind in DECISIONS:
        assert _events(arb_here, "results/same", kind) == _events(arb_here, SESSION, kind)
    assert (backtest["trades"], backtest["open_trades"]) == (told["trades"], told["open_trades"])
    assert backtest["pnl"]["fees"] == told["pnl"]["fees"]
    assert len(_events(arb_here, SESSION, "TradeOpened")) >= told["trades"]


def test_the_project_may_change_and_the_replay_is_the_same(arb_here: Here, project: Path, told: dict[str, Any]) -> None:
    """What counts is the config that the session ran with, which it kept."""
    more = project / "more.yaml"
    more.write_text("strategies: {premium: {enter_bps: 99}}\n", encoding="utf-8")
    try:
        replayed = arb_here("replay", SESSION, "--json").told()
    finally:
        more.write_text("", encoding="utf-8")
    assert replayed["compared"] == told["events"]


def test_a_replay_with_another_config_is_refused_until_told(
    arb_here: Here, project: Path, told: dict[str, Any]
) -> None:
    copy = project / "sessions" / "copy"
    shutil.copytree(project / SESSION, copy)
    config = json.loads((copy / "config.yaml").read_text(encoding="utf-8"))
    config["strategies"]["premium"]["enter_bps"] = 10_000
    (copy / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
    arb_here("replay", copy).refused(6, "not the code that the session ran", "config: ", "--changed-code")
    ran = arb_here("replay", copy, "--changed-code", "--json")
    found = json.loads(ran.out)
    assert (ran.code, found["identical"]) == (1, False)
    assert [line.partition(":")[0] for line in found["changed"]] == ["config"]
    assert found["difference"]["sequence"] == 1, "its first event states the config's hash"


def test_a_run_without_a_journal_harms_no_earlier_session(arb_here: Here, told: dict[str, Any]) -> None:
    """It keeps nothing, so the session before it can still be replayed."""
    ran = arb_here("run", *CONFIG, "--for", "1s", "--json", "--set", "journal=null")
    assert ran.told()["recording"] == ""
    assert arb_here("replay", SESSION, "--json").told()["compared"] == told["events"]


def _nonzero(amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {name: amount for name, amount in amounts.items() if amount}


def _events(arb_here: Here, where: str, kind: str) -> list[dict[str, Any]]:
    """Return the events of a type with their times, without what tells one journal from another: order ids hold it."""

    def told(name: str) -> list[dict[str, Any]]:
        listed = arb_here("events", "--journal", where, "--type", name, "--limit", 0, "--json").told()["events"]
        return [{**event["event"], "time": event["time"]} for event in listed]

    epoch = told("EngineStarted")[0]["epoch"]
    text = json.dumps(told(kind)).replace(f'"ae-{epoch}-', '"ae-0-')
    found: list[dict[str, Any]] = json.loads(text)
    return found
