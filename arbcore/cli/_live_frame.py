"""The picture of a running session: sections of one-line rows, fitted to the height of the terminal."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from rich.text import Text

from arbcore.cli._live_columns import line
from arbcore.cli._live_sections import engine, header, profit_lines, rates, routes, trades, venues
from arbcore.cli._words import clock_time

if TYPE_CHECKING:
    from arbcore.cli._live import Look
    from arbcore.cli._sentences import Sentence
    from arbcore.runtime.stats import SessionStats

_LEAST_NEWS: Final = 3
_MOST_NEWS: Final = 15
_LEAST_TABLE: Final = 4
"""Rows that a table keeps, its header among them, before others give way further."""

Section = Callable[["SessionStats", int, int], list[Text]]
"""Returns a table of statistics in a width, its header among at most so many lines."""


def frame(look: "Look", news: "Sequence[Sentence]", width: int, height: int, *, last: bool = False) -> list[Text]:
    """Return the lines of the picture.

    Args:
        look: What is known of the session.
        news: What happened of late, oldest first.
        width: Columns of the terminal.
        height: Lines that the picture may take.
        last: Whether the session is over and this picture stays.
    """
    stats = look.stats
    if stats is None:
        return [*header(look, last=last), *_news(news, max(height - 1, 0))][:height]
    top, bottom = header(look, last=last), engine(stats)
    if look.mode != "monitor":
        top += profit_lines(stats, width)
    tables: list[tuple[int, Section]] = [(len(stats.routes), routes)]
    if look.mode != "monitor":
        tables.append((len(stats.trades), trades))
    tables += [(len(stats.venues), venues), (len(stats.rates), rates)]
    tables = [(rows + 1, section) for rows, section in tables if rows]
    kept = min(len(news), _LEAST_NEWS) + 1  # and the line above them
    sizes = _fitted([size for size, _ in tables], height - len(top) - len(bottom) - kept)
    body = [section(stats, width, size) for size, (_, section) in zip(sizes, tables, strict=True)]
    return _joined([top, *body, bottom], news, height)


def _fitted(sizes: list[int], room: int) -> list[int]:
    """Return sizes that fit together: the longest tables give way first, none below a few lines."""
    while sum(sizes) > room and max(sizes, default=0) > _LEAST_TABLE:
        sizes[sizes.index(max(sizes))] -= 1
    return sizes


def _joined(parts: Sequence[list[Text]], news: "Sequence[Sentence]", height: int) -> list[Text]:
    """Return parts and what happened below each other, with empty lines between them where there is room."""
    spare = height - sum(map(len, parts)) - min(len(news), _LEAST_NEWS)
    lines: list[Text] = []
    for part in parts:
        if lines and spare >= len(parts):
            lines.append(line())
        lines += part
    told = _news(news, min(height - len(lines) - 1, _MOST_NEWS))
    return [*lines, *([line()] if told and height - len(lines) > len(told) else []), *told][:height]


def _news(news: "Sequence[Sentence]", room: int) -> list[Text]:
    shown = news[-room:] if room > 0 else ()
    return [line((f"{clock_time(each.time)} ", "dim"), (each.text, each.tone)) for each in shown]
