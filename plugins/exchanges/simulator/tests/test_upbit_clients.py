"""Upbit's private side over real sockets, to plain clients and to pyupbit, which others wrote against the venue."""

import asyncio
import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any
from urllib.parse import unquote, urlencode
from uuid import uuid4

import aiohttp
import httpx
import pytest

from arbcore_exchange_simulator import Fault, Rules, Simulator, SimulatorSettings

pytestmark = pytest.mark.anyio

KEY, SECRET = "sim-upbit-key", b"sim-upbit-secret-0123456789abcdef0123"
BTC = "KRW-BTC"


def jwt(text: str = "") -> str:
    """Return a token, as the venue's documentation describes it."""
    payload = {"access_key": KEY, "nonce": str(uuid4())}
    if text:
        payload |= {"query_hash": hashlib.sha512(text.encode()).hexdigest(), "query_hash_alg": "SHA512"}
    parts = [json.dumps(one).encode() for one in ({"alg": "HS512", "typ": "JWT"}, payload)]
    signed = b".".join(urlsafe_b64encode(one).rstrip(b"=") for one in parts)
    signature = urlsafe_b64encode(hmac.new(SECRET, signed, hashlib.sha512).digest()).rstrip(b"=")
    return f"{signed.decode()}.{signature.decode()}"


def bearer(text: str = "") -> dict[str, str]:
    return {"Authorization": f"Bearer {jwt(text)}"}


@pytest.fixture
async def simulator(request: pytest.FixtureRequest) -> AsyncIterator[Simulator]:
    """A simulator; its parameter tells whether it takes bodies of old clients."""
    rules = Rules(upbit_bodies=getattr(request, "param", False))
    async with Simulator(SimulatorSettings(symbols=("BTC", "XRP"), clock="manual", rules=rules)) as opened:
        yield opened


