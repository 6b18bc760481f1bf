"""What orders, fills and amounts of both products have in common: exact amounts, sides, ids, names. Pure.

Source: Binance developer documentation, USD-M futures and spot trading, 2026-11.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from arbcore.model.order import Side

_DIGITS: Final = 40
_PLACES: Final = 20  # before and behind the point

Number = Annotated[int, Meta(ge=-1, le=2**62)]
"""An id; -1 stands for none."""

SideWord = Literal["BUY", "SELL"]
"""A side as the venue writes it."""

SIDES: Final[Mapping[str, Side]] = {"BUY": Side.BUY, "SELL": Side.SELL}
"""Sides by the venue's word."""


class Exact(msgspec.Struct):
    """A message with amounts: each is finite, below 1e20, and short enough to be added exactly."""

    def __post_init__(self) -> None:
        """Refuse amounts that no venue can mean."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value.__class__ is Decimal and not _is_sane(value):
                raise ValueError(f"{name} is no amount")


def fill_id(symbol: str, trade_id: int) -> str:
    """Return the id of a fill, unique on the venue: trade ids are counted by symbol."""
    return f"{symbol}-{trade_id}"


def symbol_of(instrument: str) -> str:
    """Return the venue's name of an instrument: its key without the exchange."""
    return instrument.partition(":")[2]


def number(value: Decimal) -> str:
    """Return an amount as the venue takes it: no exponent, no zeros at the end that count as precision (-1111)."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _is_sane(value: Decimal) -> bool:
    _, digits, exponent = value.as_tuple()
    # Of infinity and of what is no number the exponent is a letter.
    return isinstance(exponent, int) and exponent >= -_PLACES and len(digits) <= _DIGITS and value.adjusted() < _PLACES
