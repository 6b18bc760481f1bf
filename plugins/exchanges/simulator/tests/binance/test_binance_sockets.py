"""Binance's private side over real sockets, with a client of nothing but HTTP and WebSockets."""

import asyncio
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import pytest
from yarl import URL

from arbcore_exchange_simulator import Fault, Simulator
from arbcore_exchange_simulator.binance.trader import sign
from arbcore_exchange_simulator.trading.given import BINANCE_MONEY_KEY

pytestmark = pytest.mark.anyio

HEADERS = {"X-MBX-APIKEY": BINANCE_MONEY_KEY.key}


class Client:
    """Signs and sends to one product of a running simulator."""

    def __init__(self, simulator: Simulator, web: aiohttp.ClientSession, venue: str = "usdm") -> None:
        self.simulator = simulator
        self._web = web
        self._base = f"{simulator.address}/binance/{venue}"

    @property
    def ms(self) -> int:
        return self.simulator.world.time_ms

    async def ask(self, method: str, path: str, *, body: bool = False, **params: Any) -> tuple[int, Any, Any]:
        text = urlencode({**params, "timestamp": self.ms}, quote_via=quote)
        text += f"&signature={sign(text)}"
        data, query = (text, "") if body else (None, f"?{text}")
        url = URL(f"{self._base}/{path}{query}", encoded=True)
        headers = HEADERS | ({"Content-Type": "application/x-www-form-urlencoded"} if body else {})
        async with self._web.request(method, url, data=data, headers=headers) as response:
            return response.status, await response.json(), response.headers

    async def key(self) -> str:
        async with self._web.post(f"{self._base}/fapi/v1/listenKey", headers=HEADERS) as response:
            return str((await response.json())["listenKey"])

    def socket(self, path: str) -> Any:
        return self._web.ws_connect(f"{self._base}/{path}".replace("http", "ws"))


@pytest.fixture
def client(simulator: Simulator, web: aiohttp.ClientSession) -> Client:
    return Client(simulator, web)


ORDER: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}


@pytest.mark.parametrize("body", [True, False])
async def test_parameters_in_query_or_body_as_they_were_sent(client: Client, body: bool) -> None:
    named = {**ORDER, "newClientOrderId": "a:/b.c_d-1"}
    status, content, headers = await client.ask("POST", "fapi/v1/order", body=body, **named)
    assert (status, content["clientOrderId"]) == (200, "a:/b.c_d-1")
    assert headers["X-MBX-ORDER-COUNT-10S"] == headers["X-MBX-ORDER-COUNT-1M"] == "1"
    assert headers["X-MBX-USED-WEIGHT-1M"] == "0"
    status, content, _ = await client.ask("GET", "fapi/v1/order", symbol="BTCUSDT", origClientOrderId="a:/b.c_d-1")
    assert (status, content["status"]) == (200, "FILLED")


async def test_fills_arrive_on_the_private_route(client: Client) -> None:
    async with client.socket(f"private/ws?listenKey={await client.key()}") as socket:
        await client.ask("POST", "fapi/v1/order", **ORDER)
        frames = [await socket.receive_json() for _ in range(4)]
    assert [frame["e"] for frame in frames] == [
        "ORDER_TRADE_UPDATE",
        "TRADE_LITE",
        "ACCOUNT_UPDATE",
        "ORDER_TRADE_UPDATE",
    ]


async def test_a_reply_that_never_comes_and_an_order_that_is_there(client: Client) -> None:
    client.simulator.add_fault(Fault(kind="ack_timeout", venue="usdm", times=1))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.ask("POST", "fapi/v1/order", **ORDER, newClientOrderId="lost"), 0.3)
    status, content, _ = await client.ask("GET", "fapi/v1/order", symbol="BTCUSDT", origClientOrderId="lost")
    assert (status, content["status"]) == (200, "FILLED")


async def test_the_public_book_and_tape_show_what_was_traded(client: Client, web: aiohttp.ClientSession) -> None:
    async with client.socket("market/ws/btcusdt@aggTrade") as socket:
        await client.ask("POST", "fapi/v1/order", **ORDER)
        trade = await socket.receive_json()
    _, content, _ = await client.ask("GET", "fapi/v1/userTrades", symbol="BTCUSDT")
    assert (trade["a"], trade["p"], trade["q"], trade["m"]) == (content[0]["id"], content[0]["price"], "0.010", False)


async def test_orders_and_events_by_the_websocket_apis(simulator: Simulator, web: aiohttp.ClientSession) -> None:
    spot = Client(simulator, web, "spot")
    async with spot.socket("ws-api/v3") as socket:

        async def call(method: str, **params: Any) -> Any:
            params |= {"apiKey": BINANCE_MONEY_KEY.key, "timestamp": spot.ms}
            params["signature"] = sign("&".join(f"{name}={params[name]}" for name in sorted(params)))
            await socket.send_json({"id": method, "method": method, "params": params})

        await call("userDataStream.subscribe.signature")
        assert (await socket.receive_json())["result"] == {"subscriptionId": 0}
        await call("order.place", **ORDER)
        frames = [await socket.receive_json() for _ in range(5)]
    reply = next(frame for frame in frames if "id" in frame)
    assert reply["result"]["status"] == "FILLED"
    reports = [frame["event"] for frame in frames if "event" in frame and frame["event"]["e"] == "executionReport"]
    assert [one["X"] for one in reports] == ["NEW", "FILLED"]


async def test_the_simulators_own_report_of_the_ledgers(client: Client, web: aiohttp.ClientSession) -> None:
    await client.ask("POST", "fapi/v1/order", **ORDER)
    async with web.get(f"{client.simulator.address}/control/accounts") as response:
        told = {one["name"]: one for one in (await response.json())["accounts"]}
    _, wallets, _ = await client.ask("GET", "fapi/v3/balance")
    assert float(told["usdm"]["cash"]["USDT"]["free"]) == float(wallets[0]["balance"])
    assert [(one["symbol"], one["quantity"]) for one in told["usdm"]["positions"]] == [("BTCUSDT", "0.01")]
