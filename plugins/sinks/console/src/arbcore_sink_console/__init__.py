"""Events on the terminal for arbcore."""

from typing import TYPE_CHECKING

from arbcore.hooks import hookimpl

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.ports.journal import Sink
    from arbcore_sink_console.settings import ConsoleSettings

__all__ = ["plugin"]


class ConsolePlugin:
    """The plugin object."""

    api_version: int = 1

    @hookimpl
    def settings_model(self) -> "type[ConsoleSettings]":
        """Return the model of the settings."""
        from arbcore_sink_console.settings import ConsoleSettings

        return ConsoleSettings

    @hookimpl
    def open_sink(self, settings: "ConsoleSettings", context: "Context") -> "Sink":
        """Build the sink."""
        from arbcore_sink_console.sink import ConsoleSink

        return ConsoleSink(settings, context)


plugin = ConsolePlugin()
