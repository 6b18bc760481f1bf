"""Settings of the plugin."""

from arbcore.settings import PluginSettings


class TopSettings(PluginSettings):
    """The model has nothing to set: what it assumes is fixed, so that results compare."""
