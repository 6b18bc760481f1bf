"""The terminal report of a backtest, and the parts of it that a session's report shares."""

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from arbcore.cli._frame_output import print_table
from arbcore.cli._words import iso_seconds
from arbcore.model.money import format_money, plain

if TYPE_CHECKING:
    from arbcore.runtime.result import BacktestResult, Outcome


def print_report(result: "BacktestResult") -> None:
    """Print a backtest's result: symbols, exits, rejections, profit by parts, then how it was made."""
    print_results(result)
    seconds = result.load_seconds + result.engine_seconds
    speed = result.quotes / max(seconds, 1e-9)
    rows = [
        *run_rows(result),
        ("speed", f"{result.quotes:,} quotes in {seconds:.2f} s ({speed:,.0f}/s)"),
        ("data", result.data_hash),
    ]
    print_table(("run", ""), rows, f"Session {result.session}")
    print_notes(result)


def print_results(result: "Outcome") -> None:
    """Print what was traded and earned."""
    _symbols(result)
    _exits(result)
    _rejected(result)
    _pnl(result)


def print_notes(result: "Outcome") -> None:
    """Print what the reader must know beside the figures."""
    for title, lines in (("Conventions", result.notes), ("Alerts", result.alerts), ("Warnings", result.warnings)):
        if lines:
            click.echo(f"\n{title}")
            for line in lines:
                click.echo(f"  - {line}")


def run_rows(result: "Outcome") -> list[tuple[str, object]]:
    """Return the rows about a run that every report has."""
    unhedged = result.unhedged_seconds
    return [
        ("period", f"{iso_seconds(result.start)} to {iso_seconds(result.end)} ({_span(result)})"),
        ("trades", f"{result.trades} closed, {result.open_trades} open, {result.failed_entries} entries unfilled"),
        ("win rate", _rate(result.win_rate)),
        ("repairs", result.unwinds),
        ("unhedged", f"p50 {unhedged.p50:g} s, p99 {unhedged.p99:g} s, max {unhedged.max:g} s" if unhedged else "-"),
        ("fees", ", ".join(format_money(amount, code) for code, amount in result.fees.items()) or "-"),
        ("quotes", f"{result.quotes:,}"),
        ("memory", f"{result.peak_rss_mib:.0f} MiB at most" if result.peak_rss_mib else "not told by this system"),
        ("result", result.result_hash),
        ("events", f"{result.events:,}"),
        ("journal", result.journal),
    ]


def _symbols(result: "Outcome") -> None:
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


def _exits(result: "Outcome") -> None:
    if result.exit_reasons:
        print_table(("exit reason", "trades"), list(result.exit_reasons.items()), "Exits")


def _rejected(result: "Outcome") -> None:
    rows = [(reason, item.episodes, f"{item.count:,}") for reason, item in result.rejected.items()]
    if rows:
        print_table(("reason", "episodes", "times"), rows, "Rejected")


def _pnl(result: "Outcome") -> None:
    pnl = result.pnl
    parts = ("spread", "slippage", "fees", "funding", "fx", "unrealised", "total", "ledger_change")
    rows = [(name.replace("_", " "), format_money(getattr(pnl, name), pnl.currency)) for name in parts]
    # Never rounded: any other figure than 0 is a defect.
    rows.append(("remainder", f"{plain(pnl.remainder)} {pnl.currency}"))
    print_table(("part", "amount"), rows, "Profit and loss")


def _span(result: "Outcome") -> str:
    return str(timedelta(seconds=(result.end - result.start) // 10**9))


def _rate(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.1%}"
