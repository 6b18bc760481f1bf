"""The simulator's own ledger of an account: what really happened, for comparison."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from arbcore.model.instrument import Instrument
from arbcore.model.order import TRIGGERED, Liquidity, OrderState
from arbcore_exchange_simulator import Simulator
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.order import Execution, Order
from benchmarks.driving.books import Books, Sent

ATOM: Final = Decimal("1e-8")
_STATES: Final = {
    "filled": {OrderState.FILLED},
    "cancelled": {OrderState.CANCELLED, OrderState.EXPIRED},
    "expired": {OrderState.EXPIRED, OrderState.CANCELLED},
    "rejected": {OrderState.REJECTED, OrderState.CANCELLED, OrderState.EXPIRED},
}


class Ledger:
    """Watches an account inside the simulator.

    Attributes:
        account: The account.
        orders: Every order that it had, by client id.
        start: Money when this began to watch.

    Args:
        simulator: The simulator.
        venue: Its name of the venue, which has one account.
        instruments: What is traded.
    """

    def __init__(self, simulator: Simulator, venue: str, instruments: Sequence[Instrument]) -> None:
        (self.account,) = simulator.venues.accounts.of(venue)
        self.orders: Final[dict[str, list[Order]]] = {}
        self.account.listeners.append(self)
        self.start = self.totals
        self._lots: Final = {one.symbol: one.contract_size for one in instruments}

    def on_order(self, order: Order, what: str, execution: Execution | None) -> None:
        """Note an order."""
        known = self.orders.setdefault(order.client_id, [])
        if order not in known:
            known.append(order)

    def on_cash(self, account: Account, currencies: tuple[str, ...], why: str) -> None:
        """Money is looked at in the end."""

    @property
    def totals(self) -> dict[str, Decimal]:
        """All money by currency."""
        return {currency: cash.total for currency, cash in self.account.cash.items()}

    def differences(self, books: Books) -> list[str]:
        """Return what the driver's books tell otherwise than the venue's own, one line each."""
        found = list(books.faults)
        for identity, sent in books.sent.items():
            found += self._of_order(identity, sent)
        found += [
            f"{identity}: the venue has an order that nobody sent" for identity in self.orders.keys() - books.sent
        ]
        found += _unequal("fold", books.balances(self.start), self.totals)
        return found

    def forget(self) -> None:
        """Begin again with the money as it is; nothing may be open. Ids are made once, so none needs to be known."""
        self.orders.clear()
        self.account.used_ids.clear()
        self.start = self.totals

    def view_differences(self, view: dict[str, tuple[Decimal, Decimal]], name: str, *, locked: bool) -> list[str]:
        """Return where a view of totals and locked amounts differs from the ledger."""
        found = _unequal(name, {currency: total for currency, (total, _) in view.items()}, self.totals)
        if locked:
            own = {currency: cash.locked for currency, cash in self.account.cash.items()}
            found += _unequal(f"{name}, locked", {currency: part for currency, (_, part) in view.items()}, own)
        return found

    def _of_order(self, identity: str, sent: Sent) -> list[str]:
        if not sent.settled:
            return [f"{identity} ({sent.shape.name}): not settled: {sent.outcome} {sent.report}"]
        orders = self.orders.get(identity, [])
        if len(orders) > 1:
            return [f"{identity}: the venue has it {len(orders)} times"]
        if not orders:
            there = sent.outcome in {"refused", "absent"} or sent.order.type in TRIGGERED
            return [] if there else [f"{identity} ({sent.shape.name}): {sent.outcome}, and the venue never had it"]
        (order,) = orders
        return self._compared(identity, sent, order)

    def _compared(self, identity: str, sent: Sent, order: Order) -> list[str]:
        found = []
        which, own_state = f"{identity} ({sent.shape.name})", f"{order.state} {order.why}"
        # A venue that refuses an order because of its life or its book may have had it for a moment.
        if sent.outcome == "absent" or (sent.outcome == "refused" and order.executions):
            found.append(f"{which}: {sent.outcome}, and the venue has it: {own_state}")
        elif sent.outcome != "refused" and sent.state not in _states(order, sent.order.reduce_only):
            found.append(f"{which}: {sent.state}, at the venue {own_state}")
        makers = order.account.venue != "upbit"  # its answers do not tell who made and who took
        told = sorted(
            (fill.price, fill.quantity, fill.fee, fill.fee_currency, fill.liquidity is Liquidity.MAKER or not makers)
            for fill in sent.fills.values()
        )
        own = sorted(
            (one.price * ATOM, one.quantity * ATOM, one.fee, one.fee_currency, one.maker or not makers)
            for one in order.executions
        )
        if told != own:
            found.append(f"{which}: fills {told}, at the venue {own}")
        return found


def _states(order: Order, cut: bool) -> set[OrderState]:
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
