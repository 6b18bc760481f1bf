"""Two-leg spread and premium arbitrage for arbcore."""

from typing import TYPE_CHECKING

from arbcore.hooks import hookimpl

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.ports.strategy import Strategy
    from arbcore.settings import PluginSettings
    from arbcore_strategy_spread.settings import SpreadSettings


class SpreadPlugin:
    """Offers the strategy ``spread``.

    Attributes:
        api_version: Contract that it was written for.
    """

    api_version: int = 1

    @hookimpl
    def settings_model(self) -> "type[PluginSettings]":
        """Return the model of the settings."""
        from arbcore_strategy_spread.settings import SpreadSettings

        return SpreadSettings

    @hookimpl
    def build_strategy(self, settings: "SpreadSettings", context: "Context") -> "Strategy":
        """Build one instance of the strategy."""
        from arbcore_strategy_spread.strategy import SpreadStrategy

        return SpreadStrategy(settings, context.instance, context.base_currency)


plugin = SpreadPlugin()
