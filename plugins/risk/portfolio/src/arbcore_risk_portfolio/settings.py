"""Settings of the portfolio tier. The README lists every key with its default."""

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from arbcore.settings import PluginSettings, Span


class PortfolioSettings(PluginSettings):
    """Settings of ``use: portfolio``. Amounts are in base currency; a limit that is left out does not apply."""

    trade_notional: Decimal | None = Field(default=None, gt=0, description="Largest value of one trade.")
    symbol_share: Decimal | None = Field(
        default=Decimal("0.3"), gt=0, description="Largest share of equity in the trades of a symbol; null for none."
    )
    oversize: Literal["resize", "block"] = Field(default="resize", description="What is done with a larger trade.")
    open_trades: int | None = Field(default=None, ge=1, description="Most trades open at once.")
    trades_per_day: int | None = Field(default=None, ge=1, description="Most trades opened in a UTC day.")
    daily_loss: Decimal | None = Field(default=None, gt=0, description="Loss within a UTC day.")
    on_daily_loss: Literal["cool_down", "degrade", "halt", "flatten"] = Field(
        default="degrade", description="What a daily loss leads to."
    )
    cooldown: Span | None = Field(
        default=None, description="Length of a cool_down; the rest of the UTC day where it is left out."
    )
    drawdown: Decimal | None = Field(default=None, gt=0, lt=1, description="Fall from the peak, as a share of it.")
    drawdown_amount: Decimal | None = Field(default=None, gt=0, description="Fall from the peak, as an amount.")
    on_drawdown: Literal["degrade", "halt", "flatten"] = Field(default="halt", description="What a drawdown leads to.")
    count_fx: bool = Field(
        default=False, description="Count what rate changes do to balances in daily loss and drawdown."
    )
    kill: bool = Field(default=False, description="The kill switch is thrown.")
    equity_floor: Decimal | None = Field(default=None, gt=0, description="Equity at which the switch throws itself.")
    on_kill: Literal["halt", "flatten"] = Field(default="halt", description="What the kill switch leads to.")
    review_interval: Span = Field(default=60 * 10**9, description="Time between reviews.")

    @model_validator(mode="after")
    def _agree(self) -> "PortfolioSettings":
        if self.cooldown is not None and self.on_daily_loss != "cool_down":
            raise ValueError("`cooldown` acts only with `on_daily_loss: cool_down`")
        return self
