"""What an author gives to the suite of real venues: the market, faults to put in, and what the venue itself knows."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

import anyio
import pytest

from arbcore.model.instrument import Instrument
from arbcore.model.order import OrderOrigin, OrderRequest
from arbcore.ports.trading import Venue
from arbcore.ports.venue import Capabilities

Operation = Literal["place", "cancel", "amend", "cancel_all", "withdraw", "transfer"]
"""A call that changes something at a venue."""

OpenRealVenue = Callable[[], Venue]
"""Makes a venue, not entered; each one it makes trades on the same account."""


@dataclass(frozen=True, slots=True)
class Touch:
    """Best prices at the venue now, and how much is there in order units.

    Attributes:
        bid: Best bid.
        bid_size: Quantity at the best bid.
        ask: Best ask.
        ask_size: Quantity at the best ask.
    """

    bid: Decimal
    bid_size: Decimal
    ask: Decimal
    ask_size: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Market:
    """The market that the suite trades. It stands still unless told otherwise: nothing here depends on luck.

    Attributes:
        instrument: The instrument, as the venue lists it.
        touch: Tells the touch at the venue.
        move_to: Moves the market through a price, so that what rests at or before it fills; None where it can't.
        distance: How far from the touch an order rests safely and is still within the venue's price band.
    """

    instrument: Instrument
    touch: Callable[[], Awaitable[Touch]]
    move_to: Callable[[Decimal], Awaitable[None]] | None = None
    distance: Decimal = Decimal("0.03")


@dataclass(frozen=True, slots=True)
class Held:
    """An answer that is held back.

    Attributes:
        arrived: Set once the venue has done what was asked.
    """

    arrived: anyio.Event


@dataclass(frozen=True, kw_only=True, slots=True)
class Faults:
    """Faults that an author can put in, at the venue or on the way to it. What is None skips the tests that need it.

    Attributes:
        lose_request: The next request of an operation never reaches the venue; the caller can't tell.
        lose_reply: The venue does the next operation and its answer never comes.
        hold_reply: While entered, the answer to the operation is held back.
        turn_away: The venue does not take the next operation, and says so (busy, overloaded, throttled).
        cut: Cuts the user stream once.
        down: While entered, the user stream is cut and can't be opened.
        silence: While entered, the user stream is open and tells nothing, and what happens is never told later.
        duplicate: While entered, every event of the user stream comes twice.
        fill_on_cancel: The next cancel arrives just after the order has filled.
        close_position: The venue closes the position by itself, as a liquidation or for auto-deleveraging.
        stream: Name of the connection that is the user stream; empty where every connection is meant.
    """

    lose_request: Callable[[Operation], Awaitable[None]] | None = None
    lose_reply: Callable[[Operation], Awaitable[None]] | None = None
    hold_reply: Callable[[Operation], AbstractAsyncContextManager[Held]] | None = None
    turn_away: Callable[[Operation], Awaitable[None]] | None = None
    cut: Callable[[], Awaitable[None]] | None = None
    down: Callable[[], AbstractAsyncContextManager[None]] | None = None
    silence: Callable[[], AbstractAsyncContextManager[None]] | None = None
    duplicate: Callable[[], AbstractAsyncContextManager[None]] | None = None
    fill_on_cancel: Callable[[], Awaitable[None]] | None = None
    close_position: Callable[[OrderOrigin], Awaitable[None]] | None = None
    stream: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Witness:
    """What the venue itself knows, asked past the plugin. What is None makes the suite believe the plugin there.

    Attributes:
        orders: Client ids of all orders that the venue ever took, one entry per order.
        balances: Total and locked amount of every balance, by currency; None for a lock that it keeps no number of.
        place: Places an order as another client of the account would; returns the venue's id of it.
        lapse: Lets the venue's time pass by some nanoseconds.
    """

    orders: Callable[[], Awaitable[Sequence[str]]] | None = None
    balances: Callable[[], Awaitable[Mapping[str, tuple[Decimal, Decimal | None]]]] | None = None
    place: Callable[[OrderRequest], Awaitable[str]] | None = None
    lapse: Callable[[int], Awaitable[None]] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """Everything that the author gave, and the one way in which a test is left out.

    Attributes:
        open_venue: Makes the venue.
        market: The market to trade.
        capabilities: The plugin's record.
        faults: Faults that can be put in.
        witness: What the venue itself knows.
        secrets: Texts that nothing may ever show.
    """

    open_venue: OpenRealVenue
    market: Market
    capabilities: Capabilities
    faults: Faults = field(default_factory=Faults)
    witness: Witness = field(default_factory=Witness)
    secrets: Sequence[str] = ()

    def need(self, *names: str) -> None:
        """Skip the test by name where the plugin declares no such capability, or the author gave no such part.

        Args:
            names: ``amends`` or ``order_types.market`` for capabilities; ``faults.cut``, ``witness.place`` or
                ``market.move_to`` for parts.
        """
        for name in names:
            part, _, rest = name.partition(".")
            if part in {"faults", "witness", "market"}:
                if getattr(getattr(self, part), rest) is None:
                    pytest.skip(f"the author gave no `{name}`")
            elif not self._declares(part, rest):
                pytest.skip(f"`{name}` is not among the capabilities")

    def _declares(self, capability: str, member: str) -> bool:
        value = getattr(self.capabilities, capability)
        return member in value if member else bool(value)
