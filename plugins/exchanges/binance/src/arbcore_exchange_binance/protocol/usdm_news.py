"""What is learned of a futures account, from wherever, as what a venue reports: each thing once. Pure.

One object outlives the connections of a venue object. Orders with a trigger become another order once triggered; both
are told under the first one's ids.
"""

from decimal import Decimal
from typing import Final, TypeVar

from msgspec.structs import replace

from arbcore.model.account import OpenOrder
from arbcore.model.money import ZERO, add, total
from arbcore.model.order import (
    TRIGGERED,
    Fill,
    Liquidity,
    OrderOrigin,
    OrderRef,
    OrderReport,
    OrderRequest,
    OrderState,
    OrderType,
)
from arbcore.model.reason import Reason
from arbcore.ports.trading import OrderNews
from arbcore_exchange_binance.protocol.desk import Desk
from arbcore_exchange_binance.protocol.exact import SIDES, fill_id
from arbcore_exchange_binance.protocol.known import Known
from arbcore_exchange_binance.protocol.private_failures import shown
from arbcore_exchange_binance.protocol.usdm_events import AlgoUpdate, OrderChange, TradeLite
from arbcore_exchange_binance.protocol.usdm_orders import TYPES, origin_of, reason_of_end, state_of
from arbcore_exchange_binance.protocol.usdm_values import AlgoRow, OrderRow, TradeRow
from arbcore_exchange_binance.protocol.values import MS

T = TypeVar("T")

_KEPT: Final = 10_000
_S: Final = OrderState


