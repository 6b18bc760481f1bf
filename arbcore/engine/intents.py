"""Intents: builds, cuts and values them. Decides nothing."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from arbcore.engine.accounts import Accounts
from arbcore.engine.gaps import Move
from arbcore.engine.output import Outbox
from arbcore.engine.reducing import takes_close
from arbcore.engine.route import Route
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
        accounts: Net positions, which decide whether a close is a reduction for its venue.
    """

    def __init__(self, outbox: Outbox, next_id: Callable[[], str], accounts: Accounts) -> None:
        self._outbox: Final = outbox
        self._accounts: Final = accounts
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

    def portion(self, trade: LiveTrade, quantities: Sequence[Decimal], slippage_bps: float) -> Intent:
        """Return a further part of a trade's entry at the present touch."""
        now, whole = self._outbox.now, trade.whole
        pairs = zip(trade.route.legs, whole.legs, quantities, strict=True)
        legs = tuple(intent_leg(leg, wanted.side, quantity, slippage_bps, now) for leg, wanted, quantity in pairs)
        return replace(
            whole,
            id=self._next_id(),
            legs=legs,
            notional=notional(trade.route, legs),
            rates=trade.route.rates_used(now),
            decided_at=now,
        )

    def following(
        self, trade: LiveTrade, kind: IntentKind, legs: tuple[IntentLeg, ...], reason: str, edge_bps: float = 0.0
    ) -> Intent:
        """Return an intent of a trade that is open: one that shrinks it, or a top-up."""
        now = self._outbox.now
        return Intent(
            id=self._next_id(),
            trade=trade.id,
            strategy=trade.intent.strategy,
            route=trade.intent.route,
            symbol=trade.intent.symbol,
            kind=kind,
            forward=trade.intent.forward is (kind is IntentKind.TOP_UP),
            legs=legs,
            edge_bps=edge_bps,
            notional=notional(trade.route, legs),
            reason=reason,
            rates=trade.route.rates_used(now),
            decided_at=now,
        )

    def exit_legs(self, trade: LiveTrade, share: Decimal, slippage_bps: float) -> tuple[IntentLeg, ...]:
        """Return the legs that close a share of a trade; none where a venue would not take one of them.

        A share is the same number of coins of every leg, cut to the common lot; what leaves less than a venue takes
        closes all. A full close takes all that each leg holds.
        """
        held = [
            to_grid(abs(own.quantity), leg.state.instrument.lot, Rounding.DOWN)
            for leg, own in zip(trade.route.legs, trade.legs, strict=True)
        ]
        legs = self._closing_legs(trade, held if share >= 1 else _part(trade, share), slippage_bps)
        rest = [replace(leg, quantity=own - leg.quantity) for leg, own in zip(legs, held, strict=True)]
        if any(leg.quantity for leg in rest) and not self._taken(trade, rest):
            legs = self._closing_legs(trade, held, slippage_bps)
        return legs if self._taken(trade, legs) else ()

    def _taken(self, trade: LiveTrade, legs: Sequence[IntentLeg]) -> bool:
        """Tell whether every venue takes a leg that closes."""
        return all(
            takes_close(self._accounts, leg.state.instrument, wanted.side, wanted.quantity, wanted.price)
            for leg, wanted in zip(trade.route.legs, legs, strict=True)
        )

    def _closing_legs(self, trade: LiveTrade, quantities: list[Decimal], slippage_bps: float) -> tuple[IntentLeg, ...]:
        legs = zip(trade.route.legs, trade.legs, quantities, strict=True)
        return tuple(
            intent_leg(leg, closing_side(own.quantity), quantity, slippage_bps, self._outbox.now)
            for leg, own, quantity in legs
        )

    def closable(self, trade: LiveTrade, slippage_bps: float) -> bool:
        """Tell whether venues take orders that close all that a trade holds."""
        for leg, own in zip(trade.route.legs, trade.legs, strict=True):
            quantity = to_grid(abs(own.quantity), leg.state.instrument.lot, Rounding.DOWN)
            side = closing_side(own.quantity)
            worst = leg.state.worst_price(side, slippage_bps)
            if not takes_close(self._accounts, leg.state.instrument, side, quantity, worst):
                return False
        return True

    def whole(self, trade: LiveTrade, slippage_bps: float) -> dict[int, Move]:
        """Return the orders that take off all that a trade holds, where venues take orders of that size."""
        found = {}
        for index, (leg, own) in enumerate(zip(trade.route.legs, trade.legs, strict=True)):
            quantity = to_grid(abs(own.quantity), leg.state.instrument.lot, Rounding.DOWN)
            side = trade.closing_side(index)
            worst = leg.state.worst_price(side, slippage_bps)
            if takes_close(self._accounts, leg.state.instrument, side, quantity, worst):
                found[index] = Move(side, quantity)
        return found

    def moving_legs(self, trade: LiveTrade, moves: Mapping[int, Move], slippage_bps: float) -> tuple[IntentLeg, ...]:
        """Return the legs that move some legs of a trade, by their index in the route."""
        now = self._outbox.now
        return tuple(
            intent_leg(trade.route.legs[index], move.side, move.quantity, slippage_bps, now)
            for index, move in moves.items()
        )


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


def _part(trade: LiveTrade, share: Decimal) -> list[Decimal]:
    """Return the order quantities of the legs that close a share of a trade: the same number of coins of each."""
    coins = to_grid(min(trade.coins()) * share, trade.route.lot, Rounding.DOWN)
    return [EXACT.divide(coins, leg.state.instrument.unit) for leg in trade.route.legs]


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
