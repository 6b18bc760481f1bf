"""The rules that close a trade, and the edge at which each of them can first act."""

from decimal import Decimal
from math import inf

from arbcore.model.reason import Reason
from arbcore.model.trade import Trade
from arbcore.ports.strategy import Exit, Signal
from arbcore_strategy_spread.baseline import NEVER, PlainEdge, edge_of_premium
from arbcore_strategy_spread.settings import SpreadSettings


def closed_share(trade: Trade) -> float:
    """Return the part of a trade's original quantity that is closed, by its first leg."""
    leg = trade.legs[0]
    entered, left = (leg.bought, leg.sold) if trade.forward else (leg.sold, leg.bought)
    return float(left / entered) if entered else 0.0


def gross_result(trade: Trade, signal: Signal) -> float:
    """Return what closing at the touch would earn before costs, as a fraction of notional.

    Estimated as the difference of two premiums: got now minus paid at the entry for a forward trade, got at the
    entry minus paid now for a backward one.
    """
    if trade.forward:
        return signal.premium_got - trade.entry_premium
    return trade.entry_premium - signal.premium_paid


class ExitRules:
    """When trades of one route are closed.

    Args:
        settings: The strategy's settings.
        enter: Gain at which a direction is worth entering, as a fraction.
        cost: Fees and slippage of a round trip, as a fraction.
    """

    def __init__(self, settings: SpreadSettings, enter: float, cost: float) -> None:
        self._settings = settings
        self._enter = enter
        self._cost = cost
        self._leave = -settings.exit_bps / 1e4

    def judge(self, trade: Trade, signal: Signal, baseline: PlainEdge) -> Exit | None:
        """Return the wish to close a hedged trade, or None to keep it."""
        net_bps = (gross_result(trade, signal) - self._cost) * 1e4
        share = Decimal(1)
        reason = self._full(trade, signal, baseline, net_bps)
        if reason is None:
            share, reason = self._partial(trade, net_bps), Reason.EXIT_PARTIAL
        if not share:
            return None
        slippage = self._settings.slippage_bps
        return Exit(trade=trade.id, share=share, slippage_bps=slippage, edge_bps=net_bps, reason=reason)

    def asks_at(self, trade: Trade, baseline: PlainEdge) -> float:
        """Return the lowest edge of the closing direction at which a rule that waits for a rise can act."""
        closing = not trade.forward
        edges = [baseline.edge_at(self._leave, closing)]
        if self._settings.reversal:
            edges.append(baseline.edge_at(self._enter, closing))
        if (profit := self._next_profit(trade)) is not None:
            edges.append(self._edge_of_result(trade, profit))
        return min(edges)

    def stops_at(self, trade: Trade) -> float:
        """Return the highest edge of the closing direction at which the stop can act."""
        stop = self._settings.stop_bps
        return -inf if stop is None else self._edge_of_result(trade, -stop)

    def _edge_of_result(self, trade: Trade, net_bps: float) -> float:
        gross = net_bps / 1e4 + self._cost
        premium = trade.entry_premium + gross if trade.forward else trade.entry_premium - gross
        return edge_of_premium(premium, not trade.forward)

    def deadline(self, trade: Trade) -> int:
        """Return the engine time at which a trade is closed whatever its result."""
        longest = self._settings.max_holding
        return NEVER if longest is None else trade.opened_at + longest

    def _full(self, trade: Trade, signal: Signal, baseline: PlainEdge, net_bps: float) -> Reason | None:
        settings = self._settings
        gain = baseline.gain(signal, not trade.forward)
        back = -inf if gain is None else gain
        if settings.stop_bps is not None and net_bps <= -settings.stop_bps:
            return Reason.EXIT_STOP
        if settings.reversal and back >= self._enter:
            return Reason.EXIT_REVERSAL
        if settings.take_profit_bps is not None and net_bps >= settings.take_profit_bps:
            return Reason.EXIT_TAKE_PROFIT
        if back >= self._leave:
            return Reason.EDGE_REVERTED
        return Reason.EXIT_TIME if signal.time >= self.deadline(trade) else None

    def _partial(self, trade: Trade, net_bps: float) -> Decimal:
        """Return the part of the open quantity to close for the planned closes reached; zero for none."""
        closed, planned, due = closed_share(trade), 0.0, 0.0
        for step in self._settings.partial_close:
            planned += float(step.share)
            # Lots and thin books leave a close short of its plan: half of it is taken as done.
            if net_bps >= step.at_bps and closed < planned - float(step.share) / 2:
                due = planned
        return Decimal(f"{(due - closed) / (1.0 - closed):.6f}") if due else Decimal(0)

    def _next_profit(self, trade: Trade) -> float | None:
        """Return the lowest result, in basis points, at which a target or a planned close is due."""
        levels = [] if self._settings.take_profit_bps is None else [self._settings.take_profit_bps]
        planned = 0.0
        for step in self._settings.partial_close:
            planned += float(step.share)
            if closed_share(trade) < planned - float(step.share) / 2:
                levels.append(step.at_bps)
        return min(levels, default=None)
