"""A pure simulated venue for arbcore: accounts, orders and any fill model, in backtest and paper."""

from typing import TYPE_CHECKING

from arbcore.hooks import hookimpl

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.ports.venue import Capabilities, SimVenue
    from arbcore_exchange_paper.settings import PaperSettings

__all__ = ["PaperPlugin", "plugin"]


class PaperPlugin:
    """The plugin ``paper`` of kind ``exchange``."""

    api_version: int = 1

    @hookimpl
    def settings_model(self) -> type["PaperSettings"]:
        """Return the settings model."""
        from arbcore_exchange_paper.settings import PaperSettings

        return PaperSettings

    @hookimpl
    def capabilities(self) -> "Capabilities":
        """Return what the simulated venue can do; it delivers no market data of its own."""
        from arbcore.model.instrument import InstrumentKind
        from arbcore.model.order import TimeInForce
        from arbcore.ports.venue import Capabilities
        from arbcore_exchange_paper.checks import ORDER_TYPES

        return Capabilities(
            kinds=frozenset(InstrumentKind),
            trading=True,
            simulated=True,
            order_types=ORDER_TYPES,
            times_in_force=frozenset(TimeInForce),
            reduce_only=True,
            client_ids=True,
        )

    @hookimpl
    def open_venue(self, settings: "PaperSettings", context: "Context") -> "SimVenue":
        """Return a venue that stands for ``context.venue``; see `arbcore_exchange_paper.assembly.open_paper`."""
        from arbcore_exchange_paper.assembly import open_paper

        return open_paper(settings, context)


plugin = PaperPlugin()
"""What the entry point names."""
