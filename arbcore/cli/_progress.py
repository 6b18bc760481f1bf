"""The progress of a backtest on stderr: a bar on a terminal, a line now and then elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from arbcore.cli._frame_output import note

EVERY_SECONDS: Final = 10.0
"""Time between two lines where stderr is no terminal, so that short runs and logs stay quiet."""

Count = Callable[[int], None]


class PlainProgress:
    """Lines with share, rate and time left.

    Args:
        now: Clock in seconds.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now: Final = now
        self._begun = self._told = now()
        self._total = 0

    def started(self, rows: int) -> None:
        """Learn the number of rows; the time counts from here."""
        self._total = rows
        self._begun = self._told = self._now()

    def progress(self, count: int) -> None:
        """Learn how many inputs were taken, and say so where it is time."""
        now = self._now()
        if now - self._told < EVERY_SECONDS:
            return
        self._told = now
        speed = count / (now - self._begun)
        share = min(count / max(self._total, 1), 1.0)  # a bar is one row and two inputs
        left = max(self._total - count, 0) / speed
        note(f"replay: {share:.0%}, {count:,} inputs, {speed:,.0f}/s, about {left:,.0f} s left")


@contextmanager
def progress_line() -> Iterator[tuple[Count, Count]]:
    """Give two functions, for the total and for the count so far, that show progress with rate and ETA on stderr.

    What sinks write to the terminal meanwhile appears above the bar.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from arbcore.cli._above import above

    console = Console(file=sys.stderr)
    if not console.is_terminal:
        plain = PlainProgress()
        yield plain.started, plain.progress
        return
    columns = (
        TextColumn("replay"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.completed:,.0f} inputs"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
    with bar, above(console):
        task = bar.add_task("replay", total=None, rate="")

        def started(rows: int) -> None:
            bar.update(task, total=rows)

        def progress(count: int) -> None:
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            bar.update(task, completed=count, rate=f"{speed:,.0f}/s" if speed else "")

        yield started, progress
