"""Upbit's treasury against the suite of treasuries, on the simulator in process."""

from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import NamedTuple

import pytest

from arbcore.model.treasury import TransferRequest, WithdrawalRequest
from arbcore.ports.treasury import Treasury
from arbcore.ports.venue import Capabilities
from arbcore.testing.gate import Gate, Way
from arbcore.testing.trading import Faults, Operation
from arbcore.testing.treasury import Moves, OpenTreasury, TreasurySuite

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore_exchange_simulator import Simulator, SimulatorSettings
from arbcore_exchange_simulator.trading.given import Control
from arbcore_exchange_upbit import plugin
from tests.trading.simulators import UPBIT_KEY, UPBIT_SECRET, context
from tests.trading.test_upbit import settings_with

KEYS = [{"key": UPBIT_KEY, "secret": UPBIT_SECRET}]
ADDRESS = {"currency": "XRP", "net_type": "XRP", "address": "r-registered"}
ACCOUNTS = [
    {"name": "main", "venue": "upbit", "keys": KEYS, "balances": {"XRP": "1000"}, "options": {"addresses": [ADDRESS]}},
    {"name": "second", "venue": "upbit", "owner": "main"},
]
WAYS: dict[Operation, Way] = {
    "withdraw": Way("POST", "/v1/withdraws/coin"),
    "transfer": Way("POST", "/v1/pockets/universal_transfers"),
}


class Far(NamedTuple):
    """The far side: the simulator, the gate in front of it, and the ids of two pockets."""

    simulator: Simulator
    gate: Gate
    first: str
    second: str

    async def known(self) -> int:
        """Return how many movements the venue knows."""
        account = self.simulator.venues.accounts.known("main")
        return sum(len(account.extra.get(kind, ())) for kind in ("withdraws", "transfers"))


class TestUpbitTreasury(TreasurySuite):
    @pytest.fixture
    async def far(self) -> AsyncIterator[Far]:
        """A simulator with two pockets, one of which got coins."""
        settings = SimulatorSettings.model_validate({"symbols": ("BTC", "XRP"), "accounts": ACCOUNTS})
        async with Simulator(settings) as simulator, Gate(simulator.address) as gate:
            arrived = [{"account": "main", "currency": "XRP", "amount": amount} for amount in ("7", "9")]
            simulator.venues.control(Control.model_validate({"deposit": arrived}))
            transfers = simulator.venues.upbit.transfers
            first, second = (transfers._pocket(simulator.venues.accounts.known(name)) for name in ("main", "second"))
            yield Far(simulator, gate, first, second)

    @pytest.fixture
    def open_treasury(self, far: Far) -> OpenTreasury:
        def opened(moves_money: bool) -> Treasury:
            settings = settings_with(far.gate.address).model_copy(update={"move_money": moves_money})
            return plugin.open_treasury(settings, context("upbit", {"api_key": UPBIT_KEY, "api_secret": UPBIT_SECRET}))

        return opened

    @pytest.fixture
    def capabilities(self) -> Capabilities:
        return plugin.capabilities(settings_with("http://127.0.0.1:1"))

    @pytest.fixture
    def moves(self, far: Far) -> Moves:
        return Moves(
            withdrawal=WithdrawalRequest(
                withdraw_id="w-1", currency="XRP", network="XRP", amount=Decimal("12.5"), address="r-registered"
            ),
            transfer=TransferRequest(
                transfer_id="t-1", source=far.first, target=far.second, currency="XRP", amount=Decimal("2.25")
            ),
            count=far.known,
        )

    @pytest.fixture
    def faults(self, far: Far) -> Faults:
        async def lose_reply(operation: Operation) -> None:
            far.gate.lose_reply(WAYS[operation])

        return Faults(lose_reply=lose_reply)

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return (UPBIT_SECRET, UPBIT_KEY, "Bearer ")
