"""Hooks of notifiers, alert rules and command surfaces."""

from collections.abc import Sequence
from typing import Protocol

from arbcore.context import Context
from arbcore.hooks._markers import hookspec
from arbcore.ports.control import CommandSurface
from arbcore.ports.notify import AlertRule, Notifier
from arbcore.settings import PluginSettings


class NotifierHooks(Protocol):
    """Hooks of alerting, kind ``notifier``. A plugin implements at least one of them."""

    @hookspec
    def build_notifier(self, settings: PluginSettings, context: Context) -> Notifier:
        """Build what delivers alerts to people.

        Called once per instance, in config order, before the sinks are opened. It must not do I/O. A notifier
        that fails later is set aside with an alert to the others.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context, with its secrets.

        Returns:
            The notifier, not entered.

        Raises:
            ConfigurationError: The settings can't be served. Any exception ends the assembly.

        Provisional: no second implementation yet.
        """
        ...

    @hookspec
    def alert_rules(self, settings: PluginSettings) -> Sequence[AlertRule]:
        """Return rules that turn events into alerts.

        Called once per instance, in config order. All rules apply: none shadows another, and two of one name are
        a configuration error.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.

        Returns:
            The rules, perhaps none.

        Raises:
            ConfigurationError: The settings contradict each other. Any exception ends the assembly.

        Provisional: no second implementation yet.
        """
        ...

    @hookspec
    def open_control(self, settings: PluginSettings, context: Context) -> CommandSurface:
        """Build a surface through which people give commands, such as a chat.

        Called once per instance, in config order, after the control store. It must not do I/O.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context; ``context.inbox`` is where commands go.

        Returns:
            The surface, not entered.

        Raises:
            ConfigurationError: The settings can't be served. Any exception ends the assembly.

        Provisional: no second implementation yet.
        """
        ...
