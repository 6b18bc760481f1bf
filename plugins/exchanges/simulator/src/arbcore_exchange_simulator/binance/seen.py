"""Orders as Binance tells them: with its words for how they stand (Binance developer documentation, 2026-11)."""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore_exchange_simulator.binance.numbers import ZERO
from arbcore_exchange_simulator.trading.order import Order

_ENDS: Final = {"filled": "FILLED", "cancelled": "CANCELED", "expired": "EXPIRED", "rejected": "REJECTED"}


class Seen(Struct):
    """An order as the venue tells it: executions that a fault hides are not there.

    Attributes:
        filled: Atoms.
        funds: Value of what is filled.
        status: Binance's word.
    """

    filled: int
    funds: Decimal
    status: str

    @property
    def average(self) -> Decimal:
        """Mean price; 0 where nothing is filled."""
        return self.funds * 10**8 / self.filled if self.filled else ZERO


def seen(order: Order, now: int) -> Seen:
    """Return an order as it is told at a time in ns."""
    hidden = [one for one in order.executions if one.hidden_until > now]
    filled = order.filled - sum(one.quantity for one in hidden)
    funds = order.funds - sum((one.value for one in hidden), ZERO)
    return Seen(filled, funds, _status(order, filled, hidden=bool(hidden)))


def _status(order: Order, filled: int, *, hidden: bool) -> str:
    if order.state == "open" or (order.state == "filled" and hidden):
        return "PARTIALLY_FILLED" if filled else "NEW"
    if order.why == "prevented" and order.state == "expired":
        return "EXPIRED_IN_MATCH"
    return _ENDS[order.extra.get("ends_as", order.state)]


def ended_as(order: Order) -> str:
    """Return the status of an order with nothing hidden."""
    return _status(order, order.filled, hidden=False)
