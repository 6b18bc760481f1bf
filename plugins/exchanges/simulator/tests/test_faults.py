"""Every fault, seen by a client on a real socket or over real HTTP."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from arbcore.errors import ConfigurationError
from arbcore_exchange_simulator import Fault, Simulator
from arbcore_exchange_simulator.faults.damage import damaged
from arbcore_exchange_simulator.faults.fault import NEVER
from arbcore_exchange_simulator.faults.files import read_faults
from arbcore_exchange_simulator.faults.presets import churn
from arbcore_exchange_simulator.memory import MemoryClient, make_venues
from arbcore_exchange_simulator.settings import SECOND

pytestmark = pytest.mark.anyio

UPBIT = "/upbit/websocket/v1"
BOOK = [{"ticket": "t"}, {"type": "orderbook", "codes": ["KRW-BTC.1"], "is_only_realtime": True}]
DEPTH = "/binance/usdm/public/ws/btcusdt@depth@100ms"
TOUCH = "/binance/usdm/public/ws/btcusdt@bookTicker"


class Raw:
    """A raw client: what came in while virtual time passed."""

    def __init__(self, simulator: Simulator, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.simulator = simulator
        self.socket = socket
        self.marks = 0

    async def over(self, seconds: float) -> list[aiohttp.WSMessage]:
        """Let time pass and return all messages up to a pong, which comes after what was sent before it."""
        await self.simulator.advance(seconds)
        for _ in range(5):
            await asyncio.sleep(0)
        self.marks += 1
        await self.socket.ping(str(self.marks).encode())
        found: list[aiohttp.WSMessage] = []
        while True:
            message = await self.socket.receive(5)
            found.append(message)
            if message.type is aiohttp.WSMsgType.PONG and message.data == str(self.marks).encode():
                return found[:-1]
            if message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}:
                return found

    async def rows(self, seconds: float) -> list[Any]:
        """The same, decoded."""
        return [msgspec.json.decode(message.data) for message in await self.over(seconds)]


Open = Callable[..., Any]


@pytest.fixture
async def raw(simulator: Simulator, web: aiohttp.ClientSession) -> AsyncIterator[Open]:
    sockets = []

    async def opened(path: str, request: Any = None) -> Raw:
        socket = await web.ws_connect(simulator.address + path, autoping=False)
        sockets.append(socket)
        client = Raw(simulator, socket)
        if request is not None:
            await socket.send_json(request)
            await client.over(0)
        return client

    yield opened
    for socket in sockets:
        await socket.close()


async def test_latency_holds_frames_back_and_keeps_their_order(raw: Open, simulator: Simulator) -> None:
    client = await raw(UPBIT, BOOK)
    simulator.add_fault(Fault(kind="latency", venue="upbit", amount=2 * SECOND, jitter=SECOND))
    assert await client.rows(1.5) == []
    simulator.faults.clear()
    times = [row["timestamp"] for row in await client.rows(4)]
    assert times
    assert times == sorted(times)


async def test_drop_and_duplicate(raw: Open, simulator: Simulator) -> None:
    client = await raw(TOUCH)
    simulator.add_fault(Fault(kind="drop", stream="bookTicker", share=0.5, lasts=20 * SECOND))
    told = len(await client.rows(10))
    simulator.faults.clear()
    full = len(await client.rows(10))
    assert 0.25 * full < told < 0.75 * full
    simulator.add_fault(Fault(kind="duplicate", venue="usdm"))
    ids = [row["u"] for row in await client.rows(2)]
    assert len(ids) == 2 * len(set(ids)) > 0


async def test_reorder_puts_later_frames_first(raw: Open, simulator: Simulator) -> None:
    client = await raw(TOUCH)
    simulator.add_fault(Fault(kind="reorder", venue="binance", share=0.3, amount=SECOND // 2))
    ids = [row["u"] for row in await client.rows(5)]
    assert ids != sorted(ids)


async def test_mute_leaves_the_socket_open_and_ends(raw: Open, simulator: Simulator) -> None:
    client = await raw(UPBIT, BOOK)
    other = await raw(TOUCH)
    simulator.add_fault(Fault(kind="mute", venue="upbit", stream="orderbook", symbol="KRW-*", lasts=3 * SECOND))
    assert await client.rows(3) == []
    assert await other.rows(0)
    assert await client.rows(1)


async def test_a_mute_of_one_symbol_leaves_the_others(raw: Open, simulator: Simulator) -> None:
    client = await raw("/binance/usdm/public/stream?streams=btcusdt@bookTicker/xrpusdt@bookTicker")
    simulator.add_fault(Fault(kind="mute", symbol="XRP*"))
    assert {row["data"]["s"] for row in await client.rows(2)} == {"BTCUSDT"}


async def test_disconnect_cuts_the_line_and_bars_the_next(
    raw: Open, simulator: Simulator, web: aiohttp.ClientSession
) -> None:
    client, other = await raw(UPBIT, BOOK), await raw(TOUCH)
    simulator.add_fault(Fault(kind="disconnect", venue="upbit", lasts=SECOND))
    message = await client.socket.receive(5)
    while message.type is aiohttp.WSMsgType.BINARY:
        message = await client.socket.receive(5)
    assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.ERROR}
    assert client.socket.close_code in {None, 1006}
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await web.ws_connect(simulator.address + UPBIT)
    assert caught.value.status == 503
    assert await other.rows(2)
    again = await raw(UPBIT, BOOK)
    assert await again.rows(1)


async def test_a_gap_breaks_the_chain_once(raw: Open, simulator: Simulator) -> None:
    client = await raw(DEPTH)
    events = await client.rows(2)
    simulator.add_fault(Fault(kind="gap", venue="usdm", stream="depth*"))
    events += await client.rows(2)
    broken = [one["pu"] != before["u"] for before, one in itertools.pairwise(events)]
    assert broken.count(True) == 1


async def test_garbage(raw: Open, simulator: Simulator) -> None:
    client = await raw(UPBIT, BOOK)
    simulator.add_fault(Fault(kind="garbage", venue="upbit"))
    frames = [message.data for message in await client.over(6)]
    assert len(frames) > 20
    wrong = 0
    for frame in frames:
        try:
            row = msgspec.json.decode(frame)
        except msgspec.DecodeError:
            wrong += 1
        else:
            assert row is None or not isinstance(row, dict) or len(row) < 8 or _is_mistyped(row)
    assert 0 < wrong < len(frames)


def _is_mistyped(row: dict[str, Any]) -> bool:
    sound = {"type": str, "code": str, "stream_type": str, "timestamp": int, "level": int, "orderbook_units": list}
    kinds: dict[str, Any] = {**sound, "total_ask_size": float, "total_bid_size": float}
    return any(type(row[key]) is not kind or row[key] in ("x", -1, []) for key, kind in kinds.items())


def test_damage_is_of_every_kind() -> None:
    from random import Random

    random = Random(1)
    sound = b'{"a":1,"b":"two","c":[1.5]}'
    found = {damaged(sound, random) for _ in range(200)}
    assert sound not in found
    assert any(sound.startswith(one) for one in found)
    assert any(one.startswith(b"<html>") for one in found)
    assert any(one.startswith(b"{") and one.endswith(b"}") and len(one) > 5 for one in found)


@pytest.mark.parametrize(
    ("fault", "path", "status", "body"),
    [
        ({"kind": "http_429"}, "/upbit/v1/market/all", 429, {"error": {"name": 429}}),
        ({"kind": "http_418"}, "/binance/usdm/fapi/v1/ping", 418, {"code": -1003}),
        ({"kind": "http_5xx", "status": 502}, "/binance/spot/api/v3/ping", 502, {"code": -1000}),
        ({"kind": "maintenance"}, "/upbit/v1/market/all", 403, {"error": {"name": "market_offline"}}),
        ({"kind": "maintenance", "status": 500}, "/upbit/v1/market/all", 500, {"error": {"name": 500}}),
        ({"kind": "maintenance"}, "/binance/usdm/fapi/v1/ping", 503, {"code": -1008}),
    ],
)
async def test_replies(
    simulator: Simulator,
    web: aiohttp.ClientSession,
    fault: dict[str, Any],
    path: str,
    status: int,
    body: dict[str, Any],
) -> None:
    async with web.get(simulator.address + path) as reply:
        assert reply.status == 200
    simulator.add_fault(Fault.model_validate({**fault, "stream": "rest", "lasts": "5s"}))
    async with web.get(simulator.address + path) as reply:
        told = await reply.json()
        assert reply.status == status
    for key, value in body.items():
        if isinstance(value, dict):
            assert value.items() <= told[key].items()
        else:
            assert told[key] == value
    await simulator.advance(5)
    async with web.get(simulator.address + path) as reply:
        assert reply.status == 200


async def test_mute_holds_a_reply_until_it_ends(simulator: Simulator, web: aiohttp.ClientSession) -> None:
    simulator.add_fault(Fault(kind="mute", stream="rest", lasts=2 * SECOND))
    asked = asyncio.create_task(web.get(simulator.address + "/binance/usdm/fapi/v1/ping").__aenter__())
    await asyncio.sleep(0.1)
    assert not asked.done()
    await simulator.advance(2)
    assert (await asked).status == 200


async def test_a_reply_can_be_garbage(simulator: Simulator, web: aiohttp.ClientSession) -> None:
    path = simulator.address + "/binance/usdm/fapi/v1/exchangeInfo"
    async with web.get(path) as reply:
        sound = await reply.read()
    simulator.add_fault(Fault(kind="garbage", stream="rest"))
    async with web.get(path) as reply:
        assert await reply.read() != sound


def _freeze() -> list[Any]:
    venues = make_venues(faults=[{"kind": "freeze", "venue": "upbit", "symbol": "KRW-BTC", "at": "2s", "lasts": "3s"}])
    client = MemoryClient(venues, "upbit", "websocket/v1", {})
    client.say([{"ticket": "t"}, {"type": "orderbook", "codes": ["KRW-BTC"]}])
    client.wait(2)
    frozen = client.wait(3)
    assert len(frozen) > 20
    assert frozen[0]["timestamp"] < frozen[-1]["timestamp"]
    assert all(row["orderbook_units"] == frozen[1]["orderbook_units"] for row in frozen[1:])
    return client.wait(2)


def test_a_frozen_market_says_the_same_again_and_thaws() -> None:
    units = [row["orderbook_units"] for row in _freeze()]
    assert any(one != units[0] for one in units)


def test_warnings_and_delistings_are_announced() -> None:
    faults = [{"kind": "warning", "venue": "upbit", "symbol": "KRW-XRP", "lasts": "5s"}]
    faults.append({"kind": "delisting", "symbol": "*BTC*", "at": "1s", "after": "60s"})
    venues = make_venues(faults=faults)
    client = MemoryClient(venues, "usdm", "market/ws/!contractInfo", {})

    def entry(symbol: str) -> Any:
        rows = msgspec.json.decode(venues.answer("GET", "upbit", "v1/market/all", {"is_details": "true"}).body)
        return next((row["market_event"]["warning"] for row in rows if row["market"] == symbol), None)

    events = client.wait(2)
    assert (entry("KRW-XRP"), entry("KRW-BTC"), entry("KRW-ETH")) == (True, True, False)
    (told,) = [event for event in events if event["e"] == "contractInfo"]
    assert told["s"] == "BTCUSDT"
    assert told["dt"] == venues.world.markets["usdm"]["BTCUSDT"].delisting // 1_000_000
    client.wait(5)
    assert entry("KRW-XRP") is False
    client.wait(60)
    assert entry("KRW-BTC") is None
    info = msgspec.json.decode(venues.answer("GET", "usdm", "fapi/v1/exchangeInfo", {}).body)
    assert [row["status"] for row in info["symbols"] if row["symbol"] == "BTCUSDT"] == ["SETTLING"]


def test_times_rounds_and_patterns() -> None:
    fault = Fault(kind="drop", venue="binance", stream="depth*", at=2 * SECOND, lasts=SECOND, every=5 * SECOND)
    assert [fault.active(second * SECOND) for second in range(9)] == [
        False,
        False,
        True,
        False,
        False,
        False,
        False,
        True,
        False,
    ]
    assert [fault.round(second * SECOND) for second in (1, 2, 7, 12)] == [0, 1, 2, 3]
    assert [fault.change(second * SECOND) // SECOND for second in range(9)] == [2, 2, 3, 7, 7, 7, 7, 8, 12]
    assert Fault(kind="drop").change(SECOND) == NEVER
    assert fault.hits("usdm", "depth@100ms", "BTCUSDT")
    assert not fault.hits("usdm", "bookTicker", "BTCUSDT")
    assert not fault.hits("upbit", "depth", "KRW-BTC")


def test_churn_is_seeded_quiet_at_first_and_of_many_kinds() -> None:
    faults = churn(3, 600.0)
    assert faults == churn(3, 600.0)
    assert faults != churn(4, 600.0)
    assert min(fault.at for fault in faults) >= 10 * SECOND
    assert len({fault.kind for fault in faults}) >= 8
    assert {fault.venue for fault in faults} == {"upbit", "usdm"}


def test_a_file_of_faults(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text("faults:\n  - {kind: latency, venue: upbit, at: 5s, lasts: 10s, amount: 200ms, jitter: 50ms}\n")
    (fault,) = read_faults(path)
    assert (fault.kind, fault.at, fault.amount, fault.jitter) == ("latency", 5 * SECOND, SECOND // 5, SECOND // 20)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("faults: [{kind: nothing}]", "faults.0.kind"),
        ("[1]", "no mapping"),
        ("fault: []", "faults"),
        ("{", "can't be read"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=said.replace(".", r"\.")):
        read_faults(path)
    with pytest.raises(ConfigurationError, match="can't be read"):
        read_faults(tmp_path / "none.yaml")
