"""Funding settlements of perpetual positions."""

from decimal import Decimal
from math import isfinite

from msgspec import Struct

from arbcore.model.grid import Rounding, to_grid
from arbcore.model.input import FundingPayment
from arbcore.model.market import FundingRate
from arbcore.model.money import RATE_STEP, ZERO, add, multiply, subtract
from arbcore_exchange_paper.market import Market
from arbcore_exchange_paper.position import NetPosition

_HALF = Decimal("0.5")


class DueFunding(Struct, frozen=True):
    """A settlement that is not paid yet.

    Attributes:
        ts: Time of the settlement.
        rate: Its rate at twelve decimals.
        quantity: Signed position that it applies to.
    """

    ts: int
    rate: Decimal
    quantity: Decimal


class FundingDesk:
    """Pays each settlement once, at the middle of the touch as the stand-in for the mark price.

    Args:
        settled: Time of the last settlement by instrument key.
        due: Settlements that wait for a touch, by instrument key: inside a gap they are paid at its end.
    """

    def __init__(self, settled: dict[str, int] | None = None, due: dict[str, list[DueFunding]] | None = None) -> None:
        self.settled = {} if settled is None else settled
        self.due = {} if due is None else due

    def settle(self, item: FundingRate, position: NetPosition | None) -> bool:
        """Take a settlement; tell whether there is something to pay.

        A rate that is no number settles nothing; the engine counts it among the inputs it rejects.
        """
        if not item.settled or item.ts <= self.settled.get(item.instrument, -1) or not isfinite(item.rate):
            return False
        self.settled[item.instrument] = item.ts
        # Twelve decimals, like every rate: a product with a value stays finite.
        rate = to_grid(item.rate, RATE_STEP, Rounding.NEAREST)
        if position is None or not rate:
            return False
        due = DueFunding(item.ts, rate, position.quantity)
        self.due.setdefault(item.instrument, []).append(due)
        return True

    def pay(self, market: Market, touch: tuple[float, float], now: int) -> list[FundingPayment]:
        """Return the payments of what is due in a market.

        amount = -(quantity x contract size x mark x rate): with a positive rate longs pay shorts.
        """
        return [
            FundingPayment(
                payment_id=f"{market.instrument.symbol}.{due.ts}",
                instrument=market.key,
                amount=subtract(ZERO, multiply(market.value(due.quantity, _middle(market, touch)), due.rate)),
                currency=market.settle,
                rate=due.rate,
                quantity=due.quantity,
                ts=due.ts,
                recv_ts=now,
            )
            for due in self.due.pop(market.key, ())
        ]


def _middle(market: Market, touch: tuple[float, float]) -> Decimal:
    ticks = market.instrument.ticks
    bid, ask = (ticks.place(price, Rounding.NEAREST) for price in touch)
    return multiply(add(bid, ask), _HALF)
