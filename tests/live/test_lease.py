"""The lease of a live session with its watchdog's own process: taken, kept, lost in a stall, and taken anew."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from arbcore.errors import SafetyError
from arbcore.live.accounts import account_locks, state_folder
from arbcore.live.lease import BOUND_NS, Lease
from tests.live import project

pytestmark = pytest.mark.anyio
PATIENT = 10**9 * 60
"""A bound that no busy machine reaches."""


class Jumping:
    """The wall's monotonic clock, which a test may put forward as a stall would."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return self.ahead


@pytest.fixture
def account(tmp_path: Path) -> Path:
    return tmp_path / "accounts" / "a.lock"


def told(account: Path) -> dict[str, Any]:
    """Return what a lock file says."""
    text: dict[str, Any] = json.loads(account.read_text("utf-8"))
    return text


@asynccontextmanager
async def kept(lease: Lease) -> AsyncIterator[None]:
    async with lease, anyio.create_task_group() as group:
        group.start_soon(lease.run)
        yield
        group.cancel_scope.cancel()


async def until(happened: Any) -> None:
    """Wait for something that another process does."""
    with anyio.fail_after(30):
        while not happened():  # noqa: ASYNC110 - the other process can't set an event here
            await anyio.sleep(0.01)


async def test_it_is_taken_and_given_back(account: Path) -> None:
    lease = Lease([account], "session a", bound_ns=PATIENT)
    assert lease.may_send() == "no lease was taken yet"
    async with lease:
        assert (lease.may_send(), lease.epoch) == ("", 1)
        assert told(account) == {"epoch": 1, "free": False, "holder": "session a"}
    assert lease.may_send() == "the lease was given back"
    assert told(account)["free"] is True


async def test_a_second_session_on_an_account_is_refused_and_told_whose_it_is(account: Path) -> None:
    async with Lease([account], "session a, process 7", bound_ns=PATIENT):
        with pytest.raises(SafetyError, match="in use by session a, process 7") as caught:
            await Lease([account], "session b", bound_ns=PATIENT).__aenter__()
        assert caught.value.exit_code == 6
    async with Lease([account], "session b", bound_ns=PATIENT) as lease:
        assert lease.epoch == 2


async def test_after_a_stall_nothing_may_be_sent_until_it_is_taken_anew(account: Path) -> None:
    clock, reasons = Jumping(), list[str]()
    lease = Lease([account], "a", on_fenced=reasons.append, bound_ns=BOUND_NS, clock=clock)
    async with lease:
        clock.ahead += BOUND_NS
        assert lease.may_send() == ""
        clock.ahead += 1
        assert "no sign of life for more than 1 s" in lease.may_send()
        clock.ahead = 0
        assert lease.may_send(), "a lost lease stays lost, whatever the time"
        assert await lease.renew() == 2
        assert lease.may_send() == ""
    assert reasons == []


async def test_run_tells_of_a_lost_lease_once_each_time(account: Path) -> None:
    clock, reasons = Jumping(), list[str]()
    lease = Lease([account], "a", reasons.append, bound_ns=PATIENT, pause_ns=10**6, clock=clock)
    async with kept(lease):
        for count in (1, 2):
            clock.ahead += PATIENT + 1
            await until(lambda count=count: len(reasons) == count)
            await lease.renew()
    assert len(reasons) == 2


async def test_signs_of_life_keep_it(account: Path) -> None:
    """Three bounds of time pass in steps that each stay within it; without the beats the first would lose it."""
    clock = Jumping()
    lease = Lease([account], "a", bound_ns=PATIENT, pause_ns=10**6, clock=clock)
    async with kept(lease):
        for _ in range(6):
            clock.ahead += PATIENT // 2
            await until(lambda: lease._until == clock.ahead + PATIENT)
            assert lease.may_send() == ""
        assert lease.epoch == 1


@pytest.mark.skipif(os.name == "nt", reason="a process is killed another way there")
async def test_without_its_watchdog_nothing_may_be_sent(account: Path) -> None:
    reasons = list[str]()
    lease = Lease([account], "a", on_fenced=reasons.append)
    async with kept(lease):
        assert lease._process is not None
        os.kill(lease._process.pid, signal.SIGKILL)
        await until(lambda: reasons)
        assert lease.may_send()
        await lease.renew()
        assert lease.may_send() == ""
        assert lease.epoch > 1


