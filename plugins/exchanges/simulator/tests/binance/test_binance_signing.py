"""Who is let in: keys, signatures and times."""

import base64
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr

from arbcore_exchange_simulator import Fault
from arbcore_exchange_simulator.binance.signatures import is_valid
from arbcore_exchange_simulator.binance.trader import BinanceTrader, sign
from arbcore_exchange_simulator.memory import MemoryClient, make_venues
from arbcore_exchange_simulator.trading.given import AccountSettings, KeySettings

Make = Callable[..., Any]


def test_the_documents_own_vector() -> None:
    secret = "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9"
    payload = (
        "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000"
        "&timestamp=1591702613943"
    )
    signature = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9"
    assert is_valid(payload, signature, secret, "")
    assert is_valid(payload, signature.upper(), secret, "")
    assert not is_valid(payload + "0", signature, secret, "")
    assert not is_valid(payload, signature[:-1], secret, "")


def test_parameters_in_the_query_in_the_body_and_in_both(usdm: BinanceTrader) -> None:
    order = urlencode({"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"})
    stamp = f"timestamp={usdm.ms}"
    whole = f"{order}&{stamp}"
    status, _ = usdm.raw("POST", "fapi/v1/order", body=f"{whole}&signature={sign(whole)}")
    assert status == 200
    status, _ = usdm.raw("POST", "fapi/v1/order", order, f"{stamp}&signature={sign(order + stamp)}")
    assert status == 200
    status, content = usdm.raw("POST", "fapi/v1/order", order, f"{stamp}&signature={sign(whole)}")
    assert (status, content["code"]) == (400, -1022)


def test_what_is_signed_raw_and_sent_encoded_is_refused(spot: BinanceTrader) -> None:
    symbols = '["BTCUSDT"]'
    raw = f"symbols={symbols}&timestamp={spot.ms}"
    encoded = f"symbols={quote(symbols)}&timestamp={spot.ms}"
    assert spot.raw("GET", "api/v3/account", f"{encoded}&signature={sign(raw)}")[1]["code"] == -1022
    assert spot.raw("GET", "api/v3/account", f"{encoded}&signature={sign(encoded)}")[0] == 200


@pytest.mark.parametrize(
    ("shift", "window", "code"),
    [(999, "", 0), (1000, "", -1021), (-5000, "", 0), (-5001, "", -1021), (-5001, "6000", 0), (-11, "10", -1021)],
)
def test_the_time_of_a_request(usdm: BinanceTrader, shift: int, window: str, code: int) -> None:
    params = {"timestamp": usdm.ms + shift, **({"recvWindow": window} if window else {})}
    status, content = usdm.ask("GET", "fapi/v3/balance", **params)
    assert (status == 200) is not bool(code)
    assert not code or content["code"] == code


