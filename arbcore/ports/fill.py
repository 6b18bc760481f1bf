"""The fill model port: which fills an order would get from a market, and how long messages take."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol, runtime_checkable

from msgspec import Struct

from arbcore.model.instrument import Instrument
from arbcore.model.market import MarketInput
from arbcore.model.order import Liquidity, OrderRequest


class Execution(Struct, frozen=True):
    """A fill before fees.

    Attributes:
        client_order_id: Order that it belongs to.
        price: Price on the instrument's grid.
        quantity: Quantity on the instrument's lot grid.
        liquidity: Taker or maker.
    """

    client_order_id: str
    price: Decimal
    quantity: Decimal
    liquidity: Liquidity


@runtime_checkable
class FillModel(Protocol):
    """Matches orders of one venue against its market data. Pure: no clock, randomness only from a seeded setting.

    What a model can't do (an order type, a kind of data) raises and names it: silence would show as zero trades.
    """

    def list_instrument(self, instrument: Instrument) -> None:
        """Make an instrument known before any data or order of it."""
        ...

    def on_market(self, item: MarketInput) -> Sequence[Execution]:
        """Take one item of market data and return the executions of resting orders that it causes."""
        ...

    def watches(self, instrument: str) -> bool:
        """Tell whether every quote of an instrument matters now, as it does where an order rests.

        Where not, a loop may keep quotes back and hand over only the latest one before anything else happens.
        """
        ...

    def execute(self, order: OrderRequest, quantity: Decimal, now: int) -> Sequence[Execution] | None:
        """Match an arriving order, or its rest, against the market as it stands.

        Args:
            order: The order.
            quantity: Quantity still to be matched.
            now: Time of arrival at the venue.

        Returns:
            Executions, perhaps none; None where the market can't tell yet (bars: the next opening decides).
        """
        ...

    def rest(self, order: OrderRequest, quantity: Decimal, now: int) -> None:
        """Leave the rest of an order in the book."""
        ...

    def remove(self, client_order_id: str) -> None:
        """Take an order out of the book; unknown ids are ignored."""
        ...

    def touch(self, instrument: str) -> tuple[float, float] | None:
        """Return best bid and ask as the venue sees them, None before the first."""
        ...

    def state(self) -> bytes:
        """Return everything that `restore` needs."""
        ...

    def restore(self, state: bytes) -> None:
        """Take over what an earlier `state` returned."""
        ...


@runtime_checkable
class LatencyModel(Protocol):
    """How long messages travel, in nanoseconds. Pure."""

    def entry(self, order: OrderRequest, now: int) -> int:
        """Return the time from our submit to the venue's matching."""
        ...

    def response(self, order: OrderRequest, now: int) -> int:
        """Return the time from the venue's matching to our receipt of the report."""
        ...

    def state(self) -> bytes:
        """Return everything that `restore` needs."""
        ...

    def restore(self, state: bytes) -> None:
        """Take over what an earlier `state` returned."""
        ...
