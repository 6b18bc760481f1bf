"""Settings of the plugin."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from arbcore.settings import PluginSettings, Secret

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


class BinanceSettings(PluginSettings):
    """One account on one of Binance's exchanges.

    Attributes:
        product: ``usdm`` for USD-M futures, ``spot`` for the spot exchange.
        api_key: API key.
        api_secret: Its secret.
        rest: Base address of the REST interface; empty for the product's own.
        streams: Base address of the WebSocket streams; empty for the product's own.
        quote: Quote currency of the reference instruments.
        maker_fee: Fee rate of orders that rest; left out, the product's general rate.
        taker_fee: Fee rate of orders that take; left out, the product's general rate.
        rules: Trading rules by symbol, in place of the reference table's.
    """

    product: Product = "usdm"
    api_key: Secret | None = Field(default=None, description="API key, as {env: NAME}.")
    api_secret: Secret | None = Field(default=None, description="API secret, as {env: NAME}.")
    rest: str = ""
    streams: str = ""
    quote: str = "USDT"
    maker_fee: Rate | None = None
    taker_fee: Rate | None = None
    rules: dict[str, Rules] = Field(default_factory=dict)
