"""What an exchange can do, market data feeds, and simulated venues; real ones are in `arbcore.ports.trading`."""

from collections.abc import Callable, Sequence
from typing import Protocol, Self, runtime_checkable

from msgspec import Struct

from arbcore.model.account import OpenOrder
from arbcore.model.input import AccountSnapshot, ConnectionChanged, InstrumentStatus, VenueReport
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.market import MarketInput
from arbcore.model.order import Fill, OrderReport, OrderRequest, OrderType, TimeInForce


class Capabilities(Struct, frozen=True, kw_only=True):
    """What an exchange plugin can do; it decides which conformance tests run.

    Attributes:
        kinds: Kinds of instrument.
        quotes: Delivers best bid and ask.
        books: Delivers order books.
        trades: Delivers public trades.
        funding: Delivers funding rates.
        market_data: Opens a feed.
        trading: Opens a venue that takes orders.
        simulated: The venue is a pure `SimVenue`.
        order_types: Order types that it takes.
        times_in_force: Lives of an order that it takes.
        reduce_only: Orders may be marked as reducing only.
        client_ids: Orders can be looked up by our id.
        amends: Resting limit orders can be changed.
        cost_orders: Market and best buys are counted by cost, not by quantity.
        forever_ids: A client order id can't be used again, whatever became of its order.
        leverage: The venue is a `arbcore.ports.trading.LeveragedVenue`.
        dead_mans_switch: The venue is a `arbcore.ports.trading.DeadMansSwitch`.
        treasury: Opens a `arbcore.ports.treasury.Treasury`.
        rates: Opens a rate source.
        testnet: The venue has a testnet; where not, the simulator takes its place in a session of that environment.
        accepts_for_ns: How long after its sending the venue may still take an order in: an order that it does not
            know by then never arrived. None where nothing bounds it, so that absence only ever becomes likely.
    """

    kinds: frozenset[InstrumentKind] = frozenset()
    quotes: bool = False
    books: bool = False
    trades: bool = False
    funding: bool = False
    market_data: bool = False
    trading: bool = False
    simulated: bool = False
    order_types: frozenset[OrderType] = frozenset()
    times_in_force: frozenset[TimeInForce] = frozenset()
    reduce_only: bool = False
    client_ids: bool = False
    amends: bool = False
    cost_orders: bool = False
    forever_ids: bool = False
    leverage: bool = False
    dead_mans_switch: bool = False
    treasury: bool = False
    rates: bool = False
    testnet: bool = True
    accepts_for_ns: int | None = None


class RequestMeasured(Struct, frozen=True, kw_only=True):
    """How a request to a venue went. The runtime judges the venue's health by it; the engine never sees it.

    Attributes:
        venue: Exchange instance id.
        ok: Whether an answer came that is no fault of the venue (a refusal of what was asked is an answer).
        latency_ns: Time from sending to the answer, or to giving up.
        reason: What went wrong, in words; empty where nothing did.
        recv_ts: Receive time.
    """

    venue: str
    ok: bool
    latency_ns: int
    reason: str = ""
    recv_ts: int


FeedItem = MarketInput | ConnectionChanged | InstrumentStatus | RequestMeasured
"""What a feed or a rate source may deliver."""

Deliver = Callable[[FeedItem], None]
"""Takes what was received, at once and without waiting. Times are those of receipt, by the context's clock."""


@runtime_checkable
class Feed(Protocol):
    """Market data of one venue. An async context manager: entering opens, leaving closes."""

    async def __aenter__(self) -> Self:
        """Open what `instruments` needs.

        Raises:
            ExchangeError: The venue can't be reached.
        """
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Close."""
        ...

    async def instruments(self) -> Sequence[Instrument]:
        """Return every instrument that the venue lists and lets be traded.

        Raises:
            ExchangeError: The venue did not tell.
        """
        ...

    async def run(self, instruments: Sequence[str], deliver: Deliver) -> None:
        """Deliver market data of the given instrument keys until cancelled, reconnecting by itself.

        It tells every change of a connection's state, and it tells that a book is invalid (`BookInvalid`) the moment
        it can't be trusted any more: a gap, a time going back, a lost connection, a mismatch. A quote after that
        makes it valid again, so none is delivered before the book is whole.

        Args:
            instruments: Keys of the instruments, as `instruments` returned them.
            deliver: Takes what was received.
        """
        ...


@runtime_checkable
class SimVenue(Protocol):
    """A simulated exchange: pure, driven by the loop's calls and times, with `state` and `restore`."""

    def list_instrument(self, instrument: Instrument) -> None:
        """Make an instrument known before any data or order of it."""
        ...

    def on_market(self, item: MarketInput) -> Sequence[VenueReport]:
        """Take market data; return the reports that it causes and that are due at once."""
        ...

    def watches(self, instrument: str) -> bool:
        """Tell whether every quote of an instrument matters now: something rests, waits or travels there.

        Where not, a loop may keep quotes back and hand over only the latest one before anything else happens.
        """
        ...

    def submit(self, order: OrderRequest, now: int) -> Sequence[VenueReport]:
        """Take an order; return the reports that are due at once."""
        ...

    def cancel(self, client_order_id: str, now: int) -> Sequence[VenueReport]:
        """Take a cancel; return the reports that are due at once."""
        ...

    def look_up(self, client_order_id: str, now: int) -> Sequence[OrderReport | Fill]:
        """Return what it knows of an order: one report, and every fill; empty where it knows none."""
        ...

    def open_orders(self) -> Sequence[OpenOrder]:
        """Return the orders that rest."""
        ...

    def next_time(self) -> int | None:
        """Return when it next has something to report by itself, None for never."""
        ...

    def advance(self, now: int) -> Sequence[VenueReport]:
        """Return the reports that are due at or before a time."""
        ...

    def snapshot(self, now: int) -> AccountSnapshot:
        """Return balances and positions."""
        ...

    def state(self) -> bytes:
        """Return everything that `restore` needs."""
        ...

    def restore(self, state: bytes) -> None:
        """Take over what an earlier `state` returned."""
        ...

    def adopt(self, account: AccountSnapshot) -> None:
        """Take over balances and positions that are known better than its own: those of a journal behind its state.

        Orders at work and messages under way are forgotten, as their process is.
        """
        ...
