"""A portfolio-wide risk tier for arbcore: trade size, count, daily loss, drawdown, kill."""

from typing import TYPE_CHECKING

from arbcore.hooks import hookimpl

if TYPE_CHECKING:
    from arbcore.ports.risk import RiskTier
    from arbcore.settings import PluginSettings
    from arbcore_risk_portfolio.settings import PortfolioSettings


class PortfolioPlugin:
    """Offers the risk tier ``portfolio``.

    Attributes:
        api_version: Contract that it was written for.
    """

    api_version: int = 1

    @hookimpl
    def settings_model(self) -> "type[PluginSettings]":
        """Return the model of the settings."""
        from arbcore_risk_portfolio.settings import PortfolioSettings

        return PortfolioSettings

    @hookimpl
    def build_risk_tier(self, settings: "PortfolioSettings") -> "RiskTier":
        """Build one instance of the tier."""
        from arbcore_risk_portfolio.tier import PortfolioTier

        return PortfolioTier(settings)


plugin = PortfolioPlugin()
