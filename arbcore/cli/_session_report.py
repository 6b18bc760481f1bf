"""The terminal report of a session."""

from typing import TYPE_CHECKING

from arbcore.cli._frame_output import print_table
from arbcore.cli._report import print_notes, print_results, run_rows
from arbcore.cli._words import iso_seconds

if TYPE_CHECKING:
    from arbcore.runtime.result import SessionResult


def print_session(result: "SessionResult") -> None:
    """Print a session's result: symbols, exits, rejections, profit by parts, then how it ran."""
    print_results(result)
    stats = result.stats
    slowest = "-" if stats.loop_p99_us is None else f"mean {stats.loop_avg_us:,.0f} us, p99 {stats.loop_p99_us:,.0f} us"
    rows = [
        ("ended", f"{iso_seconds(result.end)}: {result.reason}"),
        *run_rows(result),
        ("inputs", f"{result.inputs:,} taken, {stats.conflated:,} conflated, {stats.dropped:,} dropped"),
        ("loop", slowest),
        ("venues", ", ".join(f"{name} {venue.health}" for name, venue in stats.venues.items())),
        ("recording", result.recording or "none: `arb replay` needs one"),
    ]
    print_table(("run", ""), rows, f"Session {result.session} ({result.mode})")
    print_notes(result)
