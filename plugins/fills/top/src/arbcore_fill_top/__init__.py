"""A fill model at the top of the book for arbcore: orders fill at the touch, up to the displayed size."""

from typing import TYPE_CHECKING

from arbcore.hooks import hookimpl

if TYPE_CHECKING:
    from arbcore.ports.fill import FillModel
    from arbcore_fill_top.settings import TopSettings

__all__ = ["TopPlugin", "plugin"]


class TopPlugin:
    """The plugin ``top`` of kind ``fill``."""

    api_version: int = 1

    @hookimpl
    def settings_model(self) -> type["TopSettings"]:
        """Return the settings model."""
        from arbcore_fill_top.settings import TopSettings

        return TopSettings

    @hookimpl
    def build_fill_model(self) -> "FillModel":
        """Return a new model; it has no settings and needs nothing of its context."""
        from arbcore_fill_top.model import TopFill

        return TopFill()


plugin = TopPlugin()
"""What the entry point names."""
