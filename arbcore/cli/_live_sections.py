"""Sections of the live view's picture."""

from collections import Counter
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.text import Text

from arbcore.cli._live_columns import Cell, columns, line
from arbcore.cli._live_words import STALE_S, best_edge, counted, latency, profit, shown_rate, time_left
from arbcore.cli._words import PARTS, clock_time, code_words, signed, signed_digits, span
from arbcore.model.money import format_money
from arbcore.model.state import ConnectionState

if TYPE_CHECKING:
    from decimal import Decimal

    from arbcore.cli._live import Look
    from arbcore.runtime.stats import RateStats, RouteStats, SessionStats, VenueStats

_GOOD, _WARN, _BAD, _DIM = "green", "yellow", "red", "dim"
_HEALTH: Final = {"healthy": _GOOD, "degraded": _WARN}
VENUE_COLUMNS: Final = ("health", "books", "latency", "oldest", "connections")
RATE_COLUMNS: Final = ("value", "age", "", "source")
_EDGES: Final = frozenset({1, 2, 3, 4})


def header(look: "Look", *, last: bool) -> list[Text]:
    """Return the line that says which session this is, and what it does."""
    stats = look.stats
    if stats is None:
        return [line((look.mode, "bold"), "  starting: no statistics yet")]
    state = "ended" if last else stats.state
    tone = _GOOD if state == "RUNNING" else "" if last or look.mode == "monitor" else _WARN
    left = "" if last else time_left(look, stats)
    cells: list[Cell] = [
        (f"{stats.session}  {stats.mode}  ", "bold"),
        (state, f"bold {tone}".strip()),
        f"  {span((stats.time - stats.started) / 1e9)}{left}  {clock_time(stats.time)}",
    ]
    if look.age_s > STALE_S and not last:
        cells.append((f"  no statistics for {look.age_s:.0f} s", _BAD))
    return [line(*cells)]


def profit_lines(stats: "SessionStats", width: int) -> list[Text]:
    """Return equity and profit, and the profit's parts on as many lines as they need."""
    code, pnl = stats.base_currency, stats.pnl
    equity = format_money(stats.equity, code) if stats.equity is not None else "not known yet"
    total = (profit(stats), _tone(pnl.total) if pnl else _DIM)
    first = line(f"equity {equity}   PnL ", total, f"   {counted(stats)}")
    if pnl is None:
        return [first]
    lines = [line()]
    for name in PARTS:
        amount = getattr(pnl, name)
        part = line((f"{name} ", _DIM), (signed_digits(amount, code), _tone(amount)))
        if lines[-1] and cell_len(lines[-1].plain) + cell_len(part.plain) + 2 > width:
            lines.append(line())
        lines[-1].append("  " if lines[-1] else "").append_text(part)
    return [first, *lines]


def routes(stats: "SessionStats", width: int, room: int) -> list[Text]:
    """Return premiums and edges by route; where they don't all fit, those with the best edges."""
    shown = list(stats.routes.items())
    if len(shown) >= room:
        shown = sorted(shown, key=lambda item: (-_rank(item[1]), item[1].symbol))[: max(room - 2, 0)]
    of = Counter(route.symbol for route in stats.routes.values())
    rows = [_route(route.symbol if of[route.symbol] == 1 else name, route) for name, route in shown]
    head = ("routes, bps", "premium paid", "got", "edge forward", "backward", "")
    return [*columns(head, rows, _EDGES, width), *_rest(len(stats.routes) - len(rows), "routes with lesser edges")]


def _route(name: str, route: "RouteStats") -> list[Cell]:
    figures = (route.premium_paid_bps, route.premium_got_bps, route.forward_bps, route.backward_bps)
    now: Cell = (code_words(route.obstacle), _WARN) if route.obstacle else "ready"
    shown: list[Cell] = ["-" if figure is None else f"{figure:+,.1f}" for figure in figures]
    return [name, *shown, now]


def _rank(route: "RouteStats") -> float:
    edge = best_edge(route)
    return float("-inf") if edge is None else edge


