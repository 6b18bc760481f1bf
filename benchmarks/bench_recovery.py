"""From exec of the process to the first allowed order, of a live session that was killed and goes on.

A session trades with real orders on the accounts of a simulator and is killed with -9; then it is started again and
killed as soon as its orders may leave, as often as asked: with the few events of its own journal, with a million events
written before them through the real store, and with each newest snapshot damaged. The baseline, in the same run: the
import of everything that a session needs, and `arb --help`.

    python -m benchmarks.bench_recovery [starts] [events]
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

import anyio
from msgspec.structs import replace

from arbcore.engine.state import Kept, decode, encode
from arbcore.journal.chain import GENESIS, Anchor, seal
from arbcore.journal.codec import decode as decode_event
from arbcore.model.events import Envelope
from arbcore.ports.journal import StoredEvent, StoredSnapshot
from arbcore.testing.stores import reader_context, store_context
from arbcore_exchange_simulator.trading.given import BINANCE_KEY, UPBIT_KEY
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings
from benchmarks.bench_journal import events_of
from benchmarks.live import percentile, project, simulator

GOAL_P50_S: Final = 2.5
GOAL_P99_S: Final = 5.0
_PATIENCE_S: Final = 60.0
_SESSION: Final = Path("sessions", "bench.live.simulator")
_CHUNK: Final = 10_000
_NS: Final = 1e9
_SNAPSHOT_S: Final = 0.3
"""Time after which it has taken its snapshot, so that the next start folds from there."""

_PLUGINS: Final = {
    "exchange:upbit": "arbcore-exchange-upbit",
    "exchange:binance": "arbcore-exchange-binance",
    "exchange:paper": "arbcore-exchange-paper",
    "rate:upbit": "arbcore-exchange-upbit",
    "fill:top": "arbcore-fill-top",
    "strategy:spread": "arbcore-strategy-spread",
    "risk:portfolio": "arbcore-risk-portfolio",
    "sink:sqlite": "arbcore-sink-sqlite",
}
_KEYS: Final = {
    "UPBIT_KEY": UPBIT_KEY.key,
    "UPBIT_SECRET": UPBIT_KEY.secret.get_secret_value(),
    "BINANCE_KEY": BINANCE_KEY.key,
    "BINANCE_SECRET": BINANCE_KEY.secret.get_secret_value(),
}
TOLD: Final = {
    "symbols": ["BTC", "ETH"],
    "rate": 20,
    "premium": {"volatility_bps": 4, "half_life": "300ms", "kick_every": "300ms", "shift_share": 0},
    # A start takes so much of Binance's weight that five fill a minute: this venue counts none.
    "rules": {"enforce": False},
}


_IMPORTED: Final = (
    "arbcore.session",
    "arbcore.trading",
    "arbcore_exchange_upbit.venue",
    "arbcore_exchange_binance.venue",
    "arbcore_sink_sqlite.journal",
    "uvloop",
)


class Starts:
    """A live project whose session is started and killed.

    Args:
        config: Its config file.

    Attributes:
        folder: The project's folder.
        session: The session's folder.
        env: Environment of its processes, with the keys.
    """

    def __init__(self, config: Path) -> None:
        self.folder: Final = config.parent
        self.session: Final = config.parent / _SESSION
        self.env: Final = {**os.environ, **_KEYS, "ARB_STATE_DIR": str(config.parent / "state")}

    @contextmanager
    def running(self) -> Iterator[tuple[int, int]]:
        """Run the session while entered, then kill it; yield the time right before its process was made, and its id."""
        arguments = ("run", "--live", "arb.yaml", "--confirm", "bench", "--plain")
        with (self.folder / "session.err").open("w") as errors:
            begun = time.time_ns()
            process = subprocess.Popen(
                [sys.executable, "-m", "arbcore", *arguments],
                cwd=self.folder,
                env=self.env,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        try:
            yield begun, process.pid
        finally:
            process.kill()
            process.wait()

    def until(self, kind: str, since: int, words: str = "") -> int:
        """Return the engine time of the first event of a type after a time.

        Raises:
            TimeoutError: It did not come.
        """
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            found = self._first(kind, since, words)
            if found is not None:
                return found
            time.sleep(0.05)
        raise TimeoutError(f"no {kind}: {(self.folder / 'session.err').read_text()}")

    def damage_newest(self) -> None:
        """Damage the newest snapshot, as a bad disk does."""
        with closing(sqlite3.connect(self.session / "journal.db")) as connection, connection:
            connection.execute(
                "UPDATE snapshot_store SET digest = zeroblob(32) WHERE id = (SELECT max(id) FROM snapshot_store)"
            )

    def _first(self, kind: str, since: int, words: str) -> int | None:
        path = self.session / "journal.db"
        if not path.exists():
            return None
        asked = (
            "SELECT time FROM event_store WHERE sequence > (SELECT max(sequence) - 2000 FROM event_store)"
            " AND type = ? AND time > ? AND CAST(body AS TEXT) LIKE ? ORDER BY sequence"
        )
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
                row = connection.execute(asked, (kind, since, f"%{words}%")).fetchone()
        except sqlite3.OperationalError:  # it is being made
            return None
        return None if row is None else int(row[0])


def live_project(folder: Path, address: str) -> Starts:
    """Make a project whose session trades with real orders on the simulator's accounts."""
    path = project(folder, address, ["BTC", "ETH"])
    config = json.loads(path.read_text())
    config["session"] |= {"profile": "staging", "record": False}
    config |= {"live": {"enabled": True}, "keys": {"withdraw": "none"}}
    for name in ("upbit", "binance"):
        keys = {"api_key": {"env": f"{name.upper()}_KEY"}, "api_secret": {"env": f"{name.upper()}_SECRET"}}
        config["exchanges"][name] |= keys
    config["strategies"]["premium"]["reference"] = {
        "kind": "rolling_median", "window": "2s", "sample": "20ms", "min_samples": 10,
    }  # fmt: skip
    config["risk"]["portfolio"]["daily_loss"] = 1_000_000
    config["journal"] = {"use": "sqlite"}
    config["plugins"] = {"allow": {name: f"{package}=={version(package)}" for name, package in _PLUGINS.items()}}
    path.write_text(json.dumps(config, indent=1))
    return Starts(path)


