"""Binance spot as a venue: its user stream comes over the WebSocket API."""

from collections.abc import Sequence
from typing import Final

from arbcore.context import Context
from arbcore.net.calls import Call
from arbcore.net.stream import run_stream
from arbcore.ports.trading import TakeItem
from arbcore_exchange_binance.access import PrivateAccess
from arbcore_exchange_binance.protocol.desk import Desk
from arbcore_exchange_binance.protocol.exact import symbol_of
from arbcore_exchange_binance.protocol.spot_past import Past
from arbcore_exchange_binance.protocol.spot_user import SUBSCRIBE, Pace, SpotUserStream
from arbcore_exchange_binance.settings import BinanceSettings
from arbcore_exchange_binance.spot_account import SpotAccount
from arbcore_exchange_binance.spot_orders import SpotOrders
from arbcore_exchange_binance.venue import BinanceVenue


class SpotVenue(BinanceVenue[SpotOrders, SpotAccount]):
    """One account on Binance spot; a `Venue`.

    Args:
        settings: The instance's settings.
        context: The instance's context.
    """

    def __init__(self, settings: BinanceSettings, context: Context) -> None:
        access, desk = PrivateAccess(settings, context), Desk(settings.own_ids)
        orders = SpotOrders(access, desk, settings, context)
        super().__init__(settings, context, access, orders, SpotAccount(access, desk, context, settings.quote))
        self._desk: Final = desk
        self._past: Final = Past()

    async def _begin(self) -> None:
        """Ask nothing: spot has no modes."""

    async def _listen(self, instruments: Sequence[str], report: TakeItem) -> None:
        # Fills that answers name are told while this runs.
        self._orders.report = report
        try:
            await self._stream([symbol_of(key) for key in instruments], report)
        finally:
            self._orders.report = None

    async def _stream(self, symbols: Sequence[str], report: TakeItem) -> None:
        network = self._settings.network
        pace = Pace(
            mute_after=network.mute_after,
            poll_interval=network.poll_interval,
            reconcile=self._settings.reconcile,
            grace=self._settings.reconcile_grace,
        )

        def make() -> SpotUserStream:
            return SpotUserStream(
                self._access.addresses.ws_api,
                self._subscription,
                desk=self._desk,
                past=self._past,
                offset=self._access.offset,
                venue=self._context.instance,
                symbols=symbols,
                pace=pace,
            )

        await run_stream(
            make,
            self._access.http,
            report,
            venue=self._context.instance,
            connection="user",
            clock=self._context.clock,
            settings=network,
        )

    def _subscription(self) -> Call:
        return self._access.call(SUBSCRIBE, {}, Call(id="", method=SUBSCRIBE, frame=str))
