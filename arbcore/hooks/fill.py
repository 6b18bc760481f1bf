"""Hooks of fill and latency models."""

from typing import Protocol

from arbcore.context import Context
from arbcore.hooks._markers import hookspec
from arbcore.ports.fill import FillModel, LatencyModel
from arbcore.settings import PluginSettings


class FillHooks(Protocol):
    """Hooks of simulated markets, kind ``fill``. A plugin implements at least one of them."""

    @hookspec
    def build_fill_model(self, settings: PluginSettings, context: Context) -> FillModel:
        """Build the model that matches orders against market data.

        Called once per simulated venue that uses the instance, before that venue is opened: each venue gets a
        model of its own.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context; ``context.venue`` is the exchange that the model serves.

        Returns:
            The model: pure, with `state` and `restore`; randomness only from a seed in the settings.

        Raises:
            ConfigurationError: The settings contradict each other. Any exception ends the assembly.

        Provisional: no second implementation yet.
        """
        ...

    @hookspec
    def build_latency_model(self, settings: PluginSettings, context: Context) -> LatencyModel:
        """Build the model of how long messages travel.

        Called once per simulated venue that uses the instance, before that venue is opened.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context; ``context.venue`` is the exchange that the model serves.

        Returns:
            The model: pure, with `state` and `restore`; randomness only from a seed in the settings.

        Raises:
            ConfigurationError: The settings contradict each other. Any exception ends the assembly.

        Provisional: no second implementation yet.
        """
        ...
