"""Signatures of private requests and calls. Pure: the time of sending is an argument.

HMAC-SHA256 (hexadecimal), Ed25519 and RSA (base64) over the parameters as they travel: percent-encoded before signing
in a query (else -1022, enforced since 2026-01-15), sorted by name as ``k=v&k=v`` in a call of the WebSocket API.
Source: Binance developer documentation, request security and WebSocket API, 2026-11.
"""

import hmac
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from msgspec.structs import replace

from arbcore.errors import ConfigurationError
from arbcore.net.request import Request

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

API_KEY_HEADER: Final = "X-MBX-APIKEY"
"""Header that names the key; requests that need a key and no signature carry it alone."""

_MS: Final = 10**6
_PEM: Final = "-----BEGIN"
_FIX: Final = "set api_secret to the HMAC secret, or to an unencrypted PEM of the Ed25519 or RSA private key"

Params = Mapping[str, str | int]
"""Parameters of a request or call: numbers as the exact text that was meant."""


class ApiKey:
    """A key with its secret, which nothing shows.

    Args:
        api_key: The key.
        secret: An HMAC secret, or the PEM of a private key.

    Raises:
        ConfigurationError: The PEM can't be read, or is of another kind of key.
    """

    def __init__(self, api_key: str, secret: str) -> None:
        self.api_key: Final = api_key
        pem = secret.lstrip().startswith(_PEM)
        self._sign, self.logs_on = _pem_signer(secret.strip()) if pem else (_hmac_signer(secret.strip()), False)
        """Whether the WebSocket API takes a log-on with it: with Ed25519 only."""

    def __repr__(self) -> str:
        return "ApiKey(...)"

    def signature(self, payload: str) -> str:
        """Return the signature of a payload, not percent-encoded."""
        return self._sign(payload.encode())

    def signed_query(self, query: str, now: int, window_ns: int) -> str:
        """Return a query with the time, the receive window and, last, the signature.

        Args:
            query: The percent-encoded parameters.
            now: The venue's time in nanoseconds.
            window_ns: How long after ``now`` the venue may still take the request; 0 for the venue's own default.
        """
        window = f"recvWindow={window_ns // _MS}&" if window_ns else ""
        payload = f"{query}{'&' if query else ''}{window}timestamp={now // _MS}"
        return f"{payload}&signature={quote(self.signature(payload), safe='')}"

    def signed_request(self, request: Request, now: int, window_ns: int) -> Request:
        """Return a request with signed query and the key's header. Parameters travel in the query only.

        Args:
            request: The request.
            now: The venue's time in nanoseconds.
            window_ns: As for `signed_query`.
        """
        headers = {**request.headers, API_KEY_HEADER: self.api_key}
        return replace(request, query=self.signed_query(request.query, now, window_ns), headers=headers)

    def signed_params(self, params: Params, now: int, window_ns: int) -> dict[str, str | int]:
        """Return the parameters of a call of the WebSocket API, signed.

        Args:
            params: The parameters.
            now: The venue's time in nanoseconds.
            window_ns: As for `signed_query`.
        """
        full: dict[str, str | int] = {**params, "apiKey": self.api_key, "timestamp": now // _MS}
        if window_ns:
            full["recvWindow"] = window_ns // _MS
        payload = "&".join(f"{name}={full[name]}" for name in sorted(full))
        return {**full, "signature": self.signature(payload)}


def encoded(params: Params) -> str:
    """Return parameters as a percent-encoded query in the order given."""
    return "&".join(f"{name}={quote(str(value), safe='')}" for name, value in params.items())


def _hmac_signer(secret: str) -> Callable[[bytes], str]:
    key = secret.encode()
    return lambda payload: hmac.digest(key, payload, "sha256").hex()


def _pem_signer(pem: str) -> tuple[Callable[[bytes], str], bool]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256

    key = _private_key(pem)
    if isinstance(key, Ed25519PrivateKey):
        return (lambda payload: b64encode(key.sign(payload)).decode()), True
    if isinstance(key, RSAPrivateKey):
        return (lambda payload: b64encode(key.sign(payload, PKCS1v15(), SHA256())).decode()), False
    raise ConfigurationError("binance: api_secret is a PEM of a kind of key that Binance doesn't take", _FIX)


def _private_key(pem: str) -> "PrivateKeyTypes":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The library's own words may quote what it read.
        raise ConfigurationError("binance: api_secret is a PEM that can't be read as a private key", _FIX) from None
