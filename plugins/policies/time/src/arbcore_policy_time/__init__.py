"""Slicers for arbcore: cut a large entry into equal parts, by time or by volume."""

from typing import TYPE_CHECKING

from arbcore.hooks import hookimpl

if TYPE_CHECKING:
    from arbcore.ports.policy import Slicer
    from arbcore.settings import PluginSettings

__all__ = ["SlicerPlugin", "time", "volume"]


class SlicerPlugin:
    """One of the two slicers.

    Args:
        name: Name of the slicer, as in the config.

    Attributes:
        api_version: Contract that it was written for.
    """

    api_version: int = 1

    def __init__(self, name: str) -> None:
        self._name = name

    @hookimpl
    def settings_model(self) -> "type[PluginSettings]":
        """Return the model of the settings."""
        from arbcore_policy_time.settings import MODELS

        return MODELS[self._name]

    @hookimpl
    def build_slicer(self, settings: "PluginSettings") -> "Slicer":
        """Build one instance of the slicer."""
        from arbcore_policy_time.slicers import build

        return build(settings)


time = SlicerPlugin("time")
volume = SlicerPlugin("volume")
