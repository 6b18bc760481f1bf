"""Statistics of a running session: one unjournaled record a second, for views, metrics and the KPI file."""

from decimal import Decimal

from msgspec import Struct

from arbcore.model.trade import Pnl
from arbcore.ports.risk import TierReport


class VenueStats(Struct, frozen=True, kw_only=True):
    """A venue at one moment.

    Attributes:
        health: ``healthy``, ``degraded``, ``down`` or ``frozen``.
        connections: State of each connection by name.
        latency_ms: Median of receive time minus venue time of the market data of late, None before the first.
        oldest_book_s: Age of the oldest touch that a route needs, None while one is missing.
        books: Touches that can be traded on, and touches that routes need.
    """

    health: str
    connections: dict[str, str]
    latency_ms: float | None
    oldest_book_s: float | None
    books: tuple[int, int]


class RouteStats(Struct, frozen=True, kw_only=True):
    """A route at one moment; numbers are in basis points, None where a touch or rate is missing.

    Attributes:
        strategy: Instance id of its strategy.
        symbol: Coin.
        forward_bps: Edge of the forward direction before costs.
        backward_bps: Edge of the backward direction before costs.
        premium_paid_bps: Premium that the forward direction pays.
        premium_got_bps: Premium that the backward direction gets.
        obstacle: Reason code that forbids any decision now, empty where there is none.
    """

    strategy: str
    symbol: str
    forward_bps: float | None
    backward_bps: float | None
    premium_paid_bps: float | None
    premium_got_bps: float | None
    obstacle: str


class RateStats(Struct, frozen=True, kw_only=True):
    """A conversion rate at one moment; the rate in units of base currency, None before the first value."""

    rate: float | None
    source: str
    age_s: float | None
    usable: bool


class TradeStats(Struct, frozen=True, kw_only=True):
    """An open trade: what it is, since when, and what it has realised in base currency."""

    id: str
    strategy: str
    symbol: str
    state: str
    forward: bool
    notional: Decimal
    opened_at: int
    realised: Decimal


class SessionStats(Struct, frozen=True, kw_only=True):
    """A session at one moment.

    Attributes:
        schema_version: Version of this record.
        session: Session name.
        mode: ``paper``, ``live`` or ``monitor``.
        pid: Process that runs it.
        time: UTC nanoseconds.
        started: UTC nanoseconds of its start.
        state: The engine's state.
        base_currency: Currency of all results.
        quotes: Quotes and books taken.
        quotes_per_second: Over the last second.
        inputs: All inputs taken.
        conflated: Inputs that a newer one replaced while they waited.
        dropped: Inputs dropped because too much waited.
        unobserved: Events that slow sinks never got.
        events: Events stored.
        loop_avg_us: Mean time from the receipt of an input to the end of all that it led to, of late.
        loop_p99_us: Its 99th percentile.
        queue: Most inputs that were taken at once in the last second.
        cpu_percent: Of one core, over the last second.
        rss_mib: Resident memory, None where the system does not tell.
        recorded: Inputs recorded.
        equity: Balances and open lots in base currency, None while something can't be valued.
        pnl: Profit and loss by parts, None while something can't be valued.
        fills: Fills so far.
        closed: Trades closed so far.
        won: Of these, with a profit.
        guards: Entries refused by risk tiers.
        alerts: Alerts raised.
        unhedged_s: Longest time that a trade's legs differed.
        venues: Venues by exchange id.
        rates: Conversion rates by name.
        routes: Routes by id.
        trades: Open trades, oldest first.
        tiers: What risk tiers tell of themselves, in order; those that tell nothing are there with nothing.
    """

    schema_version: int = 1
    session: str
    mode: str
    pid: int
    time: int
    started: int
    state: str
    base_currency: str
    quotes: int
    quotes_per_second: float
    inputs: int
    conflated: int
    dropped: int
    unobserved: int
    events: int
    loop_avg_us: float | None
    loop_p99_us: float | None
    queue: int
    cpu_percent: float
    rss_mib: float | None
    recorded: int
    equity: Decimal | None
    pnl: Pnl | None
    fills: int
    closed: int
    won: int
    guards: int
    alerts: int
    unhedged_s: float
    venues: dict[str, VenueStats]
    rates: dict[str, RateStats]
    routes: dict[str, RouteStats]
    trades: tuple[TradeStats, ...]
    tiers: dict[str, TierReport] = {}
