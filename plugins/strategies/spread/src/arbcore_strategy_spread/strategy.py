"""The spread strategy on the strategy port: routes from settings, decisions by route, state as JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from arbcore.errors import ConfigurationError
from arbcore.model.instrument import Instrument
from arbcore.model.order import Side
from arbcore.model.trade import Trade
from arbcore.ports.strategy import LegSpec, RouteSpec, Signal, Trigger, Wish
from arbcore_strategy_spread.matching import find_market, quote_preference
from arbcore_strategy_spread.route import RouteMemory, SpreadRoute, round_trip_cost
from arbcore_strategy_spread.settings import LegChoice, RouteGroup, SpreadSettings

_NEVER = Trigger()

_CHANGEABLE = frozenset(
    {
        "allow_thin_edge",
        "cooldown",
        "depth_share",
        "enter_bps",
        "exit_bps",
        "expected_slippage_bps",
        "max_holding",
        "max_open",
        "notional",
        "partial_close",
        "reversal",
        "slippage_bps",
        "stop_bps",
        "take_profit_bps",
    }
)


class Memory(msgspec.Struct):
    """What the strategy remembers, by route id."""

    routes: dict[str, RouteMemory]


class SpreadStrategy:
    """Buys one market and sells another where their premium strays from its reference, and closes on its return.

    Args:
        settings: Validated settings.
        instance: Instance id in the config.
        base_currency: Currency of all results.
    """

    def __init__(self, settings: SpreadSettings, instance: str, base_currency: str) -> None:
        self._settings = settings
        self._instance = instance
        self._base_currency = base_currency
        self._routes: dict[str, SpreadRoute] = {}
        self._markets: dict[str, tuple[Instrument, Instrument]] = {}

    def plan(self, instruments: Sequence[Instrument]) -> Sequence[RouteSpec]:
        """Return one route per pair of markets and coin.

        Raises:
            ConfigurationError: A market is missing or not plain, a rate is missing, or two routes are the same.
        """
        self._routes = {}
        for index, group in enumerate(self._settings.routes):
            for symbol in group.symbols:
                route = self._route(f"strategies.{self._instance}.routes[{index}]", group, symbol, instruments)
                if route.spec.id in self._routes:
                    raise ConfigurationError(
                        f"strategies.{self._instance}.routes[{index}]: {symbol} is there twice, as {route.spec.id}",
                        "list a coin once per pair of exchanges; use a second strategy instance for other markets",
                    )
                self._routes[route.spec.id] = route
        return [route.spec for route in self._routes.values()]

    def changeable(self) -> frozenset[str]:
        """Return the keys that may change while a session runs: thresholds, sizes and pauses, but no routes."""
        return _CHANGEABLE

    def reconfigure(self, settings: Mapping[str, Any]) -> None:
        """Take over thresholds and sizes; samples, pauses and trades stay.

        Args:
            settings: All settings as JSON values.
        """
        self._settings = SpreadSettings.model_validate(settings)
        for name, route in self._routes.items():
            route.reconfigure(self._settings, round_trip_cost(self._settings, self._markets[name]))

    def trigger(self, route: str) -> Trigger | None:
        """Return when to be asked next about a route; None to be asked at every quote."""
        known = self._routes.get(route)
        return _NEVER if known is None else known.trigger()

    def on_signal(self, signal: Signal, trades: Sequence[Trade]) -> Sequence[Wish]:
        """Answer a signal with exits, or with at most one entry."""
        known = self._routes.get(signal.route.id)
        return () if known is None else known.decide(signal, trades)

    def on_trade(self, trade: Trade) -> None:
        """Learn that a trade changed its state; a trade of another strategy or route is ignored."""
        known = self._routes.get(trade.route)
        if known is not None and trade.strategy == self._instance:
            known.learn(trade)

    def state(self) -> bytes:
        """Return samples, pauses and open trades of every route as JSON."""
        return msgspec.json.encode(Memory({name: route.memory() for name, route in self._routes.items()}))

    def restore(self, state: bytes) -> None:
        """Take over an earlier state, after `plan`; routes that the settings no longer name are dropped.

        Raises:
            msgspec.DecodeError: The bytes are not such a state.
        """
        for name, memory in msgspec.json.decode(state, type=Memory).routes.items():
            if name in self._routes:
                self._routes[name].load(memory)

    def _route(self, where: str, group: RouteGroup, symbol: str, instruments: Sequence[Instrument]) -> SpreadRoute:
        bought, sold = (
            find_market(
                leg, symbol, instruments, quote_preference(leg.rate or self._settings.rate, self._base_currency), where
            )
            for leg in group.legs
        )
        if bought.key == sold.key:
            raise ConfigurationError(f"{where}: both legs are {bought.key}", "name two different markets")
        buy, sell = group.legs
        spec = RouteSpec(
            id=f"{self._instance}/{symbol.upper()}/{buy.exchange}-{sell.exchange}",
            symbol=symbol.upper(),
            kind=self._settings.kind,
            legs=(self._leg(bought, Side.BUY, buy, where), self._leg(sold, Side.SELL, sell, where)),
            max_age_ns=self._settings.max_age,
            max_skew_ns=self._settings.max_skew,
        )
        self._markets[spec.id] = (bought, sold)
        return SpreadRoute(spec, self._settings, round_trip_cost(self._settings, (bought, sold)))

    def _leg(self, market: Instrument, side: Side, choice: LegChoice, where: str) -> LegSpec:
        if market.quote == self._base_currency:
            return LegSpec(market.key, side)
        rate = choice.rate or self._settings.rate
        if not rate:
            raise ConfigurationError(
                f"{where}: {market.key} is quoted in {market.quote}, and no rate converts it to {self._base_currency}",
                f"name one, for example `strategies.{self._instance}.rate: usdt_krw`",
            )
        return LegSpec(market.key, side, rate)
