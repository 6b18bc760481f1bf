"""A venue that trades on the simulator in process, and what it told."""

import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio

from arbcore.context import Context
from arbcore.model.account import AccountUpdate
from arbcore.model.input import AccountSnapshot, ConnectionChanged
from arbcore.model.order import (
    TERMINAL,
    Fill,
    OrderRef,
    OrderReport,
    OrderRequest,
    Side,
    TimeInForce,
)
from arbcore.model.state import ConnectionState
from arbcore.ports.trading import Venue
from arbcore_exchange_simulator import Simulator, SimulatorSettings
from arbcore_exchange_upbit import plugin
from arbcore_exchange_upbit.settings import UpbitSettings

KEY, SECRET = "sim-upbit-key", "sim-upbit-secret-0123456789abcdef0123"
MARKET = "upbit:KRW-XRP"
MS = 10**6
FAST = {"first_wait": "2ms", "longest_wait": "20ms", "stagger": "0ms", "request_timeout": "2s"}


class Clock:
    """Real time, strictly rising."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        self._last = max(self._last + 1, time.time_ns())
        return self._last


def context(clock: Clock | None = None, **secrets: str) -> Context:
    return Context(
        instance="upbit",
        session="s",
        mode="live",
        environment="simulator",
        base_currency="KRW",
        clock=clock or Clock(),
        logger=logging.getLogger("test"),
        data_dir=Path("unused"),
        secrets=secrets or {"api_key": KEY, "api_secret": SECRET},
    )


def settings(simulator: Simulator, **changes: Any) -> UpbitSettings:
    return settings_at(simulator.address, **changes)


def settings_at(address: str, **changes: Any) -> UpbitSettings:
    told = {"use": "upbit", "simulator": address, "network": FAST, "our_ids": "t-", **changes}
    return UpbitSettings.model_validate(told)


@asynccontextmanager
async def simulating(**changes: Any) -> AsyncIterator[Simulator]:
    """A simulator whose books hardly move by themselves."""
    still = {"symbols": ("XRP", "BTC"), "rate": 1e-6, "trade_rate": 1e-6, **changes}
    async with Simulator(SimulatorSettings(**still)) as simulator:
        yield simulator


@dataclass
class Desk:
    """A venue that runs, and what it told."""

    venue: Venue
    heard: list[Any] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    changed: anyio.Event = field(default_factory=anyio.Event)
    count: int = 0

    def take(self, item: Any) -> None:
        self.heard.append(item)
        self.changed.set()

    async def until(self, holds: Callable[[], object]) -> None:
        with anyio.fail_after(20):
            while not holds():
                self.changed = anyio.Event()
                await self.changed.wait()

    def of(self, client_id: str, kind: type = OrderReport) -> list[Any]:
        return [one for one in self.heard if isinstance(one, kind) and getattr(one, "client_order_id", "") == client_id]

    def fills(self, client_id: str) -> list[Fill]:
        return self.of(client_id, Fill)

    def connected(self, since: int = 0) -> bool:
        return any(
            isinstance(one, ConnectionChanged) and one.state is ConnectionState.CONNECTED for one in self.heard[since:]
        )

    def over(self, client_id: str) -> bool:
        reports = self.of(client_id)
        told = sum((one.quantity for one in self.fills(client_id)), Decimal(0))
        return bool(reports) and reports[-1].state in TERMINAL and told == reports[-1].filled

    def order(self, side: Side, price: Decimal | None, quantity: str, **changes: Any) -> OrderRequest:
        self.count += 1
        given = {"time_in_force": TimeInForce.GTC, **changes}
        return OrderRequest(
            client_order_id=f"t-{self.count}-{time.time_ns()}",
            instrument=MARKET,
            side=side,
            quantity=Decimal(quantity),
            price=price,
            **given,
        )

    async def end(self, order: OrderRequest) -> OrderReport:
        await self.venue.submit(order)
        await self.until(lambda: self.over(order.client_order_id))
        report: OrderReport = self.of(order.client_order_id)[-1]
        return report


@asynccontextmanager
async def trading(simulator: Simulator, **changes: Any) -> AsyncIterator[Desk]:
    async with (
        plugin.open_venue(settings(simulator, **changes), context()) as venue,
        anyio.create_task_group() as group,
    ):
        desk = Desk(venue)
        group.start_soon(venue.run, [MARKET], desk.take)
        await desk.until(desk.connected)
        yield desk
        group.cancel_scope.cancel()


def touch(simulator: Simulator) -> tuple[Decimal, Decimal]:
    bid, ask = simulator.world.markets["upbit"]["KRW-XRP"].book.touch
    return Decimal(bid[0]) / 10**8, Decimal(ask[0]) / 10**8


def ledger(simulator: Simulator) -> dict[str, tuple[Decimal, Decimal]]:
    """Total and locked of every balance, as the simulator itself keeps them."""
    cash = simulator.venues.accounts.known("upbit").cash
    return {name: (one.free + one.locked, one.locked) for name, one in cash.items() if one.total}


def names(simulator: Simulator) -> list[str]:
    """Identifiers that the venue ever saw."""
    return sorted(simulator.venues.accounts.known("upbit").used_ids)


def told(desk: Desk) -> dict[str, tuple[Decimal, Decimal | None]]:
    """Balances that are not zero, as snapshots and updates leave them."""
    found: dict[str, tuple[Decimal, Decimal | None]] = {}
    for item in desk.heard:
        if isinstance(item, AccountSnapshot | AccountUpdate):
            found.update({one.currency: (one.total, one.locked) for one in item.balances})
    return {name: held for name, held in found.items() if any(held)}


def structs_replace(item: Any, **changes: Any) -> Any:
    from msgspec.structs import replace

    return replace(item, **changes)


def reference(order: OrderRequest) -> OrderRef:
    return OrderRef(client_order_id=order.client_order_id, instrument=order.instrument)


def split(news: Sequence[Any]) -> tuple[OrderReport, list[Fill]]:
    (report,) = [one for one in news if isinstance(one, OrderReport)]
    return report, [one for one in news if isinstance(one, Fill)]
