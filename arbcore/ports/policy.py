"""The execution ports: what to do when legs differ, and how to slice a large intent."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from arbcore.model.intent import Intent


class Repair(StrEnum):
    """What a leg policy may choose."""

    CHASE = "chase"
    """Bring the lagging legs up to the leading one: trade what an entry is missing, close what an exit left."""
    UNWIND = "unwind"
    """Take the leading legs back to the lagging one: what filled on all legs stays."""
    REVERSE = "reverse"
    """Take all of the intent back: after an entry close the trade, after an exit open again what it closed."""
    HOLD = "hold"
    """Wait, and be asked again."""
    FREEZE = "freeze"
    """Leave it as it is and call for the operator."""


class LegGap(Struct, frozen=True, kw_only=True):
    """A difference between the legs of a trade after an entry or exit has ended.

    Attributes:
        intent: The entry or exit that led to it.
        held: What each leg of the trade holds, in base coins without sign, in the route's order.
        unhedged: Value of the difference at the touch, in base currency.
        attempt: Repairs already tried since the legs parted.
        elapsed_ns: Time since the legs parted.
        loss: What the market has moved against chasing, in base currency: the orders that would bring the lagging legs
            up, at the touch of now against the touch of the decision; 0 where it has moved in favour. Allowances
            beyond the touch and fees are not in it.
        can_chase: Whether venues take the orders that bring the lagging legs up.
        can_unwind: Whether venues take the orders that bring the leading legs back.
    """

    intent: Intent
    held: tuple[Decimal, ...]
    unhedged: Decimal
    attempt: int
    elapsed_ns: int
    loss: Decimal
    can_chase: bool = True
    can_unwind: bool = True


class RepairPlan(Struct, frozen=True, kw_only=True):
    """A leg policy's answer.

    Attributes:
        repair: What to do.
        slippage_bps: How far beyond the touch the repair's worst price may lie; more than the session's
            ``execution.slippage_cap_bps`` is cut to that.
        wait_ns: Time to wait before it, or until the policy is asked again where it holds.
    """

    repair: Repair
    slippage_bps: float = 10.0
    wait_ns: int = 0


@runtime_checkable
class LegPolicy(Protocol):
    """Decides what becomes of an intent whose legs filled differently. Pure.

    It is asked again after every repair that did not close the gap. Execution takes the way that is open where a plan
    can't be carried out (nothing to chase with, a venue that takes no order of that size), and freezes the trade only
    where the policy says so or its attempts are spent.
    """

    def decide(self, gap: LegGap) -> RepairPlan:
        """Answer a gap. An exception unwinds it, and is told."""
        ...

    def state(self) -> bytes:
        """Return everything that `restore` needs."""
        ...

    def restore(self, state: bytes) -> None:
        """Take over what an earlier `state` returned."""
        ...


class Slice(Struct, frozen=True):
    """A part of an entry.

    Attributes:
        share: Its share of the whole; the last one takes what rounding left.
        at: Engine time at which it may start; it waits for the one before it to be hedged.
    """

    share: Decimal
    at: int


class Depth(Struct, frozen=True):
    """What a leg of an entry finds.

    Attributes:
        offered: Quantity at its touch, in base coins.
        traded_per_s: Base coins traded lately a second; 0 where nobody counts them.
        wanted: Base coins that the leg is to trade; 0 where that is the quantity of the leg itself.
    """

    offered: float
    traded_per_s: float = 0.0
    wanted: float = 0.0


@runtime_checkable
class Slicer(Protocol):
    """Cuts a large entry into parts. Pure."""

    def slices(self, intent: Intent, depth: Sequence[Depth], now: int) -> Sequence[Slice]:
        """Return the parts in time order; their shares sum to one.

        Args:
            intent: The entry, approved as a whole.
            depth: What each of its legs finds now.
            now: Engine time.
        """
        ...

    def state(self) -> bytes:
        """Return everything that `restore` needs."""
        ...

    def restore(self, state: bytes) -> None:
        """Take over what an earlier `state` returned."""
        ...
