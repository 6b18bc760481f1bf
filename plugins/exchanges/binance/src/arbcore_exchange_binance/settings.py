"""Settings of the plugin."""

from decimal import Decimal
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from arbcore.net.settings import NetworkSettings
from arbcore.settings import PluginSettings, Secret, Span

Positive = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
Rate = Annotated[Decimal, Field(gt=-1, lt=1, allow_inf_nan=False)]

Product = Literal["usdm", "spot"]
"""USD-M futures, or the spot exchange."""


class Rules(BaseModel):
    """Trading rules of one symbol that replace the reference table's; what is left out stays.

    Attributes:
        tick: Price step.
        lot: Quantity step.
        min_quantity: Smallest order quantity.
        max_quantity: Largest order quantity.
        min_notional: Smallest order value in the quote currency.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tick: Positive | None = None
    lot: Positive | None = None
    min_quantity: Positive | None = None
    max_quantity: Positive | None = None
    min_notional: Amount | None = None


Address = Annotated[str, Field(pattern=r"^(|(https?|wss?)://[^\s/]+\S*)$")]
"""An address with its scheme, or empty."""

_CLOCK_NS: Final = 10**9

PARTIAL_LEVELS: Final = (5, 10, 20)
"""Levels of the venue's partial books."""


class BinanceSettings(PluginSettings):
    """One account on one of Binance's exchanges."""

    product: Product = Field(default="usdm", description="usdm for USD-M futures, spot for the spot exchange.")
    api_key: Secret | None = Field(default=None, description="API key, as {env: NAME}.")
    api_secret: Secret | None = Field(default=None, description="API secret, as {env: NAME}.")
    rest: Address = Field(default="", description="Base address of the REST interface; empty for the environment's.")
    streams: Address = Field(default="", description="Base address of the streams; empty for the environment's.")
    ws_api: Address = Field(default="", description="Address of the WebSocket API; empty for the environment's.")
    sapi: Address = Field(
        default="", description="Base address of wallets and key permissions (/sapi); empty for the environment's."
    )
    simulator: Address = Field(
        default="http://127.0.0.1:8710", min_length=1, description="Base address of the simulator, for its environment."
    )
    quote: str = Field(default="USDT", description="Quote currency of the reference instruments.")
    maker_fee: Rate | None = Field(default=None, description="Fee rate of orders that rest; empty for the general one.")
    taker_fee: Rate | None = Field(default=None, description="Fee rate of orders that take; empty for the general one.")
    rules: dict[str, Rules] = Field(
        default_factory=dict, description="Trading rules by symbol, in place of the reference table's."
    )
    book: Literal["ticker", "partial", "diff"] = Field(
        default="ticker",
        description="Books: the touch (ticker), the venue's top levels (partial), or a maintained book (diff).",
    )
    depth_levels: int = Field(
        default=20, ge=1, le=200, description="Levels per side of books; partial knows 5, 10 and 20."
    )
    trades: bool = Field(default=False, description="Deliver public trades as well.")
    streams_per_connection: int = Field(
        default=200, ge=1, le=1024, description="Streams on one connection; the venue allows 1024."
    )
    refresh: Span = Field(
        default=10 * 60 * 10**9, description="Time between readings of the listing and of funding intervals."
    )
    network: NetworkSettings = Field(default_factory=NetworkSettings, description="How connections behave.")
    recv_window: Span = Field(
        default=2 * 10**9, le=60 * 10**9, description="How late what changes something may reach the venue."
    )
    read_window: Span = Field(default=5 * 10**9, le=60 * 10**9, description="How late a question may reach the venue.")
    orders: Literal["auto", "websocket", "rest"] = Field(
        default="auto", description="How orders go: websocket, rest, or auto for whichever is open; never both for one."
    )
    response: Literal["RESULT", "ACK"] = Field(
        default="RESULT", description="What the venue answers to an order: its result where it is known, or a receipt."
    )
    self_trade: Literal["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "NONE"] = Field(
        default="EXPIRE_MAKER", description="Which of two orders of the account expires in place of trading together."
    )
    reconcile: Span = Field(
        default=30 * 10**9, description="Time between comparisons of the user stream with answers to requests."
    )
    reconcile_grace: Span = Field(
        default=5 * 10**9, description="How long the user stream may lag behind a request before it counts as mute."
    )
    listen_key_renewal: Span = Field(
        default=30 * 60 * 10**9, description="Time between extensions of the key of the user stream; it lives an hour."
    )
    own_ids: str = Field(
        default="ae-", description="Orders whose ids begin so are ours, whoever sent them; others are foreign."
    )
    move_money: bool = Field(default=False, description="Whether withdrawals and transfers may be made.")
    leverage: int = Field(
        default=0, ge=0, le=125, description="Leverage that the account must have (USD-M); 0: whatever it has."
    )

    @property
    def accepts_for(self) -> int:
        """How long after its sending the venue may take an order in, in nanoseconds.

        A request is stamped when it leaves, by the venue's clock as we know it, and refused where it arrives later
        than ``recv_window`` after its stamp; an order with a time of its own gets a shorter window. A stamp more
        than a second ahead of the venue's clock is refused, too, so that second covers what we don't know of it.
        """
        return self.recv_window + _CLOCK_NS

    @model_validator(mode="after")
    def _partial_books_have_fixed_sizes(self) -> Self:
        if self.book == "partial" and self.depth_levels not in PARTIAL_LEVELS:
            raise ValueError(
                f"depth_levels: {self.depth_levels}: a partial book has 5, 10 or 20 levels; or set book: diff"
            )
        return self
