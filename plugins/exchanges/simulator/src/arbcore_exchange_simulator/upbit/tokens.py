"""Checks a client's token: a JWT with the hash of what it asks for (Upbit developer centre, 2026-11).

Written from the venue's rules with nothing but the standard library: the token is ``header.payload.signature`` in
URL-safe base64, signed by HMAC with the secret's raw bytes.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from collections import deque
from typing import Any, Final
from urllib.parse import unquote

from arbcore_exchange_simulator.trading.account import Account, ApiKey
from arbcore_exchange_simulator.trading.accounts import Accounts
from arbcore_exchange_simulator.upbit.problems import problem
from arbcore_exchange_simulator.wire import Request

_ALGORITHMS: Final = {"HS256": hashlib.sha256, "HS512": hashlib.sha512}
_NONCES: Final = 50_000  # the venue remembers for ever


class Flat(dict[str, Any]):
    """A JSON object as it was sent: in its order, numbers as their text."""


def read_body(body: bytes) -> Flat:
    """Return a JSON body, with numbers as they were written.

    Raises:
        Refused: It is no JSON object.
    """
    try:
        found = json.loads(body, parse_float=str, parse_int=str)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise problem("bad_request", "The body is no JSON object; forms are not supported.")
    return Flat(found)


def hashed_text(request: Request, body: Flat) -> str:
    """Return the text whose hash a token carries: the query un-encoded, or the body as ``k=v`` in its order."""
    if not body:
        return unquote(request.raw_query)
    parts = []
    for name, value in body.items():
        if isinstance(value, list):
            parts += [f"{name}[]={_text(one)}" for one in value]
        else:
            parts.append(f"{name}={_text(value)}")
    return "&".join(parts)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


class Tokens:
    """Checks tokens, and remembers their nonces."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._nonces: set[str] = set()
        self._order: deque[str] = deque()

    def check(self, request: Request, body: Flat, now: int) -> tuple[Account, ApiKey]:
        """Return whose request it is.

        Raises:
            Refused: The token is missing, wrong, used, of another request, or its key may not be used.
        """
        head, payload, signed, signature = _parts(request.headers.get("authorization", ""))
        found = self._accounts.find("upbit", str(payload.get("access_key", "")))
        if found is None:
            raise problem("invalid_access_key")
        account, key = found
        algorithm = _ALGORITHMS.get(str(head.get("alg")))
        if algorithm is None:
            raise problem("jwt_verification")
        if not hmac.compare_digest(hmac.new(key.secret.encode(), signed, algorithm).digest(), signature):
            raise problem("jwt_verification")
        if 0 < key.expires <= now:
            raise problem("expired_access_key")
        if key.ips and request.ip not in key.ips:
            raise problem("no_authorization_ip")
        self._use(payload.get("nonce"))
        _check_hash(payload, hashed_text(request, body))
        return account, key

    def _use(self, nonce: Any) -> None:
        if not isinstance(nonce, str) or not nonce:
            raise problem("jwt_verification")
        if nonce in self._nonces:
            raise problem("nonce_used")
        self._nonces.add(nonce)
        self._order.append(nonce)
        if len(self._order) > _NONCES:
            self._nonces.discard(self._order.popleft())


def _parts(header: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Return a token's header, payload, the bytes that are signed, and their signature."""
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token:
        raise problem("no_authorization_token")
    pieces = token.strip().split(".")
    try:
        first, second, third = pieces
        head, payload = json.loads(_bytes(first)), json.loads(_bytes(second))
        signature = _bytes(third)
    except (ValueError, Base64Error):
        raise problem("jwt_verification") from None
    if not isinstance(head, dict) or not isinstance(payload, dict):
        raise problem("jwt_verification")
    return head, payload, f"{first}.{second}".encode(), signature


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _check_hash(payload: dict[str, Any], text: str) -> None:
    told = payload.get("query_hash")
    if not text:
        return
    if payload.get("query_hash_alg", "SHA512") != "SHA512" or not isinstance(told, str):
        raise problem("invalid_query_payload")
    if not hmac.compare_digest(told.encode(), hashlib.sha512(text.encode()).hexdigest().encode()):
        raise problem("invalid_query_payload")
