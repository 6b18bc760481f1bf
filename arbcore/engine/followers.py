"""Followers: where one leg of an intent goes first, the others are sized by what it really filled."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from arbcore.engine.accounts import Accounts
from arbcore.engine.execution_settings import ExecutionSettings, LegOrder
from arbcore.engine.orders import LiveIntent
from arbcore.engine.reducing import reduces
from arbcore.engine.sizing import takes
from arbcore.engine.trades import LiveTrade
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.intent import Intent, IntentKind, IntentLeg
from arbcore.model.order import OrderState, Side, TimeInForce

_DOUBTFUL: Final = frozenset({OrderState.UNKNOWN, OrderState.CANCEL_SENT})


class Followers:
    """Decides which leg leads, and what the others owe to it.

    A leading leg that takes is over within moments, so that the others follow once with all of it. One that rests, or
    whose end is in doubt, is hedged fill by fill, as soon as a venue takes an order of that size.

    Args:
        settings: Which leg leads, and how far a follower may go beyond the touch.
        accounts: Net positions.
    """

    def __init__(self, settings: ExecutionSettings, accounts: Accounts) -> None:
        self._settings: Final = settings
        self._accounts: Final = accounts

    def lead_of(self, intent: Intent, trade: LiveTrade) -> int | None:
        """Return the index of the leg that goes first; None where all are sent at once.

        On bars everything fills at the next opening, so nothing leads there.
        """
        style = self._settings.legs
        leads = style is LegOrder.LEAD and intent.kind in {IntentKind.ENTRY, IntentKind.EXIT}
        rests = style is LegOrder.MAKER and intent.kind is IntentKind.ENTRY
        by_bars = any(leg.state.by_bars for leg in trade.route.legs)
        if len(intent.legs) == 1 or by_bars or not (leads or rests):
            return None
        venues = [leg.state.instrument.venue for leg in trade.route.legs]
        return venues.index(self._settings.lead) if self._settings.lead in venues else 0

    def life(self, live: LiveIntent) -> TimeInForce:
        """Return the life of the orders that an intent sends first."""
        return TimeInForce.IOC if live.lead is None or not self._rests(live) else TimeInForce.POST_ONLY

    def first(self, live: LiveIntent) -> tuple[int, IntentLeg]:
        """Return the leg that goes first; one that rests is priced at its own side of the book."""
        lead = live.lead or 0
        leg = live.intent.legs[lead]
        if self._rests(live):
            state = live.trade.route.legs[live.legs[lead]].state
            leg = replace(leg, price=state.touch(leg.side.opposite))
        return lead, leg

    def due(self, live: LiveIntent) -> Iterator[tuple[int, IntentLeg]]:
        """Return what the other legs owe now, as legs with a worst price of this moment."""
        lead = live.lead or 0
        leading = live.leading()
        over = all(order.done for order in leading)
        if not over and not self._rests(live) and not any(order.state in _DOUBTFUL for order in leading):
            return
        filled = live.filled[lead]
        coins = filled * self._unit(live, lead)
        for index, leg in enumerate(live.intent.legs):
            if index != lead:
                # All of the leading leg stands for all of the others, whatever a fee took of one of them.
                target = leg.quantity if filled == live.intent.legs[lead].quantity else coins / self._unit(live, index)
                yield from self._leg(live, index, leg, min(target, leg.quantity) - live.tried(index))

    def _leg(self, live: LiveIntent, index: int, leg: IntentLeg, owed: Decimal) -> Iterator[tuple[int, IntentLeg]]:
        state = live.trade.route.legs[live.legs[index]].state
        instrument = state.instrument
        quantity = to_grid(owed, instrument.lot, Rounding.DOWN) if owed > 0 else Decimal(0)
        worst = state.worst_price(leg.side, self._settings.repair_slippage_bps)
        price = max(worst, leg.price) if leg.side is Side.BUY else min(worst, leg.price)
        closes = live.intent.kind is IntentKind.EXIT and reduces(self._accounts, instrument, leg.side, quantity)
        if takes(instrument, quantity, price, reducing=closes):
            yield index, replace(leg, quantity=quantity, price=price)

    def _rests(self, live: LiveIntent) -> bool:
        return self._settings.legs is LegOrder.MAKER and live.intent.kind is IntentKind.ENTRY

    def _unit(self, live: LiveIntent, index: int) -> Decimal:
        return live.trade.route.legs[live.legs[index]].state.instrument.unit
