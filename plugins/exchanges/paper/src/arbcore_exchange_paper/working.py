"""Orders that the venue has accepted and not ended."""

from decimal import Decimal

from msgspec import Struct

from arbcore.model.account import OpenOrder
from arbcore.model.money import EXACT, ZERO
from arbcore.model.order import Fill, OrderReport, OrderRequest, OrderState
from arbcore.ports.fill import Execution
from arbcore_exchange_paper.market import Amounts, Market


class Working(Struct):
    """One order at work.

    Attributes:
        order: The order.
        left: Quantity still to be filled.
        opened: Part of its quantity that was to open a perpetual position when it was accepted.
        price: Price that its reservation counts on.
        venue_order_id: The venue's id of it.
        accepted_at: When it was accepted.
        filled: Quantity filled.
        fills: Number of fills.
        reserved: What it holds back now.
        waiting: True where the market could not tell yet and the next opening decides.
        checked: True until the order first waits or rests: its funds were checked just now.
    """

    order: OrderRequest
    left: Decimal
    opened: Decimal
    price: Decimal
    venue_order_id: str = ""
    accepted_at: int = 0
    filled: Decimal = ZERO
    fills: int = 0
    reserved: Amounts = ()
    waiting: bool = False
    checked: bool = True

    @property
    def closing(self) -> Decimal:
        """Part of what is left that is going to close a position: what closes fills first."""
        return EXACT.subtract(self.left, min(self.opened, self.left))

    def needs(self, market: Market) -> Amounts:
        """Return the funds that the rest may take."""
        return market.needs(self.order.side, self.left, self.price, min(self.opened, self.left))

    def listed(self) -> OpenOrder:
        """Return it as an open order."""
        order = self.order
        return OpenOrder(
            client_order_id=order.client_order_id,
            venue_order_id=self.venue_order_id,
            instrument=order.instrument,
            side=order.side,
            type=order.type,
            quantity=order.quantity,
            filled=self.filled,
            price=order.price,
            ts=self.accepted_at,
        )

    def report(self, state: OrderState, now: int, reason: str = "", detail: str = "") -> OrderReport:
        """Return what the venue says of the order."""
        return OrderReport(
            client_order_id=self.order.client_order_id,
            state=state,
            venue_order_id=self.venue_order_id,
            filled=self.filled,
            reason=reason,
            detail=detail,
            ts=now,
            recv_ts=now,
        )

    def fill(self, market: Market, execution: Execution, quantity: Decimal, fee: Decimal, now: int) -> Fill:
        """Count an execution; return its fill.

        The fill's id is the order's with a counter, so no other run of the venue can give it again.
        """
        self.filled = EXACT.add(self.filled, quantity)
        self.left = EXACT.subtract(self.left, quantity)
        self.fills += 1
        return Fill(
            fill_id=f"{self.order.client_order_id}.{self.fills}",
            client_order_id=self.order.client_order_id,
            instrument=market.key,
            side=self.order.side,
            quantity=quantity,
            price=execution.price,
            fee=fee,
            fee_currency=market.fee_currency,
            liquidity=execution.liquidity,
            ts=now,
            recv_ts=now,
        )
