"""Opening what a session needs from outside: its journal, its rate sources, its feeds, and what venues list."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Protocol, Self

import anyio

from arbcore.errors import ArbcoreError, ConfigurationError, ExchangeUnavailable
from arbcore.model.command import Command, RebuildProjection
from arbcore.model.instrument import Instrument
from arbcore.pipeline import Pipeline
from arbcore.ports.journal import ControlStore, Journal
from arbcore.ports.venue import Feed
from arbcore.runtime.bell import Bell
from arbcore.runtime.folder import SessionFolder
from arbcore.runtime.inbox import Chore, Followed, Inbox, Prepare, give_up, settle
from arbcore.runtime.ingress import Ingress
from arbcore.runtime.rebuilding import rebuild_projections
from arbcore.runtime.recovery import Recovered, recover
from arbcore.runtime.session import Source

PATIENCE_S: Final = 30.0
"""Time that a part of a session may take to open, to answer a first question, and to close."""


class _Part(Protocol):
    """Anything that a session enters and leaves."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *exc: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Market:
    """Opened feeds and rate sources, and what the feeds list.

    Attributes:
        feeds: Feed by exchange id.
        rates: Rate sources, ready to run.
        instruments: Everything that the venues list.
    """

    feeds: dict[str, Feed]
    rates: list[Source]
    instruments: tuple[Instrument, ...]

    def sources(self, instruments: Sequence[Instrument]) -> list[Source]:
        """Return what is to run: every rate, and every feed with the instruments that are wanted of it."""
        found = list(self.rates)
        for name, feed in self.feeds.items():
            keys = tuple(item.key for item in instruments if item.venue == name)
            if keys:
                found.append(Source(name, partial(feed.run, keys), keys))
        return found

    def planned(self, pipeline: Pipeline) -> tuple[Instrument, ...]:
        """Return the instruments that the strategies' routes trade.

        Raises:
            ConfigurationError: There are none.
        """
        planned = pipeline.plan(self.instruments)
        if not planned:
            raise ConfigurationError(
                "no route can be traded: the venues list nothing that the strategies ask for",
                "check symbols and exchanges of the strategies; `arb config show` prints what is in force",
            )
        return planned


