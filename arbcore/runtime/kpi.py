"""Key figures of a session: what its statistics and tally add up to, under stable names with units. Pure."""

from collections.abc import Iterable
from statistics import median
from typing import Any, Final

from arbcore.runtime.stats import RateStats, SessionStats, VenueStats
from arbcore.runtime.tally import Tally

SCHEMA_VERSION: Final = 1
"""Version of the names and their meaning."""

HOUR_S: Final = 3_600.0


def kpis(stats: SessionStats, tally: Tally | None = None) -> dict[str, Any]:
    """Return the key figures of a session at one moment.

    What is not known is None, never a guess: profit while something can't be valued, a rate per hour before any time
    has passed, a win rate before the first close, a latency before the first measurement. Amounts are in base
    currency. ``docs/reading-a-session.md`` has the table of the names.

    Args:
        stats: Its statistics.
        tally: What its events add up to; without it the figures that only it knows are left out.
    """
    figures = {
        "schema_version": SCHEMA_VERSION,
        "session": stats.session,
        "mode": stats.mode,
        "state": stats.state,
        "base_currency": stats.base_currency,
        "time_ns": stats.time,
        "uptime_s": _uptime_s(stats),
        **_profit(stats),
        **_trading(stats),
        **_engine(stats),
        "websocket_latency_ms": _largest(venue.latency_ms for venue in stats.venues.values()),
        "venues": {name: _venue(venue) for name, venue in stats.venues.items()},
        "fx": {name: _rate(rate) for name, rate in stats.rates.items()},
    }
    return figures if tally is None else figures | _told(tally)


def _profit(stats: SessionStats) -> dict[str, Any]:
    """Return profit. That of the last hour or day is told only where all of the session lies within it."""
    total = None if stats.pnl is None else stats.pnl.total
    known = total is not None
    return {
        "equity": stats.equity,
        "pnl_total": total,
        "pnl_parts": stats.pnl,
        **({"pnl_1h": total} if known and _uptime_s(stats) <= HOUR_S else {}),
        **({"pnl_24h": total} if known and _uptime_s(stats) <= 24 * HOUR_S else {}),
    }


def _trading(stats: SessionStats) -> dict[str, Any]:
    return {
        "trades_closed": stats.closed,
        "trades_won": stats.won,
        "win_rate": stats.won / stats.closed if stats.closed else None,
        "trades_per_hour": _per_hour(stats.closed, stats),
        "open_positions": len(stats.trades),
        "fills": stats.fills,
        "guard_triggers": stats.guards,
        "guard_triggers_per_hour": _per_hour(stats.guards, stats),
        "alerts": stats.alerts,
        "unhedged_max_s": stats.unhedged_s,
    }


def _engine(stats: SessionStats) -> dict[str, Any]:
    return {
        "loop_latency_avg_us": stats.loop_avg_us,
        "loop_latency_p99_us": stats.loop_p99_us,
        "quotes": stats.quotes,
        "quotes_per_s": stats.quotes_per_second,
        "inputs": stats.inputs,
        "inputs_conflated": stats.conflated,
        "inputs_dropped": stats.dropped,
        "inputs_recorded": stats.recorded,
        "largest_batch": stats.queue,
        "events": stats.events,
        "events_unobserved": stats.unobserved,
        "cpu_percent": stats.cpu_percent,
        "memory_mib": stats.rss_mib,
    }


def _venue(venue: VenueStats) -> dict[str, Any]:
    connected = sum(state == "CONNECTED" for state in venue.connections.values())
    return {
        "health": venue.health,
        "websocket_latency_ms": venue.latency_ms,
        "connections": len(venue.connections),
        "connections_connected": connected,
        "books_valid": venue.books[0],
        "books_needed": venue.books[1],
        "oldest_book_s": venue.oldest_book_s,
    }


def _rate(rate: RateStats) -> dict[str, Any]:
    return {"source": rate.source, "usable": rate.usable, "rate": rate.rate, "age_s": rate.age_s}


def _told(tally: Tally) -> dict[str, Any]:
    """Return what only the events tell."""
    waits = [wait / 1e9 for wait in tally.unhedged_ns]
    return {
        "rollbacks": tally.unwinds,
        "failed_entries": tally.failed_entries,
        "unhedged_median_s": median(waits) if waits else None,
        "fees": dict(tally.fees),
        "skipped_opportunities": {reason: episodes for reason, (episodes, _) in tally.skipped.items()},
        "refused_inputs": {reason: count for reason, (_, count) in tally.refused.items()},
    }


def _uptime_s(stats: SessionStats) -> float:
    return (stats.time - stats.started) / 1e9


def _per_hour(count: int, stats: SessionStats) -> float | None:
    seconds = _uptime_s(stats)
    return count * HOUR_S / seconds if seconds > 0 else None


def _largest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
