"""A live session is killed again and again in the middle of its orders: nothing is lost, sent twice, or left alone."""

import asyncio
import json
import os
import random
import sqlite3
from collections import Counter
from contextlib import AbstractContextManager, closing
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import anyio
import pytest

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore_exchange_simulator.trading.given import BINANCE_KEY, UPBIT_KEY
from benchmarks.driving.backstage import Far, far
from tests.e2e.live_project import PATIENCE_S, Running, arb, running
from tests.e2e.test_live_session import FAR, MARKET, project

KILLS = 200 if os.environ.get("ARBCORE_COUNTS") == "full" else 20
SESSION = "live.live.simulator"
CONFIG = ("arb.yaml", "live.yaml")
ZERO = Decimal(0)
UNCOUNTED = {**MARKET, "rules": {"enforce": False}}
"""Markets of a venue that counts no requests: a start takes so much of Binance's weight that five fill a minute."""

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(30 * KILLS + 120)]


class Project:
    """A live project whose session is started and killed.

    Args:
        folder: Where it lies.
        address: The simulator's address.
    """

    def __init__(self, folder: Path, address: str) -> None:
        project(folder, address)
        self._folder = folder
        self._env = {
            "UPBIT_KEY": UPBIT_KEY.key,
            "UPBIT_SECRET": UPBIT_KEY.secret.get_secret_value(),
            "BINANCE_KEY": BINANCE_KEY.key,
            "BINANCE_SECRET": BINANCE_KEY.secret.get_secret_value(),
            "ARB_STATE_DIR": str(folder.parent / "state"),
        }

    def session(self, name: str) -> AbstractContextManager[Running]:
        """Run its session while entered."""
        words = ("run", "--live", *CONFIG, "--confirm", "live", "--plain")
        return running(*words, cwd=self._folder, name=name, env=self._env)

    def give(self, *words: str) -> None:
        """Give its session a command, or ask about its journal."""
        given = [part for path in CONFIG for part in ("-c", path)]
        ran = arb(*words, *given, "--session", SESSION, cwd=self._folder, env=self._env)
        assert ran.code == 0, ran.err

    def stored(self, *kinds: str) -> list[dict[str, Any]]:
        """Return the events of some types in order."""
        path = self._folder / "sessions" / SESSION / "journal.db"
        if not path.exists():
            return []
        asked = f"SELECT body FROM event_store WHERE type IN ({','.join('?' * len(kinds))}) ORDER BY sequence"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'event_store'").fetchone():
                return []  # it is being made
            return [json.loads(body)["event"] for (body,) in connection.execute(asked, kinds)]

    async def until(self, run: Running, kind: str, more_than: int) -> None:
        """Wait until the session has stored more events of a type."""
        until = asyncio.get_running_loop().time() + PATIENCE_S
        while len(self.stored(kind)) <= more_than:
            assert run.process.poll() is None, f"it ended with {run.process.returncode}:\n{run.said()}"
            assert asyncio.get_running_loop().time() < until, f"no {kind}:\n{run.said()}"
            await asyncio.sleep(0.02)

    def open_trades(self) -> set[str]:
        """Return the trades that are not closed."""
        opened, closed = (
            {event["trade"]["id"] for event in self.stored(kind)} for kind in ("TradeOpened", "TradeClosed")
        )
        return opened - closed


async def test_a_live_session_that_is_killed_goes_on(tmp_path: Path) -> None:
    """Every order reached its venue once, the journal counts what the accounts hold, and every trade is closed."""
    chance = random.Random(KILLS)
    async with far(UNCOUNTED) as back:
        before = {name: await totals(back, there) for name, there in FAR.items()}
        made = Project(tmp_path / "project", back.address)
        for kill in range(KILLS):
            known = len(made.stored("OrderIntended"))
            with made.session(f"kill{kill}") as run:
                await made.until(run, "OrderIntended", known)
                await asyncio.sleep(chance.random() / 2)
                run.process.kill()
                run.process.wait(PATIENCE_S)
        with made.session("last") as run:
            await made.until(run, "EngineModeChanged", 0)
            run.says("live started")
            made.give("stop-entry")
            until = asyncio.get_running_loop().time() + PATIENCE_S
            while made.open_trades():
                assert asyncio.get_running_loop().time() < until, f"still open: {made.open_trades()}\n{run.said()}"
                await asyncio.sleep(0.05)
            ended = run.stop()
        assert ended.code == 0, ended.err
        await check(made, back, before)


async def check(made: Project, back: Far, before: dict[str, dict[str, Decimal]]) -> None:
    """Compare the journal with what the venues have."""
    starts = made.stored("EngineStarted")
    assert [start["resumed"] for start in starts] == [False] + [True] * KILLS
    assert len({start["epoch"] for start in starts}) == len(starts)
    assert not made.stored("TradeFrozen")
    intended = Counter((event["venue"], event["order"]["client_order_id"]) for event in made.stored("OrderIntended"))
    assert set(intended.values()) == {1}
    refused = {event["client_order_id"] for event in made.stored("OrderRejected")}
    for name, there in FAR.items():
        seen = await back.account(there, orders=True)
        assert not seen.open
        assert {identity: len(orders) for identity, orders in seen.orders.items() if len(orders) > 1} == {}
        ours = {identity for venue, identity in intended if venue == name}
        assert seen.orders.keys() <= ours
        assert ours - seen.orders.keys() <= refused, "what never reached the venue is told so"
        assert counted(made, name, before[name]) == {code: total for code, total in seen.totals.items() if total}
    accounts = (await anyio.to_thread.run_sync(asked, f"{back.address}/control/accounts"))["accounts"]
    assert [account["positions"] for account in accounts if account["venue"] == "usdm"] == [[]]
    made.give("journal", "verify")


def asked(address: str) -> dict[str, Any]:
    """Return what the simulator answers."""
    with urlopen(address) as answer:
        told: dict[str, Any] = json.load(answer)
        return told


def counted(made: Project, venue: str, before: dict[str, Decimal]) -> dict[str, Decimal]:
    """Return what the journal counts: money as it tells it, coins as they were and what was traded of them."""
    found = {code: total for code, total in before.items() if code in MARKET["symbols"]}
    for change in made.stored("BalanceChanged"):
        if change["venue"] == venue:
            found[change["currency"]] = found.get(change["currency"], ZERO) + Decimal(change["change"])
    for fill in made.stored("TradeExecuted"):
        coin = fill["instrument"].removeprefix("upbit:KRW-")
        if fill["instrument"].startswith(f"{venue}:") and coin in MARKET["symbols"]:
            found[coin] = found.get(coin, ZERO) + Decimal(fill["quantity"]) * (1 if fill["side"] == "buy" else -1)
    return {code: total for code, total in found.items() if total}


async def totals(back: Far, venue: str) -> dict[str, Decimal]:
    """Return what an account holds, and watch its orders from now on."""
    return (await back.account(venue, orders=True)).totals
