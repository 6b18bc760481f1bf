"""What is known of an account's orders: nothing is told twice, and no order goes back. Pure.

One desk lives as long as its venue object: the connections that follow each other, the requests that fill gaps and
the answers to calls all pass what they learn through it. It serves both products.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from msgspec.structs import replace

from arbcore.model.account import AccountUpdate, BalanceUpdate
from arbcore.model.input import AccountSnapshot
from arbcore.model.money import ZERO, add
from arbcore.model.order import (
    Fill,
    OrderOrigin,
    OrderRef,
    OrderReport,
    OrderRequest,
    OrderState,
    may_become,
)
from arbcore.model.position import Balance
from arbcore_exchange_binance.protocol.known import Known

_S: Final = OrderState
_KEPT_ORDERS: Final = 10_000
_KEPT_FILLS: Final = 50_000
_LOST_AFTER_NS: Final = 60 * 10**9
"""An order that the venue does not know so long after it was sent has never reached it: receive windows are shorter."""


class Desk:
    """The orders of an account, as far as this process heard of them.

    Args:
        prefix: Ids that begin with it are ours, though another process sent them; empty for none.
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix: Final = prefix
        self._orders: Final[dict[str, Known]] = {}
        self._by_venue: Final[dict[tuple[str, str], Known]] = {}
        self._fills: Final[OrderedDict[tuple[str, str], None]] = OrderedDict()
        self._balances: Final[dict[str, tuple[int, BalanceUpdate]]] = {}
        self._floor = 0

    def sent(self, order: OrderRequest, now: int) -> None:
        """Take an order that is about to be sent. One that is not settled under the same id stays as it is."""
        before = self._orders.get(order.client_order_id)
        if before is not None and not before.settled:
            before.sends += 1
            return
        known = Known(order.instrument, order.client_order_id, type=order.type, sent_at=now, sends=1)
        self._orders[order.client_order_id] = known
        self._trim()

    def claim(self, order: OrderRef, now: int) -> None:
        """Take an order for ours that we are asked about by its client id: another process sent it."""
        if not order.client_order_id:
            return
        known = self._orders.get(order.client_order_id)
        if known is None:
            known = Known(order.instrument, order.client_order_id, type=order.type)
            self._orders[order.client_order_id] = known
            self._trim()
        if not known.sent_at:
            known.sent_at, known.origin = now, OrderOrigin.OURS

    def refused(self, client_order_id: str) -> None:
        """Forget an order that never came to be; never one that was sent before under the same id."""
        known = self._orders.get(client_order_id)
        if known is None:
            return
        known.sends -= 1
        if known.sends <= 0 and not known.venue_order_id:
            del self._orders[client_order_id]

    def missing(self, client_order_id: str, now: int) -> None:
        """Hear that the venue knows no such order: it is forgotten once it can no longer arrive."""
        known = self._orders.get(client_order_id)
        if known is not None and now - known.sent_at > _LOST_AFTER_NS:
            known.given_up = True

    def known(self, instrument: str, *, client_order_id: str = "", venue_order_id: str = "") -> Known | None:
        """Return what is known of an order; None where nothing is."""
        found = self._by_venue.get((instrument, venue_order_id)) if venue_order_id else None
        if found is None and client_order_id:
            found = self._orders.get(client_order_id)
            if found is not None and (found.instrument != instrument or _another(found, venue_order_id)):
                return None
        return found

    def origin(self, client_order_id: str) -> OrderOrigin:
        """Return who placed an order, by its id alone."""
        ours = bool(self._prefix) and client_order_id.startswith(self._prefix)
        known = self._orders.get(client_order_id)
        return OrderOrigin.OURS if ours or (known is not None and known.sent_at) else OrderOrigin.FOREIGN

    def unsettled(self, instruments: Iterable[str] = ()) -> Iterator[Known]:
        """Yield orders that may have changed without a word: ours first, the oldest first.

        Args:
            instruments: Keys of the instruments whose orders of others count too.
        """
        every = [*self._orders.values(), *(one for one in self._by_venue.values() if not one.client_order_id)]
        wanted = frozenset(instruments)
        yield from (one for one in every if one.sent_at and not one.settled)
        yield from (one for one in every if not one.sent_at and not one.settled and one.instrument in wanted)

    def learn(self, report: OrderReport) -> OrderReport:
        """Take a report that goes to whoever asked, and return it: `report` tells nothing earlier after it.

        Where more was known already, since the stream was quicker than the answer, it says so.
        """
        known = self._record(report)
        if _goes_on(known, report):
            self._advance(known, report)
            return replace(report, filled=known.filled)
        return replace(report, state=known.state, filled=known.filled, reason="", detail="")

    def report(self, report: OrderReport) -> OrderReport | None:
        """Return a report as it is to be told; None where it is old or was told already."""
        known = self._record(report)
        if not _goes_on(known, report):
            return None
        self._advance(known, report)
        now_told = (report.state, known.filled)
        if known.told == now_told:
            return None
        known.told = now_told
        return replace(report, filled=known.filled)

    def has_fill(self, instrument: str, fill_id: str) -> bool:
        """Tell whether a fill was told already."""
        return (instrument, fill_id) in self._fills

    def fill(self, fill: Fill) -> Fill | None:
        """Return a fill that is to be told; None where it was told already."""
        key = (fill.instrument, fill.fill_id)
        if key in self._fills:
            return None
        self._fills[key] = None
        if len(self._fills) > _KEPT_FILLS:
            self._fills.popitem(last=False)
        known = self._record(fill)
        known.fills = add(known.fills, fill.quantity)
        return fill

    def balances(self, update: AccountUpdate) -> AccountUpdate | None:
        """Return an update without balances that are older than what was told, or equal to it; None where none is left.

        Positions pass as they are.
        """
        fresh = tuple(one for one in update.balances if self._is_fresh(one, update.ts))
        return replace(update, balances=fresh) if fresh or update.positions else None

    def snapshot(self, snapshot: AccountSnapshot) -> AccountSnapshot:
        """Return a snapshot with the balances that changed after it; older updates are not told after it.

        Its venue time must be the time of the latest change in it, not that of the question.
        """
        self._floor = max(self._floor, snapshot.ts)
        newer = {name: one for name, (ts, one) in self._balances.items() if ts > snapshot.ts}
        kept = [one for one in snapshot.balances if one.currency not in newer]
        kept += [
            Balance(venue=snapshot.venue, currency=one.currency, total=one.total, locked=one.locked or ZERO)
            for one in newer.values()
            if one.total or one.locked
        ]
        return replace(snapshot, balances=tuple(kept))

    def _is_fresh(self, balance: BalanceUpdate, ts: int) -> bool:
        before = self._balances.get(balance.currency)
        if ts < self._floor or (before is not None and (ts < before[0] or (ts, balance) == before)):
            return False
        self._balances[balance.currency] = (ts, balance)
        return True

    def _advance(self, known: Known, report: OrderReport) -> None:
        known.state, known.given_up = report.state, False
        known.filled = max(known.filled, report.filled)

    def _record(self, news: OrderReport | Fill) -> Known:
        """Return the record of the order that news are about, a new one for an order that nothing is known of."""
        known = self.known(news.instrument, client_order_id=news.client_order_id, venue_order_id=news.venue_order_id)
        if known is None:
            known = Known(news.instrument, news.client_order_id, origin=news.origin)
            if news.client_order_id:
                # An id may be used again once its order has ended; the later order owns it.
                self._orders[news.client_order_id] = known
        if news.venue_order_id and not known.venue_order_id:
            known.venue_order_id = news.venue_order_id
            self._by_venue[news.instrument, news.venue_order_id] = known
        self._trim()
        return known

    def _trim(self) -> None:
        """Forget the oldest orders that are settled, and beyond twice as many the oldest whatever they are."""
        for kept in (self._by_venue, self._orders):
            over = len(kept) - _KEPT_ORDERS
            if over <= 0:
                continue
            # Few at once: half of them would have memory swing by megabytes, and late news find nothing after it.
            settled = (one for one in kept.values() if one.settled)
            for known in list(islice(settled, over + _KEPT_ORDERS // 100)):
                self._forget(known)
            while len(kept) > 2 * _KEPT_ORDERS:
                self._forget(next(iter(kept.values())))

    def _forget(self, known: Known) -> None:
        self._by_venue.pop((known.instrument, known.venue_order_id), None)
        if self._orders.get(known.client_order_id) is known:
            del self._orders[known.client_order_id]


def _another(known: Known, venue_order_id: str) -> bool:
    """Whether a venue id names another order than the one that is known under the client id."""
    return bool(venue_order_id and known.venue_order_id and venue_order_id != known.venue_order_id)


def _goes_on(known: Known, report: OrderReport) -> bool:
    """Whether a report says no less than what is known: by the framework's table of an order's states."""
    return known.state in {_S.NEW, report.state} or may_become(known.state, report.state)
