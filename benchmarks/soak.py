"""Soak: a paper session of many coins on both exchanges while the simulator does everything to them that it can.

`arb run` in a process of its own against a simulator with the faults ``churn`` (latency, lost, doubled and late frames,
mute and cut sockets, gaps, garbage, refusals, maintenance, frozen markets), or ``churn_private``, which has those of
orders besides. Afterwards, without the engine's help: did any order come from a book that could be known to be bad?
Did every connection come back? Is memory flat? Does the journal verify, and does the session replay identically?

    python -m benchmarks.soak [--minutes 10] [--symbols 20] [--seed 1] [--faults churn]

It exits with 1 where something is wrong.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from arbcore.model.events import WebSocketReconnected
from arbcore.runtime.stats import SessionStats
from benchmarks.live import control, followed, percentile, project, session, simulator, slope, symbols_of
from benchmarks.order_audit import Audit, Silence, audit_orders, connections, read_journal, unrecovered

MAX_AGE_NS: Final = 5 * 10**9
"""Oldest book on which the session's strategy decides."""

PATIENCE_NS: Final = 60 * 10**9
"""Longest that a connection may take to come back: the longest fault, the longest back-off, and some."""

WARM_UP: Final = 0.25
"""Share of the session that is not looked at for the growth of memory."""

FLAT_MIB: Final = 1.0
"""Growth of memory in MiB a minute that still counts as none."""

_VENUES: Final[Mapping[str, tuple[str, ...]]] = {"upbit": ("upbit",), "usdm": ("binance",), "binance": ("binance",)}
_SILENT: Final = "mute"


@dataclass(slots=True)
class Weather:
    """What the simulator did, as it tells by itself.

    Attributes:
        seen: Faults that were on, by kind.
        silences: Times in which a venue said nothing.
    """

    seen: Counter[str] = field(default_factory=Counter)
    silences: list[Silence] = field(default_factory=list)
    _on: dict[str, tuple[dict[str, Any], int, int]] = field(default_factory=dict)

    def look(self, address: str) -> None:
        """Ask the simulator what is on. Seen from outside, every fault is a little shorter than it was."""
        state = control(address, "state")
        now = int(state["time"])
        active = {json.dumps(fault, sort_keys=True): fault for fault in state["active"]}
        for key, fault in active.items():
            self.seen[fault["kind"]] += key not in self._on
            _, since, _ = self._on.get(key, (fault, now, now))
            self._on[key] = (fault, since, now)
        for key in self._on.keys() - active.keys():
            self._close(*self._on.pop(key))

    def end(self) -> None:
        """Close what is still on."""
        while self._on:
            self._close(*self._on.popitem()[1])

    def _close(self, fault: Mapping[str, Any], since: int, until: int) -> None:
        whole = fault["share"] == 1 and fault["stream"] == fault["symbol"] == "*"
        if fault["kind"] == _SILENT and whole:
            venues = ("upbit", "binance") if fault["venue"] == "*" else _VENUES.get(fault["venue"], ())
            self.silences += [Silence(venue, since, until) for venue in venues]


@dataclass(slots=True)
class Soaked:
    """What a soak left behind and what was found in it.

    Attributes:
        records: The session's statistics.
        weather: What the simulator did.
        audit: Its orders.
        reconnections: Recoveries of connections, and the longest time without data in nanoseconds.
        late: Losses that took too long to recover.
        verified: Whether the journal verifies.
        replay: What `arb replay` says.
    """

    records: list[SessionStats]
    weather: Weather
    audit: Audit
    reconnections: tuple[int, int]
    late: int
    verified: bool
    replay: dict[str, Any]

    @property
    def growth(self) -> float:
        """MiB of resident memory a minute after the warm-up."""
        steady = self.records[int(len(self.records) * WARM_UP) :]
        return slope([(stats.time / 60e9, stats.rss_mib or 0.0) for stats in steady])

    @property
    def faults(self) -> list[str]:
        """Everything that is wrong, memory aside: a short run can't tell about it."""
        found = list(self.audit.faults)
        if self.late:
            found.append(f"{self.late} losses of a connection took longer than {PATIENCE_NS / 1e9:.0f} s to recover")
        if not self.verified:
            found.append("the journal does not verify")
        if not self.replay["identical"]:
            found.append(f"the replay differs: {self.replay['difference']}; {self.replay['notes']}")
        return found


