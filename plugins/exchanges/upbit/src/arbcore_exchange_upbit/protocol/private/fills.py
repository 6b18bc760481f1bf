"""Fills, from what a reply or a frame says of an order's executions. Pure."""

from datetime import timedelta
from decimal import Decimal
from typing import Final

from arbcore.model.order import Fill, Liquidity, Side
from arbcore_exchange_upbit.protocol.decoding import MS
from arbcore_exchange_upbit.protocol.private.frames import OrderFrame
from arbcore_exchange_upbit.protocol.private.known import Known
from arbcore_exchange_upbit.protocol.private.numbers import nanoseconds
from arbcore_exchange_upbit.protocol.private.order_replies import OrderRow, TradeRow

_RESTED: Final = timedelta(seconds=2)
"""An order's time has whole seconds, so that a fill this much later is surely not of its arrival."""


class FillMaker:
    """Makes fills as the port tells them.

    Args:
        venue: Exchange instance id.
    """

    def __init__(self, venue: str) -> None:
        self._venue: Final = venue

    def of_trade(self, known: Known, row: OrderRow, trade: TradeRow, fee: Decimal, now: int) -> Fill:
        """Return a fill from a reply, which tells nothing of liquidity.

        What fills on arrival took; what fills seconds later, or may not take, made.
        """
        rested = trade.created_at - row.created_at >= _RESTED
        return Fill(
            fill_id=trade.uuid,
            client_order_id=known.client_id,
            instrument=f"{self._venue}:{known.market}",
            side=Side.BUY if row.side == "bid" else Side.SELL,
            quantity=trade.volume,
            price=trade.price,
            fee=fee,
            fee_currency=known.market.partition("-")[0],
            liquidity=Liquidity.MAKER if rested or row.time_in_force == "post_only" else Liquidity.TAKER,
            venue_order_id=row.uuid,
            origin=known.origin,
            ts=nanoseconds(trade.created_at),
            recv_ts=now,
        )

    def of_frame(
        self, known: Known, frame: OrderFrame, price: Decimal, quantity: Decimal, fee: Decimal, now: int
    ) -> Fill:
        """Return the fill that a frame tells."""
        return Fill(
            fill_id=frame.trade_uuid or "",
            client_order_id=known.client_id,
            instrument=f"{self._venue}:{known.market}",
            side=Side.BUY if frame.ask_bid == "BID" else Side.SELL,
            quantity=quantity,
            price=price,
            fee=fee,
            fee_currency=known.market.partition("-")[0],
            liquidity=Liquidity.MAKER if frame.is_maker else Liquidity.TAKER,
            venue_order_id=known.uuid,
            origin=known.origin,
            ts=(frame.trade_timestamp or frame.timestamp) * MS,
            recv_ts=now,
        )
