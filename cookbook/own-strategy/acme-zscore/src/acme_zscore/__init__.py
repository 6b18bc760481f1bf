"""The strategy `zscore`: trades the premium by its distance from a moving mean, in standard deviations."""

from collections.abc import Sequence
from decimal import Decimal
from math import exp, inf, isfinite, log, sqrt

import msgspec
from pydantic import Field

from arbcore.context import Context
from arbcore.errors import ConfigurationError
from arbcore.hooks import hookimpl
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.order import Side
from arbcore.model.reason import Reason
from arbcore.model.trade import Trade, TradeState
from arbcore.ports.strategy import Enter, Exit, LegSpec, RouteKind, RouteSpec, Signal, Strategy, Trigger, Wish
from arbcore.settings import ExchangeId, PluginSettings, RateId, Span

SECOND = 10**9


class ZScoreSettings(PluginSettings):
    """Settings of `use: zscore`."""

    spot: ExchangeId = Field(description="Exchange where the coin is bought.")
    perpetual: ExchangeId = Field(description="Exchange where it is sold.")
    symbol: str = Field(default="BTC", description="Coin.")
    rate: RateId = Field(default="", description="Rate that converts what is not quoted in the base currency.")
    enter: float = Field(default=1.5, gt=0, description="Standard deviations under the mean at which to enter.")
    leave: float = Field(default=0.0, description="Standard deviations above the mean at which to leave.")
    half_life: Span = Field(default=600 * SECOND, description="Half-life of a sample's weight.")
    sample: Span = Field(default=SECOND, description="Time between two samples.")
    min_samples: int = Field(default=300, ge=2, description="Samples before anything is entered.")
    notional: Decimal = Field(default=Decimal(1000), gt=0, description="Value of a trade in base currency.")
    slippage_bps: float = Field(default=5.0, ge=0, description="Worst price beyond the touch.")
    max_age: Span = Field(default=5 * SECOND, description="Oldest quote that decides.")


class Memory(msgspec.Struct):
    """What is remembered: weighted mean and variance of the premium, and when it is sampled next."""

    mean: float = 0.0
    variance: float = 0.0
    samples: int = 0
    next_at: int = 0


class ZScore:
    """Enters where the premium paid lies far under its mean, and leaves where the premium got is back at it."""

    def __init__(self, settings: ZScoreSettings, instance: str, base_currency: str) -> None:
        self._settings = settings
        self._instance = instance
        self._base_currency = base_currency
        self._weight = 1.0 - exp(-log(2.0) * settings.sample / settings.half_life)
        self._memory = Memory()

    def plan(self, instruments: Sequence[Instrument]) -> Sequence[RouteSpec]:
        """Return the one route: spot bought, perpetual sold."""
        wanted = self._settings
        spot = self._leg(instruments, wanted.spot, InstrumentKind.SPOT, Side.BUY)
        perpetual = self._leg(instruments, wanted.perpetual, InstrumentKind.PERPETUAL, Side.SELL)
        return [
            RouteSpec(
                id=f"{self._instance}/{wanted.symbol}/{wanted.spot}-{wanted.perpetual}",
                symbol=wanted.symbol,
                kind=RouteKind.FLAT,
                legs=(spot, perpetual),
                max_age_ns=wanted.max_age,
            )
        ]

    def trigger(self, route: str) -> Trigger:
        """Ask for the next sample, and before it at the edges that lie at the thresholds as they stand."""
        cheap, dear = self._thresholds()
        return Trigger(forward=cheap, backward=dear, at=self._memory.next_at)

    def on_signal(self, signal: Signal, trades: Sequence[Trade]) -> Sequence[Wish]:
        """Sample where it is time, then leave what is back at its mean, or enter where it is far under it."""
        if signal.time >= self._memory.next_at and signal.rate_fresh:
            self._sample(signal)
        cheap, dear = self._thresholds()
        slippage = self._settings.slippage_bps
        if trades:
            back = signal.backward >= dear
            due = [trade for trade in trades if back and trade.state is TradeState.HEDGED]
            return [Exit(trade=trade.id, slippage_bps=slippage, reason=Reason.EDGE_REVERTED) for trade in due]
        if not isfinite(signal.forward) or signal.forward < cheap:
            return []
        planned = (dear - signal.premium_paid) * 10_000
        return [
            Enter(notional=self._settings.notional, slippage_bps=slippage, edge_bps=planned, reason=Reason.EDGE_ENTER)
        ]

    def on_trade(self, trade: Trade) -> None:
        """Nothing to learn: what is open is shown with every signal."""

    def state(self) -> bytes:
        """Return the memory as JSON."""
        return msgspec.json.encode(self._memory)

    def restore(self, state: bytes) -> None:
        """Take over an earlier memory."""
        self._memory = msgspec.json.decode(state, type=Memory)

    def _sample(self, signal: Signal) -> None:
        memory, period = self._memory, self._settings.sample
        premium = (signal.premium_paid + signal.premium_got) / 2 if signal.forward > -1.0 else inf
        if not isfinite(premium):
            return
        memory.next_at = (signal.time // period + 1) * period
        memory.samples += 1
        # The first samples weigh alike, so that the mean does not start at zero.
        weight = max(self._weight, 1.0 / memory.samples)
        away = premium - memory.mean
        memory.mean += weight * away
        memory.variance = (1.0 - weight) * (memory.variance + weight * away * away)

    def _thresholds(self) -> tuple[float, float]:
        """Return the forward edge at which to enter and the backward edge at which to leave."""
        memory, wanted = self._memory, self._settings
        deviation = sqrt(memory.variance)
        dear = memory.mean + wanted.leave * deviation
        if memory.samples < wanted.min_samples:
            return inf, dear
        return 1.0 / (1.0 + memory.mean - wanted.enter * deviation) - 1.0, dear

    def _leg(self, instruments: Sequence[Instrument], venue: str, kind: InstrumentKind, side: Side) -> LegSpec:
        for market in instruments:
            if (market.venue, market.kind, market.base) == (venue, kind, self._settings.symbol):
                return LegSpec(market.key, side, "" if market.quote == self._base_currency else self._settings.rate)
        raise ConfigurationError(
            f"strategies.{self._instance}: {venue} has no {kind} market of {self._settings.symbol}",
            "name an exchange that has one, or make data for it",
        )


class ZScorePlugin:
    """What the entry point names: an instance without state of its own."""

    api_version: int = 1

    @hookimpl
    def settings_model(self) -> type[ZScoreSettings]:
        """Return the model that the config is checked with."""
        return ZScoreSettings

    @hookimpl
    def build_strategy(self, settings: ZScoreSettings, context: Context) -> Strategy:
        """Build one instance of the config."""
        return ZScore(settings, context.instance, context.base_currency)


plugin = ZScorePlugin()
