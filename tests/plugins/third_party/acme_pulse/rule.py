"""The rule: buy one venue and sell the other, hold for a fixed time, close, rest, and again."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from arbcore.errors import ConfigurationError
from arbcore.model.instrument import Instrument
from arbcore.model.order import Side
from arbcore.model.reason import Reason
from arbcore.model.trade import Trade, TradeState
from arbcore.ports.strategy import Enter, Exit, LegSpec, RouteKind, RouteSpec, Signal, Trigger, Wish
from arbcore.settings import Duration, PluginSettings

HOUR = 3600 * 10**9


class PulseSettings(PluginSettings):
    """Settings: the two exchanges, the coin, and the rhythm."""

    buy: str
    sell: str
    symbol: str = "BTC"
    rate: str = ""
    notional: Decimal = Decimal(1000)
    enter_bps: float = -10_000.0
    slippage_bps: float = 50.0
    hold: Duration = HOUR
    rest: Duration = HOUR
    max_age: Duration = HOUR


class Pulse:
    """The strategy. All its memory is when its last trade closed."""

    def __init__(self, settings: PulseSettings, instance: str, base_currency: str) -> None:
        self._settings = settings
        self._instance = instance
        self._base_currency = base_currency
        self._closed_at = 0

    def plan(self, instruments: Sequence[Instrument]) -> Sequence[RouteSpec]:
        wanted = self._settings
        legs = (
            self._leg(instruments, wanted.buy, Side.BUY),
            self._leg(instruments, wanted.sell, Side.SELL),
        )
        name = f"{self._instance}/{wanted.symbol}/{wanted.buy}-{wanted.sell}"
        return [RouteSpec(id=name, symbol=wanted.symbol, kind=RouteKind.FLAT, legs=legs, max_age_ns=wanted.max_age)]

    def _leg(self, instruments: Sequence[Instrument], venue: str, side: Side) -> LegSpec:
        for item in instruments:
            if (item.venue, item.base) == (venue, self._settings.symbol):
                return LegSpec(item.key, side, "" if item.quote == self._base_currency else self._settings.rate)
        raise ConfigurationError(
            f"{self._instance}: {venue} lists no {self._settings.symbol}", "name an exchange that does"
        )

    def trigger(self, route: str) -> Trigger | None:
        return None

    def on_signal(self, signal: Signal, trades: Sequence[Trade]) -> Sequence[Wish]:
        wanted = self._settings
        due = [
            trade
            for trade in trades
            if trade.state is TradeState.HEDGED and signal.time - trade.hedged_at >= wanted.hold
        ]
        if due:
            return [Exit(trade=trade.id, slippage_bps=wanted.slippage_bps, reason=Reason.EXIT_TIME) for trade in due]
        rested = self._closed_at == 0 or signal.time - self._closed_at >= wanted.rest
        edge_bps = signal.forward * 10_000
        if trades or not rested or edge_bps < wanted.enter_bps:
            return []
        return [
            Enter(
                notional=wanted.notional,
                slippage_bps=wanted.slippage_bps,
                edge_bps=edge_bps,
                reason=Reason.EDGE_ENTER,
            )
        ]

    def on_trade(self, trade: Trade) -> None:
        if trade.state is TradeState.CLOSED:
            self._closed_at = trade.closed_at

    def state(self) -> bytes:
        return msgspec.json.encode(self._closed_at)

    def restore(self, state: bytes) -> None:
        self._closed_at = msgspec.json.decode(state, type=int)
