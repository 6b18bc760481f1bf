"""Hooks of strategies and of execution policies."""

from typing import Protocol

from arbcore.context import Context
from arbcore.hooks._markers import hookspec
from arbcore.ports.policy import LegPolicy, Slicer
from arbcore.ports.strategy import Strategy
from arbcore.settings import PluginSettings


class StrategyHooks(Protocol):
    """Hooks of a strategy, kind ``strategy``."""

    @hookspec
    def build_strategy(self, settings: PluginSettings, context: Context) -> Strategy:
        """Build a strategy.

        Required. Called once per instance, in config order, after the exchanges are known. The order of instances
        is the order in which they are asked about the same quote.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context. The clock in it is for logs of the assembly only: a strategy decides
                by the times that it is given.

        Returns:
            The strategy: pure, with all its state inside and none in the plugin object.

        Raises:
            ConfigurationError: The settings contradict each other. Any exception ends the assembly.

        Provisional: no second implementation yet.
        """
        ...


class PolicyHooks(Protocol):
    """Hooks of execution policies, kind ``policy``. A plugin implements at least one of them."""

    @hookspec
    def build_leg_policy(self, settings: PluginSettings, context: Context) -> LegPolicy:
        """Build the rule for intents whose legs filled differently.

        Called once per instance, in config order, before the strategies are built.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context.

        Returns:
            The policy: pure, with `state` and `restore`.

        Raises:
            ConfigurationError: The settings contradict each other. Any exception ends the assembly.
        """
        ...

    @hookspec
    def build_slicer(self, settings: PluginSettings, context: Context) -> Slicer:
        """Build the rule that cuts a large intent into parts.

        Called once per instance, in config order, before the strategies are built.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context.

        Returns:
            The slicer: pure, with `state` and `restore`.

        Raises:
            ConfigurationError: The settings contradict each other. Any exception ends the assembly.
        """
        ...
