"""Signing: a JSON Web Token per request, over a hash of the un-encoded query or body.

Source: Upbit developer centre, authentication, 2026-11. The token says nothing of time: a clock that is wrong can't
break it. A nonce that was seen before is refused, so each sending takes a new one.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import Final, Literal
from urllib.parse import quote, unquote

import msgspec

from arbcore.net.request import Request

Algorithm = Literal["HS512", "HS256"]
"""Algorithms of the token; the venue recommends the first and still takes the second."""

_DIGESTS: Final = {"HS512": "sha512", "HS256": "sha256"}
_FIELDS: Final = msgspec.json.Decoder(dict[str, str])


def encode_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a query as it goes on the wire: percent-encoded, but for brackets in names and commas in values.

    A name with brackets stands once for every value: ``uuids[]=A&uuids[]=B``.
    """
    return "&".join([f"{quote(name, safe='[]')}={quote(value, safe=',')}" for name, value in pairs])


def encode_body(fields: dict[str, str]) -> bytes:
    """Return a JSON body whose values are all text, so that it says digit by digit what is hashed."""
    return msgspec.json.encode(fields)


def hashed_text(request: Request) -> str:
    """Return the text of a request that its token answers for, empty for one without parameters.

    Of a query it is the text before percent-encoding, of a body its fields as ``name=value`` in the body's order.
    """
    if request.body:
        return "&".join([f"{name}={value}" for name, value in _FIELDS.decode(request.body).items()])
    return unquote(request.query)


class Signer:
    """Signs requests and handshakes with one key. Neither key nor token is ever part of its text.

    Args:
        access_key: Access key.
        secret: Secret key, used as it is: it is not base64.
        algorithm: Algorithm of the token.
        nonce: Returns a text that no earlier call returned.
    """

    __slots__ = ("_access_key", "_digest", "_header", "_nonce", "_secret")

    def __init__(self, access_key: str, secret: str, algorithm: Algorithm, nonce: Callable[[], str]) -> None:
        self._access_key: Final = access_key
        self._secret: Final = secret.encode()
        self._digest: Final = _DIGESTS[algorithm]
        self._header: Final = _part(msgspec.json.encode({"alg": algorithm, "typ": "JWT"}))
        self._nonce: Final = nonce

    def __call__(self, request: Request, now: int) -> Request:
        """Return the request with a token of its own; the time is not part of it."""
        token = self.token(hashed_text(request))
        headers = {**request.headers, "Authorization": f"Bearer {token}"}
        if request.body:
            headers["Content-Type"] = "application/json; charset=utf-8"
        return msgspec.structs.replace(request, headers=headers)

    def __repr__(self) -> str:
        """Return nothing that is secret."""
        return "Signer(...)"

    def handshake(self) -> dict[str, str]:
        """Return the headers of a WebSocket handshake, new each time."""
        return {"Authorization": f"Bearer {self.token('')}"}

    def token(self, text: str) -> str:
        """Return a token for a text to be hashed, or for nothing."""
        claims = {"access_key": self._access_key, "nonce": self._nonce()}
        if text:
            claims["query_hash"] = hashlib.sha512(text.encode()).hexdigest()
            claims["query_hash_alg"] = "SHA512"
        signed = self._header + b"." + _part(msgspec.json.encode(claims))
        return (signed + b"." + _part(hmac.digest(self._secret, signed, self._digest))).decode()


def _part(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
