"""The faults of a simulator: which are on, and what they do to frames, replies, sockets and markets."""

from collections.abc import Iterable
from random import Random
from typing import Final

from arbcore_exchange_simulator.faults.damage import damaged
from arbcore_exchange_simulator.faults.fault import FRAMES, REPLIES, Fault
from arbcore_exchange_simulator.market.world import World

_VENUES: Final = ("upbit", "usdm", "spot")


class _Set:
    """A fault with the time at which it was set, and how many of its rounds have acted."""

    __slots__ = ("fault", "on", "rounds", "since")

    def __init__(self, fault: Fault, since: int) -> None:
        self.fault = fault
        self.since = since
        self.rounds = 0
        self.on = False

    def starts(self, now: int) -> bool:
        """Whether a round began that has not acted yet; it counts as acted from now on."""
        rounds = self.fault.round(now - self.since)
        begun, self.rounds = rounds > self.rounds, rounds
        return begun


class FaultPlan:
    """Faults in force, by seed: the same plan, seed and traffic give the same damage.

    Args:
        faults: Faults from the start.
        start: Time of the start in ns.
        seed: Seed of what is drawn.
    """

    def __init__(self, faults: Iterable[Fault], start: int, seed: int) -> None:
        self._random = Random(f"{seed}:faults")  # noqa: S311 - reproducible
        self._set = [_Set(fault, start) for fault in faults]
        self._frames: dict[str, list[Fault]] = {venue: [] for venue in _VENUES}
        self._gaps: list[tuple[Fault, int]] = []
        self._spent: set[tuple[int, int, str, str]] = set()
        self._cuts: list[Fault] = []
        self._now = start
        self._marked = False
        self._refresh()

    def add(self, fault: Fault, now: int) -> None:
        """Set a fault; its times count from now."""
        self._set.append(_Set(fault, now))
        self._now = now
        self._refresh()

    def clear(self) -> None:
        """Take all faults back."""
        self._set.clear()
        self._spent.clear()
        self._refresh()

    def active(self) -> list[Fault]:
        """Return the faults that are on."""
        return [one.fault for one in self._set if one.on]

    @property
    def known(self) -> list[Fault]:
        """All faults, past and coming."""
        return [one.fault for one in self._set]

    def on_time(self, world: World) -> None:
        """See which faults are on now, and let those of markets act."""
        self._now = world.now
        if self._set:
            self._refresh()
        elif not self._marked:
            return
        self._marked = any(one.fault.kind == "freeze" for one in self._set)
        freezing = [fault for fault in self.active() if fault.kind == "freeze"]
        for venue, markets in world.markets.items():
            for symbol, market in markets.items():
                market.frozen = any(fault.hits(venue, "market", symbol) for fault in freezing)
        for one in self._set:
            if one.fault.kind in {"warning", "delisting"}:
                self._announce(one, world)

    def stand(self, length: int) -> None:
        """Let the times of all faults stand still for a number of ns, as the markets do."""
        for one in self._set:
            one.since += length

    def _announce(self, one: _Set, world: World) -> None:
        fault = one.fault
        begun = one.starts(self._now)
        for venue, markets in world.markets.items():
            for symbol, market in markets.items():
                if not fault.hits(venue, "market", symbol):
                    continue
                if fault.kind == "warning":
                    market.warned = one.on
                elif begun:
                    market.delisting = self._now + fault.after

    def _refresh(self) -> None:
        for one in self._set:
            one.on = one.fault.active(self._now - one.since)
        on = [one for one in self._set if one.on]
        for venue in _VENUES:
            self._frames[venue] = [o.fault for o in on if o.fault.kind in FRAMES and o.fault.reaches(venue)]
        self._gaps = [(o.fault, o.fault.round(self._now - o.since)) for o in on if o.fault.kind == "gap"]
        self._cuts += [o.fault for o in on if o.fault.kind == "disconnect" and self._cuts_now(o)]

    def _cuts_now(self, one: _Set) -> bool:
        """A disconnect cuts once a round; one that lasts keeps sockets from opening too."""
        return one.starts(self._now)

    def cuts(self) -> list[Fault]:
        """Return the disconnects that happen now, each once."""
        found, self._cuts = self._cuts, []
        return found

    def draws(self, fault: Fault) -> bool:
        """Whether a fault hits this time, by its share."""
        return fault.share >= 1 or self._random.random() < fault.share

    def barred(self, venue: str) -> bool:
        """Whether no socket of a venue opens now."""
        kinds = {"disconnect", "maintenance"}
        return any(f.kind in kinds and f.reaches(venue) and (f.lasts or f.kind != "disconnect") for f in self.active())

    def quiet(self, venue: str) -> bool:
        """Whether no fault touches a venue's frames now."""
        return not self._frames[venue]

    def lost(self, venue: str, stream: str, symbol: str) -> bool:
        """Whether a difference is lost before it is told: once a round and stream, or while the fault lasts."""
        for fault, turn in self._gaps:
            if not fault.hits(venue, stream, symbol) or not self.draws(fault):
                continue
            if fault.lasts is not None:
                return True
            key = (id(fault), turn, stream, symbol)
            if key not in self._spent:
                self._spent.add(key)
                return True
        return False

    def shape(self, venue: str, stream: str, symbol: str, data: bytes, now: int) -> list[tuple[int, bytes]]:
        """Return what becomes of a frame: pairs of the time at which it leaves, and its bytes."""
        due, copies = now, 1
        for fault in self._frames[venue]:
            if not fault.hits(venue, stream, symbol) or not self.draws(fault):
                continue
            if fault.kind in {"drop", "mute"}:
                return []
            if fault.kind == "duplicate":
                copies += 1
            elif fault.kind == "garbage":
                data = damaged(data, self._random)
            else:
                due += fault.amount + (self._random.randrange(fault.jitter + 1) if fault.jitter else 0)
        return [(due, data)] * copies

    def ordered(self, venue: str) -> bool:
        """Whether frames keep their order: latency never changes it, only ``reorder`` does."""
        return not any(fault.kind == "reorder" for fault in self._frames[venue])

    def reply(self, venue: str, symbol: str) -> list[Fault]:
        """Return the faults that hit a request now."""
        found = (fault for fault in self.active() if fault.kind in REPLIES and fault.hits(venue, "rest", symbol))
        return [fault for fault in found if self.draws(fault)]

    def delay(self, fault: Fault) -> int:
        """Return how long a latency holds a reply, in ns."""
        return fault.amount + (self._random.randrange(fault.jitter + 1) if fault.jitter else 0)

    def damage(self, data: bytes) -> bytes:
        """Return bytes that are no longer what they were."""
        return damaged(data, self._random)
