"""Venues of both exchanges on a simulator, each with a driver, over real sockets."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import anyio

from arbcore.context import Context
from arbcore.ports.trading import Venue
from arbcore.runtime.clock import WallClock
from arbcore_exchange_binance import plugin as binance
from arbcore_exchange_binance.settings import BinanceSettings
from arbcore_exchange_upbit import plugin as upbit
from arbcore_exchange_upbit.settings import UpbitSettings
from benchmarks.driving.backstage import Backstage
from benchmarks.driving.driver import Driver
from benchmarks.driving.ledger import Ledger
from benchmarks.driving.shapes import Shaper

NETWORK = {"first_wait": "20ms", "longest_wait": "500ms", "stagger": "1ms", "request_timeout": "2s"}
SECRETS = {
    "upbit": {"api_key": "driver-upbit-key", "api_secret": "driver-upbit-secret-0123456789abcdef"},
    "binance": {"api_key": "driver-binance-key", "api_secret": "driver-binance-secret-0123456789abcd"},
}
_LOOK_S = 0.05
_UPBIT, _BINANCE = ({"key": one["api_key"], "secret": one["api_secret"]} for one in SECRETS.values())
_TRADES = {**_BINANCE, "permissions": ["spot", "futures"]}
ACCOUNTS = (
    {"name": "upbit", "venue": "upbit", "keys": [_UPBIT], "balances": {"KRW": "5000000000"}, "stock": 500_000},
    {"name": "usdm", "venue": "usdm", "owner": "binance", "keys": [_TRADES], "balances": {"USDT": "2000000"}},
    {"name": "spot", "venue": "spot", "owner": "binance", "keys": [_TRADES], "balances": {"USDT": "2000000"}}
    | {"stock": 500_000},
)
"""One rich account on each venue, whose keys can't withdraw."""


@dataclass
class Line:
    """A venue under test, with its driver, and the way behind it with its ledger."""

    name: str
    venue: Venue
    driver: Driver
    ledger: Ledger
    backstage: Backstage


def context(instance: str, secrets: dict[str, str]) -> Context:
    """Return the context of an instance on the simulator."""
    return Context(
        instance=instance,
        session="driver",
        mode="live",
        environment="simulator",
        base_currency="USDT",
        clock=WallClock(),
        logger=logging.getLogger(f"arbcore.exchange.{instance}"),
        data_dir=Path(),
        secrets=secrets,
    )


def parts(name: str, address: str, **more: Any) -> tuple[Any, Any, dict[str, str]]:
    """Return plugin, settings and secrets of a venue: ``upbit``, or ``usdm`` or ``spot`` of Binance."""
    network = {**NETWORK, **more.pop("network", {})}
    if name == "upbit":
        told = {"use": "upbit", "simulator": address, "our_ids": "drv", "network": network}
        return upbit, UpbitSettings.model_validate(told | more), SECRETS["upbit"]
    told = {"use": "binance", "product": name, "simulator": address, "own_ids": "drv", "network": network}
    return binance, BinanceSettings.model_validate(told | more), SECRETS["binance"]


@asynccontextmanager
async def line(backstage: Backstage, name: str, seed: int, value: Decimal, **more: Any) -> AsyncIterator[Line]:
    """Open a venue with a driver, its user stream running and told as connected."""
    plugin, settings, secrets = parts(name, backstage.address, **more)
    surroundings = context(name, secrets)
    async with plugin.open_feed(settings, surroundings) as feed:
        listed = await feed.instruments()
    touches = await backstage.touches(name)
    instruments = [one for one in listed if one.symbol in touches and one.quote in {"KRW", "USDT"}]
    instruments = [one for one in instruments if one.symbol != "KRW-USDT"]

    async def look() -> None:
        while True:
            await anyio.sleep(_LOOK_S)
            touches.update(await backstage.touches(name))

    random = Random(f"{seed}:{name}")
    shaper = Shaper(lambda one: touches[one.symbol], value, random, "drv-", by_cost=name == "upbit")
    ledger = await Ledger.opened(backstage, name)
    async with plugin.open_venue(settings, surroundings) as venue, anyio.create_task_group() as group:
        driver = Driver(venue, instruments, shaper, surroundings.clock, random, amends=name == "usdm")
        group.start_soon(look)
        group.start_soon(venue.run, [one.key for one in instruments], driver.take)
        await driver.connected.wait()
        yield Line(name, venue, driver, ledger, backstage)
        group.cancel_scope.cancel()
