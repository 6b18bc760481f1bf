"""`arb flatten --offline`: a session with real orders dies with a pair open, and another process closes it."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import Process

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore.errors import JournalError
from arbcore.journal.chain import verify
from arbcore.journal.codec import decode
from arbcore.model.events import EngineStarted, EngineStopped, Event, OrderIntended, TradeClosed, TradeHedged
from arbcore.testing.stores import reader_context
from arbcore_exchange_simulator import Simulator, SimulatorSettings
from arbcore_exchange_simulator.trading.account import Account
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings
from tests.e2e.commands import Ran
from tests.e2e.test_live_session import COINS, FAR, MARKET, keys, owned, project

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="signals between processes are POSIX"),
]
__all__ = ["keys"]

HOLDS = "strategies: {premium: {max_holding: 1h, exit_bps: -500}}\n"
"""Laid over the config: what was opened stays open."""
FILES = ("-c", "arb.yaml", "-c", "live.yaml")
SESSION = "live.live.simulator"


@asynccontextmanager
async def session(folder: Path, prelude: str = "") -> AsyncIterator[Process]:
    """Run a live session in a process of its own while entered; kill it if it still runs.

    Args:
        folder: Its project.
        prelude: Python statements that the process runs first.
    """
    line = ["run", "arb.yaml", "live.yaml", "holds.yaml", "--live", "--confirm", "live", "--plain"]
    err = (folder.parent / "session.err").open("wb")
    main = f"{prelude}\nimport sys\nfrom arbcore.cli import main\nsys.exit(main())"
    process = await anyio.open_process([sys.executable, "-c", main, *line], cwd=folder, stdout=err, stderr=err)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        err.close()


async def arb(folder: Path, *arguments: str) -> Ran:
    """Run `arb` beside the simulator of this process."""
    done = await anyio.run_process(
        [sys.executable, "-W", "error", "-m", "arbcore", *arguments],
        cwd=folder,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


async def events(folder: Path) -> list[Event]:
    """Return what the session's journal holds, after its chain was verified; nothing before there is one."""
    place = folder / "sessions" / SESSION
    if not (place / "journal.db").exists():
        return []
    try:
        async with SqliteJournal(SqliteSettings(use="sqlite"), reader_context(place)) as journal:
            assert verify(journal.read()).ok
            return [decode(one.body).event for one in journal.read()]
    except JournalError:
        return []  # its tables are being made


async def until_hedged(folder: Path, process: Process) -> None:
    """Wait until a pair is open."""
    while not any(isinstance(event, TradeHedged) for event in await events(folder)):
        assert process.returncode is None, (folder.parent / "session.err").read_text("utf-8")
        await anyio.sleep(0.05)


def positions(accounts: dict[str, Account]) -> list[dict[str, Any]]:
    """Return the positions that are open at the futures, as the simulator reports them."""
    shown: list[dict[str, Any]] = accounts["binance"].shown["positions"]()
    return shown


@pytest.mark.usefixtures("keys")
async def test_what_a_killed_session_left_is_closed_and_the_next_start_knows(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    async with Simulator(SimulatorSettings.model_validate(MARKET)) as simulator:
        far = {name: next(iter(simulator.venues.accounts.of(there))) for name, there in FAR.items()}
        project(folder, simulator.address)
        (folder / "holds.yaml").write_text(HOLDS, "utf-8")
        async with session(folder) as process:
            await until_hedged(folder, process)
            alive = await arb(folder, "flatten", "--offline", "--yes", *FILES)
            process.send_signal(signal.SIGKILL)
            await process.wait()
        alive.refused(6, f"session {SESSION} lives", "arb flatten")
        assert set(owned(far["upbit"])) & set(COINS), "coins are held"
        assert positions(far), "and hedged"
        unasked = await arb(folder, "flatten", "--offline", *FILES)
        assert (unasked.code, "nobody can be asked here" in unasked.err) == (2, True)
        ran = await arb(folder, "flatten", "--offline", "--yes", "--json", *FILES)
        told = ran.told()
        assert (told["open_trades"], told["mode"]) == (0, "live")
        assert told["trades"] > 0
        assert "or better, reduce only" in ran.err
        assert not set(owned(far["upbit"])) & set(COINS)
        assert not positions(far)
        assert not [one for account in far.values() for one in account.open]
        again = await arb(
            folder, "flatten", "--offline", "--yes", "--json", "--session", SESSION
        )  # with its own config
    assert (again.told()["trades"], again.told()["open_trades"]) == (0, 0)
    assert "has nothing open" in again.err
    found = await events(folder)
    starts = [event for event in found if isinstance(event, EngineStarted)]
    assert [one.resumed for one in starts] == [False, True, True]
    assert isinstance(found[-1], EngineStopped)
    epochs = [one.epoch for one in starts]
    ordered = [event.order.client_order_id.split("-")[1] for event in found if isinstance(event, OrderIntended)]
    assert set(ordered) == set(epochs[:2]), "orders of two starts, each under its own epoch, and none of the third"
    hedged = {event.trade for event in found if isinstance(event, TradeHedged)}
    assert hedged <= {event.trade.id for event in found if isinstance(event, TradeClosed)}