@asynccontextmanager
async def open_market(pipeline: Pipeline, feeds: Sequence[str] | None = None) -> AsyncIterator[Market]:
    """Open rate sources, then feeds, and learn what the venues list; close them in reverse.

    Args:
        pipeline: Builds them.
        feeds: Exchange ids that are wanted; None for all.

    Raises:
        ArbcoreError: A part can't be opened, or a venue did not tell what it lists.
    """
    async with AsyncExitStack() as stack:
        rates = []
        for name, source in pipeline.rate_sources().items():
            await stack.enter_async_context(in_time(f"rates.{name}", source))
            rates.append(Source(name, source.run))
        built = {name: feed for name, feed in pipeline.feeds().items() if feeds is None or name in feeds}
        for name, feed in built.items():
            await stack.enter_async_context(in_time(f"exchanges.{name}", feed))
        yield Market(built, rates, await _listed(built, pipeline.config.session.environment))


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session's journal, and what an earlier start left in it.

    Attributes:
        journal: The open journal: empty, or one that is gone on with.
        put_aside: Where an earlier run's folder is now; None where there was none, or where it is gone on with.
        recovered: What is gone on with; None for a session that begins anew.
        commands: Commands that a venue may still carry out.
    """

    journal: Journal
    put_aside: Path | None = None
    recovered: Recovered | None = None
    commands: tuple[Followed, ...] = ()


@asynccontextmanager
async def open_journal(pipeline: Pipeline, folder: SessionFolder, *, resume: bool) -> AsyncIterator[Opened]:
    """Open a session's journal: go on with what an earlier start left, or put its folder aside.

    Args:
        pipeline: Builds the journal.
        folder: Folder of the session.
        resume: Whether an earlier start that traded is gone on with.

    Raises:
        JournalError: It can't be opened, put aside or gone on with, or the session is running.
    """
    aside, recovered = None, None
    async with pipeline.journal() as earlier:
        last, place = earlier.last(), Path(earlier.location())
        if resume and last is not None:
            recovered = recover(earlier)
        commands = await _settle_commands(pipeline, earlier, go_on=recovered is not None)
    if last is not None and recovered is None:
        aside = folder.put_aside(place, last.time)
    async with pipeline.journal() as journal:
        yield Opened(journal=journal, put_aside=aside, recovered=recovered, commands=commands)


async def _settle_commands(pipeline: Pipeline, earlier: Journal, *, go_on: bool) -> tuple[Followed, ...]:
    """Answer what an earlier run left unanswered; return what a venue may still carry out where it is gone on with."""
    store = pipeline.control_store()
    if store is None:
        return ()
    async with store:
        left = settle(store, earlier)
        if go_on:
            return tuple(left)
        give_up(store, left)
        return ()


@asynccontextmanager
async def open_inbox(
    pipeline: Pipeline,
    folder: SessionFolder,
    ingress: Ingress,
    journal: Journal,
    completing: Callable[[ControlStore], Prepare],
) -> AsyncIterator[Inbox | None]:
    """Take commands from other processes while entered; None where the config keeps no journal, or has no such store.

    Args:
        pipeline: Builds the store.
        folder: Where the bell hangs.
        ingress: Takes the commands.
        journal: The session's journal.
        completing: Makes what completes commands on their way to the engine, with drafts of the store.

    Raises:
        JournalError: The control store can't be opened.
    """
    store = pipeline.control_store()
    if store is None:
        yield None
        return
    bell, name = Bell(folder.bell), pipeline.config.session.name

    async def rebuild() -> None:
        reader = replace(pipeline, contexts=[]).journal_reader(Path(journal.location()))
        await rebuild_projections(reader, journal)

    chores: dict[type[Command], Chore] = {RebuildProjection: rebuild}
    async with store, Inbox(store, bell, pipeline.clock, name, ingress.put, chores, completing(store)) as inbox:
        yield inbox


async def _listed(feeds: dict[str, Feed], environment: str) -> tuple[Instrument, ...]:
    """Ask all venues at once what they list."""
    listed: dict[str, Sequence[Instrument]] = {}

    async def learn(name: str, feed: Feed) -> None:
        listed[name] = await feed.instruments()

    try:
        with anyio.move_on_after(PATIENCE_S):
            async with anyio.create_task_group() as group:
                for name, feed in feeds.items():
                    group.start_soon(learn, name, feed)
    except BaseExceptionGroup as errors:
        error = first_error(errors)
        if isinstance(error, ExchangeUnavailable) and environment == "simulator":
            raise ExchangeUnavailable(error.what, "start `arb simulator` in another terminal") from None
        raise error from None
    slow = [f"exchanges.{name}" for name in feeds if name not in listed]
    if slow:
        raise ExchangeUnavailable(
            f"{', '.join(slow)}: no list of instruments within {PATIENCE_S:g} s", "check the network and the addresses"
        )
    return tuple(item for name in feeds for item in listed[name])


def first_error(errors: BaseException) -> BaseException:
    """Return the first error in a group, at any depth: one cause is enough for a message."""
    while isinstance(errors, BaseExceptionGroup):
        errors = errors.exceptions[0]
    return errors


@asynccontextmanager
async def in_time(name: str, part: _Part, patience_s: float = PATIENCE_S) -> AsyncIterator[None]:
    """Enter and leave a part, each within the time that is given for it.

    Args:
        name: Where the config names it, for the errors.
        part: The part.
        patience_s: Time to open; closing always has `PATIENCE_S`.

    Raises:
        ArbcoreError: It did not open.
    """
    try:
        with anyio.fail_after(patience_s):
            await part.__aenter__()
    except TimeoutError:
        raise ExchangeUnavailable(f"{name}: did not open within {patience_s:g} s", "check the network") from None
    except ArbcoreError as error:
        if error.what.startswith(name):
            raise
        # A copy with the place in front: errors carry more than their words, such as a venue's reason and code.
        placed = copy(error)
        placed.what = f"{name}: {error.what}"
        placed.args = (str(type(error)(placed.what, error.fix)),)
        raise placed from error
    try:
        yield
    finally:
        with anyio.move_on_after(PATIENCE_S, shield=True):
            await part.__aexit__(None, None, None)
