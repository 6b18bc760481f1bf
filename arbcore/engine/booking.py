"""Booking: a fill into accounts and trade, and the events that tell it."""

from typing import Final

from arbcore.engine.accounts import Accounts
from arbcore.engine.orders import LiveOrder
from arbcore.engine.output import Outbox, tell_moves
from arbcore.model.events import FeeCharged, PositionChanged, TradeExecuted
from arbcore.model.order import Fill


class Booking:
    """Books fills.

    Args:
        accounts: Cash and lots.
        outbox: Where events go.
    """

    def __init__(self, accounts: Accounts, outbox: Outbox) -> None:
        self._accounts: Final = accounts
        self._outbox: Final = outbox

    def book(self, fill: Fill, order: LiveOrder) -> None:
        """Book a fill of an order into the trade that owns it."""
        trade = order.owner.trade
        touch = order.owner.intent.legs[order.owner.legs.index(order.leg)].touch
        posting = self._accounts.fill(fill, trade.id, touch)
        trade.book(order.leg, fill, self._accounts.lots.quantity(trade.id, fill.instrument))
        emit, key = self._outbox.emit, f"{order.venue}:{fill.fill_id}"
        executed = TradeExecuted(
            fill_id=fill.fill_id,
            client_order_id=fill.client_order_id,
            venue_order_id=order.venue_order_id,
            trade=trade.id,
            instrument=fill.instrument,
            side=fill.side,
            quantity=fill.quantity,
            price=fill.price,
            touch=touch,
            liquidity=fill.liquidity,
            rate=posting.rate,
            rate_name=posting.rate_name,
            venue_time=fill.ts,
        )
        emit(executed, key)
        if fill.fee:
            charged = FeeCharged(
                fill_id=fill.fill_id, amount=fill.fee, currency=fill.fee_currency, value=posting.fee_value
            )
            emit(charged, key)
        tell_moves(self._outbox, posting.moves)
        emit(PositionChanged(instrument=fill.instrument, before=posting.before, after=posting.after, trade=trade.id))
