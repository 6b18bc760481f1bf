"""The rate source: the touch of one market as a conversion rate."""

from typing import TYPE_CHECKING, Final, Self
from uuid import uuid4

from arbcore.errors import ConfigurationError
from arbcore_exchange_upbit.access import open_rest
from arbcore_exchange_upbit.addresses import addresses
from arbcore_exchange_upbit.protocol.rate_stream import RateStream
from arbcore_exchange_upbit.protocol.stream import Subscription, UpbitStream
from arbcore_exchange_upbit.settings import UpbitRateSettings

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.ports.venue import Deliver

SOURCE: Final = "upbit"
"""Id of the source in the rates that it delivers."""


class UpbitRateSource:
    """One named rate (`RateSource`).

    Args:
        settings: The instance's settings.
        context: Its context; its instance is the name of the rate.

    Raises:
        ConfigurationError: The market is not the one that the name asks for, or the venue does not have the
            session's environment.
    """

    def __init__(self, settings: UpbitRateSettings, context: "Context") -> None:
        check_direction(context.instance, settings.market)
        self._settings: Final = settings
        self._context: Final = context
        self._where: Final = addresses(settings, context.environment)
        self._http: Final = open_rest(settings, self._where, context)

    async def __aenter__(self) -> Self:
        """Open the pool of connections for requests."""
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        await self._http.__aexit__(None, None, None)

    async def run(self, deliver: "Deliver") -> None:
        """Deliver the rate until cancelled, reconnecting by itself.

        Args:
            deliver: Takes rates and changes of the connection's state.
        """
        from arbcore.net.stream import run_stream

        self._http.measure(deliver)
        await run_stream(
            self._protocol,
            self._http,
            deliver,
            venue=self._context.instance,
            connection="public-1",
            clock=self._context.clock,
            settings=self._settings.network,
        )

    def _protocol(self) -> RateStream:
        market, network = self._settings.market, self._settings.network
        subscription = Subscription(
            url=self._where.public_stream,
            keys={market: f"{SOURCE}:{market}"},
            units=1,
            trades=False,
            statuses=False,
            refresh=network.renew_after,
            network=network,
        )
        # A quiet book is confirmed every `confirm_after`; one confirmation may take that long, or get lost.
        trusted_for = 2 * network.confirm_after
        stream = UpbitStream(subscription, str(uuid4()), set())
        return RateStream(stream, self._context.instance, SOURCE, trusted_for)


def check_direction(name: str, market: str) -> None:
    """Require that a market's price is the rate: units of the name's second currency for one of its first.

    Raises:
        ConfigurationError: It is not, such as ``krw_usdt`` from ``KRW-USDT``.
    """
    quote, _, base = market.lower().partition("-")
    expected = f"{base}_{quote}"
    if name != expected:
        raise ConfigurationError(
            f"rates.{name}: the market {market} tells the rate {expected}",
            f"name the rate {expected}, or take another market",
        )
