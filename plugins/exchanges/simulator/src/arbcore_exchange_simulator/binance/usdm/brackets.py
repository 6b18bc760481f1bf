"""Brackets of leverage and maintenance margin; the figures are reference values, the arithmetic is the venue's.

Source: Binance developer documentation, 2026-11: maintenance margin is notional times ratio less the bracket's sum.
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore_exchange_simulator.binance.numbers import ZERO, rounded


class Bracket(Struct, frozen=True):
    """A range of notional values, from above the floor to the cap.

    Attributes:
        number: From 1.
        leverage: Highest leverage.
        floor: In USDT.
        cap: In USDT.
        ratio: Of the maintenance margin.
        sum: Taken off, so that the margin has no jump between two brackets.
    """

    number: int
    leverage: int
    floor: Decimal
    cap: Decimal
    ratio: Decimal
    sum: Decimal


# highest leverage, cap in thousand USDT, ratio in percent
_MAJOR: Final = ((125, 300, "0.4"), (100, 800, "0.5"), (75, 3_000, "0.65"), (50, 12_000, "1"), (25, 70_000, "2"),
                 (20, 100_000, "2.5"), (10, 230_000, "5"), (5, 480_000, "10"), (4, 600_000, "12.5"),
                 (3, 800_000, "15"), (2, 1_200_000, "25"), (1, 1_800_000, "50"))  # fmt: skip
_OTHER: Final = ((75, 10, "0.5"), (50, 50, "1"), (40, 250, "1.5"), (25, 1_000, "2"),
                 (20, 5_000, "2.5"), (10, 10_000, "5"), (5, 20_000, "10"), (4, 25_000, "12.5"),
                 (2, 50_000, "25"), (1, 100_000, "50"))  # fmt: skip


def _made(table: tuple[tuple[int, int, str], ...]) -> tuple[Bracket, ...]:
    found: list[Bracket] = []
    floor, before, total = ZERO, ZERO, ZERO
    for number, (leverage, thousands, percent) in enumerate(table, 1):
        ratio = Decimal(percent) / 100
        total += floor * (ratio - before)
        found.append(Bracket(number, leverage, floor, Decimal(thousands * 1000), ratio, total))
        floor, before = Decimal(thousands * 1000), ratio
    return tuple(found)


_BRACKETS: Final = {True: _made(_MAJOR), False: _made(_OTHER)}


def brackets_of(symbol: str) -> tuple[Bracket, ...]:
    """Return the brackets of a perpetual."""
    return _BRACKETS[symbol in {"BTCUSDT", "ETHUSDT"}]


def most(symbol: str, leverage: int) -> Decimal:
    """Return the largest notional value that a leverage allows."""
    return max((one.cap for one in brackets_of(symbol) if one.leverage >= leverage), default=ZERO)


def bracket_of(symbol: str, notional: Decimal) -> Bracket:
    """Return the bracket of a notional value; what is above all of them is in the last."""
    known = brackets_of(symbol)
    return next((one for one in known if notional <= one.cap), known[-1])


def maintenance(symbol: str, notional: Decimal) -> Decimal:
    """Return the margin that a position of a notional value needs."""
    bracket = bracket_of(symbol, notional)
    return rounded(notional * bracket.ratio - bracket.sum)
