"""The way from a command line to an open journal: which one is meant, and the plugin that reads it."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from arbcore.cli._frame_config import DEFAULT_FILE, Selection
from arbcore.errors import ArbcoreError, ConfigurationError, JournalError
from arbcore.runtime.folder import folders_of

if TYPE_CHECKING:
    from arbcore.config import Config, RawConfig
    from arbcore.context import Context
    from arbcore.plugins import Plugins
    from arbcore.ports.journal import ControlStore, Journal, RunMetadata

Result = TypeVar("Result")


class NothingThere(ArbcoreError):
    """What was asked for does not exist."""

    exit_code = 4


class _WallClock:
    def now(self) -> int:
        return time.time_ns()


class JournalPlace:
    """A journal that a command line means.

    Args:
        config: The config's part about journals.
        plugins: The journal's plugin.
        location: Folder or file of the journal.
    """

    def __init__(self, config: "Config", plugins: "Plugins", location: Path) -> None:
        self._config = config
        self._plugins = plugins
        self.location = location

    @property
    def project(self) -> Path:
        """The project's folder."""
        return self._config.folder

    @property
    def session(self) -> str:
        """Name of the session whose journal it is: that of its folder."""
        return (self.location if self.location.is_dir() else self.location.parent).name

    def running(self) -> str:
        """Return where the journal lies if a session writes it now, else nothing."""
        try:
            return self.read(lambda journal: journal.location() if journal.writer() else "")
        except JournalError:
            return ""

    def read(self, use: "Callable[[Journal], Result]") -> Result:
        """Open the journal for reading, call a function with it, and close it.

        Raises:
            JournalError: It can't be opened or read.
        """
        from arbcore.journal.reading import ReaderContext

        session = self._config.session.name
        return _use(self._open(ReaderContext(**self._common(), session=session, mode="", location=self.location)), use)

    def speak(self, use: "Callable[[Journal, ControlStore], Result]") -> Result:
        """Open the journal and the control store of a running session, call a function with both, and close them.

        Raises:
            NothingThere: Nobody writes the journal, so nobody would take a command.
            ConfigurationError: The config's journal has no control store.
            JournalError: One of them can't be opened or read.
        """
        import anyio

        from arbcore.journal.reading import ReaderContext

        session = self._config.session.name
        context = ReaderContext(**self._common(), session=session, mode="", location=self.location)

        async def within() -> Result:
            async with self._open(context) as journal:
                if not journal.writer():
                    raise NothingThere(f"session {self.session} is not running", "start it with `arb run`")
                async with self._control(context) as store:
                    return use(journal, store)

        return anyio.run(within)

    def write(self, run: "RunMetadata", location: str, use: "Callable[[Journal], Result]") -> Result:
        """Open the journal as its session's engine does, with its lease, call a function with it, and close it.

        Args:
            run: A run of the session, which names it and its mode.
            location: Where the journal lies, as it says itself when it is read.
            use: The function.

        Raises:
            ConfigurationError: The config places the session's journal elsewhere.
            JournalError: It can't be opened, or the session is running.
        """
        from arbcore.context import Context

        journal = self._open(Context(**self._common(), session=run.session, mode=run.mode))
        if journal.location() != location:
            raise ConfigurationError(
                f"{location} is not where this config keeps that journal ({journal.location()})",
                "use the config that it was written with, or --check, which only reads",
            )
        return _use(journal, use)

    def _control(self, context: "Context") -> "ControlStore":
        from arbcore.hooks import SinkHooks
        from arbcore.plugins import hooks_of, implements

        instance = self._config.journal
        loaded = None if instance is None else self._plugins.get(instance.kind, instance.use)
        if instance is None or loaded is None or not implements(loaded, "open_control_store"):
            raise ConfigurationError(
                "the config's journal takes no commands", "use one that does; `arb plugins list --kind sink` shows them"
            )
        return hooks_of(loaded, SinkHooks).open_control_store(settings=instance.settings, context=context)

    def _open(self, context: "Context") -> "Journal":
        from arbcore.hooks import SinkHooks
        from arbcore.plugins import hooks_of

        instance = self._config.journal
        if instance is None:
            raise ConfigurationError("the config names no journal", "add a section `journal` that names a plugin")
        loaded = self._plugins.get(instance.kind, instance.use)
        return hooks_of(loaded, SinkHooks).open_journal(settings=instance.settings, context=context)

    def _common(self) -> dict[str, Any]:
        session = self._config.session
        return {
            "instance": "journal",
            "environment": session.environment,
            "base_currency": session.base_currency,
            "clock": _WallClock(),
            "logger": logging.getLogger("arbcore.sink.journal"),
            "data_dir": self.location if self.location.is_dir() else self.location.parent,
        }


def _use(journal: "Journal", use: "Callable[[Journal], Result]") -> Result:
    import anyio

    async def within() -> Result:
        async with journal as entered:
            return use(entered)

    return anyio.run(within)


