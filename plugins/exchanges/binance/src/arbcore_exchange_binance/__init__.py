"""Binance USD-M futures and spot for arbcore: instruments and import profiles; this version opens no connection."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from arbcore.hooks import hookimpl

if TYPE_CHECKING:
    from arbcore.model.instrument import Instrument
    from arbcore.ports.control import ImportProfile
    from arbcore.ports.venue import Capabilities
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
        """Return the product's kind of instrument, and no connection in this version."""
        from arbcore.model.instrument import InstrumentKind
        from arbcore.ports.venue import Capabilities

        kind = InstrumentKind.SPOT if settings.product == "spot" else InstrumentKind.PERPETUAL
        return Capabilities(kinds=frozenset({kind}))

    @hookimpl
    def reference_instruments(
        self, settings: "BinanceSettings", venue: str, bases: Sequence[str]
    ) -> "Sequence[Instrument]":
        """Return the known markets of coins in the settings' quote currency, with the settings' fees and rules."""
        from arbcore.model.instrument import FeeSchedule
        from arbcore_exchange_binance.reference import FEES, reference_instruments

        general = FEES[settings.product]
        fees = FeeSchedule(
            maker=general.maker if settings.maker_fee is None else settings.maker_fee,
            taker=general.taker if settings.taker_fee is None else settings.taker_fee,
        )
        return reference_instruments(venue, settings.product, settings.quote, bases, fees=fees, rules=settings.rules)

    @hookimpl
    def import_profiles(self) -> "Sequence[ImportProfile]":
        """Return the public formats of the venue's recordings."""
        from arbcore_exchange_binance.profiles import profiles

        return profiles()


plugin = BinancePlugin()
"""What the entry point names."""
