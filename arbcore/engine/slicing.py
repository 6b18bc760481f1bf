"""Slicing: a large entry is approved as a whole and sent in parts, each once the one before it is hedged.

A part is sent only while entries are allowed, the books are good, and the edge has not worsened beyond the allowance of
a repair since the decision. It waits for these until it is too late for it: parts that an entry stop or a close
overtakes are dropped.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from arbcore.engine.approval import ApprovedIntent, part_of
from arbcore.engine.execution import Execution
from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.engine.intents import Intents
from arbcore.engine.isolation import Failure, isolated
from arbcore.engine.output import Outbox
from arbcore.engine.route import Route
from arbcore.engine.sizing import takes
from arbcore.engine.switches import Switches
from arbcore.engine.trades import LiveTrade, Portion
from arbcore.model.effect import SetTimer
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.intent import Intent
from arbcore.model.money import ZERO
from arbcore.model.state import Severity
from arbcore.model.trade import TradeState
from arbcore.ports.policy import Depth, Slice, Slicer

SLICE: Final = "slice"
"""Kind of the timers of parts; the id of the trade follows."""

_PATIENCE_NS: Final = 300 * 10**9
"""Time after its own for which a part waits for hedge, books and edge."""


class Slicing:
    """Cuts entries.

    Args:
        slicer: The rule; None where entries are sent in one.
        execution: Sends the parts.
        intents: Builds them at the present touch.
        switches: Whether entries are allowed, and alerts.
        outbox: Engine time and timers.
        settings: Allowances.
    """

    def __init__(
        self,
        slicer: Slicer | None,
        execution: Execution,
        intents: Intents,
        switches: Switches,
        outbox: Outbox,
        settings: ExecutionSettings,
    ) -> None:
        self.slicer: Final = slicer
        self._execution: Final = execution
        self.intents: Final = intents
        self._switches: Final = switches
        self._outbox: Final = outbox
        self._settings: Final = settings

    def open(self, approved: ApprovedIntent, route: Route, premium: float, edge: float) -> LiveTrade:
        """Open a trade with the first part of its entry, and keep the others for later."""
        portions = self._portions(approved.intent, route)
        if len(portions) < 2:
            return self._execution.open(approved, route, premium)
        trade = self._execution.open(part_of(approved.intent, _sized(approved.intent, portions[0])), route, premium)
        trade.slices, trade.whole = portions[1:], approved.intent
        trade.wanted_edge = edge
        self._arm(trade, trade.slices[0].at)
        return trade

    def on_timer(self, trade: LiveTrade) -> None:
        """Send the next part where everything allows it; wait, or drop what is left, where not."""
        if not trade.slices:
            return
        portion, now = trade.slices[0], self._outbox.now
        obstacle = self._switches.obstacle(trade.route.owner, trade.route.spec.symbol)
        ends = trade.closing or not trade.grows or trade.state is TradeState.EXITING
        if obstacle or ends or now > portion.at + _PATIENCE_NS:
            trade.slices = []
        elif trade.state is not TradeState.HEDGED or self._execution.busy(trade.id) or not self._good(trade):
            self._arm(trade, now + self._settings.repair_wait_ns)
        else:
            trade.slices = trade.slices[1:]
            self._send(trade, portion)
            if trade.slices:
                self._arm(trade, max(trade.slices[0].at, now + 1))

    def _send(self, trade: LiveTrade, portion: Portion) -> None:
        intent = self.intents.portion(trade, portion.quantities, self._settings.repair_slippage_bps)
        self._execution.send(part_of(trade.whole, intent), trade, tuple(range(len(trade.legs))))

    def _good(self, trade: LiveTrade) -> bool:
        route, now = trade.route, self._outbox.now
        forward, backward = route.edges()
        edge = forward if trade.intent.forward else backward
        least = trade.wanted_edge - self._settings.repair_slippage_bps / 1e4
        return not route.obstacle(now) and route.rate_fresh(now) and not edge < least

    def _arm(self, trade: LiveTrade, at: int) -> None:
        self._outbox.effect(SetTimer(f"{SLICE}:{trade.id}", at))

    def _portions(self, intent: Intent, route: Route) -> list[Portion]:
        """Return the parts on the grids of the legs; one where a part would be too small for a venue."""
        if self.slicer is None:
            return []
        slices = isolated(_slices_of, self.slicer, intent, _depths(intent, route), self._outbox.now)
        if isinstance(slices, Failure):
            text = f"slicer {self._settings.slicer} raised {slices.error!r}: entries are sent in one; mend it"
            self._switches.alert("policy_error", Severity.P1, self._settings.slicer, text)
            return []
        portions = list(_cut(intent, route, slices))
        small = any(
            not takes(leg.state.instrument, quantity, wanted.price)
            for portion in portions
            for leg, wanted, quantity in zip(route.legs, intent.legs, portion.quantities, strict=True)
        )
        return [] if small else portions


def _cut(intent: Intent, route: Route, slices: Sequence[Slice]) -> list[Portion]:
    """Return the quantities of each part: the same coins of every leg; the last part takes what rounding left."""
    left = [leg.quantity for leg in intent.legs]
    coins = intent.legs[0].quantity * route.legs[0].state.instrument.unit
    portions = []
    for each in slices[:-1]:
        part = to_grid(coins * each.share, route.lot, Rounding.DOWN)
        quantities = [part / leg.state.instrument.unit for leg in route.legs]
        left = [rest - quantity for rest, quantity in zip(left, quantities, strict=True)]
        portions.append(Portion(each.at, tuple(quantities)))
    return [*portions, Portion(slices[-1].at, tuple(left))]


def _sized(intent: Intent, portion: Portion) -> Intent:
    legs = tuple(replace(leg, quantity=each) for leg, each in zip(intent.legs, portion.quantities, strict=True))
    share = portion.quantities[0] / intent.legs[0].quantity
    return replace(intent, legs=legs, notional=intent.notional * share)


def _depths(intent: Intent, route: Route) -> list[Depth]:
    found = []
    for leg, wanted in zip(route.legs, intent.legs, strict=True):
        unit = leg.state.instrument.unit
        offered = leg.state.size(wanted.side) * float(unit)
        found.append(Depth(offered=offered, wanted=float(wanted.quantity * unit)))
    return found


def _slices_of(slicer: Slicer, intent: Intent, depth: Sequence[Depth], now: int) -> Sequence[Slice]:
    """Return a slicer's answer.

    Raises:
        ValueError: Its parts don't make up the whole, or lie in the past or out of order.
    """
    slices = list(slicer.slices(intent, depth, now))
    times, shares = [each.at for each in slices], [each.share for each in slices]
    if not slices or sum(shares, ZERO) != Decimal(1) or min(shares) <= 0:
        raise ValueError(f"the parts {slices!r} don't sum to one")
    if times != sorted(times) or times[0] < now:
        raise ValueError(f"the times of the parts {times} don't rise from {now}")
    return slices
