"""The faults of a simulator: which are on, and what they do to frames, replies, sockets and markets."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from random import Random
from typing import Final

from arbcore_exchange_simulator.faults.damage import damaged
from arbcore_exchange_simulator.faults.fault import EVENTS, FRAMES, NEVER, PRIVATE, REPLIES, Fault, Kind
from arbcore_exchange_simulator.market.world import World

_VENUES: Final = ("upbit", "usdm", "spot")


class _Set:
    """A fault with the time at which it was set, its round, and the streams on which that round has acted."""

    __slots__ = ("fault", "hits", "on", "round", "since", "spent")

    def __init__(self, fault: Fault, since: int) -> None:
        self.fault = fault
        self.since = since
        self.round = 0
        self.on = False
        self.hits = 0
        self.spent: set[tuple[str, str, str]] = set()

    def look(self, now: int) -> bool:
        """See whether the fault is on, and return whether a round has begun since the last look."""
        elapsed = now - self.since
        self.on = self.fault.active(elapsed)
        before, self.round = self.round, self.fault.round(elapsed)
        if self.round > before:
            self.spent.clear()
            self.hits = 0
        return self.round > before


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
        self._active: list[_Set] = []
        self._frames: dict[str, list[Fault]] = {venue: [] for venue in _VENUES}
        self._cuts: list[Fault] = []
        self._notices: list[Fault] = []
        self._events: list[Fault] = []
        self._now = start
        self._change = start
        self._shown = False
        self._look()

    def add(self, fault: Fault) -> None:
        """Set a fault; its times count from now, and sockets are cut with the next step of the world."""
        self._set.append(_Set(fault, self._now))
        self._look()

    def clear(self) -> None:
        """Take all faults back; a delisting that was announced stays announced."""
        self._set.clear()
        self._look()

    def active(self) -> list[Fault]:
        """Return the faults that are on."""
        return [one.fault for one in self._active]

    @property
    def known(self) -> list[Fault]:
        """All faults, past and coming."""
        return [one.fault for one in self._set]

    def on_time(self, world: World) -> None:
        """See which faults are on now, and let those of markets act; between two changes there is nothing to see."""
        self._now = world.now
        if self._now >= self._change:
            self._look()
        if self._shown:
            return
        self._shown = True
        notices, self._notices = self._notices, []
        freezing = [fault for fault in self.active() if fault.kind in {"freeze", "market_offline"}]
        warning = [fault for fault in self.active() if fault.kind == "warning"]
        for venue, markets in world.markets.items():
            for symbol, market in markets.items():
                market.frozen = any(fault.hits(venue, "market", symbol) for fault in freezing)
                market.warned = any(fault.hits(venue, "market", symbol) for fault in warning)
                for fault in notices:
                    if fault.hits(venue, "market", symbol):
                        market.delisting = self._now + fault.after

    def stand(self, length: int) -> None:
        """Let the times of all faults stand still for a number of ns, as the markets do."""
        for one in self._set:
            one.since += length
        self._change += length

    def _look(self) -> None:
        """Sort out which faults are on, and when that changes next."""
        begun = [one.fault for one in self._set if one.look(self._now)]
        self._active = [one for one in self._set if one.on]
        for venue in _VENUES:
            self._frames[venue] = [fault for fault in self.active() if fault.kind in FRAMES and fault.reaches(venue)]
        self._cuts += [fault for fault in begun if fault.kind == "disconnect"]
        self._notices += [fault for fault in begun if fault.kind == "delisting"]
        self._events += [fault for fault in begun if fault.kind in EVENTS]
        self._change = min((one.since + one.fault.change(self._now - one.since) for one in self._set), default=NEVER)
        self._shown = False

    def cuts(self) -> list[Fault]:
        """Return the disconnects that happen now, each once."""
        found, self._cuts = self._cuts, []
        return found

    def events(self, kind: Kind, venue: str) -> list[Fault]:
        """Return the faults of a kind of `EVENTS` that begin for a venue, each once a round."""
        found = [fault for fault in self._events if fault.kind == kind and fault.reaches(venue)]
        self._events = [fault for fault in self._events if fault not in found]
        return found

    def strikes(self, kind: Kind, venue: str, symbol: str = "", stream: str = "") -> Fault | None:
        """Return a fault of a kind that hits this request or event now, and count the hit; None where none does."""
        for one in self._active:
            fault = one.fault
            if fault.kind != kind or not fault.hits(venue, stream, symbol):
                continue
            if (fault.times is None or one.hits < fault.times) and self.draws(fault):
                one.hits += 1
                return fault
        return None

    def holds(self, kind: Kind, venue: str, symbol: str = "") -> Fault | None:
        """Return a fault of a kind that is on for a venue and symbol, without counting or drawing."""
        for one in self._active:
            if one.fault.kind == kind and one.fault.reaches(venue) and fnmatchcase(symbol, one.fault.symbol):
                return one.fault
        return None

    def ends(self, fault: Fault) -> int:
        """Return when a fault that is on ends, in UTC ns; `NEVER` where it does not."""
        for one in self._active:
            if one.fault is fault:
                return one.since + fault.change(self._now - one.since) if fault.lasts is not None else NEVER
        return self._now

    def skew(self, venue: str) -> int:
        """Return how many ns a venue's clock is ahead."""
        return sum(
            -one.amount if one.behind else one.amount
            for one in self.active()
            if one.kind == "clock_skew" and one.reaches(venue)
        )

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
        for one in self._active:
            fault, key = one.fault, (venue, stream, symbol)
            if fault.kind != "gap" or not fault.hits(*key) or not self.draws(fault):
                continue
            if fault.lasts is not None:
                return True
            if key not in one.spent:
                one.spent.add(key)
                return True
        return False

    def shape(self, venue: str, stream: str, symbol: str, data: bytes, now: int) -> list[tuple[int, bytes]]:
        """Return what becomes of a frame: pairs of the time at which it leaves, and its bytes."""
        due, copies = now, 1
        for fault in self._frames[venue]:
            if not fault.hits(venue, stream, symbol) or not self.draws(fault):
                continue
            if fault.kind in {"drop", "reorder"} and fault.stream == "*" and stream in PRIVATE:
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