def trades(stats: "SessionStats", width: int, room: int) -> list[Text]:
    """Return the open trades; where they don't all fit, the newest."""
    code = stats.base_currency
    shown = stats.trades if len(stats.trades) < room else stats.trades[-max(room - 2, 1) :]
    rows: list[list[Cell]] = [
        [
            f"{trade.symbol} {trade.id}",
            (trade.state, _BAD if trade.state == "frozen" else ""),
            "forward" if trade.forward else "backward",
            span((stats.time - trade.opened_at) / 1e9),
            format_money(trade.notional, code),
            (signed(trade.realised, code), _tone(trade.realised)),
            trade.strategy,
        ]
        for trade in shown
    ]
    head = ("open trades", "state", "direction", "held", "notional", "realised", "strategy")
    hidden = len(stats.trades) - len(rows)
    return [*columns(head, rows, frozenset({3, 4, 5}), width), *_rest(hidden, "older trades")]


def venues(stats: "SessionStats", width: int, room: int) -> list[Text]:
    """Return health, books, latency and connections by venue."""
    rows = [venue_cells(name, venue) for name, venue in stats.venues.items()]
    rows = rows if len(rows) < room else rows[: max(room - 2, 1)]
    table = columns(("venues", *VENUE_COLUMNS), rows, frozenset({2, 3, 4}), width)
    return [*table, *_rest(len(stats.venues) - len(rows), "venues")]


def _connections(venue: "VenueStats") -> str:
    """Return the connections that don't deliver by name, and the number of those that do."""
    lost = _lost(venue)
    up = len(venue.connections) - len(lost)
    told = [f"{name} {state.lower()}" for name, state in lost.items()]
    return ", ".join([*told, *([f"{up} connected"] if up else [])]) or "none yet"


def _lost(venue: "VenueStats") -> dict[str, str]:
    return {name: state for name, state in venue.connections.items() if state != ConnectionState.CONNECTED}


def venue_cells(name: str, venue: "VenueStats") -> list[Cell]:
    """Return the name of a venue and its `VENUE_COLUMNS`."""
    valid, needed = venue.books
    return [
        name,
        (venue.health, _HEALTH.get(venue.health, _BAD)),
        (f"{valid}/{needed}", "" if valid == needed else _WARN),
        "-" if venue.latency_ms is None else f"{venue.latency_ms:,.1f} ms",
        "-" if venue.oldest_book_s is None else f"{venue.oldest_book_s:,.1f} s",
        (_connections(venue), _BAD if _lost(venue) else ""),
    ]


def rates(stats: "SessionStats", width: int, room: int) -> list[Text]:
    """Return the conversion rates with source and age."""
    rows = [rate_cells(name, rate) for name, rate in stats.rates.items()]
    rows = rows if len(rows) < room else rows[: max(room - 2, 1)]
    table = columns((f"rates, {stats.base_currency}", *RATE_COLUMNS), rows, frozenset({1, 2}), width)
    return [*table, *_rest(len(stats.rates) - len(rows), "rates")]


def rate_cells(name: str, rate: "RateStats") -> list[Cell]:
    """Return the name of a rate and its `RATE_COLUMNS`."""
    age = "-" if rate.age_s is None else f"{rate.age_s:,.1f} s"
    return [name, shown_rate(rate), age, "usable" if rate.usable else ("no entries on it", _WARN), rate.source or "-"]


def engine(stats: "SessionStats") -> list[Text]:
    """Return how the session's process fares."""
    counts = [f"{stats.quotes_per_second:,.0f} quotes/s", latency(stats), f"cpu {stats.cpu_percent:.0f} %"]
    counts.append("" if stats.rss_mib is None else f"memory {stats.rss_mib:,.0f} MiB")
    kept = [f"{stats.quotes:,} quotes", f"{stats.conflated:,} conflated", f"{stats.events:,} events"]
    kept += [f"{stats.recorded:,} recorded"] if stats.recorded else []
    lost = [f"{stats.dropped:,} inputs dropped"] if stats.dropped else []
    lost += [f"{stats.unobserved:,} events not seen by sinks"] if stats.unobserved else []
    lines = [line("   ".join(part for part in counts if part)), line("   ".join(kept))]
    return [*lines, line((", ".join(lost), _BAD))] if lost else lines


def _rest(count: int, what: str) -> list[Text]:
    return [line((f"... {count} more {what}", _DIM))] if count > 0 else []


def _tone(amount: "Decimal") -> str:
    return _GOOD if amount > 0 else _BAD if amount < 0 else ""
