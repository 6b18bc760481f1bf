"""Binance USD-M futures and spot for arbcore: instruments, market data and import profiles."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from arbcore.hooks import hookimpl

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.model.instrument import Instrument
    from arbcore.ports.control import ImportProfile
    from arbcore.ports.trading import Venue
    from arbcore.ports.treasury import Treasury
    from arbcore.ports.venue import Capabilities, Feed
    from arbcore_exchange_binance.settings import BinanceSettings

__all__ = ["BinancePlugin", "plugin"]


class BinancePlugin:
    """The plugin ``binance`` of kind ``exchange``."""

    api_version: int = 1

    @hookimpl
    def settings_model(self) -> type["BinanceSettings"]:
        """Return the settings model."""
        from arbcore_exchange_binance.settings import BinanceSettings

        return BinanceSettings

    @hookimpl
    def capabilities(self, settings: "BinanceSettings") -> "Capabilities":
        """Return the product's kind of instrument and what the settings make the feed deliver."""
        from arbcore.model.instrument import InstrumentKind
        from arbcore.model.order import TRIGGERED, OrderType, TimeInForce
        from arbcore.ports.venue import Capabilities

        spot = settings.product == "spot"
        kind = InstrumentKind.SPOT if spot else InstrumentKind.PERPETUAL
        return Capabilities(
            kinds=frozenset({kind}),
            quotes=settings.book == "ticker",
            books=settings.book != "ticker",
            trades=settings.trades,
            funding=settings.product == "usdm",
            market_data=True,
            trading=True,
            order_types=frozenset({OrderType.LIMIT, OrderType.MARKET}) | (frozenset() if spot else TRIGGERED),
            times_in_force=frozenset(TimeInForce),
            reduce_only=not spot,
            client_ids=True,
            amends=True,
            leverage=not spot,
            dead_mans_switch=not spot,
            treasury=True,
            accepts_for_ns=settings.accepts_for,
        )

    @hookimpl
    def open_feed(self, settings: "BinanceSettings", context: "Context") -> "Feed":
        """Return the feed of the product's public market data."""
        from arbcore_exchange_binance.feed import BinanceFeed

        return BinanceFeed(settings, context)

    @hookimpl
    def open_venue(self, settings: "BinanceSettings", context: "Context") -> "Venue":
        """Return the account's orders and what becomes of them."""
        if settings.product == "spot":
            from arbcore_exchange_binance.spot_venue import SpotVenue

            return SpotVenue(settings, context)
        from arbcore_exchange_binance.usdm_venue import UsdmVenue

        return UsdmVenue(settings, context)

    @hookimpl
    def open_treasury(self, settings: "BinanceSettings", context: "Context") -> "Treasury":
        """Return the wallets of the account, which both products share."""
        from arbcore_exchange_binance.treasury import BinanceTreasury

        return BinanceTreasury(settings, context)

    @hookimpl
    def reference_instruments(
        self, settings: "BinanceSettings", venue: str, bases: Sequence[str]
    ) -> "Sequence[Instrument]":
        """Return the known markets of coins in the settings' quote currency, with the settings' fees and rules."""
        from arbcore_exchange_binance.reference import fees_of, reference_instruments

        fees = fees_of(settings)
        return reference_instruments(venue, settings.product, settings.quote, bases, fees=fees, rules=settings.rules)

    @hookimpl
    def import_profiles(self) -> "Sequence[ImportProfile]":
        """Return the public formats of the venue's recordings."""
        from arbcore_exchange_binance.profiles import profiles

        return profiles()


plugin = BinancePlugin()
"""What the entry point names."""
