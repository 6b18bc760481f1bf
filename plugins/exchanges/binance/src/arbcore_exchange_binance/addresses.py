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
    """

    rest: str
    streams: str

    def route(self, name: str, *, futures: bool) -> str:
        """Return the address of a route; spot has none."""
        return f"{self.streams}/{name}" if futures else self.streams


_KNOWN: Final = {
    ("usdm", "production"): Addresses("https://fapi.binance.com", "wss://fstream.binance.com"),
    # The demo hosts that took the place of the futures testnet in 2025-11. The streams' host comes from a third party.
    ("usdm", "testnet"): Addresses("https://demo-fapi.binance.com", "wss://demo-fstream.binance.com"),
    ("spot", "production"): Addresses("https://api.binance.com", "wss://stream.binance.com:9443"),
    ("spot", "testnet"): Addresses("https://testnet.binance.vision", "wss://stream.testnet.binance.vision"),
}


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
        base = settings.simulator.rstrip("/")
        scheme, _, rest = base.partition("://")
        secure = "wss" if scheme == "https" else "ws"
        known = Addresses(f"{base}/binance/{settings.product}", f"{secure}://{rest}/binance/{settings.product}")
    if known is None:
        raise ConfigurationError(
            f"binance: no addresses for the environment {environment!r}", "use production, testnet or simulator"
        )
    return Addresses((settings.rest or known.rest).rstrip("/"), (settings.streams or known.streams).rstrip("/"))
