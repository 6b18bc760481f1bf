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
    """Bring the lagging legs up to the leading one."""
    UNWIND = "unwind"
    """Take the leading legs back to the lagging one."""
    HOLD = "hold"
    FREEZE = "freeze"


class LegGap(Struct, frozen=True, kw_only=True):
    """A difference between the legs of an intent.

    Attributes:
        intent: The intent.
        filled: Filled quantity of each leg in base coins, in the route's order.
        attempt: Number of repairs already tried.
        elapsed_ns: Time since the intent was approved.
        loss: Loss so far against the decision's touch, in base currency.
    """

    intent: Intent
    filled: tuple[Decimal, ...]
    attempt: int
    elapsed_ns: int
    loss: Decimal


class RepairPlan(Struct, frozen=True, kw_only=True):
    """A leg policy's answer.

    Attributes:
        repair: What to do.
        slippage_bps: How far beyond the touch the repair's worst price may lie.
        wait_ns: Time to wait before it.
    """

    repair: Repair
    slippage_bps: float = 0.0
    wait_ns: int = 0


@runtime_checkable
class LegPolicy(Protocol):
    """Decides what becomes of an intent whose legs filled differently. Pure."""

    def decide(self, gap: LegGap) -> RepairPlan:
        """Answer a gap."""
        ...

    def state(self) -> bytes:
        """Return everything that `restore` needs."""
        ...

    def restore(self, state: bytes) -> None:
        """Take over what an earlier `state` returned."""
        ...


class Slice(Struct, frozen=True):
    """A part of an intent: its share of the whole and the time at which it may start."""

    share: Decimal
    at: int


@runtime_checkable
class Slicer(Protocol):
    """Cuts a large intent into parts. Pure."""

    def slices(self, intent: Intent, now: int) -> Sequence[Slice]:
        """Return the parts; their shares sum to one."""
        ...

    def state(self) -> bytes:
        """Return everything that `restore` needs."""
        ...

    def restore(self, state: bytes) -> None:
        """Take over what an earlier `state` returned."""
        ...
