"""Commands given to a running session from another terminal: taken once, answered with what they led to."""

import json
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest

from arbcore.model.command import CommandRequest, RebuildProjection
from arbcore.model.state import CommandState
from arbcore.ports.journal import StoredCommand
from arbcore.testing.stores import reader_context
from arbcore_sink_sqlite.control import SqliteControlStore
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings
from tests.e2e.commands import Ran
from tests.e2e.live_project import PATIENCE_S, Running, make_live, session, simulated

pytestmark = pytest.mark.slow

Here = Callable[..., Ran]
PERP = "binance:BTCUSDT"
SESSION = ("--session", "live", "--timeout", "40s")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project whose session trades on a simulator."""
    with simulated(tmp_path_factory.mktemp("simulator")) as running:
        yield make_live(tmp_path_factory.mktemp("given") / "project", running.address)


@pytest.fixture(scope="module")
def running(project: Path) -> Iterator[Running]:
    """Its session, which has begun to trade."""
    with session(project, "--json") as run:
        run.says(" closed ")
        yield run


@pytest.fixture
def give(arb_here: Here, running: Running) -> Callable[..., dict[str, Any]]:
    """Gives a command and returns what became of it, as JSON."""
    return lambda *command: give_in(arb_here, *command).told()


@pytest.fixture
def refused(arb_here: Here, running: Running) -> Callable[..., str]:
    """Gives a command that is refused and returns why."""

    def why(*command: object) -> str:
        ran = give_in(arb_here, *command)
        assert ran.code == 1, ran.err
        told = json.loads(ran.out)
        assert told["state"] == "FAILED"
        assert told["reason"] in ran.err
        reason: str = told["reason"]
        return reason

    return why


@pytest.fixture(autouse=True)
def at_work(arb_here: Here, running: Running) -> None:
    """Have the engine run, whatever an earlier test left."""
    give_in(arb_here, "resume").told()


def give_in(arb_here: Here, *command: object) -> Ran:
    return arb_here(*command, *SESSION, "--json")


def kinds(told: dict[str, Any]) -> list[str]:
    return [event["type"] for event in told["events"]]


def open_trades(arb_here: Here) -> list[dict[str, Any]]:
    trades = arb_here("trades", "sessions/live", "--limit", 0, "--json").told()["trades"]
    return [trade for trade in trades if trade["state"] != "closed"]


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < end, "it did not come so far"
        time.sleep(0.1)


def last_price(arb_here: Here) -> Decimal:
    told = arb_here("events", "--journal", "sessions/live", "--type", "TradeExecuted", "--limit", 0, "--json").told()
    fills = [event["event"] for event in told["events"]]
    return Decimal(next(fill["price"] for fill in reversed(fills) if fill["instrument"] == PERP))


@pytest.mark.parametrize(
    ("command", "state"),
    [
        (("pause",), "PAUSED"),
        (("stop-entry",), "REDUCING"),
        (("mode", "halted", "--reason", "a drill"), "HALTED"),
        (("resume",), "RUNNING"),
        (("mode", "reducing"), "REDUCING"),
    ],
)
def test_the_state_of_the_engine_is_moved(
    command: tuple[str, ...], state: str, give: Callable[..., dict[str, Any]], arb_here: Here
) -> None:
    if command == ("resume",):
        give("pause")
    told = give(*command)
    assert kinds(told)[:2] == ["CommandAccepted", "EngineModeChanged"]
    assert told["events"][1]["event"]["after"] == state
    assert told["issued_by"].endswith(" (cli)")
    assert told["events"][0]["event"]["issued_by"] == told["issued_by"]
    assert arb_here("status", "sessions/live", "--json").told()["state"] == state


def test_everything_is_closed_and_nothing_opened(give: Callable[..., dict[str, Any]], arb_here: Here) -> None:
    give("stop-entry")
    assert kinds(give("flatten", "--yes"))[0] == "CommandAccepted"
    until(lambda: not open_trades(arb_here))
    until(lambda: not open_trades(arb_here))


def test_an_order_by_hand_is_placed_shown_and_closed(
    give: Callable[..., dict[str, Any]], refused: Callable[..., str], arb_here: Here
) -> None:
    price = (last_price(arb_here) * Decimal("0.98")).quantize(Decimal("0.1"))
    told = give("order", "place", PERP, "sell", "0.01", price, "--yes")
    intended = next(event["event"] for event in told["events"] if event["type"] == "OrderIntended")
    assert intended["order"]["client_order_id"] == f"ae-{told['command_id']}"
    (trade,) = (trade for trade in open_trades(arb_here) if trade["strategy"] == "by-hand")
    assert "TradeExiting" in kinds(give("close", trade["id"], "--yes"))
    until(lambda: not open_trades(arb_here))
    assert "there is no open trade" in refused("close", trade["id"], "--yes")
    assert "not on the price grid" in refused("order", "place", PERP, "sell", "0.01", f"{price}55", "--yes")


def test_an_order_that_rests_is_cancelled(
    give: Callable[..., dict[str, Any]], refused: Callable[..., str], arb_here: Here
) -> None:
    price = (last_price(arb_here) * Decimal("0.8")).quantize(Decimal("0.1"))
    told = give("order", "place", PERP, "buy", "0.01", price, "--life", "gtc", "--yes")
    order = f"ae-{told['command_id']}"
    assert kinds(give("order", "cancel", "binance", order)) == ["CommandAccepted", "OrderUpdated"]
    until(lambda: not open_trades(arb_here))
    assert "no order" in refused("order", "cancel", "binance", order)
    give("order", "place", PERP, "buy", "0.01", price, "--life", "post_only", "--yes")
    assert kinds(give("order", "cancel", "--all")) == ["CommandAccepted", "OrderUpdated"]
    until(lambda: not open_trades(arb_here))


def test_paper_moves_no_money_and_says_so(refused: Callable[..., str]) -> None:
    for command in (
        ("leverage", PERP, 2),
        ("transfer", "binance", "spot", "margin", 5, "USDT", "--yes"),
        ("withdraw", "upbit", "0.1", "BTC", "--network", "BTC", "--address", "bc1q", "--yes"),
    ):
        assert "a simulated venue neither moves money nor changes leverage" in refused(*command)


def test_a_command_given_twice_is_applied_once(give: Callable[..., dict[str, Any]], arb_here: Here) -> None:
    first = give("pause", "--id", "same")
    assert kinds(first)[0] == "CommandAccepted"
    again = give_in(arb_here, "pause", "--id", "same")
    assert again.told()["events"] == first["events"]
    assert "was given before" in again.err
    other = give_in(arb_here, "resume", "--id", "same")
    assert other.code == 1
    assert "was used before" in other.err


def test_projections_are_made_anew_while_it_runs(project: Path, running: Running) -> None:
    """No verb gives this command: whoever shows projections does."""
    context, settings = reader_context(project / "sessions" / "live"), SqliteSettings(use="sqlite")

    async def rebuild() -> tuple[StoredCommand, int]:
        async with SqliteControlStore(settings, context) as control, SqliteJournal(settings, context) as journal:
            before = journal.last()
            control.insert(CommandRequest(id="anew", command=RebuildProjection(), issued_by="test", recv_ts=1))
            with anyio.fail_after(PATIENCE_S):
                while (told := control.commands()[-1]).state in {CommandState.NEW, CommandState.SENT}:  # noqa: ASYNC110 - another process ends it
                    await anyio.sleep(0.05)
            summary = journal.projected()
            assert before is not None
            assert summary is not None
            return told, summary.sequence - before.sequence

    told, newer = anyio.run(rebuild)
    assert (told.request.id, told.state) == ("anew", CommandState.ACK)
    assert newer > 0, "its own acceptance is among what was folded"


def test_what_can_not_be_taken_back_is_never_done_unasked(arb_here: Here, running: Running) -> None:
    for command in (
        ("flatten",),
        ("close", "1"),
        ("stop", "--flatten"),
        ("order", "place", PERP, "sell", "0.01", "1"),
        ("transfer", "binance", "spot", "margin", 5, "USDT"),
        ("withdraw", "upbit", "0.1", "BTC", "--network", "BTC", "--address", "bc1q"),
    ):
        ran = give_in(arb_here, *command)
        assert (ran.code, ran.out) == (2, "")
        assert "give --yes if it is meant" in ran.err
    assert running.process.poll() is None


def test_people_read_lines_and_may_leave_at_once(arb_here: Here, running: Running) -> None:
    ran = arb_here("resume", *SESSION)
    assert ran.code == 0, ran.err
    assert "CommandAccepted" in ran.out
    assert "ResumeEngine was applied" in ran.err
    ran = arb_here("pause", *SESSION, "--no-wait", "--id", "later")
    assert (ran.code, ran.out) == (0, "")
    assert "given: command later" in ran.err
    assert give_in(arb_here, "pause", "--id", "later").told()["state"] == "ACK"
    ran = arb_here("order", "cancel", "binance", "ae-x", *SESSION)
    assert ran.code == 1
    assert "CancelOrder was refused: binance has no order 'ae-x'" in ran.err


def test_settings_are_changed_and_refused_with_what_to_do(
    give: Callable[..., dict[str, Any]], refused: Callable[..., str]
) -> None:
    told = give("config", "set", "strategies.premium.notional", 321, "--id", "once")
    changed = told["events"][1]["event"]
    assert (kinds(told)[1], changed["changes"]) == ("ConfigChanged", {"strategies.premium.notional": '"1000" -> "321"'})
    assert changed["issued_by"] == told["issued_by"]
    again = give("config", "set", "strategies.premium.notional", 321, "--id", "once")
    assert again["events"] == told["events"], "given twice, applied once"
    assert "changes nothing" in refused("config", "set", "strategies.premium.notional", 321)
    assert "can't be changed while a session runs" in refused("config", "set", "execution.ttl", "9s")
    assert "takes no change of max_age" in refused("config", "set", "strategies.premium.max_age", "9s")
    assert "enter_bps" in refused("config", "set", "strategies.premium.enter_bps", "much")
    assert "has no preset 'wild'" in refused("config", "preset", "premium", "wild")
    assert kinds(give("config", "set", "risk.portfolio.open_trades", 9)) == ["CommandAccepted", "ConfigChanged"]


def test_risk_is_shown_with_what_is_used(give: Callable[..., dict[str, Any]], arb_here: Here) -> None:
    give("config", "set", "risk.portfolio.trades_per_day", 100_000)

    def shown_now() -> dict[str, Any]:
        return arb_here("risk", "show", "sessions/live", "--json").told()

    until(lambda: "trades_per_day" in {limit["name"] for one in shown_now()["tiers"] for limit in one["limits"]})
    told = shown_now()
    (tier,) = told["tiers"]
    used = {limit["name"]: limit for limit in tier["limits"]}
    assert (tier["tier"], tier["blocks"], told["state"]) == ("portfolio", "", "RUNNING")
    assert used["trades_per_day"]["limit"] == "100000"
    assert int(used["trades_per_day"]["used"]) > 0
    assert "symbol_share" in used
    shown = arb_here("risk", "show", "sessions/live")
    assert "entries pass" in shown.out
    assert "trades_per_day" in shown.out


def test_it_reconciles_and_rebuilds_when_told(give: Callable[..., dict[str, Any]], arb_here: Here) -> None:
    assert kinds(give("reconcile")) == ["CommandAccepted"]
    told = arb_here("journal", "rebuild", "sessions/live", "--json").told()
    assert (told["command"], told["state"]) == ("RebuildProjection", "ACK")
    assert arb_here("journal", "rebuild", "sessions/live", "--check", "--json").told()["differences"] == []
