"""Tokens, by the vectors of the venue's developer centre and against another implementation."""

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import jwt
import pytest

from arbcore.model.order import OrderRequest, OrderType, Side, TimeInForce
from arbcore.net.request import Request
from arbcore_exchange_upbit.protocol.private import account_requests, order_requests
from arbcore_exchange_upbit.protocol.private.placing import PlacingRules, order_fields
from arbcore_exchange_upbit.protocol.private.signing import Algorithm, Signer, encode_body, encode_query, hashed_text

SECRET = "a-secret-that-is-no-base64-0123456789-and-longer-than-64-bytes-it-is"

QUERY = "market=KRW-BTC&states[]=wait&states[]=watch&limit=10"
QUERY_HASH = (
    "e3cfc649139c595e1c26a8aa2b3c8504f4b15011fc2b819081451e5e845172bd"
    "5dbbb5110ec5d7a3d1d32ff71f46a78323a040e8bedf8672021fd2206190a3a8"
)
BODY = "market=KRW-BTC&side=bid&volume=0.01&price=100000000&ord_type=limit"
BODY_HASH = (
    "04f10e7f849051645e088a4217a3e1f938268054df0e99b93ac74627b11f6931"
    "e501657d777720f9d19fc2a6649e3afc4a6e4e83ccf3d0569be6bde4633750dc"
)


def signer(algorithm: Algorithm = "HS512", nonces: Iterator[int] | None = None) -> Signer:
    numbers = nonces or count(1)
    return Signer("an-access-key", SECRET, algorithm, lambda: f"nonce-{next(numbers)}")


def claims(request: Request, algorithm: Algorithm = "HS512") -> dict[str, Any]:
    """What another implementation reads from a token, once it has verified the signature."""
    token = request.headers["Authorization"].removeprefix("Bearer ")
    found: dict[str, Any] = jwt.decode(token, SECRET, algorithms=[algorithm])
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "JWT"}
    return found


@pytest.mark.parametrize("algorithm", ["HS512", "HS256"])
def test_the_vectors_of_the_developer_centre(algorithm: Algorithm) -> None:
    pairs = [("market", "KRW-BTC"), ("states[]", "wait"), ("states[]", "watch"), ("limit", "10")]
    asked = Request(path="/orders/open", query=encode_query(pairs), signed=True)
    assert asked.query == QUERY
    assert claims(signer(algorithm)(asked, 0), algorithm) == {
        "access_key": "an-access-key",
        "nonce": "nonce-1",
        "query_hash": QUERY_HASH,
        "query_hash_alg": "SHA512",
    }
    fields = dict(part.split("=") for part in BODY.split("&"))
    sent = Request(method="POST", path="/orders", body=encode_body(fields), signed=True)
    assert claims(signer(algorithm)(sent, 0), algorithm)["query_hash"] == BODY_HASH


def test_without_parameters_there_is_nothing_to_hash() -> None:
    assert claims(signer()(account_requests.accounts(), 0)) == {"access_key": "an-access-key", "nonce": "nonce-1"}
    handshake = signer().handshake()
    assert claims(Request(path="", headers=handshake)) == {"access_key": "an-access-key", "nonce": "nonce-1"}
    assert set(handshake) == {"Authorization"}


def test_every_sending_has_a_nonce_of_its_own() -> None:
    made = signer()
    request = order_requests.order("uuid", "u-1")
    nonces = {claims(made(request, 0))["nonce"] for _ in range(3)}
    assert nonces == {"nonce-1", "nonce-2", "nonce-3"}
    assert made.handshake() != made.handshake()


def test_what_is_hashed_is_not_encoded_and_what_is_sent_is() -> None:
    query = encode_query(
        [("start_time", "2026-11-20T00:00:00+09:00"), ("uuids[]", "a b"), ("pairs", "KRW-BTC,KRW-ETH")]
    )
    assert query == "start_time=2026-11-20T00%3A00%3A00%2B09%3A00&uuids[]=a%20b&pairs=KRW-BTC,KRW-ETH"
    text = "start_time=2026-11-20T00:00:00+09:00&uuids[]=a b&pairs=KRW-BTC,KRW-ETH"
    asked = Request(path="/x", query=query, signed=True)
    assert hashed_text(asked) == text
    assert claims(signer()(asked, 0))["query_hash"] == hashlib.sha512(text.encode()).hexdigest()


def test_a_body_is_hashed_in_its_own_order_and_is_json() -> None:
    order = OrderRequest(
        client_order_id="ae-1-2",
        instrument="upbit:KRW-BTC",
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Decimal("0.00010"),
        price=Decimal("1.5E+8"),
        time_in_force=TimeInForce.IOC,
    )
    request = order_requests.place(order_fields(order, "KRW-BTC", PlacingRules()), 0)
    assert request.body == (
        b'{"market":"KRW-BTC","side":"bid","ord_type":"limit","price":"150000000","volume":"0.0001",'
        b'"time_in_force":"ioc","smp_type":"cancel_maker","identifier":"ae-1-2"}'
    )
    assert hashed_text(request) == (
        "market=KRW-BTC&side=bid&ord_type=limit&price=150000000&volume=0.0001"
        "&time_in_force=ioc&smp_type=cancel_maker&identifier=ae-1-2"
    )
    signed = signer()(request, 0)
    assert signed.headers["Content-Type"] == "application/json; charset=utf-8"
    assert signed.body == request.body


def test_a_token_of_another_secret_is_refused() -> None:
    signed = Signer("an-access-key", SECRET + "x", "HS512", lambda: "n")(account_requests.accounts(), 0)
    with pytest.raises(jwt.InvalidSignatureError):
        claims(signed)


def test_nothing_secret_is_shown() -> None:
    made = signer()
    assert "an-access-key" not in f"{made!r} {made}"
    assert SECRET not in f"{made!r} {made}"
    signed = made(account_requests.accounts(), 0)
    assert SECRET not in repr(signed)
