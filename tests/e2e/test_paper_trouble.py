"""What a user of a paper session gets wrong or runs into: one clear error, the right exit code, nothing harmed."""

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.commands import Ran
from tests.e2e.live_project import CONFIG, Simulator, arb, make_live, session, simulated

Here = Callable[..., Ran]
# Python writes compiled modules cut off at the limit, and other processes would read them.
FULL = (
    "import resource, sys; sys.dont_write_bytecode = True; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))"
)
SESSION = "sessions/live"
RUN = ("run", *CONFIG, "--for", "1s", "--json")
LIVE = """
session: {mode: paper, profile: live}
live: {enabled: true}
plugins: {allow: {%s}}
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """Two exchanges on this machine."""
    with simulated(tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, simulator: Simulator) -> Path:
    """A project that trades on them."""
    return make_live(tmp_path_factory.mktemp("trouble") / "project", simulator.address)


def route(spot: str = "upbit", symbol: str = "BTC") -> str:
    """Return an assignment of the strategy's only route."""
    return f"strategies.premium.routes=[{{spot: {spot}, perpetual: binance, symbols: [{symbol}]}}]"


@pytest.mark.parametrize(
    ("assigned", "code", "texts"),
    [
        ("strategies.premium.entr_bps=3", 3, ("premium.entr_bps", "unknown key; did you mean enter_bps?")),
        (route(spot="upbitt"), 3, ("routes[0].spot", "did you mean upbit?")),
        (route(symbol="NOPE"), 3, ("strategies.premium.routes[0]", "on upbit for NOPE", "known: BTC, ETH")),
        ("strategies.premium.use=spraed", 3, ("'spraed' is installed", "did you mean 'spread'?")),
        ("rates.usdt_krw.market=KRW-BTC", 3, ("rates.usdt_krw", "KRW-BTC", "name the rate btc_krw")),
        ("session.mode=live", 6, ("session.mode", "live trading is not switched on from here")),
    ],
    ids=["key", "exchange", "symbol", "plugin", "market", "mode"],
)
def test_a_mistake_in_the_config(arb_here: Here, assigned: str, code: int, texts: tuple[str, ...]) -> None:
    """In this process: none of them gets as far as a session."""
    arb_here(*RUN, "--set", assigned).refused(code, *texts)


def test_a_rate_without_a_source(arb_here: Here, project: Path) -> None:
    """A backtest may do without; a session may not, and says what to add."""
    text = (project / "arb.yaml").read_text(encoding="utf-8")
    source = "{use: upbit, market: KRW-USDT, max_age: 5s}"
    assert source in text
    (project / "sourceless.yaml").write_text(text.replace(source, "{max_age: 5s}"), encoding="utf-8")
    ran = arb_here("run", "sourceless.yaml", "--set", "session.environment=simulator", "--json")
    ran.refused(3, "rates.usdt_krw names no source", "add `use`")


def test_live_trading_is_refused_without_the_second_consent(arb_here: Here, project: Path) -> None:
    """A config that passes every check of a live one sends nothing before somebody typed the session's name."""
    listed = arb_here("plugins", "list", "--json").told()["plugins"]
    pins = ", ".join(f"'{one['kind']}:{one['name']}': {one['distribution']}=={one['version']}" for one in listed)
    (project / "live.yaml").write_text(LIVE % pins, encoding="utf-8")
    ran = arb_here("run", *CONFIG, "live.yaml", "--live", "--json")
    ran.refused(6, "the second consent is missing", "give --confirm live")


def test_a_simulator_that_does_not_run(tmp_path: Path) -> None:
    """A few lines, and what to start."""
    project = make_live(tmp_path / "project", "http://127.0.0.1:1")
    ran = arb("run", *CONFIG, "--for", "1s", cwd=project)
    ran.refused(1, "http://127.0.0.1:1/", "start `arb simulator` in another terminal")
    assert len(ran.err.splitlines()) <= 4


@pytest.mark.parametrize("command", [("monitor",), ("data", "record")], ids=" ".join)
def test_a_simulator_that_does_not_run_for_others(arb_here: Here, command: tuple[str, ...]) -> None:
    gone = [f"--set={part}.simulator=http://127.0.0.1:1" for part in ("exchanges.upbit", "rates.usdt_krw")]
    arb_here(*command, *CONFIG, "--for", "1s", *gone).refused(1, "http://127.0.0.1:1/", "start `arb simulator`")


def test_two_sessions_on_one_journal(project: Path, arb_here: Here) -> None:
    with session(project) as run:
        run.says("started (paper)")
        arb_here(*RUN).refused(1, f"in use by process {run.process.fork} ", "stop that session first")
        arb_here("replay", SESSION).refused(1, "is being written by process", "stop the session first")
        status = arb_here("status", SESSION, "--json").told()
        assert status["condition"] == "running"
        assert str(run.process.fork) in status["writer"]
        assert arb_here("journal", "verify", SESSION, "--json").told()["ok"]
        assert run.process.poll() is None
        assert run.stop().code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="limits of files are POSIX")
def test_a_full_disk(project: Path, arb_here: Here) -> None:
    """The session ends before it acts on what it could not store; what was stored is whole."""
    options = ("--for", "20s", "--set", "journal.durability=process", "--no-record")
    with session(project, *options, prelude=FULL.format(size=150_000)) as run:
        ran = run.end()
    assert (ran.code, ran.out) == (1, "")
    for text in ("journal.db: can't store event", "the disk refused", "check room"):
        assert text in ran.err
    assert "Traceback" not in ran.err
    verified = arb_here("journal", "verify", SESSION, "--json").told()
    assert verified["ok"]
    assert f"can't store event {verified['events'] + 1} " in ran.err
    assert arb_here("status", SESSION, "--json").told()["condition"] == "killed"


def test_a_locked_journal(project: Path, arb_here: Here) -> None:
    with session(project, "--set", "journal.busy_timeout=50ms", "--set", "journal.durability=process") as run:
        run.says("started (paper)")
        with closing(sqlite3.connect(project / SESSION / "journal.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            ran = run.end()
    assert (ran.code, ran.out) == (1, "")
    for text in ("journal.db: can't store event", "another process holds its lock", "busy_timeout"):
        assert text in ran.err
    verified = arb_here("journal", "verify", SESSION, "--json").told()
    assert verified["ok"]
    assert f"can't store event {verified['events'] + 1} " in ran.err
