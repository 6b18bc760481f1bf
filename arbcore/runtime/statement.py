"""A venue's side of everything: balances, positions, open orders, and what became of orders and funding meanwhile."""

import asyncio
from collections.abc import Sequence
from typing import Final

from arbcore.context import Clock
from arbcore.model.input import VenueReport, VenueStatement
from arbcore.ports.trading import LeveragedVenue, Venue

_HOUR_NS: Final = 3600 * 10**9
"""Venues settle funding at full hours."""
_BOOKED_NS: Final = 600 * 10**9
"""Time after an hour in which a venue is thought to book what it settles."""

_AT_ONCE: Final = 4
"""Questions about instruments that a venue is asked side by side."""


async def statement(
    name: str, venue: Venue, instruments: Sequence[str], since: int, clock: Clock
) -> tuple[list[VenueReport], VenueStatement]:
    """Ask a venue for everything.

    Balances, positions and orders are asked for first: what they contain is then in the history, which comes later.

    Args:
        name: Exchange instance id.
        venue: The venue.
        instruments: Keys of the instruments whose history is wanted.
        since: UTC nanoseconds since when.
        clock: The session's clock.

    Returns:
        What became of orders and funding, instrument by instrument, and the statement that closes it.

    Raises:
        ExchangeError: The venue did not tell.
    """
    asked = clock.now()
    snapshot = await venue.snapshot()
    orders = tuple(await venue.open_orders())
    turns = asyncio.Semaphore(_AT_ONCE)

    async def missed(instrument: str) -> list[VenueReport]:
        async with turns:
            found: list[VenueReport] = [*await venue.history(instrument, since)]
            if isinstance(venue, LeveragedVenue) and _may_have_paid(since, asked):
                found += await venue.funding(instrument, since)
            return found

    parts = await asyncio.gather(*(missed(key) for key in instruments), return_exceptions=True)
    news: list[VenueReport] = []
    for part in parts:
        if isinstance(part, BaseException):
            raise part
        news += part
    told = VenueStatement(venue=name, answered=True, asked=asked, snapshot=snapshot, orders=orders, recv_ts=clock.now())
    return news, told


def _may_have_paid(since: int, now: int) -> bool:
    """Tell whether funding may have been booked: asking for it is dear, and most statements come between two hours."""
    return (since - _BOOKED_NS) // _HOUR_NS != now // _HOUR_NS