def traded(starts: Starts) -> None:
    """Run the session until it has closed some trades, and kill it while it goes on."""
    with starts.running() as (begun, _):
        last = begun
        for _ in range(3):
            last = starts.until("TradeClosed", last)


async def lengthen(folder: Path, count: int) -> None:
    """Put events before those of a journal: its own follow them in one chain, with its snapshots.

    Args:
        folder: The session's folder, which is replaced.
        count: How many.
    """
    settings = SqliteSettings(use="sqlite", durability="process")
    identity = {"session": "bench", "mode": "live", "environment": "simulator"}
    context = store_context(folder, **identity)
    async with SqliteJournal(settings, reader_context(folder)) as journal:
        own, kept = list(journal.read()), [one for one in journal.snapshots() if any(one.digest)]
    shifted = [decode_event(event.body) for event in own]
    (folder / "journal.db").replace(folder / "earlier.db")
    async with SqliteJournal(settings, context) as journal:
        previous = GENESIS
        for first in range(0, count, _CHUNK):
            made = [
                replace(one, sequence=one.sequence + first, cause=0, time=shifted[0].time) for one in events_of(_CHUNK)
            ]
            previous = stored(journal, previous, made)
        for envelope, event in zip(shifted, own, strict=True):
            later = replace(
                envelope, sequence=envelope.sequence + count, cause=envelope.cause and envelope.cause + count
            )
            previous = stored(journal, previous, [later])
            for snapshot in kept:
                if snapshot.sequence == event.sequence:
                    journal.keep_snapshot(moved(snapshot, count, previous))


