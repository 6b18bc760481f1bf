"""A whole session: journal, feeds, pipeline, loop, recording, sinks, result."""

import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol

from arbcore.config import Config, missing_secrets
from arbcore.errors import ConfigurationError
from arbcore.journal.memory import MemoryJournal
from arbcore.live.consent import LIVE, NO_CONSENT, Consent, require_consents
from arbcore.model.events import Envelope
from arbcore.model.instrument import Instrument
from arbcore.opening import open_journal, open_market
from arbcore.pipeline import Pipeline
from arbcore.plugins import Plugins
from arbcore.running import Running
from arbcore.runtime.clock import WallClock
from arbcore.runtime.folder import SessionFolder, session_folder
from arbcore.runtime.result import SessionResult
from arbcore.runtime.session import Ending
from arbcore.runtime.stats import SessionStats

if TYPE_CHECKING:
    from arbcore.data.recorder import Recorder
    from arbcore.offline import Agreement
    from arbcore.trading import Trading

MONITOR: Final = "monitor"
"""Mode of a session that only watches."""

_SECRETS: Final[dict[str, Literal["some", "all"]]] = {"paper": "some", LIVE: "all"}
"""Which secrets a session needs, by its mode."""


class Watcher(Protocol):
    """Who looks at a running session. Calls come from the trading thread and must return at once."""

    def on_stats(self, stats: SessionStats) -> None:
        """Learn the statistics of a second."""
        ...

    def on_events(self, events: Sequence[Envelope]) -> None:
        """Learn stored events."""
        ...


@dataclass(slots=True, kw_only=True)
class Wish:
    """What is asked of a session.

    Attributes:
        watcher: Who looks at it.
        seconds: How long it runs; None until it is stopped.
        say: Takes texts for people.
        ending: Asks the session to end, from the event loop's thread.
        consent: What the operator said to real orders.
        resume: Whether it goes on with what an earlier start left in its journal; None for live sessions only.
        agreement: Who is asked before anything is sent, of a session that only closes what an earlier start left.
    """

    watcher: Watcher
    seconds: float | None = None
    say: Callable[[str], None]
    ending: Ending = field(default_factory=Ending)
    consent: Consent = NO_CONSENT
    resume: bool | None = None
    agreement: "Agreement | None" = None


async def run_session(config: Config, plugins: Plugins, wish: Wish) -> SessionResult:
    """Trade a config on live market data.

    Args:
        config: The checked config.
        plugins: Its plugins.
        wish: What is asked of the session.

    Returns:
        The result, once the session was stopped or its time is over.

    Raises:
        LiveRefused: It would send real orders, and a consent is missing or a gate is shut.
        ArbcoreError: Config, plugins, venues or journal are wrong; the message says what to do.
    """
    require_ready(config)
    await require_consents(config, plugins, wish.consent)
    return await run_checked(config, plugins, wish)


async def run_checked(config: Config, plugins: Plugins, wish: Wish) -> SessionResult:
    """Trade a config to which everything was said that must be: `run_session` behind its gates.

    Raises:
        ArbcoreError: As `run_session`.
    """
    clock = WallClock()
    mode = config.session.mode
    folder = session_folder(config.folder, config.session.name, mode, config.session.environment)
    pipeline = Pipeline(
        config=config, plugins=plugins, mode=mode, clock=clock, folder=folder.path, secrets=_SECRETS[mode]
    )
    # The market and the accounts first: a session that can't start leaves an earlier run where it is.
    async with open_market(pipeline) as market:
        planned = market.planned(pipeline)
        resume = mode == LIVE if wish.resume is None else wish.resume
        async with (
            _trading(pipeline, planned, wish) as trading,
            open_journal(pipeline, folder, resume=resume) as opened,
        ):
            if opened.put_aside is not None:
                wish.say(f"an earlier run of this session was put aside: {opened.put_aside}")
            with _recorder(config, folder, planned) as recorder:
                # Without a journal nothing can be replayed, and the folder may hold an earlier session's that can.
                if config.journal is not None:
                    folder.keep_origin(config.raw.values, planned)
                place = folder if config.journal is not None else None
                running = Running(pipeline, planned, opened.journal, recorder, place, wish)
                running.take_over(opened)
                return await running.run(market.sources(planned), trading)


async def run_monitor(config: Config, plugins: Plugins, wish: Wish) -> None:
    """Watch the premiums and edges of a config's routes; nothing is traded and nothing is kept.

    Raises:
        ArbcoreError: Config, plugins or venues are wrong; the message says what to do.
    """
    clock = WallClock()
    folder = SessionFolder(config.folder / "sessions" / config.session.name)
    pipeline = Pipeline(config=config, plugins=plugins, mode=MONITOR, clock=clock, folder=folder.path, secrets="some")
    async with MemoryJournal() as journal, open_market(pipeline) as market:
        planned = market.planned(pipeline)
        await Running(pipeline, planned, journal, None, None, wish).watch(market.sources(planned))


@asynccontextmanager
async def _trading(
    pipeline: Pipeline, instruments: tuple[Instrument, ...], wish: Wish
) -> "AsyncIterator[Trading | None]":
    """Open what sends real orders, where the session is live."""
    if pipeline.mode != LIVE:
        yield None
        return
    from arbcore.trading import open_trading

    # Whoever wants out is told what is wrong with an account, and not kept in by it.
    tell = wish.say if wish.agreement is not None else None
    async with open_trading(pipeline, instruments, tell) as trading:
        yield trading


@contextmanager
def _recorder(
    config: Config, folder: SessionFolder, instruments: tuple[Instrument, ...]
) -> "Iterator[Recorder | None]":
    """Record the session's market data where the config wants it."""
    if not config.session.record or config.journal is None:
        yield None
        return
    from arbcore.data.recorder import Recorder

    source = f"session {config.session.name}"
    with ExitStack() as stack:
        recorder = Recorder(folder.recording, instruments=instruments, source=source)
        stack.callback(recorder.close)
        yield recorder


def require_ready(config: Config) -> None:
    """Refuse what can't be run before anything is opened.

    Raises:
        ConfigurationError: There is no strategy, or a secret is missing that the profile wants.
    """
    if not config.strategies:
        raise ConfigurationError("the config has no strategy, so nothing would happen", "add one below strategies")
    missing = missing_secrets(config, os.environ)
    if missing and config.session.profile != "local_dev":
        first = missing[0]
        raise ConfigurationError(f"{first.path}: {first.text}", "set it, take it out, or use the profile local_dev")
