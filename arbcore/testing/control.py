"""Conformance suite of control stores."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from arbcore.context import Context
from arbcore.errors import JournalError
from arbcore.model.command import Command, CommandRequest, PauseEngine, ResumeEngine
from arbcore.model.events import CommandAccepted
from arbcore.model.state import CommandState
from arbcore.ports.journal import ControlStore
from arbcore.testing._suite import Suite
from arbcore.testing.events import events as any_event
from arbcore.testing.stores import fewer_examples, reader_context, store_context

OpenControlStore = Callable[[Context], ControlStore]


class ControlStoreSuite(Suite):
    """Standard tests of a control store.

    Fixtures that the author gives:
        open_control_store: A function from a context to a store that is not entered, as the hook of that name. The
            same ``data_dir`` means the same store; a `ReaderContext` is that of another process than the engine's.
    """

    @pytest.mark.anyio
    async def test_a_command_lives(self, open_control_store: OpenControlStore, tmp_path: Path) -> None:
        """Inserted, claimed once, answered."""
        async with open_control_store(store_context(tmp_path)) as store:
            for name in ("a", "b"):
                store.insert(_request(name))
            assert [command.state for command in store.commands()] == [CommandState.NEW] * 2
            claimed = store.claim("session")
            assert [(command.request, command.state, command.claimed_by) for command in claimed] == [
                (_request(name), CommandState.SENT, "session") for name in ("a", "b")
            ]
            assert list(store.claim("session")) == []
            store.acknowledge("a", [3, 4])
            store.fail("b", "STATE_NO_ENTRY")
            first, second = store.commands()
            assert (first.state, first.events, first.reason) == (CommandState.ACK, (3, 4), "")
            assert (second.state, second.events, second.reason) == (CommandState.FAILED, (), "STATE_NO_ENTRY")

    @pytest.mark.anyio
    async def test_an_id_is_used_once(self, open_control_store: OpenControlStore, tmp_path: Path) -> None:
        """A second command of the same id is refused, even after the first one's end."""
        async with open_control_store(store_context(tmp_path)) as store:
            store.insert(_request("a"))
            with pytest.raises(JournalError):
                store.insert(replace(_request("a"), command=ResumeEngine()))
            store.claim("session")
            store.acknowledge("a", [])
            with pytest.raises(JournalError):
                store.insert(_request("a"))
            assert [command.request for command in store.commands()] == [_request("a")]

    @pytest.mark.anyio
    async def test_only_a_claimed_command_is_answered(
        self, open_control_store: OpenControlStore, tmp_path: Path
    ) -> None:
        """Unknown, new and answered commands take no answer."""
        async with open_control_store(store_context(tmp_path)) as store:
            store.insert(_request("new"))
            store.insert(_request("done"))
            with pytest.raises(JournalError):
                store.acknowledge("new", [1])
            store.claim("session")
            store.fail("done", "because")
            for answered in ("done", "unknown"):
                with pytest.raises(JournalError):
                    store.acknowledge(answered, [1])
                with pytest.raises(JournalError):
                    store.fail(answered, "again")
            assert store.commands()[1].reason == "because"

    @pytest.mark.anyio
    async def test_two_claimers_share_nothing(self, open_control_store: OpenControlStore, tmp_path: Path) -> None:
        """Each command goes to one claimer, wherever it was inserted."""
        async with (
            open_control_store(store_context(tmp_path)) as one,
            open_control_store(store_context(tmp_path)) as other,
            open_control_store(reader_context(tmp_path)) as outside,
        ):
            got: list[str] = []
            for number in range(6):
                (outside, one)[number % 2].insert(_request(str(number)))
                claimer = (other, one)[number % 2]
                got += [command.request.id for command in claimer.claim("x")]
            assert got == [str(number) for number in range(6)]
            assert [*one.claim("x"), *other.claim("x")] == []

    def test_any_command_comes_back(self, open_control_store: OpenControlStore, tmp_path: Path) -> None:
        """Every command of the catalogue is returned with every amount exact."""
        numbers = count()

        async def round_trip(commands: list[CommandAccepted]) -> None:
            folder = tmp_path / str(next(numbers))
            requests = [
                CommandRequest(id=str(number), command=each.command, issued_by=each.issued_by, recv_ts=number)
                for number, each in enumerate(commands)
            ]
            async with open_control_store(store_context(folder)) as store:
                for request in requests:
                    store.insert(request)
                assert [command.request for command in store.commands()] == requests

        @settings(max_examples=fewer_examples())
        @given(st.lists(any_event(CommandAccepted), min_size=1, max_size=4))
        def check(commands: list[CommandAccepted]) -> None:
            anyio.run(round_trip, commands)

        check()

    @pytest.mark.anyio
    async def test_a_command_that_cant_be_read_is_refused_and_holds_up_no_other(
        self, open_control_store: OpenControlStore, tmp_path: Path
    ) -> None:
        """One of a newer version ends with a reason that whoever can read it finds; those around it are claimed."""
        async with (
            open_control_store(store_context(tmp_path)) as store,
            open_control_store(reader_context(tmp_path)) as outside,
        ):
            outside.insert(_request("a"))
            outside.insert(replace(_request("newer"), command=_Newer()))  # of no version yet
            outside.insert(_request("b"))
            assert [command.request.id for command in outside.commands()] == ["a", "b"]
            assert [command.request.id for command in store.claim("session")] == ["a", "b"]
            assert list(store.claim("session")) == []
            assert {command.request.id for command in store.commands()} == {"a", "b"}
            with pytest.raises(JournalError):
                store.acknowledge("newer", [1])
            store.acknowledge("a", [1])
            store.fail("b", "because")
            with pytest.raises(JournalError):
                outside.insert(_request("newer"))

    @pytest.mark.anyio
    async def test_drafts_come_from_outside(self, open_control_store: OpenControlStore, tmp_path: Path) -> None:
        """Other processes insert drafts, the engine reads them, and versions rise."""
        async with (
            open_control_store(store_context(tmp_path)) as store,
            open_control_store(reader_context(tmp_path)) as outside,
        ):
            first, second = outside.insert_draft("a: 1\n", "eve"), outside.insert_draft("a: 2\n", "bob")
            assert second > first > 0
            assert (store.draft(first), store.draft(second)) == ("a: 1\n", "a: 2\n")
            with pytest.raises(JournalError):
                store.draft(second + 1)

    @pytest.mark.anyio
    async def test_other_processes_claim_nothing(self, open_control_store: OpenControlStore, tmp_path: Path) -> None:
        """Only the engine claims and answers."""
        async with (
            open_control_store(store_context(tmp_path)) as store,
            open_control_store(reader_context(tmp_path)) as outside,
        ):
            outside.insert(_request("a"))
            with pytest.raises(JournalError):
                outside.claim("cli")
            assert len(store.claim("session")) == 1
            with pytest.raises(JournalError):
                outside.acknowledge("a", [1])
            with pytest.raises(JournalError):
                outside.fail("a", "no")
            assert outside.commands()[0].state is CommandState.SENT

    @pytest.mark.anyio
    async def test_goes_on_where_it_ended(self, open_control_store: OpenControlStore, tmp_path: Path) -> None:
        """Opened again it holds commands, claims and drafts."""
        async with open_control_store(store_context(tmp_path)) as store:
            store.insert(_request("a"))
            store.claim("session")
            store.insert(_request("b"))
        async with open_control_store(store_context(tmp_path)) as store:
            assert [command.state for command in store.commands()] == [CommandState.SENT, CommandState.NEW]
            assert [command.request.id for command in store.claim("session")] == ["b"]


class _Newer(Command, frozen=True, tag="PauseEngine@99"):
    """A command that this version does not know."""


def _request(name: str) -> CommandRequest:
    return CommandRequest(id=name, command=PauseEngine(), issued_by="cli", override="because", recv_ts=5)
