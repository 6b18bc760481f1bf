"""Market data: what a feed tells the engine. Prices and sizes are float64, times are UTC nanoseconds.

``ts`` is the venue's own time, ``recv_ts`` the time of receipt, which orders everything.
"""

from msgspec import Struct


class Quote(Struct, frozen=True, gc=False):
    """Best bid and ask of an instrument.

    Attributes:
        instrument: Key of the instrument.
        ts: Venue time.
        recv_ts: Receive time.
        bid: Best bid price.
        ask: Best ask price.
        bid_size: Quantity at the bid, in order units.
        ask_size: Quantity at the ask, in order units.
    """

    instrument: str
    ts: int
    recv_ts: int
    bid: float
    ask: float
    bid_size: float
    ask_size: float


class Book(Struct, frozen=True):
    """Best levels of an order book, best first.

    Attributes:
        instrument: Key of the instrument.
        ts: Venue time.
        recv_ts: Receive time.
        bids: Pairs of price and quantity, falling.
        asks: Pairs of price and quantity, rising.
    """

    instrument: str
    ts: int
    recv_ts: int
    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]


class PublicTrade(Struct, frozen=True, gc=False):
    """A trade printed by the venue; ``buyer_took`` tells the side of the taker."""

    instrument: str
    ts: int
    recv_ts: int
    price: float
    size: float
    buyer_took: bool


class MarkPrice(Struct, frozen=True, gc=False):
    """Mark and index price of a perpetual."""

    instrument: str
    ts: int
    recv_ts: int
    mark: float
    index: float


class FundingRate(Struct, frozen=True, gc=False):
    """A funding settlement of a perpetual.

    Attributes:
        instrument: Key of the instrument.
        ts: Time of the settlement.
        recv_ts: Receive time.
        rate: Fraction of notional; positive means that longs pay shorts.
        settled: True for a payment that takes place now, False for the estimate of the next one.
        next_ts: Time of the next settlement, 0 where unknown.
        interval_ns: Time between settlements, 0 where unknown. Venues change it per instrument.
    """

    instrument: str
    ts: int
    recv_ts: int
    rate: float
    settled: bool = True
    next_ts: int = 0
    interval_ns: int = 0


class FxRate(Struct, frozen=True, gc=False):
    """A conversion rate by name.

    Attributes:
        name: Name of the rate in the config, ``usdt_krw``: units of the second currency for one of the first.
        ts: Venue time.
        recv_ts: Receive time.
        bid: What one unit of the first currency sells for.
        ask: What one unit of the first currency costs.
        source: Id of the rate source.
    """

    name: str
    ts: int
    recv_ts: int
    bid: float
    ask: float
    source: str


class ClosingQuote(Struct, frozen=True, gc=False):
    """Touch at the close of a bar, made from the close and a configured half-spread: decides, and fills nothing.

    Sizes are the configured share of the bar's volume.
    """

    instrument: str
    ts: int
    recv_ts: int
    bid: float
    ask: float
    bid_size: float
    ask_size: float


class OpeningQuote(Struct, frozen=True, gc=False):
    """Touch at the opening of a bar: fills what was decided at the close before, and decides nothing.

    ``ts`` is the bar's opening time. A venue fills on it only where the closing quote before it has the same
    time, so that nothing fills across a gap. Sizes come from the bar before, the only one known at that time.
    """

    instrument: str
    ts: int
    recv_ts: int
    bid: float
    ask: float
    bid_size: float
    ask_size: float


class BookInvalid(Struct, frozen=True, gc=False):
    """The book of an instrument can't be trusted until the next quote or book of it.

    Attributes:
        instrument: Key of the instrument.
        ts: Venue time.
        recv_ts: Receive time.
        reason: Reason code, for example ``DATA_GAP``.
    """

    instrument: str
    ts: int
    recv_ts: int
    reason: str


InstrumentInput = Quote | Book | PublicTrade | MarkPrice | FundingRate | ClosingQuote | OpeningQuote | BookInvalid
"""What a feed or a data set may deliver of an instrument."""

MarketInput = InstrumentInput | FxRate
"""Everything that a feed or a data set may deliver."""