def test_spot_takes_microseconds_and_futures_do_not(spot: BinanceTrader, usdm: BinanceTrader) -> None:
    assert spot.ask("GET", "api/v3/account", timestamp=spot.venues.world.now // 1000)[0] == 200
    assert usdm.code("GET", "fapi/v3/balance", timestamp=usdm.venues.world.now // 1000) == -1021


def test_a_skewed_clock_shows_in_the_time_and_refuses_the_old_one(usdm: BinanceTrader) -> None:
    usdm.venues.faults.add(Fault(kind="clock_skew", venue="usdm", amount=6_000_000_000))
    assert usdm.code("GET", "fapi/v3/balance") == -1021
    told = usdm.raw("GET", "fapi/v1/time")[1]["serverTime"]
    assert told == usdm.ms + 6000
    assert usdm.ask("GET", "fapi/v3/balance", timestamp=told)[0] == 200


def test_missing_parts_and_wrong_keys(usdm: BinanceTrader) -> None:
    assert usdm.raw("GET", "fapi/v3/balance", key="")[1]["code"] == -2014
    assert usdm.raw("GET", "fapi/v3/balance", key="none-of-the-known")[1]["code"] == -2015
    assert usdm.raw("GET", "fapi/v3/balance", f"timestamp={usdm.ms}")[1]["code"] == -1102
    assert usdm.raw("GET", "fapi/v3/balance", "signature=" + "0" * 64)[1]["code"] == -1102


def test_permissions_and_addresses() -> None:
    keys = (
        KeySettings(key="only-reading", secret=SecretStr("s" * 20), permissions=("read",)),
        KeySettings(key="elsewhere", secret=SecretStr("s" * 20), ips=("10.1.1.1",)),
        KeySettings(key="short-lived", secret=SecretStr("s" * 20), expires_in=1_000_000_000),
    )
    venues = make_venues(symbols=("BTC",), accounts=(AccountSettings(name="one", venue="usdm", keys=keys),))
    made = BinanceTrader
    reading = made(venues, "usdm", "only-reading", "s" * 20)
    assert reading.ask("GET", "fapi/v3/balance")[0] == 200
    assert reading.refused("BUY", "0.01") == -2015
    assert made(venues, "usdm", "elsewhere", "s" * 20).code("GET", "fapi/v3/balance") == -2015
    short = made(venues, "usdm", "short-lived", "s" * 20)
    assert short.ask("GET", "fapi/v3/balance")[0] == 200
    short.step(1)
    assert short.code("GET", "fapi/v3/balance") == -2015


def test_an_address_that_the_venue_refuses(usdm: BinanceTrader) -> None:
    usdm.venues.faults.add(Fault(kind="ip_refused", venue="usdm", times=1))
    assert usdm.code("GET", "fapi/v3/balance") == -2015
    assert usdm.ask("GET", "fapi/v3/balance")[0] == 200


def test_an_ed25519_key_signs_requests_and_logs_a_session_on() -> None:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    key = KeySettings(key="a-key-pair", public_key=public.decode())
    venues = make_venues(
        symbols=("BTC",),
        accounts=(AccountSettings(name="one", venue="usdm", keys=(key,), balances={"USDT": Decimal(1000)}),),
    )
    client = BinanceTrader(venues, "usdm", "a-key-pair", "")

    def signed(payload: str) -> str:
        return base64.b64encode(private.sign(payload.encode())).decode()

    query = f"timestamp={client.ms}"
    assert client.raw("GET", "fapi/v3/balance", f"{query}&signature={quote(signed(query), safe='')}")[0] == 200
    other = quote(signed(query + "1"), safe="")
    assert client.raw("GET", "fapi/v3/balance", f"{query}&signature={other}")[1]["code"] == -1022
    socket = MemoryClient(venues, "usdm", "ws-fapi/v1", {})
    stamp = {"timestamp": client.ms}
    socket.say({"id": 1, "method": "v2/account.balance", "params": stamp})
    assert socket.take()[0]["error"]["code"] == -2014
    logon = {"apiKey": "a-key-pair", **stamp}
    payload = f"apiKey=a-key-pair&timestamp={client.ms}"
    socket.say({"id": 2, "method": "session.logon", "params": {**logon, "signature": signed(payload)}})
    assert socket.take()[0]["result"]["apiKey"] == "a-key-pair"
    socket.say({"id": 3, "method": "v2/account.balance", "params": stamp})
    (answer,) = socket.take()
    assert answer["result"][0]["balance"] == "1000.00000000"


def test_an_rsa_key_signs_requests() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    key = KeySettings(key="an-rsa-pair", public_key=public.decode())
    venues = make_venues(symbols=("BTC",), accounts=(AccountSettings(name="one", venue="usdm", keys=(key,)),))
    client = BinanceTrader(venues, "usdm", "an-rsa-pair", "")
    query = f"timestamp={client.ms}"
    signature = base64.b64encode(private.sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    assert client.raw("GET", "fapi/v3/balance", f"{query}&signature={quote(signature, safe='')}")[0] == 200
    assert client.raw("GET", "fapi/v3/balance", f"{query}&signature={'A' * 344}")[1]["code"] == -1022
    assert client.raw("GET", "fapi/v3/balance", f"{query}&signature=no-base64")[1]["code"] == -1022


def test_an_hmac_key_logs_no_session_on(usdm: BinanceTrader, call: Make) -> None:
    socket = MemoryClient(usdm.venues, "usdm", "ws-fapi/v1", {})
    assert call(socket, "session.logon")["error"]["code"] == -4056
