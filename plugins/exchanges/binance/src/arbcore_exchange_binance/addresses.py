"""Where the venue is, by product and environment. Source: Binance developer documentation, general info, 2026-11."""

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from arbcore.errors import ConfigurationError

if TYPE_CHECKING:
    from arbcore_exchange_binance.settings import BinanceSettings


class Addresses(Struct, frozen=True):
    """Base addresses, without a slash at the end.

    Attributes:
        rest: Below which the paths of requests lie.
        streams: Below which the routes and ``/stream`` lie.
        ws_api: The WebSocket API, whole.
        sapi: Below which the paths of ``/sapi`` lie; empty where there are none, as on the testnets.
    """

    rest: str
    streams: str
    ws_api: str
    sapi: str = ""

    def route(self, name: str, *, futures: bool) -> str:
        """Return the address of a route; spot has none."""
        return f"{self.streams}/{name}" if futures else self.streams


_KNOWN: Final = {
    ("usdm", "production"): Addresses(
        "https://fapi.binance.com",
        "wss://fstream.binance.com",
        "wss://ws-fapi.binance.com/ws-fapi/v1",
        "https://api.binance.com",
    ),
    # The demo hosts that took the place of the futures testnet in 2025-11. The streams' host comes from a third party.
    ("usdm", "testnet"): Addresses(
        "https://demo-fapi.binance.com", "wss://demo-fstream.binance.com", "wss://testnet.binancefuture.com/ws-fapi/v1"
    ),
    ("spot", "production"): Addresses(
        "https://api.binance.com",
        "wss://stream.binance.com:9443",
        "wss://ws-api.binance.com:443/ws-api/v3",
        "https://api.binance.com",
    ),
    # The address of this testnet's WebSocket API is unconfirmed: the setting ws_api wins over it.
    ("spot", "testnet"): Addresses(
        "https://testnet.binance.vision",
        "wss://stream.testnet.binance.vision",
        "wss://ws-api.testnet.binance.vision/ws-api/v3",
    ),
}
_WS_API: Final = {"usdm": "/ws-fapi/v1", "spot": "/ws-api/v3"}


def addresses(settings: "BinanceSettings", environment: str) -> Addresses:
    """Return the addresses of an environment; those that the settings state win.

    Args:
        settings: The instance's settings.
        environment: ``production``, ``testnet`` or ``simulator``.

    Raises:
        ConfigurationError: The environment is another one.
    """
    known = _KNOWN.get((settings.product, environment))
    if environment == "simulator":
        known = _simulated(settings.simulator.rstrip("/"), settings.product)
    if known is None:
        raise ConfigurationError(
            f"binance: no addresses for the environment {environment!r}", "use production, testnet or simulator"
        )
    return Addresses(
        rest=(settings.rest or known.rest).rstrip("/"),
        streams=(settings.streams or known.streams).rstrip("/"),
        ws_api=(settings.ws_api or known.ws_api).rstrip("/"),
        # Spot's own address has both, where the environment has them at all.
        sapi=(settings.sapi or (known.sapi and settings.product == "spot" and settings.rest) or known.sapi).rstrip("/"),
    )


def _simulated(base: str, product: str) -> Addresses:
    scheme, _, rest = base.partition("://")
    sockets = f"{'wss' if scheme == 'https' else 'ws'}://{rest}/binance/{product}"
    return Addresses(f"{base}/binance/{product}", sockets, f"{sockets}{_WS_API[product]}", f"{base}/binance/spot")
