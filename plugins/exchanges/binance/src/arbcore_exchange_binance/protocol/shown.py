"""What a book shows: its touch, whether it can be shown at all, and whether a request's answer agrees with it. Pure."""

from enum import Enum, auto

from msgspec.structs import replace

from arbcore.model.market import Book, BookInvalid, Quote
from arbcore.model.reason import Reason
from arbcore_exchange_binance.protocol.frames import Ticker
from arbcore_exchange_binance.protocol.replies import Touch
from arbcore_exchange_binance.protocol.values import MS

Item = Quote | Book
Level = tuple[float, float]


class Agreement(Enum):
    """How an answer compares with what is shown."""

    SAME = auto()
    OLDER = auto()
    NEWER = auto()
    """It differs, and nothing says that it is older."""


def quote_of(ticker: Ticker, key: str, now: int) -> Quote:
    """Return the quote of a ``bookTicker``. Spot states no time: the time of receipt stands for it."""
    return Quote(key, ticker.T * MS or now, now, ticker.bid, ticker.ask, ticker.bid_size, ticker.ask_size)


def quote_of_touch(touch: Touch, key: str, now: int) -> Quote:
    """Return the quote of an answered ``bookTicker``. Spot states no time: the time of receipt stands for it."""
    return Quote(key, touch.time * MS or now, now, touch.bid_price, touch.ask_price, touch.bid_qty, touch.ask_qty)


def fault(item: Item) -> str:
    """Return why a book can't be shown, empty where it can."""
    touch = touch_of(item)
    if touch is None or min(touch) <= 0:
        return Reason.INPUT_NOT_FINITE
    return Reason.BOOK_CROSSED if touch[0] >= touch[1] else ""


def is_ordered(bids: "list[Level]", asks: "list[Level]") -> bool:
    """Tell whether levels are sorted, best first, each price once."""
    falling = all(bids[i][0] > bids[i + 1][0] for i in range(len(bids) - 1))
    return falling and all(asks[i][0] < asks[i + 1][0] for i in range(len(asks) - 1))


def touch_of(item: Item) -> tuple[float, float, float, float] | None:
    """Return bid, ask and their sizes; None where a side is empty."""
    if isinstance(item, Quote):
        return item.bid, item.ask, item.bid_size, item.ask_size
    if not (item.bids and item.asks):
        return None
    (bid, bid_size), (ask, ask_size) = item.bids[0], item.asks[0]
    return bid, ask, bid_size, ask_size


def compare(touch: Touch, item: Item, update_id: int) -> Agreement:
    """Return how an answer compares with what is shown.

    Args:
        touch: The answer.
        item: What is shown.
        update_id: Id of the update that it shows.
    """
    if same_touch(touch, item):
        return Agreement.SAME
    if touch.last_update_id and update_id > 0:
        return Agreement.OLDER if touch.last_update_id <= update_id else Agreement.NEWER
    return Agreement.OLDER if 0 < touch.time * MS < item.ts else Agreement.NEWER


def same_touch(touch: Touch, item: Item) -> bool:
    """Tell whether an answer shows the same prices and sizes."""
    return (touch.bid_price, touch.ask_price, touch.bid_qty, touch.ask_qty) == touch_of(item)


def again(item: Item, now: int, ts: int) -> Item:
    """Return a book as received once more, at a venue time that does not go back."""
    return replace(item, recv_ts=now, ts=max(item.ts, ts))


def invalid(key: str, now: int, reason: str, ts: int = 0) -> BookInvalid:
    """Return that a book can't be trusted; where the venue told no time, that of receipt stands for it."""
    return BookInvalid(key, ts or now, now, reason)
