"""Hooks of risk tiers."""

from typing import Protocol

from arbcore.context import Context
from arbcore.hooks._markers import hookspec
from arbcore.ports.risk import RiskTier
from arbcore.settings import PluginSettings


class RiskHooks(Protocol):
    """Hooks of a risk tier, kind ``risk``."""

    @hookspec
    def build_risk_tier(self, settings: PluginSettings, context: Context) -> RiskTier:
        """Build one tier of the risk chain.

        Required. Called once per instance, in config order, which is the order of the chain: the first tier that
        refuses an intent ends its way.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context.

        Returns:
            The tier: pure, with `state` and `restore`.

        Raises:
            ConfigurationError: The settings contradict each other. Any exception ends the assembly: a session
                never runs with a tier missing.

        Provisional: no second implementation yet.
        """
        ...
