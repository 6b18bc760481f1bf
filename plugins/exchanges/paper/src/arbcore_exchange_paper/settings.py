"""Settings of the plugin."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from arbcore.settings import PluginSettings

Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
Quantity = Annotated[Decimal, Field(allow_inf_nan=False)]
Positive = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]


class PaperSettings(PluginSettings):
    """What simulated accounts start with and how they are matched.

    Attributes:
        fill: Id of the fill model instance under `fills`.
        latency: Id of the latency model instance; empty for none.
        balances: Opening balances by exchange id and currency.
        positions: Opening positions in perpetuals by exchange id and symbol, signed, in order units. They open at
            the first touch, without a fee: a long at the ask, a short at the bid.
        leverage: Value of a perpetual position for one unit of margin; 1 is fully collateralised.
        fee_rates: Units of a fee currency for one unit of a quote currency by pair, ``BNB/USDT``. Needed only where
            an instrument charges its fees in a third coin.
    """

    fill: str = Field(description="Id of the fill model instance.")
    latency: str = Field(default="", description="Id of the latency model instance; empty for none.")
    balances: dict[str, dict[str, Amount]] = Field(default_factory=dict)
    positions: dict[str, dict[str, Quantity]] = Field(default_factory=dict)
    leverage: Decimal = Field(default=Decimal(1), ge=1, le=1000)
    fee_rates: dict[str, Positive] = Field(default_factory=dict)
