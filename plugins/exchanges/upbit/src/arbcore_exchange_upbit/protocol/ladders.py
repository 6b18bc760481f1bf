"""Both sides of a book, as frames and replies state them: pairs of levels, best first."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from arbcore.model.reason import Reason
from arbcore_exchange_upbit.protocol.decoding import Level, unreadable

Side = tuple[tuple[float, float], ...]
"""Pairs of price and quantity, best first."""


class Unit(msgspec.Struct):
    """The n-th best ask and the n-th best bid; price 0 where a side has no n-th level."""

    ask_price: Level
    bid_price: Level
    ask_size: Level
    bid_size: Level


def sides(units: Sequence[Unit]) -> tuple[Side, Side]:
    """Return bids and asks without empty levels. Either may be empty.

    Raises:
        ExchangeError: Levels are out of order, so this is no book.
    """
    bids = tuple([(unit.bid_price, unit.bid_size) for unit in units if unit.bid_price and unit.bid_size])
    asks = tuple([(unit.ask_price, unit.ask_size) for unit in units if unit.ask_price and unit.ask_size])
    if any(better[0] <= worse[0] for better, worse in pairwise(bids)):
        raise unreadable("a book", f"its bids do not fall: {bids[:5]}")
    if any(better[0] >= worse[0] for better, worse in pairwise(asks)):
        raise unreadable("a book", f"its asks do not rise: {asks[:5]}")
    return bids, asks


def fault(bids: Side, asks: Side) -> Reason | None:
    """Return why nothing can be decided on a book that was read; None for a sound one."""
    if not bids or not asks:
        return Reason.BOOK_INVALID
    return Reason.BOOK_CROSSED if bids[0][0] >= asks[0][0] else None
