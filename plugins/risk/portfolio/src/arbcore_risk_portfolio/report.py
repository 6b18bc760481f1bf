"""What is used of the limits, in words for people."""

from collections.abc import Iterator
from decimal import Decimal

from arbcore.model.money import multiply, plain, subtract, total
from arbcore.ports.risk import LimitUse, RiskView
from arbcore_risk_portfolio.limits import DAY, Memory
from arbcore_risk_portfolio.settings import PortfolioSettings


def used(memory: Memory, settings: PortfolioSettings, view: RiskView) -> Iterator[LimitUse]:
    """Yield every limit that is set, with what is used of it as far as the last review knows."""
    yield from _of_trades(memory, settings, view)
    equity, fx = view.equity(), view.fx()
    known = equity is not None and fx is not None and memory.day >= 0
    result = Decimal(0) if equity is None or fx is None else equity if settings.count_fx else subtract(equity, fx)
    if settings.daily_loss is not None:
        lost = subtract(memory.day_start, result) if known else None
        yield LimitUse(name="daily_loss", limit=plain(settings.daily_loss), used=_fall(lost))
    fall = subtract(memory.peak, result) if known else None
    if settings.drawdown_amount is not None:
        yield LimitUse(name="drawdown_amount", limit=plain(settings.drawdown_amount), used=_fall(fall))
    if settings.drawdown is not None:
        limit = f"{plain(settings.drawdown)} of the peak {_short(memory.peak)}"
        yield LimitUse(name="drawdown", limit=limit, used=_fall(fall))
    if settings.equity_floor is not None:
        worth = "not known" if equity is None else f"equity {_short(equity)}"
        yield LimitUse(name="equity_floor", limit=plain(settings.equity_floor), used=worth)
    yield LimitUse(name="kill", limit="on" if settings.kill else "off")


def _of_trades(memory: Memory, settings: PortfolioSettings, view: RiskView) -> Iterator[LimitUse]:
    trades = view.open_trades()
    if settings.trade_notional is not None:
        yield LimitUse(name="trade_notional", limit=plain(settings.trade_notional))
    if settings.symbol_share is not None:
        yield _symbol_share(memory, settings.symbol_share, view)
    if settings.open_trades is not None:
        yield LimitUse(name="open_trades", limit=str(settings.open_trades), used=str(len(trades)))
    if settings.trades_per_day is not None:
        today = view.trades_opened_since(view.now // DAY * DAY)
        yield LimitUse(name="trades_per_day", limit=str(settings.trades_per_day), used=str(today))


def _symbol_share(memory: Memory, share: Decimal, view: RiskView) -> LimitUse:
    """Return the share of equity that a symbol may hold, with the symbol that holds most."""
    equity = memory.equity
    worth = "" if equity is None else f", {_short(multiply(share, equity))}"
    trades = view.open_trades()
    held = {symbol: total(one.notional for one in trades if one.symbol == symbol) for symbol in _symbols(view)}
    most = max(held, key=lambda symbol: held[symbol], default="")
    return LimitUse(
        name="symbol_share",
        limit=f"{plain(share)} of equity{worth}",
        used=f"{_short(held[most])} in {most}" if most else "0",
    )


def _symbols(view: RiskView) -> list[str]:
    return list(dict.fromkeys(trade.symbol for trade in view.open_trades()))


def _fall(amount: Decimal | None) -> str:
    return "not known" if amount is None else _short(max(amount, Decimal(0)))


def _short(amount: Decimal) -> str:
    """Return an amount to a hundredth: it is looked at, and nothing is computed with it."""
    return f"{amount:,.2f}"
