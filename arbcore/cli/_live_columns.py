"""Columns of text that always take one line a row: what does not fit is cut, never wrapped."""

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from arbcore.cli._words import harmless, printable

Cell = str | tuple[str, str]
"""Text, or text and its style."""

GAP: Final = "  "
_NARROWEST: Final = 5


def line(*cells: Cell) -> Text:
    """Return one line made of pieces; it is cut where the terminal ends."""
    text = Text(no_wrap=True, overflow="ellipsis")
    for cell in cells:
        piece, style = (cell, "") if isinstance(cell, str) else cell
        text.append(printable(piece), style or None)
    return text


def columns(header: Sequence[str], rows: Sequence[Sequence[Cell]], right: frozenset[int], width: int) -> list[Text]:
    """Return a header and rows in columns.

    Args:
        header: Names of the columns.
        rows: Cells of each row, as many as columns.
        right: Indexes of the columns that are aligned to the right.
        width: Room in cells; the widest columns give way.
    """
    plain = [[words(cell) for cell in row] for row in (header, *rows)]
    sizes = _fitted([max(cell_len(row[index]) for row in plain) for index in range(len(header))], width)
    styles = [["bold"] * len(header), *([_style(cell) for cell in row] for row in rows)]
    return [_row(row, tones, sizes, right) for row, tones in zip(plain, styles, strict=True)]


def _row(row: Sequence[str], styles: Sequence[str], sizes: Sequence[int], right: frozenset[int]) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    for index, (word, style, size) in enumerate(zip(row, styles, sizes, strict=True)):
        text.append(GAP if index else "")
        text.append(_sized(word, size, right=index in right), style or None)
    text.rstrip()
    return text


def _sized(word: str, size: int, *, right: bool) -> str:
    room = size - cell_len(word)
    if room < 0:
        return set_cell_size(word, size - 1) + "…"
    return " " * room + word if right else word + " " * room


def _fitted(sizes: list[int], width: int) -> list[int]:
    """Return sizes that fit: each cell too many is taken from the widest column."""
    over = sum(sizes) + len(GAP) * (len(sizes) - 1) - width
    while over > 0 and max(sizes) > _NARROWEST:
        sizes[sizes.index(max(sizes))] -= 1
        over -= 1
    return sizes


def words(cell: Cell) -> str:
    """Return what a cell says, on one line and harmless."""
    return harmless(cell if isinstance(cell, str) else cell[0])


def _style(cell: Cell) -> str:
    return "" if isinstance(cell, str) else cell[1]
