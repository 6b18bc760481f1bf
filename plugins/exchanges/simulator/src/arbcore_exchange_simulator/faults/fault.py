"""One scripted fault: what goes wrong, where and when."""

from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from arbcore.settings import Duration

Kind = Literal[
    "latency",
    "drop",
    "duplicate",
    "reorder",
    "mute",
    "disconnect",
    "gap",
    "garbage",
    "http_429",
    "http_418",
    "http_5xx",
    "maintenance",
    "freeze",
    "warning",
    "delisting",
    "ack_timeout",
    "unknown_5xx",
    "failed_5xx",
    "throttled",
    "fill_silence",
    "fill_on_cancel",
    "reject_order",
    "cancel_refused",
    "listen_key_expired",
    "clock_skew",
    "post_only_cancelled",
    "order_report_delay",
    "duplicate_event",
    "market_offline",
    "position_limit",
    "percent_price",
    "liquidation",
    "adl",
    "user_mute",
    "ip_refused",
]
"""What can go wrong."""

FRAMES = frozenset({"latency", "drop", "duplicate", "reorder", "mute", "garbage"})
"""Faults of single frames."""

REPLIES = frozenset({"latency", "garbage", "http_429", "http_418", "http_5xx", "maintenance", "mute"})
"""Faults of replies to HTTP requests."""

PRIVATE = frozenset(
    {"myOrder", "myAsset", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "TRADE_LITE", "ALGO_UPDATE", "executionReport"}
    | {"outboundAccountPosition", "balanceUpdate", "ACCOUNT_CONFIG_UPDATE", "MARGIN_CALL", "listenKeyExpired"}
)
"""Streams of a client's own orders and money."""

EVENTS = frozenset({"listen_key_expired", "liquidation", "adl"})
"""Faults that happen once a round."""

NEVER = 2**63
"""A time in ns that does not come."""

_VENUES = {"upbit": ("upbit",), "usdm": ("usdm",), "spot": ("spot",), "binance": ("usdm", "spot")}


class Fault(BaseModel):
    """A fault.

    Attributes:
        kind: What goes wrong.
        venue: ``upbit``, ``usdm``, ``spot``, ``binance`` (both) or ``*``.
        stream: Pattern of the stream: ``orderbook``, ``trade``, ``ticker``, ``candle*`` on Upbit; ``bookTicker``,
            ``depth*``, ``markPrice*`` and so on on Binance; ``rest`` for HTTP. ``*`` is every stream and HTTP, but
            ``drop`` and ``reorder`` reach ``myOrder``, ``myAsset`` and Binance's user events only where they are
            named: no venue loses those silently on a line that stands. Faults of markets (freeze, warning, delisting)
            and of whole sockets (disconnect) know no streams. For faults of orders it is what a client asks for:
            ``place``, ``cancel``, ``amend``.
        symbol: Pattern of the symbol as the venue spells it.
        at: When it starts, from the start of the simulator, or from now when it is added later.
        lasts: How long; None for ever. A ``disconnect`` or ``gap`` without it happens once.
        every: Time after which it starts again; 0 for never.
        share: Probability that one frame or request is hit while it lasts.
        amount: Latency and ``order_report_delay``: the delay. Reorder: how much later a frame comes. ``clock_skew``:
            how far the venue's clock is ahead.
        jitter: Latency: largest random part on top, evenly drawn.
        status: Status of ``http_5xx``, or the status of Upbit's ``maintenance``: 403 or 500.
        after: Time from a ``delisting`` notice to the delisting.
        times: How many requests or events are hit in one round; None for all while it lasts.
        code: The venue's error of ``reject_order`` and ``cancel_refused``; the venue's usual one where empty.
        behind: Of ``clock_skew``: whether the clock is behind instead.
        fraction: Of ``fill_on_cancel`` and ``adl``: the share of what remains that is traded.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    venue: Literal["upbit", "usdm", "spot", "binance", "*"] = "*"
    stream: str = "*"
    symbol: str = "*"
    at: Duration = 0
    lasts: Duration | None = None
    every: Duration = 0
    share: float = Field(1.0, gt=0, le=1)
    amount: Duration = 100_000_000
    jitter: Duration = 0
    status: int = Field(503, ge=400, le=599)
    after: Duration = 7 * 86_400_000_000_000
    times: int | None = Field(None, ge=1)
    code: str = ""
    behind: bool = False
    fraction: float = Field(1.0, gt=0, le=1)

    @field_validator("every")
    @classmethod
    def _not_at_once(cls, value: int) -> int:
        """Refuse a period under 10 ms: faults are looked at in steps of that length."""
        if 0 < value < 10_000_000:
            raise ValueError("every: at least 10ms, or 0 for once")
        return value

    def reaches(self, venue: str) -> bool:
        """Whether the fault is about a venue."""
        return self.venue == "*" or venue in _VENUES[self.venue]

    def hits(self, venue: str, stream: str, symbol: str) -> bool:
        """Whether the fault is about a stream of a symbol; requests have the stream ``rest``."""
        return self.reaches(venue) and fnmatchcase(stream, self.stream) and fnmatchcase(symbol, self.symbol)

    def active(self, elapsed: int) -> bool:
        """Whether the fault is on, some time after it was set."""
        since = elapsed - self.at
        if since < 0:
            return False
        since = since % self.every if self.every else since
        return self.lasts is None or since < self.lasts

    def round(self, elapsed: int) -> int:
        """Return how many times the fault has started, some time after it was set."""
        since = elapsed - self.at
        if since < 0:
            return 0
        return since // self.every + 1 if self.every else 1

    def change(self, elapsed: int) -> int:
        """Return when, counted as `elapsed` is, the fault is next switched on or off; `NEVER` where it is not."""
        since = elapsed - self.at
        if since < 0:
            return self.at
        inside = since % self.every if self.every else since
        if self.lasts is not None and inside < self.lasts and (not self.every or self.lasts < self.every):
            return elapsed - inside + self.lasts
        return elapsed - inside + self.every if self.every else NEVER
