"""Requests and replies as values. No I/O."""

from collections.abc import Mapping

from msgspec import Struct

from arbcore.errors import ExchangeUnavailable


class Request(Struct, frozen=True, kw_only=True):
    """A request to a venue's REST interface.

    Attributes:
        method: HTTP method.
        path: Path below the client's base address, with a leading slash and percent-encoded.
        query: Query string without the question mark, percent-encoded: exactly what goes on the wire, since some
            venues sign it.
        headers: Headers beside the client's own.
        body: Body.
        counter: Name of the rate limit's counter that it draws on; empty for none.
        weight: What it draws.
        urgent: A cancel or anything else that closes risk: it may use the share that is kept for those.
        repeatable: Sending it twice does no harm, so that a failed attempt may be repeated. Never true for an order.
        signed: The client signs it each time that it is sent, once the limits let it pass, with the time of sending.
        shielded: Once on its way it is not cancelled before its deadline: whoever asked wants to know what it did.
        expires_at: UTC nanoseconds after which it must not be sent any more; 0 for none.
        timeout_ns: Time to wait for the answer.
    """

    method: str = "GET"
    path: str
    query: str = ""
    headers: Mapping[str, str] = {}
    body: bytes = b""
    counter: str = ""
    weight: int = 1
    urgent: bool = False
    repeatable: bool = False
    signed: bool = False
    shielded: bool = False
    expires_at: int = 0
    timeout_ns: int = 5_000_000_000


class Reply(Struct, frozen=True, kw_only=True):
    """An answer.

    Attributes:
        status: HTTP status.
        headers: Headers, names in lower case.
        body: Body, decompressed.
        sent_ts: When the request was sent, UTC nanoseconds by the session's clock.
        recv_ts: When the answer was complete.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent_ts: int
    recv_ts: int


def check_headers(headers: Mapping[str, str]) -> None:
    """Require that headers can be sent; libraries differ in what they do otherwise, and some show the value.

    Raises:
        ExchangeUnavailable: A header can't be sent. Its value is not told: it may be a secret with a line end.
    """
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable() and value == value.strip()):
            raise ExchangeUnavailable(
                f"not sent: the header {name!r} holds spaces or characters that HTTP does not allow there",
                "look for spaces, line ends and foreign characters in the key",
            )
