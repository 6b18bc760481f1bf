"""The inbox: at most once, whoever dies when; answers that a store refuses are given later; the bell."""

import json
import logging
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import anyio
import pytest

from arbcore.errors import JournalError
from arbcore.journal.chain import seal
from arbcore.journal.memory import MemoryJournal
from arbcore.model.command import AnyCommand, CommandRequest, PauseEngine, RebuildProjection, StopEntry, Withdraw
from arbcore.model.events import (
    CommandAccepted,
    CommandFailed,
    EnginePaused,
    Envelope,
    Event,
    WithdrawCompleted,
    WithdrawFailed,
    WithdrawRequested,
)
from arbcore.model.state import CommandState
from arbcore.ports.journal import StoredCommand
from arbcore.runtime.bell import Bell, ring
from arbcore.runtime.inbox import ENDED, UNHEARD, Inbox, give_up, settle
from arbcore.testing.stage import FakeClock

WITHDRAW = Withdraw(withdraw_id="w", venue="cash", currency="BTC", network="BTC", amount=Decimal(1), address="bc1q")


class Store:
    """A control store in memory that can be made to fail."""

    def __init__(self) -> None:
        self.rows: dict[str, StoredCommand] = {}
        self.fails = False

    async def __aenter__(self) -> "Store":
        return self

    async def __aexit__(self, *exc: object) -> None:
        pass

    def insert(self, request: CommandRequest) -> None:
        if request.id in self.rows:
            raise JournalError("used before")
        self.rows[request.id] = StoredCommand(request=request, state=CommandState.NEW)

    def claim(self, claimer: str) -> Sequence[StoredCommand]:
        self._require()
        new = [row for row in self.rows.values() if row.state is CommandState.NEW]
        for row in new:
            self._put(row, CommandState.SENT, claimed_by=claimer)
        return [self.rows[row.request.id] for row in new]

    def acknowledge(self, command_id: str, events: Sequence[int]) -> None:
        self._settle(command_id, CommandState.ACK, events=tuple(events))

    def fail(self, command_id: str, reason: str) -> None:
        self._settle(command_id, CommandState.FAILED, reason=reason)

    def commands(self) -> Sequence[StoredCommand]:
        return list(self.rows.values())

    def insert_draft(self, text: str, author: str) -> int:
        return 1

    def draft(self, version: int) -> str:
        return ""

    def _settle(self, command_id: str, state: CommandState, **more: object) -> None:
        self._require()
        assert self.rows[command_id].state is CommandState.SENT, "answered twice"
        self._put(self.rows[command_id], state, **more)

    def _put(self, row: StoredCommand, state: CommandState, **more: object) -> None:
        kept = {"request": row.request, "claimed_by": row.claimed_by, "state": state}
        self.rows[row.request.id] = StoredCommand(**{**kept, **more})  # type: ignore[arg-type]  # fields by name

    def _require(self) -> None:
        if self.fails:
            raise JournalError("the disk is full")


class Engine:
    """Takes commands as a session does, and tells what came of them in a journal."""

    def __init__(self) -> None:
        self.sequence = 0
        self.taken: list[CommandRequest] = []
        self.told: list[Envelope] = []
        self.inbox: Inbox | None = None

    def tell(self, event: Event, key: str = "", cause: int = 0) -> int:
        self.sequence += 1
        envelope = Envelope(self.sequence, self.sequence, cause, key, event)
        self.told.append(envelope)
        if self.inbox is not None:
            self.inbox.watch([envelope])
        return self.sequence

    def accept(self, command_id: str, command: AnyCommand) -> int:
        return self.tell(CommandAccepted(command_id=command_id, command=command, issued_by="t"), command_id)

    def refuse(self, command_id: str, command: AnyCommand, reason: str) -> int:
        failed = CommandFailed(command_id=command_id, command=command, issued_by="t", reason=reason)
        return self.tell(failed, command_id)

    async def journal(self) -> MemoryJournal:
        journal = MemoryJournal()
        await journal.__aenter__()
        if self.told:
            journal.append(seal(bytes(32), self.told))
        return journal


def request(name: str, command: AnyCommand | None = None) -> CommandRequest:
    return CommandRequest(id=name, command=command or PauseEngine(), issued_by="t", recv_ts=1)


async def until(reached: Callable[[], bool]) -> None:
    with anyio.fail_after(20):
        while not reached():  # noqa: ASYNC110 - what is waited for happens in a thread's store
            await anyio.sleep(0.005)


@pytest.fixture
def store() -> Store:
    """An empty store."""
    return Store()


@pytest.fixture
def engine() -> Engine:
    """An engine that answers nothing by itself."""
    return Engine()


def build(store: Store, engine: Engine, folder: Path) -> Inbox:
    inbox = Inbox(store, Bell(folder / "bell.json"), FakeClock(77), "session", engine.taken.append)
    engine.inbox = inbox
    return inbox


