"""`arb trades`: what a session traded, and what it earned."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from arbcore.cli._frame_output import note, plain_values, print_json, print_table
from arbcore.cli._reading import read_session, session_options
from arbcore.cli._words import code_words, harmless, iso_seconds, pnl_parts, signed, span
from arbcore.journal.text import iso
from arbcore.model.money import format_money
from arbcore.model.trade import TradeState

if TYPE_CHECKING:
    from arbcore.model.trade import Trade

_COLUMNS = (
    "id",
    "strategy",
    "symbol",
    "state",
    "opened",
    "held",
    "notional",
    "premium",
    "edge",
    "exit",
    "PnL",
    "parts",
)
_BPS = 1e4


@click.command
@session_options
@click.option("--open", "only_open", is_flag=True, help="Only trades that are not closed.")
@click.option("--limit", type=click.IntRange(0), default=50, show_default=True, help="Most trades; 0 for all.")
def command(
    config_files: tuple[Path, ...], session: str | None, path: Path | None, as_json: bool, only_open: bool, limit: int
) -> None:
    """Show the trades of a session: the newest, in the order in which they were opened.

    Premium and edge are those of the entry, in basis points. PATH is the folder of a session or result, or a journal's
    file. Without it and --session it is the config's session, else the newest backtest that kept its journal.
    """
    reading = read_session(config_files, session, path)
    found = reading.open_trades() if only_open else list(reading.projections.trades.values())
    shown = found[-limit:] if limit else found
    code = reading.started.base_currency
    if as_json:
        told = {"condition": reading.condition, "base_currency": code, "count": len(found)}
        trades = [_record(trade, reading.present) for trade in shown]
        print_json({"schema_version": 1, "session": reading.started.session, **told, "trades": trades})
        return
    print_table(_COLUMNS, [_row(trade, code, reading.present) for trade in shown])
    rest = f" of {len(found):,}" if len(found) > len(shown) else ""
    note(f"{len(shown):,} trades{rest} of {reading.started.session} ({reading.condition}), {reading.location}")


def _row(trade: "Trade", code: str, present: int) -> tuple[str, ...]:
    return (
        trade.id,
        trade.strategy,
        harmless(trade.symbol),
        trade.state,
        iso_seconds(trade.opened_at),
        span(_held(trade, present)),
        format_money(trade.notional, code),
        f"{trade.entry_premium * _BPS:+.1f}",
        f"{trade.entry_edge_bps:+.1f}",
        code_words(trade.exit_reason),
        signed(trade.pnl.total, code) if trade.state is TradeState.CLOSED else "",
        pnl_parts(trade.pnl, code),
    )


def _record(trade: "Trade", present: int) -> dict[str, Any]:
    """Return every field of a trade, the times of its life as ISO 8601, too; null for what did not happen yet."""
    life = {
        name: iso(time) if (time := getattr(trade, f"{name}_at")) else None for name in ("opened", "hedged", "closed")
    }
    return {**plain_values(trade), **life, "held_s": _held(trade, present)}


def _held(trade: "Trade", present: int) -> float:
    """Return the seconds from the entry to the close, or to the present while it is open."""
    return ((trade.closed_at or present) - trade.opened_at) / 1e9
