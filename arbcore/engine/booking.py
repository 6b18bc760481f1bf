"""Booking: a fill into accounts and trade, and the events that tell it."""

from decimal import Decimal
from typing import Final

from arbcore.engine.accounts import Accounts, Posting
from arbcore.engine.orders import LiveOrder
from arbcore.engine.output import Outbox, tell_moves
from arbcore.engine.trades import LiveTrade
from arbcore.model.events import FeeCharged, PositionChanged, TradeExecuted
from arbcore.model.order import Fill, OrderOrigin

_NOBODY: Final = ""
"""Trade id of what no trade owns: stock, and the dust of closed trades."""

_TAKEN: Final = "taken"
"""Account of a fill that closes such a thing while it is booked; no trade has this id, which is no number of ours."""


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
        touch = order.owner.intent.legs[order.owner.legs.index(order.leg)].touch
        self._book(fill, order.owner.trade, order.leg, touch, order.venue_order_id, OrderOrigin.OURS)

    def take(self, fill: Fill, trade: LiveTrade | None) -> None:
        """Book what a venue closed by itself of what a trade owns; without a trade, of stock and dust.

        Nobody decided it, so that its own price stands for the touch of a decision, and it has no slippage.
        """
        if trade is None:
            posting = self._accounts.fill(fill, _TAKEN, fill.price)
            self._accounts.forget(_TAKEN, [fill.instrument])  # beside the dust: exact, whatever it closes
            self._tell(fill, _NOBODY, fill.price, fill.venue_order_id, posting, fill.origin)
            return
        leg = [each.instrument for each in trade.legs].index(fill.instrument)
        self._book(fill, trade, leg, fill.price, fill.venue_order_id, fill.origin)

    def _book(
        self, fill: Fill, trade: LiveTrade, leg: int, touch: Decimal, venue_order_id: str, origin: OrderOrigin
    ) -> None:
        posting = self._accounts.fill(fill, trade.id, touch)
        trade.book(leg, fill, self._accounts.lots.quantity(trade.id, fill.instrument))
        self._tell(fill, trade.id, touch, venue_order_id, posting, origin)

    def _tell(
        self, fill: Fill, trade: str, touch: Decimal, venue_order_id: str, posting: Posting, origin: OrderOrigin
    ) -> None:
        venue = fill.instrument.partition(":")[0]
        emit, key = self._outbox.emit, f"{venue}:{fill.fill_id}"
        executed = TradeExecuted(
            fill_id=fill.fill_id,
            client_order_id=fill.client_order_id,
            venue_order_id=venue_order_id,
            trade=trade,
            instrument=fill.instrument,
            side=fill.side,
            quantity=fill.quantity,
            price=fill.price,
            touch=touch,
            liquidity=fill.liquidity,
            rate=posting.rate,
            rate_name=posting.rate_name,
            venue_time=fill.ts,
            origin=origin,
        )
        emit(executed, key)
        if fill.fee:
            charged = FeeCharged(
                fill_id=fill.fill_id, amount=fill.fee, currency=fill.fee_currency, value=posting.fee_value
            )
            emit(charged, key)
        tell_moves(self._outbox, posting.moves)
        emit(PositionChanged(instrument=fill.instrument, before=posting.before, after=posting.after, trade=trade))
