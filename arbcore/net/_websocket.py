"""WebSockets over the library of that name. The only file that imports it."""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException
from websockets.typing import Subprotocol

from arbcore.errors import ExchangeUnavailable, RateLimited
from arbcore.net.faults import current
from arbcore.net.request import check_headers
from arbcore.net.settings import NetworkSettings

# At DEBUG the library logs addresses, headers and frames, which hold listen keys, tokens and signatures.
_quiet = logging.getLogger("arbcore.net.websocket")
_quiet.setLevel(logging.WARNING)

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

    def cut(self) -> None:
        """Break it without a word to the other side, as a network does."""
        self._connection.transport.abort()


class _Connect(connect):
    """An opening that follows no redirects: the headers of a handshake are for the venue's own address."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return the refusal as it is."""
        return exc


async def open_socket(
    url: str, settings: NetworkSettings, headers: Mapping[str, str], subprotocols: Sequence[str]
) -> Socket:
    """Open a WebSocket: no Origin header, no compression, no proxy from the environment, no redirects.

    Raises:
        RateLimited: The venue refuses openings for now.
        ExchangeUnavailable: It could not be opened.
    """
    check_headers(headers)
    try:
        connection = await _Connect(
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
            logger=_quiet,
        )
    except InvalidStatus as error:
        raise _refusal(error) from None
    except InvalidURI:  # its text is the address, in which a listen key may be
        raise ExchangeUnavailable("can't connect: the address is none of a WebSocket") from None
    except (OSError, WebSocketException) as error:  # TimeoutError is an OSError
        raise ExchangeUnavailable(f"can't connect: {type(error).__name__} {error}".rstrip()) from None
    socket = Socket(connection)
    if (faults := current()) is not None:
        faults.watch(socket)
    return socket


def _refusal(error: InvalidStatus) -> ExchangeUnavailable | RateLimited:
    status = error.response.status_code
    what = f"can't connect: the venue answered {status}"
    if status not in _REFUSED_FOR_NOW:
        return ExchangeUnavailable(what)
    asked = error.response.headers.get("Retry-After", "")
    return RateLimited(what, retry_after_ns=int(asked) * _S if asked.isascii() and asked.isdigit() else 0)