@pytest.mark.anyio
async def test_a_command_is_claimed_and_answered_with_what_it_led_to(
    store: Store, engine: Engine, tmp_path: Path
) -> None:
    store.insert(request("a"))
    store.insert(request("b", StopEntry()))
    async with build(store, engine, tmp_path) as inbox, anyio.create_task_group() as group:
        group.start_soon(inbox.run)
        await until(lambda: len(engine.taken) == 2)
        assert [one.id for one in engine.taken] == ["a", "b"]
        assert {one.recv_ts for one in engine.taken} == {77}, "the session's own time"
        accepted = engine.accept("a", PauseEngine())
        paused = engine.tell(EnginePaused(reason="x"), cause=accepted)
        engine.tell(EnginePaused(reason="of something else"))
        later = engine.tell(EnginePaused(reason="y"), cause=paused)
        engine.refuse("b", StopEntry(), "no")
        await until(lambda: store.rows["b"].state is CommandState.FAILED)
        group.cancel_scope.cancel()
    assert store.rows["a"].state is CommandState.ACK
    assert store.rows["a"].events == (accepted, paused, later)
    assert store.rows["a"].claimed_by == "session"
    assert store.rows["b"].reason == "no"


@pytest.mark.anyio
async def test_what_a_command_wants_beside_trading_is_done_before_its_answer(
    store: Store, engine: Engine, tmp_path: Path
) -> None:
    unanswered: list[list[str]] = []

    async def chore() -> None:
        unanswered.append([name for name, row in store.rows.items() if row.state is CommandState.SENT])
        if len(unanswered) == 2:
            raise JournalError("the disk is full", "make room")

    for name in ("a", "b", "refused"):
        store.insert(request(name, RebuildProjection()))
    bell = Bell(tmp_path / "bell.json")
    inbox = Inbox(store, bell, FakeClock(), "session", engine.taken.append, {RebuildProjection: chore})
    engine.inbox = inbox
    async with inbox, anyio.create_task_group() as group:
        group.start_soon(inbox.run)
        await until(lambda: len(engine.taken) == 3)
        engine.accept("a", RebuildProjection())
        engine.accept("b", RebuildProjection())
        engine.refuse("refused", RebuildProjection(), "no")
        await until(lambda: store.rows["refused"].state is CommandState.FAILED)
        group.cancel_scope.cancel()
    assert unanswered == [["a", "b", "refused"], ["b", "refused"]]
    assert store.rows["a"].state is CommandState.ACK
    assert store.rows["b"].reason == "the disk is full"
    assert store.rows["refused"].reason == "no"


@pytest.mark.anyio
async def test_a_withdrawal_is_answered_when_the_venue_has(store: Store, engine: Engine, tmp_path: Path) -> None:
    for name in ("a", "b"):
        store.insert(request(name, WITHDRAW))
    async with build(store, engine, tmp_path) as inbox, anyio.create_task_group() as group:
        group.start_soon(inbox.run)
        await until(lambda: len(engine.taken) == 2)
        causes = []
        for name in ("a", "b"):
            accepted = engine.accept(name, WITHDRAW)
            asked = WithdrawRequested(
                withdraw_id=name, venue="cash", currency="BTC", network="BTC", amount=Decimal(1), address="bc1q"
            )
            causes.append(engine.tell(asked, name, accepted))
        store.insert(request("c"))
        await until(lambda: len(engine.taken) == 3)
        assert [store.rows[name].state for name in "ab"] == [CommandState.SENT] * 2
        done = engine.tell(WithdrawCompleted(withdraw_id="a", withdraw_tx_id="tx"), "a", causes[0])
        engine.tell(WithdrawFailed(withdraw_id="b", reason="no such address"), "b", causes[1])
        await until(lambda: store.rows["b"].state is CommandState.FAILED)
        group.cancel_scope.cancel()
    assert store.rows["a"].state is CommandState.ACK
    assert done in store.rows["a"].events
    assert store.rows["b"].reason == "no such address"


