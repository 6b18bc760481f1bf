"""Whether the configured sizes can be ordered on every leg, by the engine's own arithmetic at present prices."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from arbcore.config import Config
from arbcore.doctor.rows import FAIL, OK, WARN, Row, Trouble
from arbcore.engine.engine import Engine
from arbcore.engine.route import Route, RouteLeg
from arbcore.engine.sizing import coin_value, takes
from arbcore.model.account import TradingTerms
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.instrument import Instrument
from arbcore.model.market import FxRate, Quote
from arbcore.model.money import plain
from arbcore.model.order import Side

_ROOM: Final = Decimal("1.1")
"""How far above the least value a size should be: prices move between decision and order."""

Terms = dict[str, TradingTerms | Trouble]
"""Trading terms by instrument key."""


def learn(engine: Engine, prices: Iterable[Quote | FxRate]) -> None:
    """Let an engine know quotes and rates. Nothing is decided: it was never started."""
    for item in sorted(prices, key=lambda each: each.recv_ts):
        engine.step(item)


def check_sizes(config: Config, engine: Engine, terms: Terms) -> Iterator[Row]:
    """Yield a row per leg of every route: what would be ordered, and whether the venue takes it."""
    for route in engine.parts.deciding.routes.values():
        size = _number(config, route, "notional")
        for leg in route.legs:
            status, seen, fix = _judged(config, route, leg, size, terms.get(leg.state.key))
            name = f"size {leg.state.instrument.symbol}"
            yield Row(of=leg.state.instrument.venue, check=name, status=status, seen=seen, fix=fix)


def values(config: Config, engine: Engine) -> dict[str, float]:
    """Return the largest position value by instrument key, in its quote currency, that the strategies may hold."""
    found: dict[str, float] = defaultdict(float)
    for route in engine.parts.deciding.routes.values():
        size, most = _number(config, route, "notional"), _number(config, route, "max_open") or Decimal(1)
        for leg in route.legs:
            if size is not None and isfinite(paid := leg.rates[0]) and paid > 0:
                found[leg.state.key] += float(size * most) / paid
    return dict(found)


def _number(config: Config, route: Route, name: str) -> Decimal | None:
    """Return a number among the settings of a route's strategy; None where it has no such setting."""
    stated: Any = getattr(config.strategies[route.owner].settings, name, None)
    return Decimal(stated) if isinstance(stated, int | Decimal) else None


def _judged(
    config: Config, route: Route, leg: RouteLeg, size: Decimal | None, terms: TradingTerms | Trouble | None
) -> tuple[str, str, str]:
    instrument, base = leg.state.instrument, config.session.base_currency
    least = _least(instrument, terms if isinstance(terms, TradingTerms) else None)
    limits = f"at least {plain(instrument.min_quantity)} and {plain(least)} {instrument.quote}"
    if size is None:
        return OK, f"the venue takes {limits}; the strategy states no notional", ""
    dear = [coin_value(each) for each in route.legs]
    if not all(isfinite(value) and value > 0 for value in dear):
        return WARN, f"{plain(size)} {base} can't be sized: a price or rate is missing", "see market data and rates"
    coins = to_grid(min(float(size) / value for value in dear), route.lot, Rounding.DOWN)
    quantity, price = coins / instrument.unit, leg.state.touch(Side.BUY)
    value = quantity * instrument.contract_size * price
    seen = f"{plain(size)} {base} orders {plain(quantity)}, {value:,.0f} {instrument.quote}; the venue takes {limits}"
    most = terms.max_notional if isinstance(terms, TradingTerms) else None
    if not takes(instrument, quantity, price) or value < least:
        strategy = f"strategies.{route.owner}.notional"
        above = instrument.max_quantity is not None and quantity > instrument.max_quantity
        return FAIL, seen, f"{'lower' if above else 'raise'} {strategy}; all legs move multiples of {plain(route.lot)}"
    if most is not None and value > most:
        return FAIL, f"{seen}, at most {plain(most)}", f"lower strategies.{route.owner}.notional"
    if value < least * _ROOM:
        return WARN, seen, f"raise strategies.{route.owner}.notional: a small move of the price makes it too small"
    return OK, seen, ""


def _least(instrument: Instrument, terms: TradingTerms | None) -> Decimal:
    return max(instrument.min_notional, terms.min_notional) if terms is not None else instrument.min_notional


def planned(engine: Engine, instruments: Sequence[Instrument]) -> tuple[Instrument, ...]:
    """Return the instruments that an engine's routes trade."""
    used = engine.used
    return tuple(item for item in instruments if item.key in used)
