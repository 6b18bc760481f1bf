"""A gateway to one venue that a test answers by hand, and everything that it says."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import anyio
import anyio.lowlevel

from arbcore.model.command import InternalTransfer, Withdraw
from arbcore.model.order import Fill, OrderRef, OrderReport, OrderRequest, OrderState, OrderType, Side
from arbcore.runtime.gateway import VenueGateway
from arbcore.runtime.refs import OrderRefs
from tests.runtime.live import HeldClock
from tests.runtime.venue_double import Call, TreasuryDouble, VenueDouble

KEY = "sim:BTCUSDT"
ORDER = OrderRequest(
    client_order_id="ae-1", instrument=KEY, side=Side.BUY, quantity=Decimal(1), price=Decimal(100), type=OrderType.LIMIT
)
WITHDRAW = Withdraw(
    withdraw_id="w1", venue="sim", currency="BTC", network="BTC", amount=Decimal("0.5"), address="somewhere"
)
TRANSFER = InternalTransfer(
    transfer_id="t1", venue="sim", source="spot", target="futures", currency="USDT", amount=Decimal(5)
)


def report(state: OrderState, **more: Any) -> OrderReport:
    return OrderReport(client_order_id="ae-1", state=state, ts=1, recv_ts=1, **more)


def fill(name: str) -> Fill:
    return Fill(
        fill_id=name,
        client_order_id="ae-1",
        instrument=KEY,
        side=Side.BUY,
        quantity=Decimal(1),
        price=Decimal(100),
        fee=Decimal(0),
        fee_currency="USDT",
        ts=1,
        recv_ts=1,
    )


class Bench:
    """A gateway to one venue, and everything that it says."""

    def __init__(self, find: Callable[[str], OrderRef | None] = lambda _: None) -> None:
        self.venue, self.treasury, self.clock = VenueDouble(), TreasuryDouble(), HeldClock(1_000)
        self.inputs: list[Any] = []
        self.delivered: list[Any] = []
        self.barred = ""
        self.gateway = VenueGateway(
            {"sim": self.venue},
            {"sim": self.treasury},
            {"sim": (KEY,)},
            clock=self.clock,
            take=self.inputs.append,
            deliver=self.delivered.append,
            may_send=lambda: self.barred,
            refs=OrderRefs(find),
        )

    async def settle(self) -> None:
        """Let everything run that can."""
        for _ in range(10):
            await anyio.lowlevel.checkpoint()

    async def call(self, name: str) -> Call:
        """Return the latest call of a name, once it arrived."""
        await self.settle()
        return next(call for call in reversed(self.venue.script.calls) if call.name == name)
