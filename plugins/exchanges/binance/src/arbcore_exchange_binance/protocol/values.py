"""Types of the venue's fields. Prices and quantities are decimal strings; market data reads them as float64."""

from typing import Annotated, Final

from msgspec import Meta

MS: Final = 10**6
"""Nanoseconds of a millisecond."""

Amount = Annotated[float, Meta(ge=0, le=1e18)]
"""A price or a quantity: finite and not negative. A quantity of 0 in a diff removes the level."""

Fraction = Annotated[float, Meta(ge=-10, le=10)]
"""A funding rate."""

Millis = Annotated[int, Meta(ge=0, le=9_000_000_000_000)]
"""UTC milliseconds, such that nanoseconds fit into 64 bits."""

UpdateId = Annotated[int, Meta(ge=0, le=2**62)]
"""Id of an update of a book."""

Levels = list[tuple[Amount, Amount]]
"""Pairs of price and quantity."""
