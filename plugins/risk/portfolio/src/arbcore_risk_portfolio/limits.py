"""The limits on equity: what a review compares, and the memory that it needs between reviews."""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore.model.money import multiply, plain, subtract
from arbcore.model.reason import Reason
from arbcore.ports.risk import RiskView, Verdict, VerdictKind
from arbcore_risk_portfolio.settings import PortfolioSettings

DAY: Final = 86_400 * 10**9
"""Nanoseconds of a day; days begin at 00:00 UTC."""

_SEVERITY: Final = {kind: rank for rank, kind in enumerate(VerdictKind)}


class Memory(Struct, kw_only=True):
    """What the tier remembers. The result is equity, without what rate changes did unless the settings count it.

    Attributes:
        day: Number of the UTC day that `day_start` belongs to, -1 before the first valuation.
        day_start: Result at the day's first valuation, or at the end of a pause within the day.
        peak: Highest result seen.
        equity: Last equity known.
        rest_until: End of a cool-down.
        standing: Breach that the last review which could value the session found, apart from a cool-down.
    """

    day: int = -1
    day_start: Decimal = Decimal(0)
    peak: Decimal = Decimal(0)
    equity: Decimal | None = None
    rest_until: int = 0
    standing: Verdict | None = None


def observe(memory: Memory, settings: PortfolioSettings, view: RiskView) -> Decimal | None:
    """Take over the present valuation and return the result; None while something can't be valued."""
    equity, fx = view.equity(), view.fx()
    if equity is None or fx is None:
        return None
    result = equity if settings.count_fx else subtract(equity, fx)
    today = view.now // DAY
    if memory.day < 0:
        start = view.start_equity()
        memory.day_start = memory.peak = result if start is None else start
    elif today != memory.day or 0 < memory.rest_until <= view.now:
        memory.day_start = result
    if memory.rest_until <= view.now:
        memory.rest_until = 0
    memory.day = today
    memory.equity = equity
    memory.peak = max(memory.peak, result)
    return result


def breaches(memory: Memory, settings: PortfolioSettings, result: Decimal, now: int) -> list[Verdict]:
    """Return a verdict for every limit on equity that the result breaks."""
    found = (_floor(memory, settings), _drawdown(memory, settings, result), _daily_loss(memory, settings, result, now))
    return [verdict for verdict in found if verdict is not None]


def hardest(verdicts: list[Verdict]) -> Verdict:
    """Return the hardest verdict, the first of them where several are."""
    return max(verdicts, key=lambda verdict: _SEVERITY[verdict.kind])


def _floor(memory: Memory, settings: PortfolioSettings) -> Verdict | None:
    floor, equity = settings.equity_floor, memory.equity
    if floor is None or equity is None or equity > floor:
        return None
    detail = f"equity {plain(equity)}, floor {plain(floor)}"
    return Verdict(kind=VerdictKind(settings.on_kill), reason=Reason.RISK_KILL, detail=detail)


def _drawdown(memory: Memory, settings: PortfolioSettings, result: Decimal) -> Verdict | None:
    fall = subtract(memory.peak, result)
    amounts = [] if settings.drawdown_amount is None else [settings.drawdown_amount]
    if settings.drawdown is not None and memory.peak > 0:
        amounts.append(multiply(settings.drawdown, memory.peak))
    if not amounts or fall < min(amounts):
        return None
    detail = f"{plain(fall)} below the peak {plain(memory.peak)}, limit {plain(min(amounts))}"
    return Verdict(kind=VerdictKind(settings.on_drawdown), reason=Reason.RISK_DRAWDOWN, detail=detail)


def _daily_loss(memory: Memory, settings: PortfolioSettings, result: Decimal, now: int) -> Verdict | None:
    limit = settings.daily_loss
    if limit is None:
        return None
    loss = subtract(memory.day_start, result)
    resting = now < memory.rest_until
    if loss < limit and not resting:
        return None
    kind = VerdictKind(settings.on_daily_loss)
    if kind is VerdictKind.COOL_DOWN and not resting:
        memory.rest_until = (memory.day + 1) * DAY if settings.cooldown is None else now + settings.cooldown
    until = memory.rest_until if kind is VerdictKind.COOL_DOWN else 0
    detail = f"lost {plain(loss)} of {plain(limit)} today, which began at {plain(memory.day_start)}"
    return Verdict(kind=kind, reason=Reason.RISK_DAILY_LOSS, detail=detail, until=until)
