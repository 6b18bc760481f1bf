"""Methods of the futures' WebSocket API (Binance developer documentation, 2026-11)."""

from typing import Final

from arbcore_exchange_simulator.binance.api import Methods

_ORDER: Final = "fapi/v1/order"
_ALGO: Final = "fapi/v1/algoOrder"
_LISTEN: Final = "fapi/v1/listenKey"

METHODS: Final = Methods(
    endpoints={
        "order.place": ("POST", _ORDER),
        "order.modify": ("PUT", _ORDER),
        "order.cancel": ("DELETE", _ORDER),
        "order.status": ("GET", _ORDER),
        "algoOrder.place": ("POST", _ALGO),
        "algoOrder.cancel": ("DELETE", _ALGO),
        "account.status": ("GET", "fapi/v2/account"),
        "account.balance": ("GET", "fapi/v2/balance"),
        "account.position": ("GET", "fapi/v2/positionRisk"),
        "v2/account.status": ("GET", "fapi/v3/account"),
        "v2/account.balance": ("GET", "fapi/v3/balance"),
        "v2/account.position": ("GET", "fapi/v3/positionRisk"),
        "userDataStream.start": ("POST", _LISTEN),
        "userDataStream.ping": ("PUT", _LISTEN),
        "userDataStream.stop": ("DELETE", _LISTEN),
    },
    public={
        "ping": "fapi/v1/ping",
        "time": "fapi/v1/time",
        "depth": "fapi/v1/depth",
        "ticker.book": "fapi/v1/ticker/bookTicker",
        "ticker.price": "fapi/v2/ticker/price",
    },
)
"""What each method asks for."""
