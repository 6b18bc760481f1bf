"""The running simulator: sockets, control, lockstep, replay, and the command line."""

import asyncio
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner

from arbcore.errors import ConfigurationError
from arbcore_exchange_simulator import Simulator, SimulatorSettings
from arbcore_exchange_simulator.cli import command
from arbcore_exchange_simulator.memory import MemoryClient, make_venues
from arbcore_exchange_simulator.settings import SECOND

pytestmark = pytest.mark.anyio

BOOK = [{"ticket": "t"}, {"type": "orderbook", "codes": ["KRW-BTC"]}]


async def test_frames_are_binary_on_upbit_and_text_on_binance(simulator: Simulator, web: aiohttp.ClientSession) -> None:
    async with web.ws_connect(simulator.address + "/upbit/websocket/v1", compress=15) as socket:
        await socket.send_json(BOOK)
        first = await socket.receive(5)
        assert first.type is aiohttp.WSMsgType.BINARY
        assert json.loads(first.data)["stream_type"] == "SNAPSHOT"
        assert socket.compress
    async with web.ws_connect(simulator.address + "/binance/spot/ws/btcusdt@bookTicker") as socket:
        await simulator.advance(2)
        assert (await socket.receive(5)).type is aiohttp.WSMsgType.TEXT


async def test_replies_are_gzipped_where_asked(simulator: Simulator, web: aiohttp.ClientSession) -> None:
    async with web.get(simulator.address + "/upbit/v1/orderbook?markets=KRW-BTC") as reply:
        assert reply.headers["Content-Encoding"] == "gzip"
        assert reply.headers["Remaining-Req"].startswith("group=orderbook")
        assert reply.content_type == "application/json"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/upbit/websocket/v1/private", 401),
        ("/upbit/websocket/v2", 404),
        ("/binance/usdm/ws", 404),
        ("/nobody/ws", 404),
    ],
)
async def test_sockets_that_do_not_open(
    simulator: Simulator, web: aiohttp.ClientSession, path: str, status: int
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await web.ws_connect(simulator.address + path)
    assert caught.value.status == status


async def test_control_tells_adds_and_takes_back(simulator: Simulator, web: aiohttp.ClientSession) -> None:
    async with web.ws_connect(simulator.address + "/upbit/websocket/v1"):
        async with web.get(simulator.address + "/control/state") as reply:
            state = await reply.json()
        assert state["symbols"] == ["BTC", "XRP", "1000SHIB"]
        assert state["connections"] == {"upbit": 1, "usdm": 0, "spot": 0}
    wanted = {"kind": "latency", "venue": "upbit", "lasts": "5s"}
    async with web.post(simulator.address + "/control/faults", json=wanted) as reply:
        assert [fault["kind"] for fault in (await reply.json())["active"]] == ["latency"]
    async with web.post(simulator.address + "/control/advance?seconds=5") as reply:
        assert (await reply.json())["active"] == []
    async with web.delete(simulator.address + "/control/faults") as reply:
        assert (await reply.json())["faults"] == []
    for bad in ({"kind": "none"}, [1]):
        async with web.post(simulator.address + "/control/faults", json=bad) as reply:
            assert reply.status == 400
    for seconds in ("x", "-1", "nan", ""):
        async with web.post(f"{simulator.address}/control/advance?seconds={seconds}") as reply:
            assert reply.status == 400


async def test_the_same_seed_gives_the_same_frames_on_the_wire() -> None:
    async def frames(seed: int) -> list[bytes]:
        settings = SimulatorSettings(clock="manual", symbols=("BTC",), seed=seed)
        async with Simulator(settings) as one, aiohttp.ClientSession() as web:
            socket = await web.ws_connect(one.address + "/binance/usdm/public/ws/btcusdt@depth@100ms")
            await one.advance(3)
            found = [(await socket.receive(5)).data for _ in range(15)]
            await socket.close()
            return found

    assert await frames(5) == await frames(5)
    assert await frames(5) != await frames(6)


async def test_stopping_closes_sockets_in_order(web: aiohttp.ClientSession) -> None:
    simulator = Simulator(SimulatorSettings(symbols=("BTC",)))
    async with simulator:
        socket = await web.ws_connect(simulator.address + "/binance/usdm/public/ws")
    message = await socket.receive(5)
    assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1001)
    await socket.close()