class News:
    """Orders and fills of the account, told through the desk.

    Args:
        venue: Exchange instance id.
        desk: What keeps anything from being told twice.
        fee_currency: Currency of a fee of 0 for which the venue names none.
    """

    def __init__(self, venue: str, desk: Desk, fee_currency: str) -> None:
        self.desk: Final = desk
        self._venue: Final = venue
        self._fee_currency: Final = fee_currency
        self._became: Final[dict[tuple[str, str], tuple[str, str]]] = {}
        """Ids of the order with a trigger by symbol and id of the order that it became."""
        self._reducing: Final[dict[tuple[str, str], Decimal]] = {}
        """Quantities asked for by reduce-only orders, by instrument and client id: the venue lowers them itself."""
        self._names: Final[dict[tuple[str, str], str]] = {}
        """Client ids by symbol and order id: rows of trades don't tell them."""
        self._lites: Final[dict[tuple[str, str], dict[int, Decimal]]] = {}
        """Trades that were told ahead of their full event, by symbol and order id."""

    def asks(self, order: OrderRequest) -> None:
        """Take an order that is about to be sent."""
        if order.reduce_only:
            self._reducing[order.instrument, order.client_order_id] = order.quantity
            _bound(self._reducing)

    def amends(self, order: OrderRef) -> None:
        """Take a change that is about to be sent: what was asked for first counts no more."""
        self._reducing.pop((order.instrument, order.client_order_id), None)

    # What the user stream says.

    def changed(self, event: OrderChange, now: int) -> list[OrderNews]:
        """Take an order's event: its fill first, then its state."""
        news: list[OrderNews] = []
        if event.execution in {"TRADE", "CALCULATED"} and event.last > 0 and event.trade > 0:
            news += self._fill(self._event_fill(event, now), event.symbol, event.trade)
        return news + self._report(self._event_report(event, now))

    def lite(self, event: TradeLite, now: int) -> list[OrderNews]:
        """Take a trade ahead of its full event, as a hint: the order's filled quantity is told, its fill is not.

        A `Fill` needs its fee, which this event lacks. The quantity is the sum of distinct trades, so it is never
        more than what has filled, in whatever order the events come.
        """
        client_id, order_id = self._identify(event.symbol, event.client_id, str(event.order_id))
        instrument = self._key(event.symbol)
        if self.desk.has_fill(instrument, fill_id(event.symbol, event.trade)):
            return []
        ahead = self._lites.setdefault((event.symbol, order_id), {})
        ahead[event.trade] = event.quantity
        _bound(self._lites)
        known = self.desk.known(instrument, client_order_id=client_id, venue_order_id=order_id)
        return self._report(
            OrderReport(
                client_order_id=client_id,
                state=_S.PARTIALLY_FILLED,
                venue_order_id=order_id,
                filled=add(known.fills if known else ZERO, total(ahead.values())),
                instrument=instrument,
                origin=self._origin(client_id),
                ts=event.time * MS,
                recv_ts=now,
            )
        )

    def triggered(self, event: AlgoUpdate, now: int) -> list[OrderNews]:
        """Take an event of an order with a trigger."""
        order = event.order
        self.links(order.symbol, order.actual, order.client_id, str(order.algo_id))
        state = state_of(order.status, algo=True)
        if order.actual and state is _S.ACKNOWLEDGED:
            return []
        reason = reason_of_end(order.status, life=order.life, kind=order.kind)
        report = OrderReport(
            client_order_id=order.client_id,
            state=state,
            venue_order_id=str(order.algo_id),
            reason=reason or "",
            detail=shown(order.refusal or order.status),
            instrument=self._key(order.symbol),
            origin=self._origin(order.client_id),
            ts=(event.time or event.event_time) * MS,
            recv_ts=now,
        )
        return self._report(report)

    # What answers say.

    def order(self, row: OrderRow, now: int) -> list[OrderNews]:
        """Take an order's row; return what it tells anew."""
        return self._report(self.report_of(row, now))

    def algo(self, row: AlgoRow, now: int) -> list[OrderNews]:
        """Take the row of an order with a trigger; return what it tells anew."""
        return self._report(self.report_of_algo(row, now))

    def trade(self, row: TradeRow, now: int) -> list[OrderNews]:
        """Take a row of our trades; return its fill unless it was told."""
        return self._fill(self.fill_of(row, now), row.symbol, row.id)

    def report_of(self, row: OrderRow, now: int) -> OrderReport:
        """Return what an order's row says, told before or not.

        Raises:
            ExchangeError: Its status is unknown.
        """
        client_id, order_id = self._identify(row.symbol, row.client_order_id, str(row.order_id))
        reason = reason_of_end(row.status, life=row.time_in_force, kind=row.type)
        report = OrderReport(
            client_order_id=client_id,
            state=_state(row.status, row.executed_qty),
            venue_order_id=order_id,
            filled=row.executed_qty,
            reason=reason or "",
            detail=row.status,
            instrument=self._key(row.symbol),
            origin=self._origin(client_id),
            ts=row.ts,
            recv_ts=now,
        )
        return self._lowered(report)

    def report_of_algo(self, row: AlgoRow, now: int) -> OrderReport:
        """Return what the row of an order with a trigger says, told before or not.

        Raises:
            ExchangeError: Its status is unknown.
        """
        self.links(row.symbol, row.actual, row.client_algo_id, str(row.algo_id))
        return OrderReport(
            client_order_id=row.client_algo_id,
            state=state_of(row.algo_status, algo=True),
            venue_order_id=str(row.algo_id),
            reason=reason_of_end(row.algo_status, life="", kind=row.order_type) or "",
            detail=row.algo_status,
            instrument=self._key(row.symbol),
            origin=self._origin(row.client_algo_id),
            ts=row.ts,
            recv_ts=now,
        )

    def fill_of(self, row: TradeRow, now: int) -> Fill:
        """Return a row of our trades as a fill, told before or not; without a client id where its order is unknown."""
        instrument = self._key(row.symbol)
        client_id, order_id = self._name(row)
        return Fill(
            fill_id=fill_id(row.symbol, row.id),
            client_order_id=client_id,
            instrument=instrument,
            side=SIDES[row.side],
            quantity=row.qty,
            price=row.price,
            fee=row.commission,
            fee_currency=row.commission_asset or self._fee_currency,
            liquidity=Liquidity.MAKER if row.maker else Liquidity.TAKER,
            venue_order_id=order_id,
            origin=self._origin(client_id),
            ts=row.time * MS,
            recv_ts=now,
        )

    def open_order(self, row: OrderRow) -> OpenOrder:
        """Return a row of the open orders."""
        client_id, order_id = self._identify(row.symbol, row.client_order_id, str(row.order_id))
        return OpenOrder(
            client_order_id=client_id,
            venue_order_id=order_id,
            instrument=self._key(row.symbol),
            side=SIDES[row.side],
            type=TYPES.get(row.type, OrderType.LIMIT),
            quantity=row.orig_qty,
            filled=row.executed_qty,
            price=row.price or None,
            trigger_price=row.stop_price or None,
            origin=self._origin(client_id),
            ts=row.time * MS,
        )

    def open_algo(self, row: AlgoRow) -> OpenOrder:
        """Return a row of the open orders with a trigger."""
        return OpenOrder(
            client_order_id=row.client_algo_id,
            venue_order_id=str(row.algo_id),
            instrument=self._key(row.symbol),
            side=SIDES[row.side],
            type=TYPES.get(row.order_type, OrderType.STOP_MARKET),
            quantity=row.quantity or ZERO,
            trigger_price=row.trigger_price,
            origin=self._origin(row.client_algo_id),
            ts=row.create_time * MS,
        )

    def has_fills(self, row: OrderRow) -> bool:
        """Tell whether every fill that a row counts was told."""
        client_id, order_id = self._identify(row.symbol, row.client_order_id, str(row.order_id))
        known = self.desk.known(self._key(row.symbol), client_order_id=client_id, venue_order_id=order_id)
        return row.executed_qty <= (known.fills if known else ZERO)

    def knows(self, row: OrderRow) -> bool:
        """Tell whether the desk was told as much of an order as a row says.

        Single fills are not looked at: those of an earlier process are not this stream's to tell.
        """
        client_id, order_id = self._identify(row.symbol, row.client_order_id, str(row.order_id))
        known = self.desk.known(self._key(row.symbol), client_order_id=client_id, venue_order_id=order_id)
        if known is None or row.executed_qty > known.filled:
            return False
        return known.ended or _state(row.status, row.executed_qty) in {_S.ACKNOWLEDGED, _S.PARTIALLY_FILLED}

    def is_named(self, row: TradeRow) -> bool:
        """Tell whether the order of a trade is known, so that its fill can name it."""
        return bool(self._name(row)[0])

    def order_id_of(self, known: Known) -> str:
        """Return the venue's id of what trades for a known order; empty where nothing does yet."""
        if known.type not in TRIGGERED:
            return known.venue_order_id
        wanted = (known.instrument.partition(":")[2], (known.client_order_id, known.venue_order_id))
        return next((order_id for (symbol, order_id), ids in self._became.items() if (symbol, ids) == wanted), "")

    def links(self, symbol: str, actual_id: str, client_id: str, algo_id: str) -> None:
        """Learn which order one with a trigger became."""
        if actual_id:
            self._became[symbol, actual_id] = (client_id, algo_id)
            _bound(self._became)

    def _fill(self, fill: Fill, symbol: str, trade: int) -> list[OrderNews]:
        ahead = self._lites.get((symbol, fill.venue_order_id))
        if ahead is not None:
            ahead.pop(trade, None)
            if not ahead:
                del self._lites[symbol, fill.venue_order_id]
        told = self.desk.fill(fill)
        return [] if told is None else [told]

    def _report(self, report: OrderReport) -> list[OrderNews]:
        told = self.desk.report(report)
        return [] if told is None else [told]

    def _event_fill(self, event: OrderChange, now: int) -> Fill:
        client_id, order_id = self._identify(event.symbol, event.client_id, str(event.order_id))
        return Fill(
            fill_id=fill_id(event.symbol, event.trade),
            client_order_id=client_id,
            instrument=self._key(event.symbol),
            side=SIDES[event.side],
            quantity=event.last,
            price=event.price,
            fee=event.fee or ZERO,
            fee_currency=event.fee_asset or self._fee_currency,
            liquidity=Liquidity.MAKER if event.maker else Liquidity.TAKER,
            venue_order_id=order_id,
            origin=self._origin(client_id),
            ts=event.time * MS,
            recv_ts=now,
        )

    def _event_report(self, event: OrderChange, now: int) -> OrderReport:
        client_id, order_id = self._identify(event.symbol, event.client_id, str(event.order_id))
        reason = reason_of_end(event.status, life=event.life, kind=event.kind, expiry=event.expiry)
        report = OrderReport(
            client_order_id=client_id,
            state=_state(event.status, event.filled),
            venue_order_id=order_id,
            filled=event.filled,
            reason=reason or "",
            detail=event.status,
            instrument=self._key(event.symbol),
            origin=self._origin(client_id),
            ts=event.time * MS,
            recv_ts=now,
        )
        return self._lowered(report)

    def _lowered(self, report: OrderReport) -> OrderReport:
        """Return the report of an order that the venue calls filled at less than was asked for as one that expired.

        A reduce-only order for more than the position is lowered to it; the caller's order did not fill whole.
        """
        asked = self._reducing.get((report.instrument, report.client_order_id), ZERO)
        if report.state is not _S.FILLED or report.filled >= asked:
            return report
        return replace(report, state=_S.EXPIRED, reason=Reason.ORDER_NOTHING_TO_REDUCE)

    def _identify(self, symbol: str, client_id: str, order_id: str) -> tuple[str, str]:
        """Return the ids under which an order is told."""
        became = self._became.get((symbol, order_id))
        if became is not None:
            return became
        if client_id:
            self._names[symbol, order_id] = client_id
            _bound(self._names)
        known = self.desk.known(self._key(symbol), client_order_id=client_id) if client_id else None
        if known is not None and known.type in TRIGGERED:
            self.links(symbol, order_id, client_id, known.venue_order_id)
            return client_id, known.venue_order_id
        return client_id, order_id

    def _name(self, row: TradeRow) -> tuple[str, str]:
        order_id = str(row.order_id)
        return self._became.get((row.symbol, order_id), (self._names.get((row.symbol, order_id), ""), order_id))

    def _origin(self, client_id: str) -> OrderOrigin:
        return origin_of(client_id) or self.desk.origin(client_id)

    def _key(self, symbol: str) -> str:
        return f"{self._venue}:{symbol}"


def _state(status: str, filled: Decimal) -> OrderState:
    """Return an order's state; an open one of which something has filled is partly filled, whatever the word."""
    state = state_of(status)
    return _S.PARTIALLY_FILLED if state is _S.ACKNOWLEDGED and filled > 0 else state


def _bound(kept: dict[tuple[str, str], T]) -> None:
    while len(kept) > _KEPT:
        del kept[next(iter(kept))]
