"""Upbit (spot) for arbcore: market data, orders and accounts, conversion rates, instruments and import profiles."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from arbcore.hooks import hookimpl

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.model.instrument import Instrument
    from arbcore.ports.control import ImportProfile
    from arbcore.ports.rate import RateSource
    from arbcore.ports.trading import Venue
    from arbcore.ports.treasury import Treasury
    from arbcore.ports.venue import Capabilities, Feed
    from arbcore_exchange_upbit.settings import UpbitRateSettings, UpbitSettings

__all__ = ["UpbitPlugin", "UpbitRatePlugin", "plugin", "rate_plugin"]


class UpbitPlugin:
    """The plugin ``upbit`` of kind ``exchange``."""

    api_version: int = 1

    @hookimpl
    def settings_model(self) -> type["UpbitSettings"]:
        """Return the settings model."""
        from arbcore_exchange_upbit.settings import UpbitSettings

        return UpbitSettings

    @hookimpl
    def capabilities(self, settings: "UpbitSettings") -> "Capabilities":
        """Return that there is market data of spot markets, whose first level is the touch, and what orders can be."""
        from arbcore.model.instrument import InstrumentKind
        from arbcore.model.order import OrderType, TimeInForce
        from arbcore.ports.venue import Capabilities

        return Capabilities(
            kinds=frozenset({InstrumentKind.SPOT}),
            books=True,
            trades=settings.trades,
            market_data=True,
            trading=True,
            order_types=frozenset({OrderType.LIMIT, OrderType.MARKET, OrderType.BEST}),
            times_in_force=frozenset(TimeInForce),
            client_ids=True,
            amends=True,
            cost_orders=True,
            forever_ids=True,
            treasury=True,
            rates=True,
            testnet=False,
        )

    @hookimpl
    def open_feed(self, settings: "UpbitSettings", context: "Context") -> "Feed":
        """Build the feed."""
        from arbcore_exchange_upbit.feed import UpbitFeed

        return UpbitFeed(settings, context)

    @hookimpl
    def open_venue(self, settings: "UpbitSettings", context: "Context") -> "Venue":
        """Build what takes orders."""
        from arbcore_exchange_upbit.venue import UpbitVenue

        return UpbitVenue(settings, context)

    @hookimpl
    def open_treasury(self, settings: "UpbitSettings", context: "Context") -> "Treasury":
        """Build what reads wallets and movements, and moves money where that is switched on."""
        from arbcore_exchange_upbit.treasury import UpbitTreasury

        return UpbitTreasury(settings, context)

    @hookimpl
    def reference_instruments(
        self, settings: "UpbitSettings", venue: str, bases: Sequence[str]
    ) -> "Sequence[Instrument]":
        """Return the markets of coins in the settings' quote currency."""
        from arbcore_exchange_upbit.instruments import reference_instruments

        return reference_instruments(venue, settings.quote, bases, fee=settings.fee, ticks=settings.ticks)

    @hookimpl
    def import_profiles(self) -> "Sequence[ImportProfile]":
        """Return the public formats of the venue's recordings."""
        from arbcore_exchange_upbit.profiles import profiles

        return profiles()


class UpbitRatePlugin:
    """The plugin ``upbit`` of kind ``rate``."""

    api_version: int = 1

    @hookimpl
    def settings_model(self) -> type["UpbitRateSettings"]:
        """Return the settings model."""
        from arbcore_exchange_upbit.settings import UpbitRateSettings

        return UpbitRateSettings

    @hookimpl
    def open_rate_source(self, settings: "UpbitRateSettings", context: "Context") -> "RateSource":
        """Build the source."""
        from arbcore_exchange_upbit.rate import UpbitRateSource

        return UpbitRateSource(settings, context)


plugin = UpbitPlugin()
"""What the entry point of the exchange names."""

rate_plugin = UpbitRatePlugin()
"""What the entry point of the rate source names."""
