"""Signatures: the documentation's vector, the order of parameters, kinds of keys, and that nothing shows a secret."""

from base64 import b64decode
from urllib.parse import parse_qsl, unquote

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from arbcore.errors import ConfigurationError
from arbcore.net.request import Request
from arbcore_exchange_binance.protocol.signing import ApiKey, encoded

SECRET = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
SIGNED = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
PAYLOAD = (
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943"
)
MS, S = 10**6, 10**9


def pem(key: PrivateKeyTypes, encryption: KeySerializationEncryption | None = None) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()).decode()


def test_the_vector_of_the_documentation() -> None:
    key = ApiKey("key", SECRET)
    assert key.signature(PAYLOAD) == SIGNED
    query = PAYLOAD.partition("&recvWindow")[0]
    assert key.signed_query(query, 1591702613943 * MS + 999_999, 5 * S) == f"{PAYLOAD}&signature={SIGNED}"


def test_a_request_gets_time_window_and_header_and_the_signature_last() -> None:
    request = Request(path="/fapi/v3/balance", query="a=1", headers={"x": "y"}, signed=True)
    signed = ApiKey("the-key", SECRET).signed_request(request, 1700 * MS, 2 * S)
    assert [name for name, _ in parse_qsl(signed.query)] == ["a", "recvWindow", "timestamp", "signature"]
    assert signed.query.startswith("a=1&recvWindow=2000&timestamp=1700&signature=")
    assert signed.headers == {"x": "y", "X-MBX-APIKEY": "the-key"}
    bare = ApiKey("the-key", SECRET).signed_request(Request(path="/x"), 1700 * MS, 0)
    assert bare.query.startswith("timestamp=1700&signature=")


def test_parameters_are_encoded_before_they_are_signed() -> None:
    query = encoded({"symbol": "币安USDT", "newClientOrderId": "a/b:c", "n": 1})
    assert query == "symbol=%E5%B8%81%E5%AE%89USDT&newClientOrderId=a%2Fb%3Ac&n=1"
    key = ApiKey("key", SECRET)
    signed = key.signed_query(query, 1700 * MS, 0)
    assert signed.endswith(f"&signature={key.signature(query + '&timestamp=1700')}")


def test_calls_are_signed_over_their_sorted_parameters() -> None:
    key = ApiKey("key", SECRET)
    params = key.signed_params({"symbol": "BTCUSDT", "quantity": "1"}, 1700 * MS, 2 * S)
    payload = "apiKey=key&quantity=1&recvWindow=2000&symbol=BTCUSDT&timestamp=1700"
    assert params.pop("signature") == key.signature(payload)
    assert params == {"symbol": "BTCUSDT", "quantity": "1", "apiKey": "key", "recvWindow": 2000, "timestamp": 1700}


def test_ed25519_is_base64_and_percent_encoded() -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    key = ApiKey("key", f"\n{pem(private)}")
    assert key.logs_on
    for number in range(20):
        payload, _, signature = key.signed_query(f"n={number}", 1700 * MS, 0).partition("&signature=")
        assert not set("+/=") & set(signature)
        private.public_key().verify(b64decode(unquote(signature), validate=True), payload.encode())


def test_rsa_signs_with_pkcs1() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key = ApiKey("key", pem(private))
    assert not key.logs_on
    private.public_key().verify(b64decode(key.signature("x=1")), b"x=1", PKCS1v15(), SHA256())


@pytest.mark.parametrize(
    "secret",
    [
        "-----BEGIN PRIVATE KEY-----\nhush\n-----END PRIVATE KEY-----",
        pem(ed25519.Ed25519PrivateKey.generate(), BestAvailableEncryption(b"hush")),
        pem(generate_private_key(SECP256R1())),
    ],
)
def test_other_keys_are_an_error_of_the_config_that_quotes_nothing(secret: str) -> None:
    with pytest.raises(ConfigurationError, match="api_secret") as raised:
        ApiKey("key", secret)
    assert not any(line in str(raised.value) for line in secret.splitlines()[1:-1])


def test_nothing_shows_key_or_secret() -> None:
    key = ApiKey("the-key", SECRET)
    assert "the-key" not in repr(key)
    assert SECRET not in f"{key!r} {key} {vars(key)}"
