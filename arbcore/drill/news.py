"""What a venue reports while a drill runs, and waiting for it."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

import anyio

from arbcore.model.input import AccountSnapshot, ConnectionChanged
from arbcore.model.money import ZERO, add
from arbcore.model.order import TERMINAL, Fill, OrderReport
from arbcore.model.state import ConnectionState
from arbcore.opening import first_error
from arbcore.ports.trading import Venue, VenueItem


class Skip(Exception):
    """A scenario can't be played here; the text says why."""


class Missed(Exception):
    """What a scenario expects did not happen; the text says what was seen instead."""


class News:
    """Everything that a venue's `run` reported, in order.

    Args:
        patience_s: Longest wait for something.

    Attributes:
        items: What came.
        failed: Why `run` ended, empty while it goes on.
    """

    def __init__(self, patience_s: float) -> None:
        self.items: Final[list[VenueItem]] = []
        self.failed = ""
        self._patience_s: Final = patience_s
        self._came = anyio.Event()

    async def follow(self, venue: Venue, instruments: Sequence[str]) -> None:
        """Run a venue until cancelled; an error of its own ends it and is kept."""
        try:
            await venue.run(instruments, self.take)
            self.failed = "the stream ended by itself"
        except Exception as error:  # noqa: BLE001 - the scenarios that need it tell it
            self.failed = f"the stream ended: {first_error(error)}"
        self._ring()

    def take(self, item: VenueItem) -> None:
        """Take an item."""
        self.items.append(item)
        self._ring()

    @property
    def mark(self) -> int:
        """The place after everything that has come so far."""
        return len(self.items)

    async def until(self, reached: Callable[[], bool], what: str) -> None:
        """Wait until something holds; it is asked again whenever an item came.

        Raises:
            Missed: It does not within the patience; `what` names it.
        """
        with anyio.move_on_after(self._patience_s):
            while not reached() and not self.failed:
                await self._came.wait()
        if not reached():
            raise Missed(f"{what}: not within {self._patience_s:g} s" + (f" ({self.failed})" if self.failed else ""))

    def ends(self, client_order_id: str) -> list[OrderReport]:
        """Return the reports that an order has ended."""
        return [
            item
            for item in self.items
            if isinstance(item, OrderReport) and item.client_order_id == client_order_id and item.state in TERMINAL
        ]

    def fills(self, client_order_id: str) -> list[Fill]:
        """Return the fills of an order.

        Raises:
            Missed: One was reported twice.
        """
        found = [item for item in self.items if isinstance(item, Fill) and item.client_order_id == client_order_id]
        if len({fill.fill_id for fill in found}) < len(found):
            raise Missed(f"a fill of {client_order_id} was reported twice")
        return found

    def filled(self, client_order_id: str) -> Decimal:
        """Return the quantity that fills of an order add up to."""
        total = ZERO
        for fill in self.fills(client_order_id):
            total = add(total, fill.quantity)
        return total

    def connected(self, since: int = 0) -> bool:
        """Whether connections told their state since a mark, and each is connected by now."""
        states = self.states(since)
        return bool(states) and set(states.values()) == {ConnectionState.CONNECTED}

    def lost(self, since: int) -> list[str]:
        """Return the connections that were told as lost since a mark."""
        changes = [item for item in self.items[since:] if isinstance(item, ConnectionChanged)]
        return sorted({item.connection for item in changes if item.state is not ConnectionState.CONNECTED})

    def states(self, since: int = 0) -> dict[str, ConnectionState]:
        """Return the newest state of every connection that told one since a mark."""
        changes = [item for item in self.items[since:] if isinstance(item, ConnectionChanged)]
        return {item.connection: item.state for item in changes}

    def snapshot_after_connection(self, since: int = 0) -> AccountSnapshot | None:
        """Return the first snapshot after a connection was told as connected, None where there is none yet."""
        connected = False
        for item in self.items[since:]:
            if isinstance(item, ConnectionChanged) and item.state is ConnectionState.CONNECTED:
                connected = True
            elif connected and isinstance(item, AccountSnapshot):
                return item
        return None

    def _ring(self) -> None:
        self._came.set()
        self._came = anyio.Event()
