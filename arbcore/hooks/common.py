"""Hooks that a plugin of any kind may implement."""

from collections.abc import Sequence
from typing import Protocol

from arbcore.context import Context
from arbcore.hooks._markers import hookspec
from arbcore.ports.control import DoctorCheck, ImportProfile, SecretBackend
from arbcore.settings import PluginSettings


class CommonHooks(Protocol):
    """Hooks of every kind, none of them required."""

    @hookspec
    def settings_model(self) -> type[PluginSettings]:
        """Return the model of the plugin's settings.

        Called once per plugin while the config is validated, before any factory. A plugin without it takes no
        settings besides ``use`` and ``order``. An object that serves several kinds has one model for all of them;
        where they differ, give each kind an object of its own.

        Returns:
            A subclass of `PluginSettings`, which rejects unknown keys and is frozen.

        Raises:
            Exception: Any exception ends the validation as a broken plugin.
        """
        ...

    @hookspec
    def secret_backend(self) -> SecretBackend:
        """Return what finds secrets that are kept in an entry store of the system or the company.

        Called at assembly, at most once per plugin, when a setting reads ``{keyring: ENTRY}``. The first plugin in
        config order that has one serves all; two are a configuration error.

        Returns:
            The backend. It may do I/O only when asked for a secret.

        Raises:
            Exception: Any exception ends the assembly as a broken plugin.

        Provisional: no second implementation yet.
        """
        ...

    @hookspec
    def doctor_checks(self, settings: PluginSettings, context: Context) -> Sequence[DoctorCheck]:
        """Return checks of one instance for `arb doctor`.

        Called once per instance, in config order. Checks may do I/O when they are run; this call may not.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context.

        Returns:
            The checks, perhaps none.

        Raises:
            Exception: Shown as a failed check of the plugin; the other checks go on.

        Provisional: no second implementation yet.
        """
        ...

    @hookspec
    def import_profiles(self) -> Sequence[ImportProfile]:
        """Return the public file formats that the plugin knows how to import.

        Called by `arb data import`, once per plugin, in the order of their names. A name that two plugins use is
        an error that names both.

        Returns:
            The profiles, perhaps none.

        Raises:
            Exception: Any exception ends the command as a broken plugin.
        """
        ...

    @hookspec
    def session_started(self, context: Context) -> None:
        """Learn that a session starts.

        Called once per instance, in config order, after everything is entered and before the first input. It must
        return quickly; it can't stop the session.

        Args:
            context: The instance's context.

        Raises:
            Exception: Collected and raised as an alert; the other plugins are still called and the session runs.

        Provisional: no second implementation yet.
        """
        ...

    @hookspec
    def session_stopped(self, context: Context) -> None:
        """Learn that a session has stopped.

        Called once per instance, in reverse config order, after the last input and before anything is left; also
        where the session ended by an error. It must return quickly.

        Args:
            context: The instance's context.

        Raises:
            Exception: Collected and raised as an alert; the other plugins are still called.

        Provisional: no second implementation yet.
        """
        ...