@pytest.fixture
async def rest(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{simulator.address}/upbit/v1/", trust_env=False) as opened:
        yield opened


def deep(simulator: Simulator) -> str:
    """Return a price far below the market."""
    (bid, _), _ = simulator.world.markets["upbit"][BTC].book.touch
    return str((bid - bid // 20) // 10**11 * 1000)


async def post(rest: httpx.AsyncClient, path: str, **body: str) -> httpx.Response:
    return await rest.post(path, json=body, headers=bearer("&".join(f"{key}={value}" for key, value in body.items())))


async def test_a_life_over_http_and_the_private_socket(
    simulator: Simulator, rest: httpx.AsyncClient, web: aiohttp.ClientSession
) -> None:
    url = simulator.address + "/upbit/websocket/v1/private"
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await web.ws_connect(url)
    assert caught.value.status == 401
    socket = await web.ws_connect(url, headers=bearer())
    await socket.send_json([{"ticket": "t"}, {"type": "myOrder"}, {"type": "myAsset"}])
    await socket.send_str("PING")
    assert json.loads((await socket.receive(5)).data) == {"status": "UP"}
    reply = await post(rest, "orders", market=BTC, side="bid", ord_type="limit", price=deep(simulator), volume="0.01")
    row = reply.json()
    assert (reply.status_code, row["state"]) == (201, "wait")
    assert reply.headers["Remaining-Req"] == "group=order; min=720; sec=11"
    first = await socket.receive(5)
    assert first.type is aiohttp.WSMsgType.BINARY
    event = json.loads(first.data)
    assert (event["type"], event["uuid"], event["state"]) == ("myOrder", row["uuid"], "wait")
    assert json.loads((await socket.receive(5)).data)["type"] == "myAsset"
    query = urlencode({"market": BTC, "states[]": "wait"}).replace("%5B%5D", "[]")
    found = await rest.get(f"orders/open?{query}", headers=bearer(unquote(query)))
    assert [one["uuid"] for one in found.json()] == [row["uuid"]]
    query = f"uuid={row['uuid']}"
    gone = await rest.delete(f"order?{query}", headers=bearer(query))
    assert (gone.status_code, gone.json()["state"]) == (200, "wait")
    await simulator.advance(0.1)
    assert json.loads((await socket.receive(5)).data)["state"] == "cancel"
    await socket.close()


async def test_the_query_is_hashed_as_it_was_sent(rest: httpx.AsyncClient) -> None:
    query = "end_time=2026-11-20T13%3A00%3A00%2B09%3A00&states[]=done&states[]=cancel"
    found = await rest.get(f"orders/closed?{query}", headers=bearer(unquote(query)))
    assert (found.status_code, found.json()) == (200, [])
    swapped = "states[]=done&states[]=cancel&end_time=2026-11-20T13:00:00+09:00"
    wrong = await rest.get(f"orders/closed?{query}", headers=bearer(swapped))
    assert (wrong.status_code, wrong.json()["error"]["name"]) == (401, "invalid_query_payload")


async def test_a_reply_that_never_comes(simulator: Simulator, rest: httpx.AsyncClient) -> None:
    simulator.add_fault(Fault(kind="ack_timeout", venue="upbit", stream="place", times=1))
    told = {"market": BTC, "side": "bid", "ord_type": "price", "price": "6000", "identifier": "lost"}
    with pytest.raises(httpx.ReadTimeout):
        await rest.post("orders", json=told, headers=bearer("&".join(f"{k}={v}" for k, v in told.items())), timeout=0.3)
    found = await rest.get("order?identifier=lost", headers=bearer("identifier=lost"))
    assert found.json()["state"] == "cancel"
    assert found.json()["trades_count"] == 1


async def test_accounts_are_shown_and_changed_from_outside(simulator: Simulator, rest: httpx.AsyncClient) -> None:
    url = simulator.address + "/control/accounts"
    shown = {one["name"]: one for one in (await rest.get(url)).json()["accounts"]}
    assert shown["upbit"]["cash"]["KRW"] == {"free": "5000000000", "locked": "0"}
    key = {"key": "k", "secret": "s"}
    told = {
        "set": {"upbit": {"KRW": "1000.5"}},
        "add": [{"name": "new", "venue": "upbit", "keys": [key], "balances": {"XRP": "3"}}],
        "deposit": [{"account": "upbit", "currency": "XRP", "amount": "5"}],
        "wallets": {"XRP": "paused"},
    }
    body = (await rest.post(url, json=told)).json()
    shown = {one["name"]: one for one in body["accounts"]}
    assert shown["upbit"]["cash"]["KRW"]["free"] == "1000.5"
    assert shown["new"]["cash"] == {"XRP": {"free": "3", "locked": "0"}}
    assert "secret" not in json.dumps(body)
    wallets = (await rest.get("status/wallet", headers=bearer())).json()
    assert [one["wallet_state"] for one in wallets if one["currency"] == "XRP"] == ["paused"]
    deposits = (await rest.get("deposits?currency=XRP", headers=bearer("currency=XRP"))).json()
    assert [one["amount"] for one in deposits] == ["5"]
    odd = {"add": [{"name": "x", "venue": "upbit", "keys": [{"key": "k9", "secret": ["very-secret"]}]}]}
    refused = await rest.post(url, json=odd)
    assert refused.status_code == 400
    assert "very-secret" not in refused.text
    for wrong in ({"set": {"nobody": {"KRW": "1"}}}, {"set": {"upbit": {"KRW": "-1"}}}, {"unknown": 1}):
        assert (await rest.post(url, json=wrong)).status_code == 400


async def test_faults_of_orders_are_set_by_the_control_endpoint(simulator: Simulator, rest: httpx.AsyncClient) -> None:
    fault = {"kind": "reject_order", "venue": "upbit", "times": 1, "code": "insufficient_funds_bid"}
    state = (await rest.post(simulator.address + "/control/faults", json=fault)).json()
    assert state["active"][0]["kind"] == "reject_order"
    told = {"market": BTC, "side": "bid", "ord_type": "price", "price": "6000"}
    assert (await post(rest, "orders", **told)).json()["error"]["name"] == "insufficient_funds_bid"
    assert (await post(rest, "orders", **told)).status_code == 201


async def test_markets_wait_until_a_private_client_comes(web: aiohttp.ClientSession) -> None:
    async with Simulator(SimulatorSettings(symbols=("BTC",), wait=True, rate=50.0)) as simulator:
        book = simulator.world.markets["upbit"][BTC].book
        before = book.update_id
        await asyncio.sleep(0.1)
        assert book.update_id == before
        socket = await web.ws_connect(simulator.address + "/upbit/websocket/v1/private", headers=bearer())
        while book.update_id == before:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        await socket.close()


@pytest.fixture
def pyupbit(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return pyupbit's client; its one fixed host is replaced where requests leave it."""
    api = import_module("pyupbit.request_api")

    def sent(method: str) -> Any:
        def send(url: str, **more: Any) -> Any:
            base = url.replace("https://api.upbit.com", simulator.address + "/upbit")
            return import_module("requests").request(method, base, timeout=10, **more)

        return api.error_handler(send)

    for name, method in (("_call_get", "GET"), ("_call_post", "POST"), ("_call_delete", "DELETE")):
        monkeypatch.setattr(api, name, sent(method))
    return import_module("pyupbit").Upbit(KEY, SECRET.decode())


@pytest.mark.parametrize("simulator", [True, False], indirect=True)
async def test_pyupbit_trades(simulator: Simulator, pyupbit: Any) -> None:
    """It sends parameters of GET and DELETE in bodies, which the venue refuses of a DELETE today."""

    def do(name: str, *given: Any) -> Any:
        return asyncio.to_thread(getattr(pyupbit, name), *given)

    lenient = simulator.settings.rules.upbit_bodies
    assert await do("get_balance", "KRW") == 5_000_000_000
    bought = await do("buy_market_order", BTC, 6000)
    assert (bought["state"], bought["ord_type"]) == ("wait", "price")
    ask = simulator.world.markets["upbit"][BTC].trades[-1].price
    coins = round(6000 / (ask / 1e8) - 5e-9, 8)
    assert await do("get_balance", BTC) == pytest.approx(5 + coins)
    sold = await do("sell_market_order", BTC, 0.001)
    assert sold["volume"] == "0.001"
    resting = await do("buy_limit_order", BTC, int(deep(simulator)), 0.01)
    assert resting["state"] == "wait"
    chance = await do("get_chance", BTC)
    cancelled = await do("cancel_order", resting["uuid"])
    await simulator.advance(0.1)
    if not lenient:
        assert (chance, cancelled) == (None, None)
        assert len(simulator.venues.upbit.matching.resting(BTC)) == 1
        return
    assert chance["market"]["id"] == BTC
    assert cancelled["uuid"] == resting["uuid"]
    assert (await do("get_individual_order", resting["uuid"]))["state"] == "cancel"
    assert (await do("get_order", bought["uuid"]))["trades_count"] == 1
    assert {one["currency"] for one in await do("get_balances")} >= {"KRW", "BTC", "XRP"}