async def test_the_watchdog_learns_no_secret_and_no_signal_of_the_terminal(account: Path) -> None:
    async with Lease([account], "a", bound_ns=PATIENT) as lease:
        assert lease._process is not None
        if sys.platform == "linux":
            environ = await anyio.Path(f"/proc/{lease._process.pid}/environ").read_bytes()
            assert b"=" not in environ.replace(b"LC_CTYPE=", b"")
        if os.name != "nt":
            assert os.getsid(lease._process.pid) != os.getsid(0)


_SESSION = """
import sys, anyio
from pathlib import Path
from arbcore.errors import SafetyError
from arbcore.live.lease import Lease

async def main() -> None:
    lease = Lease([Path(sys.argv[1])], "the stopped one")
    async with lease, anyio.create_task_group() as group:
        group.start_soon(lease.run)
        for word in iter(lambda: None, 1):
            line = await anyio.to_thread.run_sync(sys.stdin.readline)
            if line == "ask\\n":
                print(lease.may_send() or "yes", flush=True)
            elif line == "renew\\n":
                try:
                    print(await lease.renew(), flush=True)
                except SafetyError as error:
                    print(error.what, flush=True)
            else:
                group.cancel_scope.cancel()
                break

anyio.run(main)
"""


class Session:
    """A session's process, which is asked by lines."""

    def __init__(self, account: Path) -> None:
        command = [sys.executable, "-c", _SESSION, str(account)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, word: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        with self.process:
            self.process.kill()


@pytest.mark.skipif(os.name == "nt", reason="no process is stopped there")
async def test_a_stopped_session_loses_its_account_and_sends_nothing_when_it_wakes(account: Path) -> None:
    stopped = Session(account)
    try:
        while stopped.ask("ask") != "yes":
            stopped.ask("renew")  # a busy machine is a stall, too
        os.kill(stopped.process.pid, signal.SIGSTOP)
        await until(lambda: told(account)["free"])
        async with Lease([account], "the other one", bound_ns=PATIENT) as other:
            assert other.may_send() == ""
            os.kill(stopped.process.pid, signal.SIGCONT)
            assert stopped.ask("ask") != "yes"
            assert "in use by the other one" in stopped.ask("renew")
            assert stopped.ask("ask") != "yes"
        assert int(stopped.ask("renew")) > other.epoch
    finally:
        stopped.end()


@pytest.mark.skipif(os.name == "nt", reason="a process is killed another way there")
async def test_a_killed_session_leaves_no_lock_and_no_watchdog(account: Path) -> None:
    killed = Session(account)
    try:
        killed.ask("ask")
        killed.process.kill()
        await until(lambda: told(account)["free"])
    finally:
        killed.end()
    async with Lease([account], "the next", bound_ns=PATIENT) as lease:
        assert lease.may_send() == ""


def test_the_folder_is_the_users_or_the_one_that_is_named(tmp_path: Path) -> None:
    assert state_folder({"ARB_STATE_DIR": str(tmp_path)}) == tmp_path
    if os.name != "nt":
        assert state_folder({"XDG_STATE_HOME": str(tmp_path)}) == tmp_path / "arbcore"
        assert state_folder({}) == Path.home() / ".local" / "state" / "arbcore"


def locks(folder: Path, *assigned: str, **environ: str) -> set[str]:
    config, _ = project.opened(folder, *assigned)
    return {path.name for path in account_locks(config, {**os.environ, **environ})}


def test_an_account_is_one_wherever_it_is_used_and_its_name_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project.make(tmp_path, monkeypatch)
    first = locks(folder)
    assert len(first) == 2
    assert locks(folder, "session.name=other", "exchanges.binance.leverage=3") == first
    assert locks(folder, BINANCE_API_SECRET="turned") == first
    assert len(locks(folder, BINANCE_API_KEY="another") & first) == 1
    assert not locks(folder, "session.environment=testnet") & first
    assert not locks(folder, "exchanges.upbit.simulator=http://h:1", "exchanges.binance.simulator=http://h:1") & first
    assert not [name for name in first if "sim-" in name or "binance" in name]


def test_two_products_of_one_account_are_one_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    more = """
exchanges:
  spot:
    use: binance
    product: spot
    simulator: "http://127.0.0.1:1"
    api_key: {env: BINANCE_API_KEY}
    api_secret: {env: BINANCE_API_SECRET}
"""
    folder = project.make(tmp_path, monkeypatch)
    assert len(locks(folder)) == 2
    project.write(folder, "more", more)
    assert len(locks(folder)) == 2


def test_an_exchange_without_a_key_has_no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project.make(tmp_path, monkeypatch)
    monkeypatch.delenv("UPBIT_ACCESS_KEY")
    monkeypatch.delenv("UPBIT_SECRET_KEY")
    assert len(locks(folder)) == 1
