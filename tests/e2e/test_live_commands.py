"""Commands that reach a venue, of a session with real orders: given by two processes, and while the session dies."""

import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
import pytest

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore.model.state import CommandState
from arbcore_exchange_simulator import Simulator, SimulatorSettings
from arbcore_exchange_simulator.binance.rows import touch
from arbcore_exchange_simulator.trading.account import Account
from tests.e2e.test_commands_killed import DIES_AFTER, DIES_BEFORE, stored
from tests.e2e.test_flatten_offline import SESSION, arb, events, session
from tests.e2e.test_live_session import MARKET, keys, project

if TYPE_CHECKING:
    from tests.e2e.commands import Ran

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="signals between processes are POSIX"),
]
__all__ = ["keys"]

QUIET: Final = """
keys: {withdraw: allowed}
exchanges: {binance: {move_money: true}, upbit: {move_money: true}}
strategies: {premium: {enter_bps: 5000}}
"""
"""Laid over the config: nothing is traded but by hand, and money may be moved."""

DIES_ACTING: Final = """
import os, signal
from arbcore.runtime.gateway import VenueGateway
def dying(self, *told):
    os.kill(os.getpid(), signal.SIGKILL)
VenueGateway._ended = dying
"""
"""A session that dies when a venue has done what was asked of it, and nobody knows yet."""

TO_IT: Final = ("--session", SESSION, "--timeout", "30s", "--json")
TRANSFER: Final = ("transfer", "binance", "UMFUTURE", "MAIN", "100", "USDT", "--yes")


class Far:
    """What the accounts of a simulator hold."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def account(self, venue: str) -> Account:
        return next(iter(self._simulator.venues.accounts.of(venue)))

    def orders(self, name: str) -> int:
        return [one.client_id for one in self.account("usdm").orders()].count(f"ae-{name}")

    @property
    def moved(self) -> Decimal:
        """Dollars in the spot wallet, which is empty at the start."""
        return self.account("spot").of("USDT").total

    def low_price(self) -> str:
        """Return a price at which a purchase rests, on the grid."""
        bid = Decimal(touch(self._simulator.world.markets["usdm"]["BTCUSDT"])[0])
        return str((bid * Decimal("0.98")).quantize(Decimal("0.1"), ROUND_DOWN))


@asynccontextmanager
async def far(folder: Path) -> AsyncIterator[Far]:
    """Serve accounts, and make a project that trades on them."""
    async with Simulator(SimulatorSettings.model_validate(MARKET)) as simulator:
        project(folder, simulator.address)
        (folder / "holds.yaml").write_text(QUIET, "utf-8")
        yield Far(simulator)


async def begun(folder: Path) -> None:
    """Wait until the session trades."""
    with anyio.fail_after(60):
        while True:
            if "RUNNING" in {getattr(event, "after", "") for event in await events(folder)}:
                return
            await anyio.sleep(0.05)


async def both(folder: Path, *command: str) -> dict[str, Any]:
    """Give a command under one id from two processes at once; return what both were told."""
    told: list[Ran] = []

    async def give() -> None:
        told.append(await arb(folder, *command, *TO_IT))

    async with anyio.create_task_group() as group:
        group.start_soon(give)
        group.start_soon(give)
    one, other = (ran.told() for ran in told)
    assert one["events"] == other["events"]
    assert one["state"] == "ACK"
    return one


def place(far_side: Far) -> tuple[str, ...]:
    return ("order", "place", "binance:BTCUSDT", "buy", "0.01", far_side.low_price(), "--life", "gtc", "--yes")


@pytest.mark.usefixtures("keys")
async def test_two_processes_with_one_id_reach_the_venue_once(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    async with far(folder) as side, session(folder) as process:
        await begun(folder)
        await both(folder, *place(side), "--id", "placed")
        assert (side.orders("placed"), len(side.account("usdm").open)) == (1, 1)
        await both(folder, "order", "cancel", "binance", "ae-placed", "--id", "cancelled")
        with anyio.fail_after(30):
            while True:
                if not side.account("usdm").open:
                    break
                await anyio.sleep(0.02)
        await both(folder, "leverage", "binance:BTCUSDT", "7", "--id", "leverage")
        await both(folder, *TRANSFER, "--id", "moved")
        assert side.moved == 100
        process.send_signal(signal.SIGINT)
        await process.wait()
    assert side.orders("placed") == 1


@pytest.mark.parametrize(
    ("prelude", "times"), [(DIES_BEFORE, 0), (DIES_AFTER, 1), (DIES_ACTING, 1)], ids=["before", "after", "acting"]
)
@pytest.mark.usefixtures("keys")
async def test_money_moves_at_most_once_though_the_session_dies(tmp_path: Path, prelude: str, times: int) -> None:
    """It is matched in the venue's history by the next start, and never sent again."""
    folder = tmp_path / "project"
    async with far(folder) as side:
        async with session(folder, prelude=prelude) as process:
            await begun(folder)
            ran = await arb(folder, *TRANSFER, *TO_IT, "--id", "moved")
            ran.refused(4, "the session ended before it answered command moved")
            await process.wait()
        assert side.moved == 100 * times
        await go_on(folder, "moved")
        assert side.moved == 100 * times
    await check(folder, "moved", applied=bool(times))


@pytest.mark.parametrize(("prelude", "times"), [(DIES_BEFORE, 0), (DIES_AFTER, 1)], ids=["before", "after"])
@pytest.mark.usefixtures("keys")
async def test_an_order_is_placed_at_most_once_though_the_session_dies(
    tmp_path: Path, prelude: str, times: int
) -> None:
    folder = tmp_path / "project"
    async with far(folder) as side:
        async with session(folder, prelude=prelude) as process:
            await begun(folder)
            ran = await arb(folder, *place(side), *TO_IT, "--id", "placed")
            ran.refused(4, "the session ended before it answered command placed")
            await process.wait()
        assert side.orders("placed") <= times
        await go_on(folder, "placed")
        assert side.orders("placed") <= times
        assert not side.account("usdm").open
    await check(folder, "placed", applied=bool(times))


async def go_on(folder: Path, name: str) -> None:
    """Let another start go on with the journal until it has answered a command."""
    async with session(folder) as process:
        with anyio.fail_after(60):
            while True:
                commands, _ = await anyio.to_thread.run_sync(stored, folder / "sessions" / SESSION)
                if name in commands and commands[name].state in {CommandState.ACK, CommandState.FAILED}:
                    break
                await anyio.sleep(0.1)
            await begun(folder)
        process.send_signal(signal.SIGINT)
        await process.wait()
        assert process.returncode == 0


async def check(folder: Path, name: str, *, applied: bool) -> None:
    """Check what the store and the journal say of a command."""
    commands, found = await anyio.to_thread.run_sync(stored, folder / "sessions" / SESSION)
    assert commands[name].state is (CommandState.ACK if applied else CommandState.FAILED)
    led = [json.loads(event.body) for event in found if event.sequence in commands[name].events]
    assert bool(led) is applied
    accepted = [event for event in found if event.type == "CommandAccepted" and event.key == name]
    assert len(accepted) == applied
