"""Plain clients of Binance's private side, written here and not with the adapters."""

from collections.abc import Callable
from typing import Any

import pytest

from arbcore_exchange_simulator.binance.trader import BinanceTrader, sign
from arbcore_exchange_simulator.memory import MemoryClient
from arbcore_exchange_simulator.trading.given import BINANCE_MONEY_KEY
from arbcore_exchange_simulator.venues import Venues


@pytest.fixture
def usdm(venues: Venues) -> BinanceTrader:
    return BinanceTrader(venues, "usdm")


@pytest.fixture
def spot(venues: Venues) -> BinanceTrader:
    return BinanceTrader(venues, "spot")


@pytest.fixture
def call(venues: Venues) -> Callable[..., Any]:
    """Ask a WebSocket API something signed: the parameters sorted by name are what is signed."""

    def called(client: MemoryClient, method: str, *, signed: bool = True, **params: Any) -> Any:
        if signed:
            params |= {"apiKey": BINANCE_MONEY_KEY.key, "timestamp": venues.world.now // 1_000_000}
            payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
            params["signature"] = sign(payload)
        client.say({"id": "one", "method": method, "params": params})
        answers = [frame for frame in client.take() if frame.get("id") == "one"]
        return answers[0] if answers else None

    return called
