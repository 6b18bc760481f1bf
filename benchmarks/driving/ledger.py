"""The venue's own ledger of an account: what really happened, for comparison."""

from decimal import Decimal
from typing import Final, Self

from arbcore.model.order import TRIGGERED, Liquidity, OrderState
from benchmarks.driving.backstage import AccountSeen, Backstage, OrderSeen
from benchmarks.driving.books import Books, Sent

_STATES: Final = {
    "filled": {OrderState.FILLED},
    "cancelled": {OrderState.CANCELLED, OrderState.EXPIRED},
    "expired": {OrderState.EXPIRED, OrderState.CANCELLED},
    "rejected": {OrderState.REJECTED, OrderState.CANCELLED, OrderState.EXPIRED},
}


class Ledger:
    """What the venue has of an account; made by `opened`.

    Attributes:
        seen: The account when it was last looked at.
        start: Money when this began to watch.

    Args:
        backstage: The way behind the venue.
        venue: Its name, which has one account.
        seen: The account as it is.
    """

    def __init__(self, backstage: Backstage, venue: str, seen: AccountSeen) -> None:
        self.seen = seen
        self.start = seen.totals
        self._backstage: Final = backstage
        self._venue: Final = venue

    @classmethod
    async def opened(cls, backstage: Backstage, venue: str) -> Self:
        """Begin to watch."""
        return cls(backstage, venue, await backstage.account(venue))

    async def look(self, *, orders: bool = False) -> None:
        """Look at the account, and at its orders where they are asked for."""
        self.seen = await self._backstage.account(self._venue, orders=orders)

    def differences(self, books: Books) -> list[str]:
        """Return what the driver's books tell otherwise than the venue's own when orders were looked at."""
        found = list(books.faults)
        for identity, sent in books.sent.items():
            found += self._of_order(identity, sent)
        found += [
            f"{identity}: the venue has an order that nobody sent" for identity in self.seen.orders.keys() - books.sent
        ]
        found += _unequal("fold", books.balances(self.start), self.seen.totals)
        return found

    async def forget(self) -> None:
        """Begin again with the money as it is; nothing may be open."""
        await self._backstage.forget(self._venue)
        await self.look()
        self.start = self.seen.totals

    def view_differences(self, view: dict[str, tuple[Decimal, Decimal]], name: str, *, locked: bool) -> list[str]:
        """Return where a view of totals and locked amounts differs from what was looked at."""
        found = _unequal(name, {currency: total for currency, (total, _) in view.items()}, self.seen.totals)
        if locked:
            told = {currency: part for currency, (_, part) in view.items()}
            found += _unequal(f"{name}, locked", told, self.seen.locked)
        return found

    def _of_order(self, identity: str, sent: Sent) -> list[str]:
        if not sent.settled:
            return [f"{identity} ({sent.shape.name}): not settled: {sent.outcome} {sent.report}"]
        orders = self.seen.orders.get(identity, [])
        if len(orders) > 1:
            return [f"{identity}: the venue has it {len(orders)} times"]
        if not orders:
            there = sent.outcome in {"refused", "absent"} or sent.order.type in TRIGGERED
            return [] if there else [f"{identity} ({sent.shape.name}): {sent.outcome}, and the venue never had it"]
        (order,) = orders
        return self._compared(identity, sent, order)

    def _compared(self, identity: str, sent: Sent, order: OrderSeen) -> list[str]:
        found = []
        which, own_state = f"{identity} ({sent.shape.name})", f"{order.state} {order.why}"
        # A venue that refuses an order because of its life or its book may have had it for a moment.
        if sent.outcome == "absent" or (sent.outcome == "refused" and order.executions):
            found.append(f"{which}: {sent.outcome}, and the venue has it: {own_state}")
        elif sent.outcome != "refused" and sent.state not in _states(order, sent.order.reduce_only):
            found.append(f"{which}: {sent.state}, at the venue {own_state}")
        makers = self._venue != "upbit"  # its answers do not tell who made and who took
        told = sorted(
            (fill.price, fill.quantity, fill.fee, fill.fee_currency, fill.liquidity is Liquidity.MAKER or not makers)
            for fill in sent.fills.values()
        )
        own = sorted(
            (price, quantity, fee, currency, maker or not makers)
            for price, quantity, fee, currency, maker in order.executions
        )
        if told != own:
            found.append(f"{which}: fills {told}, at the venue {own}")
        return found


def _states(order: OrderSeen, cut: bool) -> set[OrderState]:
    """Return the states that stand for what the venue knows; a closing order may have been cut to the position."""
    if cut and order.executions:
        return {OrderState.FILLED, OrderState.EXPIRED}
    # An order by cost whose rest buys nothing more has done what it was sent for.
    done = {OrderState.FILLED} if order.why == "remainder" and order.executions else set()
    return _STATES.get(order.state, set()) | done


def _unequal(name: str, told: dict[str, Decimal], own: dict[str, Decimal]) -> list[str]:
    keys = sorted(told.keys() | own.keys())
    zero = Decimal(0)
    pairs = ((key, told.get(key, zero), own.get(key, zero)) for key in keys)
    return [f"{name}: {key} is {first}, at the venue {second}" for key, first, second in pairs if first != second]
