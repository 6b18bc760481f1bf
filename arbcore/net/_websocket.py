"""WebSockets over the library of that name. The only file that imports it."""

from collections.abc import Mapping, Sequence
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from arbcore.errors import ExchangeUnavailable, RateLimited
from arbcore.net.settings import NetworkSettings

_S = 10**9
_MAX_FRAME = 8 * 2**20
_CLOSE_TIMEOUT_S = 1.0
_REFUSED_FOR_NOW = frozenset({418, 429})


class Socket:
    """An open WebSocket. Pings are answered and sent by the library.

    Args:
        connection: The library's connection.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self._connection: Final = connection

    async def receive(self) -> bytes:
        """Return the next frame, text or binary.

        Raises:
            ExchangeUnavailable: The connection ended.
        """
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as error:
            raise ExchangeUnavailable(f"the connection ended: {error}") from None

    async def send(self, text: str) -> None:
        """Send a text frame.

        Raises:
            ExchangeUnavailable: The connection ended.
        """
        try:
            await self._connection.send(text)
        except ConnectionClosed as error:
            raise ExchangeUnavailable(f"the connection ended: {error}") from None

    async def close(self) -> None:
        """Close; the other side gets a second to answer."""
        await self._connection.close()


async def open_socket(
    url: str, settings: NetworkSettings, headers: Mapping[str, str], subprotocols: Sequence[str]
) -> Socket:
    """Open a WebSocket: no Origin header, no compression, no proxy from the environment.

    Raises:
        RateLimited: The venue refuses openings for now.
        ExchangeUnavailable: It could not be opened.
    """
    try:
        connection = await connect(
            url,
            additional_headers=dict(headers),
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            compression=None,
            proxy=None,
            open_timeout=settings.connect_timeout / _S,
            ping_interval=settings.ping_interval / _S,
            ping_timeout=settings.ping_timeout / _S,
            close_timeout=_CLOSE_TIMEOUT_S,
            max_size=_MAX_FRAME,
        )
    except InvalidStatus as error:
        raise _refusal(error) from None
    except (OSError, WebSocketException) as error:  # TimeoutError is an OSError
        raise ExchangeUnavailable(f"can't connect: {type(error).__name__} {error}".rstrip()) from None
    return Socket(connection)


def _refusal(error: InvalidStatus) -> ExchangeUnavailable | RateLimited:
    status = error.response.status_code
    what = f"can't connect: the venue answered {status}"
    if status not in _REFUSED_FOR_NOW:
        return ExchangeUnavailable(what)
    asked = error.response.headers.get("Retry-After", "")
    return RateLimited(what, retry_after_ns=int(asked) * _S if asked.isascii() and asked.isdigit() else 0)
