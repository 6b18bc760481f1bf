"""Hooks of journals, control stores and sinks."""

from typing import Protocol

from arbcore.context import Context
from arbcore.hooks._markers import hookspec
from arbcore.ports.journal import ControlStore, Journal, Sink
from arbcore.settings import PluginSettings


class SinkHooks(Protocol):
    """Hooks of persistence, kind ``sink``. A plugin implements at least one of them."""

    @hookspec
    def open_journal(self, settings: PluginSettings, context: Context) -> Journal:
        """Build the journal of a session.

        Called once, for the instance under `journal`, before anything that could trade is opened; commands that
        read a journal call it too. It must not do I/O: entering the journal opens it, first of all and left last.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context; a journal without a path of its own lies in ``context.data_dir``.

        Returns:
            The journal, not entered.

        Raises:
            ConfigurationError: The settings can't be served. Any exception ends the assembly.

        Provisional: no second implementation yet.
        """
        ...

    @hookspec
    def open_control_store(self, settings: PluginSettings, context: Context) -> ControlStore:
        """Build the store through which other processes give commands.

        Called once, for the instance under `journal`, after the journal; and by every command that speaks to a
        running session. It must not do I/O, and several processes may enter what it returns at once.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context.

        Returns:
            The store, not entered.

        Raises:
            ConfigurationError: The settings can't be served. Any exception ends the assembly.

        Provisional: no second implementation yet.
        """
        ...

    @hookspec
    def open_sink(self, settings: PluginSettings, context: Context) -> Sink:
        """Build a sink: what takes events for people and other systems.

        Called once per instance under `sinks`, in config order, which is the order in which they get a batch. It
        must not do I/O. The observer thread enters and calls what it returns; a sink that fails later is set aside
        with an alert and never holds the trading loop.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context.

        Returns:
            The sink, not entered.

        Raises:
            ConfigurationError: The settings can't be served. Any exception ends the assembly.
        """
        ...