def stored(journal: SqliteJournal, previous: bytes, events: Sequence[Envelope]) -> bytes:
    """Store events; return the hash of the last."""
    sealed: list[StoredEvent] = seal(previous, events)
    journal.append(sealed)
    return sealed[-1].hash


def moved(snapshot: StoredSnapshot, by: int, chain: bytes) -> StoredSnapshot:
    """Return a snapshot for a later place of another chain."""
    kept = decode(snapshot, Anchor(snapshot.sequence, snapshot.chain))
    return encode(Kept(replace(kept.engine, sequence=kept.engine.sequence + by), kept.venues), chain)


def measure(starts: Starts, times: int, *, damaged: bool) -> list[tuple[float, float]]:
    """Start and kill the session; return the seconds from exec until orders may leave, and those of CPU by then."""
    found = []
    for _ in range(times):
        if damaged:
            once(starts)  # three snapshots are kept: between two that are damaged, one is not
            starts.damage_newest()
        found.append(once(starts))
    return found


def once(starts: Starts) -> tuple[float, float]:
    """Start the session and kill it once it trades; return the seconds until then, and those of CPU."""
    with starts.running() as (begun, process):
        at = starts.until("EngineModeChanged", begun, '"after":"RUNNING"')
        used = cpu(process)
        time.sleep(_SNAPSHOT_S)
    return (at - begun) / _NS, used


def cpu(process: int) -> float:
    """Return the seconds of CPU that a process took so far, as Linux tells them; 0 elsewhere."""
    path = Path(f"/proc/{process}/stat")
    if not path.exists():
        return 0.0
    user, system = path.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def spent(command: Sequence[str], times: int = 5) -> float:
    """Return the median seconds that a command takes."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found.append(time.perf_counter() - begun)
    return percentile(found, 0.5)


def report(name: str, found: Sequence[tuple[float, float]], baseline: float) -> None:
    """Print a distribution beside its goals."""
    seconds = [whole for whole, _ in found]
    middle, slow = percentile(seconds, 0.5), percentile(seconds, 0.99)
    met = "met" if middle < GOAL_P50_S and slow < GOAL_P99_S else "MISSED"
    took = f"p50 {middle:5.2f} s   p99 {slow:5.2f} s   CPU p50 {percentile([used for _, used in found], 0.5):4.2f} s"
    ratio = f"{middle / baseline:4.1f} x the imports"
    print(
        f"{name:40} {len(found):4} starts   {took}   {ratio}   goals {GOAL_P50_S:g}, {GOAL_P99_S:g} s: {met}",
        flush=True,
    )


def told(folder: Path) -> str:
    """Write what the simulator is told; return where."""
    path = folder / "simulator.yaml"
    path.write_text(json.dumps(TOLD))  # JSON is YAML, too
    return str(path)


def main(times: int, count: int) -> None:
    """Measure and print."""
    imports = f"import {', '.join(_IMPORTED)}"
    baseline = spent([sys.executable, "-c", imports])
    print(f"imports {baseline:.2f} s; arb --help {spent([sys.executable, '-m', 'arbcore', '--help']):.2f} s")
    with (
        tempfile.TemporaryDirectory() as scratch,
        simulator("--config", told(Path(scratch)), "--no-wait") as address,
    ):
        starts = live_project(Path(scratch) / "project", address)
        traded(starts)
        small = measure(starts, times, damaged=False)
        report("its own events", small, baseline)
        report("the newest snapshot damaged", measure(starts, times, damaged=True), baseline)
        begun = time.perf_counter()
        anyio.run(lengthen, starts.session, count)
        print(f"{count:,} events were written before them in {time.perf_counter() - begun:.0f} s", flush=True)
        report(f"{count:,} events", measure(starts, times, damaged=False), baseline)
        report(f"{count:,} events, the newest snapshot damaged", measure(starts, times, damaged=True), baseline)


if __name__ == "__main__":
    main(*(int(word) for word in (*sys.argv[1:], *("40", "1000000")[len(sys.argv) - 1 :])))
