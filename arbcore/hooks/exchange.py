"""Hooks of exchanges and of rate sources."""

from collections.abc import Sequence
from typing import Protocol

from arbcore.context import Context
from arbcore.hooks._markers import hookspec
from arbcore.model.instrument import Instrument
from arbcore.ports.rate import RateSource
from arbcore.ports.trading import Venue
from arbcore.ports.treasury import Treasury
from arbcore.ports.venue import Capabilities, Feed, SimVenue
from arbcore.settings import PluginSettings


class RateHooks(Protocol):
    """Hooks of a rate source, kind ``rate``."""

    @hookspec
    def open_rate_source(self, settings: PluginSettings, context: Context) -> RateSource:
        """Build the source of one named conversion rate.

        Called once per instance under `rates`, in config order, before the exchanges are opened. It must not do
        I/O: the runtime enters what it returns before the session starts and leaves it after the last feed.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context; ``context.instance`` is the name of the rate.

        Returns:
            The source, not entered.

        Raises:
            ConfigurationError: The settings ask for a rate that the source doesn't have. Any exception ends the
                assembly.

        Provisional: no second implementation yet.
        """
        ...


class ExchangeHooks(RateHooks, Protocol):
    """Hooks of an exchange, kind ``exchange``. One that also delivers rates is entered under both kinds."""

    @hookspec
    def capabilities(self, settings: PluginSettings) -> Capabilities:
        """Tell what the exchange can do with these settings.

        Required. Called during assembly before any other factory of the instance, and by the conformance suite,
        which runs the tests that the record asks for. It must be pure and quick.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.

        Returns:
            The record. What it states must hold: the pipeline opens a feed or a venue only where it says so.

        Raises:
            ConfigurationError: The settings contradict each other. Any exception ends the assembly.
        """
        ...

    @hookspec
    def open_feed(self, settings: PluginSettings, context: Context) -> Feed:
        """Build the market data feed of one instance.

        Called once per instance in paper and live sessions, in config order, where ``market_data`` is among the
        capabilities. It must not do I/O: the runtime enters what it returns, each entry with a time limit.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context, with its clock and secrets.

        Returns:
            The feed, not entered.

        Raises:
            ConfigurationError: The settings can't be served. Any exception ends the assembly.
        """
        ...

    @hookspec
    def open_venue(self, settings: PluginSettings, context: Context) -> SimVenue | Venue:
        """Build what takes orders: a real venue, or a simulated one.

        Called once per instance, in config order, after the fill and latency models are built, where ``trading``
        is among the capabilities; a simulated venue once per exchange that it stands for. It must not do I/O.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context. For a simulated venue ``venue``, ``balances``, ``fill_model``,
                ``latency_model`` and ``instruments`` are set; for a real one ``secrets`` and ``environment``.

        Returns:
            A `SimVenue`, ready, or a `Venue` (an async context manager), not entered.

        Raises:
            ConfigurationError: The settings can't be served, such as a testnet that doesn't exist. Any exception
                ends the assembly.
        """
        ...

    @hookspec
    def open_treasury(self, settings: PluginSettings, context: Context) -> Treasury:
        """Build what reads wallets, deposits and withdrawals, and moves money where that is switched on.

        Called by commands that read or move money, by the doctor and by drills, where ``treasury`` is among the
        capabilities; never for what trades. It must not do I/O.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            context: The instance's context, with ``secrets`` and ``environment``.

        Returns:
            The treasury, not entered.

        Raises:
            ConfigurationError: The settings can't be served. Any exception ends the assembly.
        """
        ...

    @hookspec
    def reference_instruments(self, settings: PluginSettings, venue: str, bases: Sequence[str]) -> Sequence[Instrument]:
        """Return instruments as known without a network, for generated data and for tests.

        Called by `arb data generate`, by imports and by conformance suites, never in a live session, where the
        venue's own listing counts. It must be pure: the same arguments give equal instruments.

        Args:
            settings: The instance's validated settings, of the type that `settings_model` returned.
            venue: Exchange instance id to put into the instruments.
            bases: Base coins wanted, such as ``BTC``.

        Returns:
            The instruments of those coins that are known, in the order of ``bases``. Unknown coins are left out.

        Raises:
            ConfigurationError: The settings can't be served. Any exception ends the command.
        """
        ...
