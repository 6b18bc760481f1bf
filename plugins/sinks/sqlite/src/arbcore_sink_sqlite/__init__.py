"""Journal and control store in SQLite for arbcore."""

from typing import TYPE_CHECKING

from arbcore.hooks import hookimpl

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.ports.journal import ControlStore, Journal
    from arbcore_sink_sqlite.settings import SqliteSettings

__all__ = ["plugin"]


class SqlitePlugin:
    """The plugin object: light, since the stores and what they import load when they are opened."""

    api_version: int = 1

    @hookimpl
    def settings_model(self) -> "type[SqliteSettings]":
        """Return the model of the settings."""
        from arbcore_sink_sqlite.settings import SqliteSettings

        return SqliteSettings

    @hookimpl
    def open_journal(self, settings: "SqliteSettings", context: "Context") -> "Journal":
        """Build the journal of a session."""
        from arbcore_sink_sqlite.journal import SqliteJournal

        return SqliteJournal(settings, context)

    @hookimpl
    def open_control_store(self, settings: "SqliteSettings", context: "Context") -> "ControlStore":
        """Build the store through which other processes give commands."""
        from arbcore_sink_sqlite.control import SqliteControlStore

        return SqliteControlStore(settings, context)


plugin = SqlitePlugin()
