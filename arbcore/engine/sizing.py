"""Sizing: from a wish's notional to quantities that every venue takes, never more than the wish asked for."""

from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING, Final

from arbcore.engine.accounts import Accounts
from arbcore.engine.market import Market
from arbcore.engine.route import Route, RouteLeg
from arbcore.engine.terms import Terms
from arbcore.errors import ConfigurationError
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.intent import IntentLeg
from arbcore.model.order import Side
from arbcore.model.reason import Reason
from arbcore.ports.strategy import Enter

if TYPE_CHECKING:
    from collections.abc import Callable

_FEE_ROOM: Final = 0.999
"""Share of a free balance that sizing uses; the exact need is checked afterwards."""


class Sizing:
    """Sizes the legs of intents.

    All legs of a route move the same quantity of the same coin, a multiple of the coarsest lot.

    Args:
        accounts: Free balances.
        terms: What venues let the account hold.
    """

    def __init__(self, accounts: Accounts, terms: Terms) -> None:
        self.accounts: Final = accounts
        self._terms: Final = terms
        self.barred: Callable[[Instrument], bool] = _nothing_is
        """Tells whether nothing may be added to a position; set when the engine is wired."""

    def entry(self, route: Route, wish: Enter, now: int, *, whole: bool = False) -> tuple[IntentLeg, ...] | Reason:
        """Return the legs of an entry, or why there are none.

        Args:
            route: The route.
            wish: What its strategy wants.
            now: Engine time.
            whole: True where a slicer cuts the entry to what is offered.
        """
        sides = [leg.side if wish.forward else leg.side.opposite for leg in route.legs]
        coins = self._wanted(route, wish)
        for leg, side in zip(route.legs, sides, strict=True):
            if self.barred(leg.state.instrument):
                return Reason.BALANCE_QUARANTINED
            if leg.state.banded(side, leg.state.touch(side)):
                return Reason.ORDER_PRICE_BAND
            offered = leg.state.size(side) * wish.depth_share
            if offered <= 0.0:
                return Reason.SIZE_NO_DEPTH
            offered = min(inf if whole else offered, self._largest(leg, side))
            if offered <= 0.0:
                return Reason.SIZE_ABOVE_TERMS
            coins = min(coins, offered * float(leg.state.instrument.unit), self._affordable(leg, side, wish))
        if coins <= 0.0:
            return Reason.BALANCE_SHORT
        return self.legs(route, sides, to_grid(coins, route.lot, Rounding.DOWN), wish.slippage_bps, now)

    def legs(
        self, route: Route, sides: list[Side], coins: Decimal, slippage_bps: float, now: int
    ) -> tuple[IntentLeg, ...] | Reason:
        """Return legs that each move a number of coins, or why a venue would not take or fund them."""
        legs = tuple(
            intent_leg(leg, side, coins / leg.state.instrument.unit, slippage_bps, now)
            for leg, side in zip(route.legs, sides, strict=True)
        )
        for leg, wanted in zip(route.legs, legs, strict=True):
            instrument = leg.state.instrument
            if not takes(instrument, wanted.quantity, wanted.price):
                return Reason.SIZE_BELOW_MINIMUM
            currency, amount = self.accounts.need(instrument, wanted.side, wanted.quantity, wanted.price)
            if self.accounts.free(instrument.venue, currency) < amount:
                return Reason.BALANCE_SHORT
        return legs

    def _largest(self, leg: RouteLeg, side: Side) -> float:
        """Return the largest order quantity that the venue lists, and lets this account hold."""
        listed = leg.state.instrument.max_quantity
        room = self._terms.room(leg.state.key, side, leg.state.touch(Side.BUY))
        return min((float(bound) for bound in (listed, room) if bound is not None), default=inf)

    def _wanted(self, route: Route, wish: Enter) -> float:
        """Return the coins that the notional buys at the dearest leg."""
        notional = float(wish.notional)
        return min(notional / coin_value(leg) for leg in route.legs)

    def _affordable(self, leg: RouteLeg, side: Side, wish: Enter) -> float:
        instrument = leg.state.instrument
        worst = leg.state.worst_price(side, wish.slippage_bps)
        currency, need = self.accounts.need(instrument, side, Decimal(1), worst)
        free = float(self.accounts.free(instrument.venue, currency))
        # A touch under the first tick costs nothing; the check of the order's size refuses it.
        return free * _FEE_ROOM / float(need) * float(instrument.unit) if need else inf


def coin_value(leg: RouteLeg) -> float:
    """Return what one coin is worth at a leg's ask, in base currency."""
    state = leg.state
    return state.ask * leg.rates[0] / float(state.instrument.multiplier)


def intent_leg(leg: RouteLeg, side: Side, quantity: Decimal, slippage_bps: float, now: int) -> IntentLeg:
    """Return a leg at the present touch with its worst price."""
    state = leg.state
    return IntentLeg(
        instrument=state.key,
        side=side,
        quantity=quantity,
        price=state.worst_price(side, slippage_bps),
        touch=state.touch(side),
        quote_age_ns=now - state.recv_ts,
    )


def takes(instrument: Instrument, quantity: Decimal, price: Decimal, *, reducing: bool = False) -> bool:
    """Tell whether a venue takes an order of this size; perpetuals waive the minimum value when reducing."""
    if quantity <= 0 or quantity < instrument.min_quantity:
        return False
    if instrument.max_quantity is not None and quantity > instrument.max_quantity:
        return False
    waived = reducing and instrument.kind is InstrumentKind.PERPETUAL
    return waived or quantity * instrument.contract_size * price >= instrument.min_notional


def check_legs(route: Route, market: Market) -> None:
    """Refuse a route that can't be sized or booked.

    Raises:
        ConfigurationError: Legs move different coins or share an instrument, a contract settles in another currency
            than it is quoted in, or nothing values a fee.
    """
    for leg in route.legs:
        instrument = leg.state.instrument
        if instrument.settlement != instrument.quote:
            raise ConfigurationError(
                f"route {route.spec.id}: {instrument.key} is quoted in {instrument.quote} and settles in "
                f"{instrument.settlement}: this engine trades linear contracts only",
                "use a contract that settles in its quote currency",
            )
        fee = instrument.fees.currency or instrument.settlement
        if instrument.kind is not InstrumentKind.SPOT or fee != instrument.base:
            market.rate_name(fee)
    if len({leg.state.key for leg in route.legs}) != len(route.legs):
        raise ConfigurationError(f"route {route.spec.id} names an instrument twice", "use each market once per route")
    coins = {leg.state.instrument.base for leg in route.legs}
    if len(coins) != 1:
        raise ConfigurationError(
            f"route {route.spec.id} combines {', '.join(sorted(coins))}: this engine sizes legs of one coin only",
            "use one coin per route",
        )


def _nothing_is(instrument: Instrument) -> bool:
    """Bar nothing, until something is wired that does."""
    return False
