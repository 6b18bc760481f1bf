"""Where the venue is reached, by environment."""

from typing import Final

from msgspec import Struct

from arbcore.errors import ConfigurationError
from arbcore_exchange_upbit.settings import Access, UpbitSettings

REST: Final = "https://api.upbit.com/v1"
"""REST interface of Upbit Korea."""
PUBLIC_STREAM: Final = "wss://api.upbit.com/websocket/v1"
"""Public WebSocket of Upbit Korea."""
PRIVATE_STREAM: Final = "wss://api.upbit.com/websocket/v1/private"
"""Private WebSocket of Upbit Korea."""


class Addresses(Struct, frozen=True):
    """Addresses in force, without a slash at the end.

    Attributes:
        rest: Base address of the REST interface.
        public_stream: Address of the public WebSocket.
    """

    rest: str
    public_stream: str


def addresses(settings: Access, environment: str) -> Addresses:
    """Return the addresses of an environment; those that the settings give count first.

    Args:
        settings: The instance's settings.
        environment: ``production``, ``simulator``, or ``testnet``: the simulator takes the place of that one.

    Raises:
        ConfigurationError: The venue does not have that environment.
    """
    match environment:
        case "production":
            rest, stream = REST, PUBLIC_STREAM
        case "simulator" | "testnet":
            base = settings.simulator.rstrip("/")
            rest, stream = f"{base}/upbit/v1", f"ws{base.removeprefix('http')}/upbit/websocket/v1"
        case _:
            raise ConfigurationError(f"Upbit has no environment {environment!r}", "use production or simulator")
    return Addresses((settings.rest or rest).rstrip("/"), (settings.public_stream or stream).rstrip("/"))


def private_stream(settings: UpbitSettings, environment: str) -> str:
    """Return the address of the private WebSocket; the one that the settings give counts first.

    Raises:
        ConfigurationError: The venue does not have that environment.
    """
    public = addresses(settings, environment).public_stream
    if settings.private_stream:
        return settings.private_stream.rstrip("/")
    return PRIVATE_STREAM if environment == "production" else f"{public}/private"
