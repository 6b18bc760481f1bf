"""Takings: what a venue closes of a position by itself, by liquidation, auto-deleveraging or settlement.

Such an execution is of no order of ours, and yet it closes what we own. So it is told like those of strangers, with an
alert, and booked to what owns the position: legs and ledger follow the venue to the last digit. Where several own it,
what hedges nothing goes first (stock, and the dust of closed trades), then the trades, the oldest first. So the fewest
hedges break, every part is as exact as the execution, and nothing is rounded; shares by size would leave every trade
with a rest that no order can close.

What is more than we own was somebody else's, unless a fill of ours that came before it is told after it: then that one
is taken too, as soon as it is booked.
"""

from collections.abc import Callable, Iterator
from decimal import Context, Decimal, localcontext
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from arbcore.engine.accounts import STOCK, Accounts
from arbcore.engine.booking import Booking
from arbcore.engine.execution import Execution
from arbcore.engine.market import Market
from arbcore.engine.output import Outbox
from arbcore.engine.strangers import Strangers
from arbcore.engine.trades import LiveTrade
from arbcore.model.events import AlertRaised
from arbcore.model.money import EXACT, ZERO, total
from arbcore.model.order import Fill, OrderOrigin, OrderReport
from arbcore.model.state import Severity

BY_VENUE: Final = frozenset({OrderOrigin.LIQUIDATION, OrderOrigin.ADL, OrderOrigin.SETTLEMENT})
"""Origins of orders that a venue places by itself for a position of the account."""

_WORDS: Final = {
    OrderOrigin.LIQUIDATION: "liquidated",
    OrderOrigin.ADL: "deleveraged",
    OrderOrigin.SETTLEMENT: "settled",
}

_REMEMBERED: Final = 100
"""Orders of venues of which people were told, one alert each; and executions, by whom they were owned."""

_SHARES: Final = Context(prec=60)
"""Shares of a fee are rounded; the last one takes the remainder, so that their sum is exact."""

Took = Callable[[LiveTrade, OrderOrigin], None]
"""Called with a trade of which something was closed; decides what becomes of it."""


class TakingsState(Struct, frozen=True):
    """What `Takings` remembers: what nobody of ours owned so far, and what was taken from which trade."""

    unowned: list[Fill]
    taken: list[tuple[str, Fill]]


