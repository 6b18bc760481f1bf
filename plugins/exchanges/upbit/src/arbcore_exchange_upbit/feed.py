"""The feed: instruments by requests, market data by as many connections as the markets need."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Self
from uuid import uuid4

import anyio

from arbcore.errors import ConfigurationError
from arbcore.model.instrument import Instrument
from arbcore_exchange_upbit.access import open_rest
from arbcore_exchange_upbit.addresses import addresses
from arbcore_exchange_upbit.instruments import instrument
from arbcore_exchange_upbit.listing import codes, exceptions
from arbcore_exchange_upbit.protocol import replies, requests
from arbcore_exchange_upbit.protocol.stream import Subscription, UpbitStream
from arbcore_exchange_upbit.settings import UpbitSettings

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.ports.venue import Deliver

CODES_PER_REQUEST: Final = 100
"""Most markets that one request names: its address stays well below what servers take."""


class UpbitFeed:
    """Market data of one instance (`Feed`).

    Args:
        settings: The instance's settings.
        context: Its context.

    Raises:
        ConfigurationError: The session's environment is one that the venue does not have.
    """

    def __init__(self, settings: UpbitSettings, context: "Context") -> None:
        self._settings: Final = settings
        self._context: Final = context
        self._where: Final = addresses(settings, context.environment)
        self._http: Final = open_rest(settings, self._where, context)
        self._gone: Final[set[str]] = set()

    async def __aenter__(self) -> Self:
        """Open the pool of connections for requests."""
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close it."""
        await self._http.__aexit__(None, None, None)

    async def instruments(self) -> Sequence[Instrument]:
        """Return every market in the settings' quote currency, with the venue's exceptions from its tick table.

        Raises:
            ExchangeError: The venue did not tell.
        """
        listed = replies.read_markets(await self._http.send(requests.markets()))
        found = codes(listed, self._settings.quote)
        ticks = {**await self._exceptions(found), **self._settings.ticks}
        return [instrument(self._context.instance, code, fee=self._settings.fee, ticks=ticks) for code in found]

    async def run(self, instruments: Sequence[str], deliver: "Deliver") -> None:
        """Deliver books, trades and statuses of instruments until cancelled, reconnecting by itself.

        Args:
            instruments: Keys of the instruments.
            deliver: Takes what was received.

        Raises:
            ConfigurationError: A key is none of this instance.
        """
        self._http.measure(deliver)
        keys = self._codes(instruments)
        size = self._settings.codes_per_connection
        async with anyio.create_task_group() as group:
            for number, start in enumerate(range(0, len(keys), size), start=1):
                part = dict(list(keys.items())[start : start + size])
                group.start_soon(self._stream, f"public-{number}", part, deliver)
            if not keys:
                await anyio.sleep_forever()

    async def _stream(self, name: str, keys: Mapping[str, str], deliver: "Deliver") -> None:
        from arbcore.net.stream import run_stream

        settings = self._settings
        subscription = Subscription(
            url=self._where.public_stream,
            keys=keys,
            units=settings.book_units,
            trades=settings.trades,
            statuses=True,
            refresh=settings.refresh,
            network=settings.network,
        )
        await run_stream(
            lambda: UpbitStream(subscription, str(uuid4()), self._gone),
            self._http,
            deliver,
            venue=self._context.instance,
            connection=name,
            clock=self._context.clock,
            settings=settings.network,
        )

    async def _exceptions(self, found: Sequence[str]) -> dict[str, Decimal]:
        ticks: dict[str, Decimal] = {}
        for start in range(0, len(found), CODES_PER_REQUEST):
            part = found[start : start + CODES_PER_REQUEST]
            prices = replies.read_tickers(await self._http.send(requests.tickers(part)))
            listed = await self._http.send(requests.orderbook_instruments(part))
            ticks.update(exceptions(prices, replies.read_orderbook_instruments(listed)))
        for code, tick in ticks.items():
            self._context.logger.info(
                "%s: the venue lists the tick %s, not its table's; it holds throughout", code, tick
            )
        return ticks

    def _codes(self, instruments: Sequence[str]) -> dict[str, str]:
        """Return the key of the instrument by market id."""
        prefix = f"{self._context.instance}:"
        for key in instruments:
            if not key.startswith(prefix):
                raise ConfigurationError(f"{key} is no instrument of {self._context.instance}")
        return {key.removeprefix(prefix): key for key in instruments}
