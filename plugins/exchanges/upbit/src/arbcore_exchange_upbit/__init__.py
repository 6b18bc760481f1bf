"""Upbit (KRW spot) for arbcore: its instruments and import profiles; this version opens no connection."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from arbcore.hooks import hookimpl

if TYPE_CHECKING:
    from arbcore.model.instrument import Instrument
    from arbcore.ports.control import ImportProfile
    from arbcore.ports.venue import Capabilities
    from arbcore_exchange_upbit.settings import UpbitSettings

__all__ = ["UpbitPlugin", "plugin"]


class UpbitPlugin:
    """The plugin ``upbit`` of kind ``exchange``."""

    api_version: int = 1

    @hookimpl
    def settings_model(self) -> type["UpbitSettings"]:
        """Return the settings model."""
        from arbcore_exchange_upbit.settings import UpbitSettings

        return UpbitSettings

    @hookimpl
    def capabilities(self) -> "Capabilities":
        """Return that there are spot markets, and no connection to them in this version."""
        from arbcore.model.instrument import InstrumentKind
        from arbcore.ports.venue import Capabilities

        return Capabilities(kinds=frozenset({InstrumentKind.SPOT}))

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


plugin = UpbitPlugin()
"""What the entry point names."""
