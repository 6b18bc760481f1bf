"""Methods of spot's WebSocket API (Binance developer documentation, 2026-11)."""

from collections.abc import Mapping
from typing import Any, Final

from arbcore_exchange_simulator.binance.api import ApiSession, Methods
from arbcore_exchange_simulator.binance.refusals import refused
from arbcore_exchange_simulator.binance.spot.streams import SpotStreams

_ORDER: Final = "api/v3/order"

_ENDPOINTS: Final = {
    "order.place": ("POST", _ORDER),
    "order.test": ("POST", f"{_ORDER}/test"),
    "order.cancel": ("DELETE", _ORDER),
    "order.status": ("GET", _ORDER),
    "order.cancelReplace": ("POST", f"{_ORDER}/cancelReplace"),
    "openOrders.status": ("GET", "api/v3/openOrders"),
    "openOrders.cancelAll": ("DELETE", "api/v3/openOrders"),
    "allOrders": ("GET", "api/v3/allOrders"),
    "myTrades": ("GET", "api/v3/myTrades"),
    "account.status": ("GET", "api/v3/account"),
    "account.commission": ("GET", "api/v3/account/commission"),
    "account.rateLimits.orders": ("GET", "api/v3/rateLimit/order"),
}

_PUBLIC: Final = {
    "ping": "api/v3/ping",
    "time": "api/v3/time",
    "exchangeInfo": "api/v3/exchangeInfo",
    "depth": "api/v3/depth",
    "ticker.book": "api/v3/ticker/bookTicker",
    "ticker.price": "api/v3/ticker/price",
}


def methods(streams: SpotStreams) -> Methods:
    """Return what each method asks for."""
    special = {
        "userDataStream.subscribe": streams.subscribe,
        "userDataStream.subscribe.signature": streams.subscribe_signed,
        "userDataStream.unsubscribe": streams.unsubscribe,
        **{f"userDataStream.{word}": _switched_off for word in ("start", "ping", "stop")},
    }
    return Methods(_ENDPOINTS, _PUBLIC, special)


def _switched_off(_session: ApiSession, _params: Mapping[str, str]) -> Any:
    """Refuse what remains of listen keys on spot since 2026-02-20; status and text are unconfirmed."""
    raise refused(-1020, status=410)