async def test_a_client_that_does_not_read_is_cut(web: aiohttp.ClientSession) -> None:
    settings = SimulatorSettings(clock="manual", symbols=("BTC",), queue=100, rate=400)
    async with Simulator(settings) as simulator:
        socket = await web.ws_connect(simulator.address + "/upbit/websocket/v1")
        await socket.send_json(BOOK)
        await socket.receive(5)
        assert len(simulator.connections) == 1
        for _ in range(1000):
            simulator.venues.step(simulator.world.now + SECOND // 100)
        while simulator.connections:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        await socket.close()


async def test_markets_wait_for_a_client() -> None:
    settings = SimulatorSettings(symbols=("BTC",), wait=True, rate=50.0)
    async with Simulator(settings) as simulator, aiohttp.ClientSession() as web:
        book = simulator.world.markets["upbit"]["KRW-BTC"].book
        before = book.update_id
        await asyncio.sleep(0.2)
        assert book.update_id == before
        socket = await web.ws_connect(simulator.address + "/upbit/websocket/v1")
        while book.update_id == before:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
        await socket.close()


async def test_the_wall_clock_is_not_moved_by_hand() -> None:
    async with Simulator(SimulatorSettings(symbols=("BTC",))) as simulator:
        with pytest.raises(ValueError, match="manual"):
            await simulator.advance(1)


async def test_a_taken_port_is_told(simulator: Simulator) -> None:
    port = int(simulator.address.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match=str(port)):
        async with Simulator(SimulatorSettings(port=port)):
            pass


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A small generated data set of both venues."""
    from arbcore.cli import main

    made = main(["init", str(tmp_path / "project")])
    assert made == 0
    config = next((tmp_path / "project").glob("*.y*ml"))
    out = tmp_path / "data"
    arguments = ["data", "generate", "--quotes", "4000", "--seed", "1", "--symbols", "BTC", "--out", str(out)]
    assert main([*arguments, "-c", str(config)]) == 0
    return out


async def test_a_replay_shows_the_recorded_touches_and_ends(recorded: Path) -> None:
    from arbcore.data.source import open_source
    from arbcore.model.market import Quote

    quotes: list[Any] = [one for chunk in open_source(recorded).chunks() for one in chunk if isinstance(one, Quote)]
    venues = make_venues(replay=str(recorded), speed=100_000.0)
    client = MemoryClient(venues, "upbit", "websocket/v1", {})
    client.say([{"ticket": "t"}, {"type": "orderbook", "codes": ["KRW-BTC.1"], "is_only_realtime": True}])
    while not venues.source.ended:
        venues.step(venues.world.now + SECOND // 100)
    rows = [row["orderbook_units"][0] for row in client.take()]
    known = [one for one in quotes if one.instrument == "upbit:KRW-BTC" and one.bid < one.ask]
    assert len(rows) == len(known) > 100
    assert [(row["bid_price"], row["ask_price"]) for row in rows] == [(one.bid, one.ask) for one in known]
    assert venues.world.markets["usdm"].keys() == {"BTCUSDT"}
    assert "KRW-USDT" in venues.world.markets["upbit"]


def test_nothing_to_replay_is_told(tmp_path: Path) -> None:
    from arbcore.errors import DataError

    with pytest.raises(DataError):
        make_venues(replay=str(tmp_path))


@pytest.mark.parametrize(
    "told", [{"symbols": ("USDT",)}, {"symbols": ()}, {"speed": 0}, {"funding_interval": "1ms"}, {"unknown": 1}]
)
def test_wrong_settings_are_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(told))):
        SimulatorSettings.model_validate(told)


def _start(*arguments: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    program = [sys.executable, "-m", "arbcore", "simulator", "--port", "0", "--json", *arguments]
    process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def _end(process: subprocess.Popen[str]) -> int:
    code = process.wait(10)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    return code


def test_the_command_tells_its_address_and_ends_with_its_parent() -> None:
    process, told = _start("--symbols", "BTC,ETH", "--until-eof")
    assert told["schema_version"] == 1
    assert told["venues"] == ["binance", "upbit"]
    assert told["symbols"] == ["BTC", "ETH"]
    assert told["address"].startswith("http://127.0.0.1:")
    assert process.stdin is not None
    process.stdin.close()
    assert _end(process) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM there")
def test_the_command_ends_on_sigterm() -> None:
    process, told = _start("--count", "3")
    assert told["symbols"] == ["BTC", "ETH", "XRP"]
    process.send_signal(signal.SIGTERM)
    assert _end(process) == 0


def test_wrong_options_are_told(tmp_path: Path) -> None:
    config = tmp_path / "simulator.yaml"
    config.write_text("seed: 3\nrate: -1\n")
    result = CliRunner().invoke(command, ["--config", str(config)])
    assert isinstance(result.exception, ConfigurationError)
    assert "rate" in str(result.exception)


def test_stamps_are_those_of_the_clock() -> None:
    venues = make_venues(start=int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * SECOND, speed=50.0)
    venues.step(venues.world.now + SECOND)
    market = venues.world.markets["usdm"]["BTCUSDT"]
    assert 0 <= venues.world.now - market.time < SECOND
    assert datetime.fromtimestamp(market.time / 1e9, UTC).date().isoformat() == "2026-01-01"
