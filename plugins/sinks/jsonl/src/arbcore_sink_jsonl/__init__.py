"""Events as JSON lines for arbcore."""

from typing import TYPE_CHECKING

from arbcore.hooks import hookimpl

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.ports.journal import Sink
    from arbcore_sink_jsonl.settings import JsonlSettings

__all__ = ["plugin"]


class JsonlPlugin:
    """The plugin object."""

    api_version: int = 1

    @hookimpl
    def settings_model(self) -> "type[JsonlSettings]":
        """Return the model of the settings."""
        from arbcore_sink_jsonl.settings import JsonlSettings

        return JsonlSettings

    @hookimpl
    def open_sink(self, settings: "JsonlSettings", context: "Context") -> "Sink":
        """Build the sink."""
        from arbcore_sink_jsonl.sink import JsonlSink

        return JsonlSink(settings, context)


plugin = JsonlPlugin()
