"""Hooks of parameter searches and of what runs their trials."""

from typing import Protocol

from arbcore.context import Context
from arbcore.hooks._markers import hookspec
from arbcore.ports.tuning import Executor, Search
from arbcore.settings import PluginSettings


class SearchHooks(Protocol):
    """Hooks of a parameter search, kind ``search``."""

    @hookspec
    def build_search(self, settings: PluginSettings, context: Context) -> Search:
        """Build a search that proposes parameter sets.

        Required. Called once per tuning run. It must not do I/O.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context.

        Returns:
            The search, before its first trial.

        Raises:
            ConfigurationError: The settings contradict each other. Any exception ends the command.

        Provisional: no second implementation yet.
        """
        ...


class ExecutorHooks(Protocol):
    """Hooks of an executor of trials, kind ``executor``."""

    @hookspec
    def build_executor(self, settings: PluginSettings, context: Context) -> Executor:
        """Build what runs trials, on this machine or others.

        Required. Called once per tuning run. It must not do I/O: workers start when the executor is entered.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context.

        Returns:
            The executor, not entered.

        Raises:
            ConfigurationError: The settings can't be served. Any exception ends the command.

        Provisional: no second implementation yet.
        """
        ...