class Takings:
    """Books what venues close by themselves.

    Args:
        market: Instruments.
        accounts: Who owns what.
        outbox: Where events go.
        execution: Trades that are open; hands over what is of no order of the session.
        strangers: Tells of it, once.
        took: Goes on with the trades.
    """

    def __init__(
        self,
        market: Market,
        accounts: Accounts,
        outbox: Outbox,
        execution: Execution,
        strangers: Strangers,
        took: Took,
    ) -> None:
        self._market: Final = market
        self._accounts: Final = accounts
        self._outbox: Final = outbox
        self._execution: Final = execution
        self._strangers: Final = strangers
        self._took: Final = took
        self._booking: Final = Booking(accounts, outbox)
        self._alarmed: Final[dict[str, None]] = {}
        self._unowned: Final[dict[str, Fill]] = {}
        self._taken: Final[list[tuple[str, Fill]]] = []
        execution.strange, execution.booked = self.meet, self.on_booked

    def meet(self, item: OrderReport | Fill) -> None:
        """Take what is of no order of the session: it is told once, and booked where its venue took it from us."""
        known = item.instrument in self._market.instruments
        if self._strangers.tell(item) and isinstance(item, Fill) and item.origin in BY_VENUE and known:
            self._take(item)

    def on_booked(self, fill: Fill, trade: LiveTrade) -> None:
        """Take a fill of ours that was booked: what a venue closed after it may have been of it, or not of its trade.

        A trade that had closed a leg itself, before its venue took what we still counted, now holds that leg the
        wrong way round; the venue had taken it from another one, if there is one: else the leg really is as it is.
        """
        for share in [one for owner, one in self._taken if owner == trade.id and _after(one, fill)]:
            wrong = self._accounts.lots.quantity(trade.id, fill.instrument) * share.side.sign
            others = [held * -share.side.sign for owner, held in self._owners(fill.instrument) if owner is not trade]
            amount = min(wrong, share.quantity, total(held for held in others if held > 0))
            if amount > 0:
                moved = replace(share, quantity=amount, recv_ts=fill.recv_ts)
                self._book(replace(moved, side=share.side.opposite), trade)
                self._take(moved)
        for key, one in list(self._unowned.items()):
            if _after(one, fill):
                del self._unowned[key]
                self._take(one)

    def state(self) -> TakingsState:
        """Return what is remembered."""
        return TakingsState(list(self._unowned.values()), list(self._taken))

    def restore(self, state: TakingsState) -> None:
        """Take over what an earlier `state` returned."""
        self._unowned.update({_key(fill): fill for fill in state.unowned})
        self._taken.extend(state.taken)

    def again(self, fill: Fill, trade: str) -> None:
        """Book a part of such an execution that a journal tells of, and decide nothing."""
        owner = self._execution.trades[trade] if trade else None
        self._book(fill, owner)
        rest = self._unowned.pop(_key(fill), None)
        if rest is not None:
            self._keep(rest, [fill] if fill.side is rest.side else [])
        if owner is not None:
            owner.hurt(ends=fill.origin is not OrderOrigin.ADL)

    def _take(self, fill: Fill) -> None:
        shares = self._shares(fill)
        for trade, share in shares:
            self._book(share, trade)
        self._keep(fill, [share for _, share in shares])
        if shares:
            self._alarm(fill, [trade.id for trade, _ in shares if trade is not None])
        for trade, _ in shares:
            if trade is not None:
                self._took(trade, fill.origin)

    def _book(self, share: Fill, trade: LiveTrade | None) -> None:
        self._booking.take(share, trade)
        if trade is not None:
            self._taken.append((trade.id, replace(share, fee=ZERO, fee_currency="", recv_ts=0)))
            del self._taken[:-_REMEMBERED]

    def _keep(self, fill: Fill, shares: list[Fill]) -> None:
        """Keep what is left of an execution for a fill of ours that is told later."""
        left = EXACT.subtract(fill.quantity, total(share.quantity for share in shares))
        if left:
            fee = EXACT.subtract(fill.fee, total(share.fee for share in shares))
            before = self._unowned.get(_key(fill))
            if before is not None:
                left, fee = EXACT.add(left, before.quantity), EXACT.add(fee, before.fee)
            self._unowned[_key(fill)] = replace(fill, quantity=left, fee=fee)
        if len(self._unowned) > _REMEMBERED:
            del self._unowned[next(iter(self._unowned))]

    def _shares(self, fill: Fill) -> list[tuple[LiveTrade | None, Fill]]:
        """Return what each owner loses; what rounding leaves of the fee is the last one's, or the rest's."""
        shares: list[tuple[LiveTrade | None, Fill]] = []
        left, fee = fill.quantity, fill.fee
        with localcontext(EXACT):
            for owner, held in self._owners(fill.instrument):
                part = min(left, -held * fill.side.sign)
                if part > 0:
                    left -= part
                    charge = _share(fill.fee, part, fill.quantity) if left else fee
                    fee -= charge
                    shares.append((owner, replace(fill, quantity=part, fee=charge)))
        return shares

    def _owners(self, key: str) -> Iterator[tuple[LiveTrade | None, Decimal]]:
        """Return who owns how much of a position, in the order in which they lose it."""
        lots = self._accounts.lots
        dust = lots.dust.get(key)
        yield None, lots.quantity(STOCK, key) + (ZERO if dust is None else dust.quantity)
        for trade in self._execution.trades.values():
            yield trade, lots.quantity(trade.id, key)

    def _alarm(self, fill: Fill, trades: list[str]) -> None:
        """Call for people, once for every order of a venue."""
        order = f"{fill.instrument}:{fill.client_order_id or fill.venue_order_id}"
        if order in self._alarmed:
            return
        self._alarmed[order] = None
        if len(self._alarmed) > _REMEMBERED:
            del self._alarmed[next(iter(self._alarmed))]
        venue, _, symbol = fill.instrument.partition(":")
        rest = "the hedge is cut to match" if fill.origin is OrderOrigin.ADL else "the rest is closed"
        owners = f"trades {', '.join(trades)}: {rest}" if trades else "no open trade"
        text = (
            f"{venue} {_WORDS[fill.origin]} {fill.quantity:f} of {symbol} at {fill.price:f}, of {owners}; "
            "see margin and leverage of the account before entries go on"
        )
        self._outbox.emit(AlertRaised(rule="position_taken", severity=Severity.P0, source=venue, text=text))


def _key(fill: Fill) -> str:
    return f"{fill.instrument}:{fill.fill_id}"


def _after(taken: Fill, fill: Fill) -> bool:
    """Tell whether a venue closed something of an instrument after a fill of ours."""
    return taken.instrument == fill.instrument and taken.ts >= fill.ts


def _share(fee: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Return a part's share of a fee, to the digits that the fee itself has."""
    return _SHARES.quantize(_SHARES.divide(_SHARES.multiply(fee, part), whole), fee) if fee else ZERO
