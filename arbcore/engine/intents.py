"""Intents: builds, cuts and values them. Decides nothing."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from arbcore.engine.output import Outbox
from arbcore.engine.route import Route, RouteLeg
from arbcore.engine.sizing import coin_value, intent_leg, takes
from arbcore.engine.trades import LiveTrade
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.intent import Intent, IntentKind, IntentLeg
from arbcore.model.money import EXACT
from arbcore.model.order import Side
from arbcore.ports.strategy import Enter

_MILLIONTH: Final = Decimal("0.000001")


class Intents:
    """Builds intents at the present touch.

    Args:
        outbox: Engine time.
        next_id: Gives intent ids.
    """

    def __init__(self, outbox: Outbox, next_id: Callable[[], str]) -> None:
        self._outbox: Final = outbox
        self._next_id: Final = next_id

    def entry(self, route: Route, legs: tuple[IntentLeg, ...], wish: Enter) -> Intent:
        """Return the entry intent of a new trade, which takes the intent's id."""
        intent = self._next_id()
        return Intent(
            id=intent,
            trade=intent,
            strategy=route.owner,
            route=route.spec.id,
            symbol=route.spec.symbol,
            kind=IntentKind.ENTRY,
            forward=wish.forward,
            legs=legs,
            edge_bps=wish.edge_bps,
            notional=notional(route, legs),
            reason=wish.reason,
            rates=route.rates_used(self._outbox.now),
            decided_at=self._outbox.now,
        )

    def reduction(
        self, trade: LiveTrade, kind: IntentKind, legs: tuple[IntentLeg, ...], reason: str, edge_bps: float = 0.0
    ) -> Intent:
        """Return an intent that shrinks a trade."""
        now = self._outbox.now
        return Intent(
            id=self._next_id(),
            trade=trade.id,
            strategy=trade.intent.strategy,
            route=trade.intent.route,
            symbol=trade.intent.symbol,
            kind=kind,
            forward=not trade.intent.forward,
            legs=legs,
            edge_bps=edge_bps,
            notional=notional(trade.route, legs),
            reason=reason,
            rates=trade.route.rates_used(now),
            decided_at=now,
        )

    def exit_legs(self, trade: LiveTrade, share: Decimal, slippage_bps: float) -> tuple[IntentLeg, ...]:
        """Return the legs that close a share of a trade; none where a venue would not take one of them.

        A share is cut to the common lot; a full close takes all that each leg holds.
        """
        legs = []
        for leg, held in zip(trade.route.legs, trade.legs, strict=True):
            quantity = self._exit_quantity(trade, leg, abs(held.quantity), share)
            wanted = intent_leg(leg, closing_side(held.quantity), quantity, slippage_bps, self._outbox.now)
            if not takes(leg.state.instrument, quantity, wanted.price, reducing=True):
                return ()
            legs.append(wanted)
        return tuple(legs)

    def unwind_legs(self, trade: LiveTrade, excess: dict[int, Decimal], slippage_bps: float) -> tuple[IntentLeg, ...]:
        """Return the legs that take off what some legs hold too much, by their index in the route."""
        now = self._outbox.now
        return tuple(
            intent_leg(trade.route.legs[index], closing_side(trade.legs[index].quantity), quantity, slippage_bps, now)
            for index, quantity in excess.items()
        )

    def _exit_quantity(self, trade: LiveTrade, leg: RouteLeg, held: Decimal, share: Decimal) -> Decimal:
        instrument = leg.state.instrument
        if share >= 1:
            return to_grid(held, instrument.lot, Rounding.DOWN)
        coins = to_grid(held * instrument.unit * share, trade.route.lot, Rounding.DOWN)
        return EXACT.divide(coins, instrument.unit)


def cut(route: Route, intent: Intent, limit: Decimal) -> Intent | None:
    """Return an entry cut to a notional, None where that falls under a venue's minimum."""
    if limit >= intent.notional:
        return intent
    coins = to_grid(float(limit) / max(coin_value(leg) for leg in route.legs), route.lot, Rounding.DOWN)
    legs = []
    for leg, wanted in zip(route.legs, intent.legs, strict=True):
        quantity = EXACT.divide(coins, leg.state.instrument.unit)
        if not takes(leg.state.instrument, quantity, wanted.price):
            return None
        legs.append(replace(wanted, quantity=quantity))
    return replace(intent, legs=tuple(legs), notional=notional(route, tuple(legs)))


def notional(route: Route, legs: tuple[IntentLeg, ...]) -> Decimal:
    """Return the value of the largest leg in base currency, to a millionth."""
    by_key = {leg.state.key: leg for leg in route.legs}
    values = [
        float(wanted.quantity * by_key[wanted.instrument].state.instrument.unit) * coin_value(by_key[wanted.instrument])
        for wanted in legs
    ]
    return to_grid(max(values), _MILLIONTH, Rounding.NEAREST)


def closing_side(quantity: Decimal) -> Side:
    """Return the side that shrinks a signed quantity."""
    return Side.SELL if quantity > 0 else Side.BUY
