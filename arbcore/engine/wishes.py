"""What strategies answer, checked before any of it is used: a bad answer stops its strategy, a bad plan the start."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any, Final

from arbcore.errors import ArbcoreError, PluginBroken, PluginIncompatible
from arbcore.model.instrument import Instrument
from arbcore.model.trade import Trade
from arbcore.ports.strategy import Enter, Exit, RouteSpec, Signal, Strategy, Trigger, Wish

_WHOLE_BPS: Final = 10_000.0


def plan_of(name: str, strategy: Strategy, instruments: Sequence[Instrument]) -> tuple[RouteSpec, ...]:
    """Return the routes that a strategy asks for.

    Args:
        name: Instance id of the strategy.
        strategy: The strategy.
        instruments: Every instrument of the session.

    Raises:
        PluginBroken: It raised; errors of `arbcore.errors` pass unchanged.
        PluginIncompatible: It answers with something else than routes.
    """
    try:
        specs: tuple[Any, ...] = tuple(strategy.plan(instruments))
    except ArbcoreError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginBroken(f"strategies.{name} failed in plan: {error!r}", "report this to its author") from error
    for spec in specs:
        if not isinstance(spec, RouteSpec):
            raise PluginIncompatible(f"strategies.{name}: plan returned {spec!r} among its routes", "return RouteSpec")
        if not spec.legs:
            raise PluginIncompatible(f"strategies.{name}: the route {spec.id} has no legs", "give it one or more")
    return specs


def wishes_of(
    on_signal: Callable[[Signal, Sequence[Trade]], Iterable[Any]], signal: Signal, trades: Sequence[Trade]
) -> tuple[Wish, ...]:
    """Return a strategy's answer to a signal, every wish of it checked.

    Raises:
        TypeError: It is no sequence of wishes.
        ValueError: A wish holds a number that can't be meant.
    """
    wishes = tuple(on_signal(signal, trades))
    for wish in wishes:
        _check(wish)
    return wishes


def trigger_of(trigger: Callable[[str], Any], route: str) -> Trigger | None:
    """Return when a strategy wants to be asked next.

    Raises:
        TypeError: It answers with something else than a trigger or None.
    """
    answer = trigger(route)
    if answer is None or isinstance(answer, Trigger):
        return answer
    raise TypeError(f"trigger({route!r}) returned {answer!r}: return a Trigger, or None")


def _check(wish: object) -> None:
    if not isinstance(wish, Enter | Exit):
        raise TypeError(f"on_signal returned {wish!r} among its wishes: return Enter and Exit only")
    amount: object = wish.notional if isinstance(wish, Enter) else wish.share
    if not isinstance(amount, Decimal) or not amount.is_finite() or amount <= 0:
        raise ValueError(f"{wish!r}: the notional or share must be a positive Decimal")
    if isinstance(wish, Enter) and not 0.0 < wish.depth_share <= 1.0:
        raise ValueError(f"{wish!r}: depth_share must be above 0 and at most 1")
    if not 0.0 <= wish.slippage_bps < _WHOLE_BPS:
        raise ValueError(f"{wish!r}: slippage_bps must be at least 0 and under {_WHOLE_BPS:g}")
    reason: object = wish.reason
    if not isinstance(reason, str) or not isfinite(wish.edge_bps):
        raise ValueError(f"{wish!r}: reason must be a text and edge_bps a finite number")
