"""The terminal report of a backtest."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from arbcore.cli._frame_output import print_table
from arbcore.model.money import format_money, plain

if TYPE_CHECKING:
    from arbcore.runtime.result import BacktestResult


def print_report(result: "BacktestResult") -> None:
    """Print a result: symbols, exits, rejections, profit by parts, then how it was made."""
    _symbols(result)
    _exits(result)
    _rejected(result)
    _pnl(result)
    _summary(result)
    for title, lines in (("Conventions", result.notes), ("Alerts", result.alerts), ("Warnings", result.warnings)):
        if lines:
            click.echo(f"\n{title}")
            for line in lines:
                click.echo(f"  - {line}")


def _symbols(result: "BacktestResult") -> None:
    if not result.symbols:
        click.echo("No trade filled. What was refused stands under Rejected; without that table no signal came:")
        click.echo("the data may be too short for the reference of the strategy, or its thresholds too wide.\n")
        return
    currency = result.pnl.currency
    rows = [
        (name, item.entries, item.exits, _rate(item.win_rate), format_money(item.pnl, currency))
        for name, item in result.symbols.items()
    ]
    print_table(("symbol", "entries", "exits", "win rate", "realised PnL"), rows, "Per symbol")


def _exits(result: "BacktestResult") -> None:
    if result.exit_reasons:
        print_table(("exit reason", "trades"), list(result.exit_reasons.items()), "Exits")


def _rejected(result: "BacktestResult") -> None:
    rows = [(reason, item.episodes, f"{item.count:,}") for reason, item in result.rejected.items()]
    if rows:
        print_table(("reason", "episodes", "times"), rows, "Rejected")


def _pnl(result: "BacktestResult") -> None:
    pnl = result.pnl
    parts = ("spread", "slippage", "fees", "funding", "fx", "unrealised", "total", "ledger_change")
    rows = [(name.replace("_", " "), format_money(getattr(pnl, name), pnl.currency)) for name in parts]
    # Never rounded: any other figure than 0 is a defect.
    rows.append(("remainder", f"{plain(pnl.remainder)} {pnl.currency}"))
    print_table(("part", "amount"), rows, "Profit and loss")


def _summary(result: "BacktestResult") -> None:
    seconds = result.load_seconds + result.engine_seconds
    unhedged = result.unhedged_seconds
    rows = [
        ("period", f"{_time(result.start)} to {_time(result.end)} ({_span(result)})"),
        ("trades", f"{result.trades} closed, {result.open_trades} open, {result.failed_entries} entries unfilled"),
        ("win rate", _rate(result.win_rate)),
        ("repairs", result.unwinds),
        ("unhedged", f"p50 {unhedged.p50:g} s, p99 {unhedged.p99:g} s, max {unhedged.max:g} s" if unhedged else "-"),
        ("fees", ", ".join(format_money(amount, code) for code, amount in result.fees.items()) or "-"),
        ("quotes", f"{result.quotes:,} in {seconds:.2f} s ({result.quotes / max(seconds, 1e-9):,.0f}/s)"),
        ("memory", f"{result.peak_rss_mib:.0f} MiB at most" if result.peak_rss_mib else "not told by this system"),
        ("data", result.data_hash),
        ("result", result.result_hash),
        ("events", f"{result.events:,}"),
        ("journal", result.journal),
    ]
    print_table(("run", ""), rows, f"Session {result.session}")


def _time(nanoseconds: int) -> str:
    moment = datetime.fromtimestamp(nanoseconds // 10**9, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _span(result: "BacktestResult") -> str:
    return str(timedelta(seconds=(result.end - result.start) // 10**9))


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"
