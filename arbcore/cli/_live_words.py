"""What the picture and the lines of the live view say of a session, in the same words."""

from typing import TYPE_CHECKING

from arbcore.cli._words import signed, span

if TYPE_CHECKING:
    from arbcore.cli._live import Look
    from arbcore.runtime.stats import RateStats, RouteStats, SessionStats

STALE_S = 3.0
"""Age from which statistics are said to be old: they come every second."""


def time_left(look: "Look", stats: "SessionStats") -> str:
    """Return how long the session still runs, empty where that is open."""
    if look.seconds is None:
        return ""
    return f", {span(look.seconds - (stats.time - stats.started) / 1e9)} left"


def profit(stats: "SessionStats") -> str:
    """Return the profit so far with its sign, or that it is not known."""
    return signed(stats.pnl.total, stats.base_currency) if stats.pnl is not None else "not known yet"


def counted(stats: "SessionStats") -> str:
    """Return the number of open and closed trades."""
    won = f" ({stats.won} won)" if stats.closed else ""
    return f"trades {len(stats.trades)} open, {stats.closed} closed{won}"


def best_edge(route: "RouteStats") -> float | None:
    """Return the better edge of a route in basis points, None where neither is known."""
    known = [edge for edge in (route.forward_bps, route.backward_bps) if edge is not None]
    return max(known, default=None)


def best_route(stats: "SessionStats") -> str:
    """Return the route with the best edge, empty where none is known."""
    known = [(edge, route.symbol) for route in stats.routes.values() if (edge := best_edge(route)) is not None]
    if not known:
        return ""
    edge, symbol = max(known)
    return f"best edge {symbol} {edge:+.1f} bps"


def health(stats: "SessionStats") -> str:
    """Return the health of every venue."""
    return ", ".join(f"{name} {venue.health}" for name, venue in stats.venues.items())


def latency(stats: "SessionStats") -> str:
    """Return mean and 99th percentile of the loop's latency, empty before there is any."""
    if stats.loop_avg_us is None or stats.loop_p99_us is None:
        return ""
    return f"loop {micros(stats.loop_avg_us)}, p99 {micros(stats.loop_p99_us)}"


def micros(value: float) -> str:
    """Return a time in microseconds, or in milliseconds where it is long."""
    return f"{value:,.0f} us" if value < 10_000 else f"{value / 1e3:,.0f} ms"


def shown_rate(rate: "RateStats") -> str:
    """Return a rate with six digits, a small one as a fraction: ``1 / 1,383.6``."""
    if rate.rate is None:
        return "no value yet"
    return f"1 / {1 / rate.rate:,.6g}" if 0 < rate.rate < 0.01 else f"{rate.rate:,.6g}"
