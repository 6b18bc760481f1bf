"""Settings of the spread strategy. The README lists every key with its default."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from arbcore.model.instrument import InstrumentKind
from arbcore.ports.strategy import RouteKind
from arbcore.settings import ConfigView, Duration, ExchangeId, Finding, PluginSettings, RateId, Settings, Span

MAX_SAMPLES = 100_000
"""Most samples that a reference may hold: what keeps its memory and its state bounded."""

_WEEK = 7 * 86_400 * 10**9
_SECOND = 10**9


class LegChoice(Settings):
    """Which market of an exchange a leg trades."""

    exchange: ExchangeId = Field(description="Exchange instance id.")
    kind: InstrumentKind = Field(description="spot or perpetual.")
    quote: str = Field(default="", description="Quote currency, where several markets fit.")
    rate: RateId = Field(default="", description="Rate that converts this leg, where it is not the strategy's.")


class RouteGroup(Settings):
    """The same pair of markets for several coins: ``spot`` and ``perpetual``, or any ``buy`` and ``sell``."""

    spot: ExchangeId | None = Field(default=None, description="Exchange of the spot leg, bought going forward.")
    perpetual: ExchangeId | None = Field(default=None, description="Exchange of the perpetual leg, sold.")
    buy: LegChoice | None = Field(default=None, description="Leg that is bought going forward.")
    sell: LegChoice | None = Field(default=None, description="Leg that is sold going forward.")
    symbols: tuple[str, ...] = Field(min_length=1, description="Coins, such as BTC.")

    @model_validator(mode="after")
    def _name_one_pair(self) -> "RouteGroup":
        named = [self.spot is not None, self.perpetual is not None, self.buy is not None, self.sell is not None]
        if named not in ([True, True, False, False], [False, False, True, True]):
            raise ValueError("name either both `spot` and `perpetual`, or both `buy` and `sell`")
        if len({symbol.upper() for symbol in self.symbols}) != len(self.symbols):
            raise ValueError("a symbol is listed twice")
        return self

    @property
    def legs(self) -> tuple[LegChoice, LegChoice]:
        """The leg bought and the leg sold in the forward direction."""
        if self.buy is not None and self.sell is not None:
            return self.buy, self.sell
        return (
            LegChoice(exchange=self.spot or "", kind=InstrumentKind.SPOT),
            LegChoice(exchange=self.perpetual or "", kind=InstrumentKind.PERPETUAL),
        )


class Reference(Settings):
    """What the premium is measured against."""

    kind: Literal["fixed", "rolling_median", "quantile"] = Field(description="How the reference is found.")
    value_bps: float = Field(default=0.0, description="Premium of the kind fixed.")
    window: Span = Field(default=_WEEK, description="Time over which samples count.")
    sample: Span = Field(default=60 * _SECOND, description="Spacing of samples.")
    min_samples: int = Field(default=60, ge=1, description="Samples needed before anything is entered.")
    quantile: float = Field(default=0.5, ge=0.0, le=1.0, description="Quantile of the kind quantile.")

    @model_validator(mode="after")
    def _fit(self) -> "Reference":
        most = self.window // self.sample
        if most > MAX_SAMPLES:
            raise ValueError(f"window / sample is {most} samples, more than {MAX_SAMPLES}: sample less often")
        if self.kind != "fixed" and self.min_samples > most:
            raise ValueError(f"min_samples {self.min_samples} can't be reached: window / sample is {most}")
        return self


class PartialClose(Settings):
    """One planned partial close."""

    at_bps: float = Field(gt=0, description="Estimated result after costs at which it is due.")
    share: Decimal = Field(gt=0, lt=1, description="Share of the trade's original quantity to close.")


def _fixed_where_number(value: object) -> object:
    """Let a bare number stand for a fixed reference."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"kind": "fixed", "value_bps": value} if number else value


class SpreadSettings(PluginSettings):
    """Settings of ``use: spread``. Basis points are of notional, and positive where they are good for us."""

    routes: tuple[RouteGroup, ...] = Field(min_length=1, description="Pairs of markets and their coins.")
    rate: RateId = Field(default="", description="Rate that converts legs not quoted in the base currency.")
    kind: RouteKind = Field(default=RouteKind.FLAT, description="flat or inventory.")
    reference: Annotated[Reference | None, BeforeValidator(_fixed_where_number)] = Field(
        default=None, description="What the premium is measured against; a flat route needs one."
    )
    enter_bps: float = Field(description="What must remain after all costs to enter.")
    exit_bps: float = Field(description="Distance to the reference at which to leave.")
    notional: Decimal = Field(default=Decimal(1000), gt=0, description="Value of a trade in base currency.")
    slippage_bps: float = Field(default=5.0, ge=0, description="Worst price beyond the touch.")
    expected_slippage_bps: float = Field(
        default=0.0, ge=0, description="Slippage expected of one order; a round trip has four."
    )
    depth_share: float = Field(default=1.0, gt=0, le=1, description="Share of the quantity at the touch to take.")
    max_age: Span = Field(default=5 * _SECOND, description="Oldest quote that decides.")
    max_skew: Duration | None = Field(default=None, description="Largest time between the legs' quotes.")
    max_open: int = Field(default=1, ge=1, description="Most trades open on a route at once.")
    take_profit_bps: float | None = Field(default=None, gt=0, description="Estimated profit at which to leave.")
    stop_bps: float | None = Field(default=None, gt=0, description="Estimated loss at which to leave.")
    max_holding: Span | None = Field(default=None, description="Longest time to hold a trade.")
    reversal: bool = Field(default=False, description="Leave where the opposite direction is worth entering.")
    partial_close: tuple[PartialClose, ...] = Field(default=(), description="Planned partial closes.")
    cooldown: Duration = Field(default=0, description="Pause on a route after a trade closed.")
    allow_thin_edge: bool = Field(default=False, description="Accept thresholds that leave nothing after costs.")

    @model_validator(mode="after")
    def _agree(self) -> "SpreadSettings":
        if self.kind is RouteKind.FLAT and self.reference is None:
            raise ValueError("a flat route needs a `reference`, for example {kind: rolling_median, window: 7d}")
        levels = [step.at_bps for step in self.partial_close]
        if levels != sorted(set(levels)) or sum(step.share for step in self.partial_close) >= 1:
            raise ValueError("partial_close needs rising at_bps, and shares that sum to less than one")
        return self

    def cross_check(self, view: ConfigView) -> Sequence[Finding]:
        """Return a finding where the thresholds leave nothing after the fees of the round trip.

        A trade that enters and leaves exactly at its thresholds keeps ``enter_bps - exit_bps``.
        """
        kept = self.enter_bps - self.exit_bps
        if kept > 0 and self.enter_bps >= 0:
            return ()
        below = "the entry threshold lies below the round trip's fees"
        text = below if self.enter_bps < 0 else f"entering and leaving at the thresholds keeps {kept:g} bps"
        level: Literal["warning", "override"] = "warning" if self.allow_thin_edge else "override"
        return (Finding(level, "enter_bps", text, "raise enter_bps above exit_bps, or set `allow_thin_edge: true`"),)
