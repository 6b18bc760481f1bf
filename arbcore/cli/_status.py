"""The state of a session as a record and as rows of tables."""

from typing import TYPE_CHECKING, Any

from arbcore.cli._live_columns import words
from arbcore.cli._live_sections import rate_cells, venue_cells
from arbcore.cli._live_words import latency
from arbcore.cli._reading import Condition
from arbcore.cli._words import code_words, harmless, iso_seconds, pnl_parts, signed, span
from arbcore.journal.text import iso
from arbcore.model.money import format_money
from arbcore.model.trade import TradeState

if TYPE_CHECKING:
    from arbcore.cli._reading import SessionReading
    from arbcore.model.trade import Pnl, Trade
    from arbcore.runtime.stats import SessionStats

Row = tuple[str, str]


def status(reading: "SessionReading") -> dict[str, Any]:
    """Return a session's state as one record; times are ISO 8601 UTC, amounts in base currency."""
    started, projections, fresh = reading.started, reading.projections, reading.fresh
    profit, source = _profit(reading)
    closed = reading.closed_trades()
    return {
        "schema_version": 1,
        "session": started.session,
        "mode": started.mode,
        "journal": reading.location,
        "condition": reading.condition,
        "writer": reading.writer,
        "state": projections.state,
        "started": iso(reading.story.start),
        "uptime_s": (reading.present - reading.story.start) / 1e9,
        "stop_reason": reading.story.stopped.reason if reading.story.stopped else None,
        "base_currency": started.base_currency,
        "strategies": started.strategies,
        "instruments": started.instruments,
        "events": projections.sequence,
        "last_event": iso(projections.time),
        "trades": {
            "open": len(reading.open_trades()),
            "closed": len(closed),
            "won": sum(trade.pnl.total > 0 for trade in closed),
            "unhedged": [trade.id for trade in unhedged(reading)],
        },
        "orders_open": len(projections.orders),
        "pnl": {"total": profit.total, "parts": profit, "source": source},
        "fees": reading.story.fees,
        "unhedged_max_s": reading.story.unhedged_ns / 1e9,
        "stats_age_s": reading.stats_age_s,
        "stats": fresh,
    }


def state_rows(reading: "SessionReading") -> list[Row]:
    """Return what is known of any session."""
    started, projections, running = reading.started, reading.projections, reading.condition == "running"
    profit, source = _profit(reading)
    code, closed = started.base_currency, reading.closed_trades()
    won = f" ({sum(trade.pnl.total > 0 for trade in closed)} won)" if closed else ""
    waiting = ", ".join(f"{trade.symbol} {trade.id} {trade.state}" for trade in unhedged(reading)) or "none"
    fees = ", ".join(format_money(amount, currency) for currency, amount in reading.story.fees.items())
    return [
        ("condition", _condition(reading)),
        ("mode", f"{started.mode}, engine {projections.state}" if running else started.mode),
        ("started", f"{iso_seconds(reading.story.start)}, {_ran(reading)}"),
        ("strategies", ", ".join(started.strategies)),
        ("symbols", harmless(", ".join(started.instruments))),
        ("trades", f"{len(reading.open_trades())} open, {len(closed)} closed{won}"),
        (f"PnL ({source})", f"{signed(profit.total, code)}  {pnl_parts(profit, code)}".rstrip()),
        ("fees", fees or "-"),
        ("unhedged", f"longest {reading.story.unhedged_ns / 1e9:.2f} s; now {waiting}"),
        ("events", f"{projections.sequence:,}, the last one at {iso_seconds(projections.time)}"),
        ("journal", reading.location),
    ]


def venue_rows(stats: "SessionStats") -> list[list[str]]:
    """Return health, books and connections by venue."""
    return [[words(cell) for cell in venue_cells(name, venue)] for name, venue in stats.venues.items()]


def rate_rows(stats: "SessionStats") -> list[list[str]]:
    """Return the conversion rates with age and source."""
    return [[words(cell) for cell in rate_cells(name, rate)] for name, rate in stats.rates.items()]


def work_rows(stats: "SessionStats") -> list[Row]:
    """Return how the session's process fares."""
    memory = "not told by this system" if stats.rss_mib is None else f"{stats.rss_mib:,.0f} MiB"
    return [
        ("process", f"{stats.pid}, cpu {stats.cpu_percent:.0f} %, memory {memory}"),
        ("loop", latency(stats).removeprefix("loop ") or "-"),
        ("quotes", f"{stats.quotes:,}, {stats.quotes_per_second:,.0f}/s, {stats.conflated:,} conflated"),
        ("dropped", f"{stats.dropped:,} inputs, {stats.unobserved:,} events that sinks never got"),
        ("recorded", f"{stats.recorded:,}"),
    ]


def unhedged(reading: "SessionReading") -> "list[Trade]":
    """Return the open trades whose legs may differ: entries on their way, and frozen ones."""
    return [trade for trade in reading.open_trades() if trade.state in {TradeState.OPEN, TradeState.FROZEN}]


def _profit(reading: "SessionReading") -> "tuple[Pnl, str]":
    """Return profit by parts, and how far it goes.

    A journal tells what open trades are worth at the end of a session only; a running one tells it in its statistics.
    """
    if reading.fresh is not None and reading.fresh.pnl is not None:
        return reading.fresh.pnl, "now"
    return reading.projections.pnl, "whole" if reading.condition is Condition.FINISHED else "realised"


def _condition(reading: "SessionReading") -> str:
    match reading.condition:
        case Condition.RUNNING:
            return f"running: {reading.writer}"
        case Condition.FINISHED:
            reason = reading.story.stopped.reason if reading.story.stopped else ""
            return f"finished: {code_words(reason)}"
        case Condition.KILLED:
            events, at = reading.projections.sequence, iso_seconds(reading.projections.time)
            return f"killed: it ended without a stop; the journal holds {events:,} events up to {at}"


def _ran(reading: "SessionReading") -> str:
    held = span((reading.present - reading.story.start) / 1e9)
    return f"up {held}" if reading.condition is Condition.RUNNING else f"ran {held}"
