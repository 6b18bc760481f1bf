"""A leg policy and a slicer that lie in one way at a time. Everything else about them is honest."""

import random
import time
from collections.abc import Sequence
from decimal import Decimal
from math import inf
from time import time_ns

from arbcore.model.intent import Intent, IntentKind
from arbcore.ports.policy import Depth, LegGap, Repair, RepairPlan, Slice


class HostilePolicy:
    """Chases twice, then unwinds; it counts what it is asked.

    Args:
        lie: Which lie; empty for none.
    """

    def __init__(self, lie: str = "") -> None:
        self._lie = lie
        self._asked = 0
        self._secret = 0

    def decide(self, gap: LegGap) -> RepairPlan:
        self._asked += 1
        self._secret += 1
        return RepairPlan(repair=self._repair(gap), slippage_bps=self._slippage(gap), wait_ns=self._wait())

    def _repair(self, gap: LegGap) -> Repair:
        holds = {
            "holds for ever": True,
            "holds while it is dear": gap.loss > 1,
            "holds where nothing can be chased": not gap.can_chase,
            "holds at the second repair": gap.attempt == 1,
        }
        if holds.get(self._lie, False):
            return Repair.HOLD
        if self._lie == "freezes what is large" and gap.unhedged > 5000:
            return Repair.FREEZE
        may_chase = gap.can_chase or self._lie == "chases the impossible"
        return Repair.CHASE if may_chase and gap.attempt < 2 else Repair.UNWIND

    def _slippage(self, gap: LegGap) -> float:
        match self._lie:
            case "slippage falls":
                return 100.0 / (gap.attempt + 1)
            case "slippage starts again":
                return 10.0 * (gap.attempt % 6 + 1)
            case "slippage without a cap":
                return 12.0 * (gap.attempt + 1)
            case "slippage is no number" if gap.intent.kind is IntentKind.EXIT:
                return inf
            case "a negative slippage" if gap.loss:
                return -1.0
        return min(10.0 * (gap.attempt + 1), 100.0)

    def _wait(self) -> int:
        match self._lie:
            case "reads the clock":
                return int(time.time()) // 10**12
            case "reads a clock by its own name":
                return time_ns() // 10**18
            case "draws lots":
                return random.getrandbits(20)
            case "a negative wait":
                return -1
            case "remembers in secret":
                return self._secret
        return 0

    def state(self) -> bytes:
        return str(self._asked).encode()

    def restore(self, state: bytes) -> None:
        if self._lie != "restores nothing":
            self._asked = int(state)


class HostileSlicer:
    """Cuts what is worth over a hundred into four parts, a second apart; it counts what it is asked.

    Args:
        lie: Which lie; empty for none.
    """

    def __init__(self, lie: str = "") -> None:
        self._lie = lie
        self._asked = 0
        self._secret = 0

    def slices(self, intent: Intent, depth: Sequence[Depth], now: int) -> Sequence[Slice]:
        self._asked += 1
        self._secret += 1
        number = self._number(intent, depth)
        parts = [Slice(Decimal(1) / number, at) for at in self._times(number, now)]
        if number > 1 and self._lie == "loses what rounding left":
            return [Slice(Decimal("0.33"), part.at) for part in parts[:3]]
        if number > 1 and self._lie == "a part of nothing":
            return [*parts, Slice(Decimal(0), parts[-1].at + 1)]
        if self._lie == "shares through float":
            return [Slice(0.1, part.at) for part in parts]  # type: ignore[arg-type]  # the lie
        if self._lie == "no parts":
            return []
        return parts

    def _number(self, intent: Intent, depth: Sequence[Depth]) -> int:
        if self._lie == "never cuts":
            return 1
        if self._lie == "as many as it likes" and intent.notional >= 10_000:
            return 128
        return 4 if intent.notional > 100 else 1

    def _times(self, number: int, now: int) -> list[int]:
        start, step = now, 10**9
        match self._lie:
            case "starts in the past":
                start = now - 1
            case "all at once":
                step = 0
            case "backwards":
                start, step = now + number * 10**9, -(10**9)
            case "reads the clock":
                start = now + int(time.time()) // 10**12
            case "reads a clock by its own name":
                start = now + time_ns() // 10**18
            case "draws lots":
                start = now + random.getrandbits(20)
            case "remembers in secret":
                start = now + self._secret
        return [start + place * step for place in range(number)]

    def state(self) -> bytes:
        return str(self._asked).encode()

    def restore(self, state: bytes) -> None:
        if self._lie != "restores nothing":
            self._asked = int(state)