def journal_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that name a config and a session, as ``config_files`` and ``session``."""
    path = click.Path(path_type=Path)
    for option in (
        click.option("--session", metavar="NAME", help="Session of the project; default: the config's."),
        click.option("-c", "--config", "config_files", multiple=True, type=path, help="Config file; later ones win."),
    ):
        function = option(function)
    return function


def find_journal(config_files: tuple[Path, ...], session: str | None, path: Path | None) -> JournalPlace:
    """Return the journal that a command line means.

    Args:
        config_files: Configs that were named. Else the one in the current folder or, for a path, above it counts.
        session: Name of a session of the project.
        path: Folder or file of a journal, or None for the session's: the one that is named, else the config's, else
            the newest backtest that kept one.

    Raises:
        NothingThere: There is no such journal.
        ConfigurationError: There is no config, or its part about journals is wrong.
    """
    if path is not None and session is not None:
        raise click.UsageError("name a session or a path, not both")
    if path is not None and not path.exists():
        raise NothingThere(f"{path} does not exist", "name the folder of a session or result, or a journal's file")
    config, plugins = _open_config(Selection(config_files).load(default=_config_for(path)))
    return JournalPlace(config, plugins, path or _folder(config, session))


def find_running(config_files: tuple[Path, ...], session: str | None) -> JournalPlace:
    """Return the journal of the session to which a command is given.

    A session on paper and those with real orders have one name and a folder each. So a name that is given is that of
    a folder, letter by letter; and where none is, the only session of the config's name that runs is meant.

    Args:
        config_files: Configs that were named.
        session: Name of a session's folder: ``NAME``, or ``NAME.live.ENVIRONMENT``.

    Raises:
        click.UsageError: Several run, and none was named.
        NothingThere: There is no such folder.
    """
    config, plugins = _open_config(Selection(config_files).load())
    name = session or config.session.name
    places = _places(config, plugins, session)
    running = {journal: place for place in places if (journal := place.running())}
    if len(running) > 1:
        raise click.UsageError(
            f"{len(running)} sessions run here: {', '.join(place.session for place in running.values())}; "
            "say which one is meant: --session NAME"
        )
    if running:
        return next(iter(running.values()))
    others = [one.name for one in folders_of(config.folder, name.partition(".")[0]) if one.name != name]
    hint = f"; there is {', '.join(others)}, too: give --session NAME" if session and others else ""
    if not places:
        raise NothingThere(
            f"{config.folder / 'sessions' / name} does not exist: that session never ran here",
            f"start it with `arb run`{hint}",
        )
    raise NothingThere(f"session {places[0].session} is not running", f"start it with `arb run`{hint}")


def find_left(config_files: tuple[Path, ...], session: str | None) -> JournalPlace:
    """Return the journal of a session with real orders that is to be closed with nothing running.

    Args:
        config_files: Configs that were named.
        session: Name of its folder, ``NAME.live.ENVIRONMENT``; None for the only one of the config's name.

    Raises:
        click.UsageError: There are several, and none was named; or it is one on paper.
        NothingThere: There is none.
    """
    config, plugins = _open_config(Selection(config_files).load())
    if session is not None and ".live." not in session:
        raise click.UsageError(
            f"session {session} is one on paper, and what it holds lies at no venue: name one as NAME.live.ENVIRONMENT"
        )
    places = [place for place in _places(config, plugins, session) if ".live." in place.session]
    if len(places) > 1:
        raise click.UsageError(
            f"there are several: {', '.join(sorted(place.session for place in places))}; "
            "say which one is meant: --session NAME"
        )
    if not places:
        raise NothingThere(f"no session {session or config.session.name} with real orders ever ran here")
    return places[0]


def _places(config: "Config", plugins: "Plugins", session: str | None) -> list[JournalPlace]:
    """Return the folders that are there: the one of that very name, else all of the config's session."""
    parent = config.folder / "sessions"
    found = [parent / session] if session else folders_of(config.folder, config.session.name)
    return [JournalPlace(config, plugins, folder) for folder in found if folder.is_dir()]


def _open_config(raw: "RawConfig") -> "tuple[Config, Plugins]":
    """Check a config with the journal's plugin alone.

    A strategy or exchange that is no longer installed must not keep its trades from being looked at, so what its
    section says passes unread.
    """
    from arbcore.config import allowed, validate, wanted
    from arbcore.plugins import load, settings_model_of
    from arbcore.settings import PluginSettings

    class Unread(PluginSettings, extra="allow"):
        """Settings that nobody reads here."""

    named = raw.values.get("journal") or {}
    use = named.get("use") if isinstance(named, dict) else None
    plugins = load([one for one in wanted(raw) if one[:2] == ("sink", use)][:1], allowed(raw))

    def model(kind: str, name: str) -> type[PluginSettings]:
        return settings_model_of(plugins.get(kind, name)) if (kind, name) == ("sink", use) else Unread

    return validate(raw, model), plugins


def _config_for(path: Path | None) -> Path:
    """Return the config that belongs to a journal: the current folder's, else the nearest one above the journal."""
    folders = [] if path is None or DEFAULT_FILE.exists() else [path.absolute(), *path.absolute().parents]
    return next((folder / DEFAULT_FILE for folder in folders if (folder / DEFAULT_FILE).is_file()), DEFAULT_FILE)


def _folder(config: "Config", session: str | None) -> Path:
    name = session or config.session.name
    named = config.folder / "sessions" / name
    if there := folders_of(config.folder, name):
        return there[0]
    results = [] if session else sorted(_folders(config.folder / "results"), key=lambda folder: folder.stat().st_mtime)
    if not results:
        raise NothingThere(
            f"{named} does not exist: that session never ran here",
            "name a session with --session, or a folder; a backtest keeps its journal with `arb backtest --journal`",
        )
    return results[-1]


def _folders(parent: Path) -> list[Path]:
    return [folder for folder in parent.iterdir() if folder.is_dir()] if parent.is_dir() else []
