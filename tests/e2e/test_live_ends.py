"""How a session with real orders ends: what rests is cancelled; a second interrupt says what may rest."""

import signal
import sys
from pathlib import Path

import anyio
import pytest

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

import anyio.lowlevel

from arbcore.model.events import EngineStopped, OrderCancelled, OrderIntended
from arbcore_exchange_simulator import Simulator, SimulatorSettings
from arbcore_exchange_simulator.trading.account import Account
from tests.e2e.test_flatten_offline import events, session
from tests.e2e.test_live_session import FAR, MARKET, keys, project

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="signals between processes are POSIX"),
]
__all__ = ["keys"]

RESTS = """
execution: {legs: maker, lead: upbit, ttl: 10m}
strategies: {premium: {max_holding: 1h, exit_bps: -500, enter_bps: -40, allow_thin_edge: true}}
"""
"""Laid over the config: entries rest at their own side of the book, and wait there."""


async def resting(account: Account) -> None:
    """Wait until an order rests at a venue."""
    while True:
        if account.open:
            return
        await anyio.sleep(0.01)


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.usefixtures("keys")
async def test_an_interrupt_leaves_no_order_and_a_second_one_says_what_it_leaves(tmp_path: Path, twice: bool) -> None:
    folder = tmp_path / "project"
    async with Simulator(SimulatorSettings.model_validate(MARKET)) as simulator:
        far = {name: next(iter(simulator.venues.accounts.of(there))) for name, there in FAR.items()}
        project(folder, simulator.address)
        (folder / "holds.yaml").write_text(RESTS, "utf-8")
        async with session(folder) as process:
            with anyio.fail_after(60):
                await resting(far["upbit"])
                while twice and process.returncode is None:
                    process.send_signal(signal.SIGINT)  # the second one may come before the first was handled
                    await anyio.lowlevel.checkpoint()
                if not twice:
                    process.send_signal(signal.SIGINT)
                await process.wait()
        said = (tmp_path / "session.err").read_text("utf-8")
        assert "Traceback" not in said
        found = await events(folder)
        if twice:
            assert process.returncode in {130, -signal.SIGINT}
            assert "may rest at its venue: ae-" in said
            assert "`arb flatten --offline` closes them" in said
            assert not any(isinstance(event, EngineStopped) for event in found)
            return
        assert process.returncode == 0, said
        assert not [order for account in far.values() for order in account.open]
    sent = {event.order.client_order_id for event in found if isinstance(event, OrderIntended)}
    assert {event.client_order_id for event in found if isinstance(event, OrderCancelled)} & sent
    assert isinstance(found[-1], EngineStopped)