def soak(
    folder: Path,
    seconds: float,
    coins: int,
    simulated: Sequence[str],
    *,
    strategy: Mapping[str, object] | None = None,
    max_age: int = MAX_AGE_NS,
    say: bool = False,
) -> Soaked:
    """Run a session under faults and look at what it left.

    Args:
        folder: An empty folder for its project.
        seconds: How long.
        coins: Coins on each exchange.
        simulated: Further arguments of the simulator, its faults among them.
        strategy: Settings of the strategy in place of the usual ones.
        max_age: Its ``max_age``, nanoseconds.
        say: Whether to print a line every half minute.

    Raises:
        RuntimeError: The session failed.
    """
    weather, records = Weather(), []
    with simulator("--count", str(coins), *simulated) as address:
        config = project(folder, address, symbols_of(address), strategy=strategy)
        with session(config, seconds) as process:
            for stats in followed(config, process):
                records.append(stats)
                weather.look(address)
                if say and len(records) % 30 == 0:
                    _say(stats, weather)
    weather.end()
    return _examined(folder / "sessions" / "bench", records, weather, max_age)


def _examined(folder: Path, records: list[SessionStats], weather: Weather, max_age: int) -> Soaked:
    events = read_journal(folder)
    outages = [each.event.outage_ns for each in events if isinstance(each.event, WebSocketReconnected)]
    late = sum(unrecovered(states, PATIENCE_NS) for states in connections(events).values())
    return Soaked(
        records=records,
        weather=weather,
        audit=audit_orders(folder, max_age, weather.silences),
        reconnections=(len(outages), max(outages, default=0)),
        late=late,
        verified=bool(_arb("journal", "verify", str(folder))["ok"]),
        # Code that is edited while the session runs is no reason not to look; what differs then is in the result.
        replay=_arb("replay", str(folder), "--changed-code"),
    )


def _arb(*arguments: str) -> dict[str, Any]:
    """Return what a command tells as JSON, whether it is content or not."""
    command = [sys.executable, "-m", "arbcore", *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise RuntimeError(f"arb {' '.join(arguments)}: {done.stderr.strip()}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _say(stats: SessionStats, weather: Weather) -> None:
    books = " ".join(f"{name} {venue.books[0]}/{venue.books[1]} {venue.health}" for name, venue in stats.venues.items())
    print(
        f"{(stats.time - stats.started) / 1e9:6.0f} s  {stats.closed:6,} trades  {stats.rss_mib:6.1f} MiB  "
        f"CPU {stats.cpu_percent:5.1f} %  loop p99 {stats.loop_p99_us or 0:7,.0f} us  {books}  "
        f"faults {weather.seen.total()}",
        flush=True,
    )


def report(found: Soaked) -> None:
    """Print what was found."""
    audit, last = found.audit, found.records[-1]
    print(f"faults of the simulator: {_counts(found.weather.seen)}")
    print(f"books told invalid: {_counts(audit.invalid)}")
    print(f"trades {last.closed:,}; inputs {last.inputs:,}, conflated {last.conflated:,}, dropped {last.dropped:,}")
    print(f"orders: {_counts(audit.orders)}; checks made: {_counts(audit.checks)}")
    if audit.ages:
        ages = [percentile(audit.ages, share) / 1e6 for share in (0.5, 0.99, 1.0)]
        print("age of the book behind an order: p50 {:,.0f} ms, p99 {:,.0f} ms, most {:,.0f} ms".format(*ages))
    count, longest = found.reconnections
    print(f"reconnections: {count}, longest without data {longest / 1e9:.1f} s, not recovered in time: {found.late}")
    print(
        f"memory: {last.rss_mib:.1f} MiB at the end; {found.growth:+.2f} MiB a minute after warm-up, flat is {FLAT_MIB}"
    )
    replay = found.replay
    print(f"journal verifies: {found.verified}; replay: {replay['compared']:,} of {replay['events']:,} events equal")
    for line in (*replay["changed"], *replay["notes"], *found.faults):
        print(f"  ! {line}")


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())) or "none"


def main() -> int:
    """Soak, report, and say whether all is well."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--symbols", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", default="churn", help="A mixture of the simulator, or a file of faults.")
    parser.add_argument("--keep", type=Path, help="Folder to keep the session in.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        arguments = ("--seed", str(asked.seed), "--faults", asked.faults, "--no-wait")
        found = soak(asked.keep or Path(scratch), asked.minutes * 60, asked.symbols, arguments, say=True)
    report(found)
    flat = found.growth < FLAT_MIB
    print("all is well" if flat and not found.faults else "something is WRONG")
    return 0 if flat and not found.faults else 1


if __name__ == "__main__":
    sys.exit(main())
