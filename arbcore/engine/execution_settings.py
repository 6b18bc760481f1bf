"""Numbers of execution, with defaults that no config needs to repeat."""

from enum import StrEnum

from msgspec import Struct


class LegOrder(StrEnum):
    """In which order the legs of an entry or exit are sent."""

    PARALLEL = "parallel"
    """All at once: the shortest time without a hedge, and the largest quantity without one."""
    LEAD = "lead"
    """One leg first, by an order that takes; the others follow with what it really filled."""
    MAKER = "maker"
    """One leg rests at its own side of the book; every fill of it is hedged at once by orders that take."""


class ExecutionSettings(Struct, frozen=True, kw_only=True):
    """Numbers of execution.

    Attributes:
        prefix: Start of every client order id.
        epoch: Id of the engine's start, so that no later start can reuse an order id.
        ttl_ns: Life of an order at the venue before it is cancelled.
        legs: In which order legs are sent. Repairs always send theirs at once, and so do exits where entries rest.
        lead: Exchange whose leg goes first; empty for the first leg of the route.
        entry_policy: Id of the leg policy for entries; empty to unwind what filled unevenly.
        exit_policy: Id of the leg policy for exits; empty to go on closing.
        slicer: Id of the slicer of entries; empty for none.
        repair_attempts: Repairs tried before a trade is frozen.
        repair_wait_ns: Time between repairs.
        repair_slippage_bps: Allowance of the first repair beyond the touch; doubled by each further one.
        repair_slippage_cap_bps: Largest allowance of a repair.
        first_look_ns: Time from an unknown outcome to the first look-up; doubled by each further one.
        slowest_look_ns: Longest time between look-ups that are answered.
        cancel_patience_ns: Time after which an order that was to be cancelled is looked up.
        absence_ns: Where a venue doesn't bound for how long it may take an order in: how long it must not know it.
        reconcile_ns: Time between statements of a venue; a backtest asks for none.
        transfer_patience_ns: Time that withdrawn money may take to arrive on another venue of the session.
        quarantine_ns: Time for which id and money of such an order are set aside after that.
    """

    prefix: str = "ae"
    epoch: str = "0"
    ttl_ns: int = 5 * 10**9
    legs: LegOrder = LegOrder.PARALLEL
    lead: str = ""
    entry_policy: str = ""
    exit_policy: str = ""
    slicer: str = ""
    repair_attempts: int = 8
    repair_wait_ns: int = 10**9
    repair_slippage_bps: float = 10.0
    repair_slippage_cap_bps: float = 200.0
    first_look_ns: int = 10**8
    slowest_look_ns: int = 10**9
    cancel_patience_ns: int = 10**9
    absence_ns: int = 2 * 10**9
    reconcile_ns: int = 45 * 10**9
    transfer_patience_ns: int = 3600 * 10**9
    quarantine_ns: int = 60 * 10**9

    def slippage_bps(self, attempts: int) -> float:
        """Return the allowance of the next repair, or close that was ordered, after a number of attempts."""
        return min(self.repair_slippage_bps * 2.0**attempts, self.repair_slippage_cap_bps)
