"""Orders in a storm of faults: each ends in a known state, and what was told adds up to the venue's own ledger."""

import os
from decimal import Decimal
from random import Random
from typing import Any

import anyio
import pytest

from arbcore.errors import ExchangeError, ExchangeRefused, OutcomeUnknown
from arbcore.model.money import total
from arbcore.model.order import TERMINAL, Fill, OrderReport, OrderRequest, OrderType, Side, TimeInForce
from arbcore_exchange_simulator import Fault, Simulator
from plugins.exchanges.upbit.tests.live import (
    FAST,
    MARKET,
    MS,
    Desk,
    ledger,
    reference,
    simulating,
    told,
    touch,
    trading,
)

pytestmark = pytest.mark.anyio

ORDERS = 200 if os.environ.get("ARBCORE_COUNTS") == "full" else 30
STORM: tuple[dict[str, Any], ...] = (
    {"kind": "ack_timeout", "stream": "place", "share": 0.1},
    {"kind": "unknown_5xx", "stream": "place", "share": 0.1},
    {"kind": "failed_5xx", "stream": "place", "share": 0.1},
    {"kind": "ack_timeout", "stream": "cancel", "share": 0.1},
    {"kind": "fill_on_cancel", "stream": "cancel", "share": 0.2, "fraction": 0.5},
    {"kind": "duplicate_event", "share": 0.2},
    {"kind": "drop", "stream": "myOrder", "share": 0.1},
    {"kind": "drop", "stream": "myAsset", "share": 0.1},
    {"kind": "order_report_delay", "share": 0.2, "amount": 50 * MS},
    {"kind": "disconnect", "lasts": 100 * MS, "every": 1_000 * MS},
)
SETTINGS: dict[str, Any] = {
    "poll_period": "200ms",
    "stream_grace": "300ms",
    "network": {**FAST, "request_timeout": "200ms", "settle_after": "10ms"},
}


def drawn(random: Random, desk: Desk, simulator: Simulator) -> OrderRequest:
    bid, ask = touch(simulator)
    ioc: dict[str, Any] = {"time_in_force": TimeInForce.IOC}
    size = f"{random.randint(15, 40)}.{random.randint(0, 10**8 - 1):08d}"
    match random.randrange(5):
        case 0:
            return desk.order(Side.BUY, bid * Decimal("0.95") // 1, size)
        case 1:
            return desk.order(Side.BUY, ask + 20, size, **ioc)
        case 2:
            return desk.order(Side.SELL, bid - 20, size, **ioc)
        case 3:
            return desk.order(
                Side.BUY, None, "0", type=OrderType.MARKET, cost=Decimal(random.randint(9_000, 30_000)), **ioc
            )
        case _:
            return desk.order(Side.SELL, ask + 40, size)


async def settled(desk: Desk, order: OrderRequest) -> None:
    """Send an order and cancel what rests, as a caller does that trusts no answer."""
    try:
        await desk.venue.submit(order)
    except OutcomeUnknown:
        while True:
            try:
                found = await desk.venue.look_up(reference(order))
                break
            except ExchangeError:
                await anyio.sleep(0.02)
        if not found:
            return
    except ExchangeError:
        return
    desk.sent.append(order.client_order_id)
    while not desk.over(order.client_order_id):
        try:
            await desk.venue.cancel(reference(order))
            break
        except OutcomeUnknown:
            await anyio.sleep(0.02)
        except ExchangeRefused:
            break


@pytest.mark.parametrize("seed", range(2))
async def test_every_order_ends_known_and_everything_adds_up(seed: int) -> None:
    random = Random(seed)
    async with simulating(seed=seed + 1, rules={"upbit_order": 1000, "upbit_default": 1000}) as simulator:
        before = ledger(simulator)
        async with trading(simulator, orders_per_second=1000, **SETTINGS) as desk:
            for one in STORM:
                simulator.add_fault(Fault(venue="upbit", **one))
            for _ in range(ORDERS):
                await settled(desk, drawn(random, desk, simulator))
            await desk.until(lambda: all(desk.over(name) for name in desk.sent))
            fills = [one for one in desk.heard if isinstance(one, Fill)]
            assert len({one.fill_id for one in fills}) == len(fills)
            ends = [one for one in desk.heard if isinstance(one, OrderReport) and one.state in TERMINAL]
            assert {one.client_order_id for one in ends} == set(desk.sent)
            assert expected(before, fills) == ledger(simulator)
            await desk.until(lambda: told(desk) == ledger(simulator))
            assert await desk.venue.open_orders(MARKET) == []


def expected(before: dict[str, tuple[Decimal, Decimal]], fills: list[Fill]) -> dict[str, tuple[Decimal, Decimal]]:
    """What fills make of balances, fees included, with nothing locked."""
    owned = {name: held for name, (held, _) in before.items()}
    owned["KRW"] -= total(one.quantity * one.price * one.side.sign + one.fee for one in fills)
    owned["XRP"] += total(one.quantity * one.side.sign for one in fills)
    return {name: (held, Decimal(0)) for name, held in owned.items()}