@pytest.mark.anyio
async def test_an_answer_that_the_store_does_not_take_is_given_later(
    store: Store, engine: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.insert(request("a"))
    with caplog.at_level(logging.WARNING):
        async with build(store, engine, tmp_path) as inbox, anyio.create_task_group() as group:
            group.start_soon(inbox.run)
            await until(lambda: len(engine.taken) == 1)
            store.fails = True
            engine.accept("a", PauseEngine())
            await until(lambda: "the disk is full" in caplog.text)
            assert store.rows["a"].state is CommandState.SENT
            store.fails = False
            await until(lambda: store.rows["a"].state is CommandState.ACK)
            group.cancel_scope.cancel()
    assert len([line for line in caplog.messages if "the disk is full" in line]) == 1, "said once"
    assert len(engine.taken) == 1


@pytest.mark.anyio
async def test_what_the_session_no_longer_takes_is_refused_at_its_end(
    store: Store, engine: Engine, tmp_path: Path
) -> None:
    store.insert(request("a"))
    store.insert(request("b"))
    async with build(store, engine, tmp_path) as inbox, anyio.create_task_group() as group:
        group.start_soon(inbox.run)
        await until(lambda: len(engine.taken) == 2)
        group.cancel_scope.cancel()
    engine.inbox = None
    assert [store.rows[name].reason for name in "ab"] == [ENDED] * 2


@pytest.mark.anyio
async def test_after_an_error_only_the_journal_tells(store: Store, engine: Engine, tmp_path: Path) -> None:
    """The step that failed may have been stored or not: the next start looks."""
    for name in ("applied", "unknown"):
        store.insert(request(name))

    async def fail() -> None:
        async with build(store, engine, tmp_path) as inbox:
            async with anyio.create_task_group() as group:
                group.start_soon(inbox.run)
                await until(lambda: len(engine.taken) == 2)
                group.cancel_scope.cancel()
            engine.accept("applied", PauseEngine())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert store.rows["applied"].state is CommandState.ACK
    assert store.rows["unknown"].state is CommandState.SENT


@pytest.mark.anyio
async def test_the_next_start_answers_by_the_journal_and_applies_nothing(store: Store, engine: Engine) -> None:
    for name in ("applied", "refused", "never", "new", "sent"):
        store.insert(request(name, WITHDRAW if name == "sent" else None))
        if name != "new":
            store.claim("a session that died")
    engine.tell(EnginePaused(reason="before"))
    accepted = engine.accept("applied", PauseEngine())
    led = engine.tell(EnginePaused(reason="x"), cause=accepted)
    engine.refuse("refused", PauseEngine(), "no")
    engine.accept("sent", WITHDRAW)
    left = settle(store, await engine.journal())
    assert (store.rows["applied"].state, store.rows["applied"].events) == (CommandState.ACK, (accepted, led))
    assert store.rows["refused"].reason == "no"
    assert [store.rows[name].reason for name in ("never", "new")] == [ENDED] * 2
    assert [followed.id for followed in left] == ["sent"]
    assert store.rows["sent"].state is CommandState.SENT
    give_up(store, left)
    assert store.rows["sent"].reason == UNHEARD
    assert store.claim("the next session") == []
    assert settle(store, await engine.journal()) == []


@pytest.mark.anyio
async def test_a_session_that_goes_on_hears_how_a_withdrawal_ended(
    store: Store, engine: Engine, tmp_path: Path
) -> None:
    store.insert(request("a", WITHDRAW))
    store.claim("a session that died")
    accepted = engine.accept("a", WITHDRAW)
    inbox = build(store, engine, tmp_path)
    inbox.adopt(settle(store, await engine.journal()))
    async with inbox:
        engine.tell(WithdrawCompleted(withdraw_id="w", withdraw_tx_id="tx"), "w", accepted)
    assert store.rows["a"].state is CommandState.ACK


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A system that gives no datagram socket."""

    async def refuse(**_: object) -> None:
        raise OSError("no sockets here")

    monkeypatch.setattr(anyio, "create_udp_socket", refuse)
    return iter(())


@pytest.mark.anyio
async def test_without_a_bell_it_is_the_poll_that_finds_commands(
    deaf: None, store: Store, engine: Engine, tmp_path: Path
) -> None:
    async with build(store, engine, tmp_path) as inbox, anyio.create_task_group() as group:
        assert not (tmp_path / "bell.json").exists()
        group.start_soon(inbox.run)
        store.insert(request("a"))
        assert ring(tmp_path / "bell.json") is False
        await until(lambda: len(engine.taken) == 1)
        group.cancel_scope.cancel()


@pytest.mark.anyio
async def test_the_bell_is_heard_and_only_with_its_token(tmp_path: Path) -> None:
    file, rings = tmp_path / "bell.json", 0
    async with Bell(file) as bell, anyio.create_task_group() as group:
        told = json.loads(file.read_bytes())
        if sys.platform != "win32":
            assert file.stat().st_mode & 0o777 == 0o600

        async def listen() -> None:
            nonlocal rings
            while True:
                await bell.wait(600)
                rings += 1

        group.start_soon(listen)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for noise in (b"", b"x" * 1000, told["token"].encode()[:-1]):
                stranger.sendto(noise, ("127.0.0.1", told["port"]))
        assert ring(file) is True
        await until(lambda: rings == 1)
        assert ring(file) is True
        await until(lambda: rings == 2)
        group.cancel_scope.cancel()
    assert not file.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"port": "x", "token": "y"}', '{"port": 9999999, "token": "y"}'])
def test_a_broken_file_rings_nobody(text: str, tmp_path: Path) -> None:
    file = tmp_path / "bell.json"
    assert ring(file) is False
    file.write_text(text, encoding="utf-8")
    assert ring(file) is False
