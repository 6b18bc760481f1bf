"""ccxt, which was written by others against the real exchanges, reads the simulator's markets and books."""

import asyncio
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

import pytest

from arbcore_exchange_simulator import Fault, Simulator, SimulatorSettings

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

SYMBOLS = {"upbit": "BTC/KRW", "binance": "BTC/USDT", "binanceusdm": "BTC/USDT:USDT"}
IDS = {"upbit": ("upbit", "KRW-BTC"), "binance": ("spot", "BTCUSDT"), "binanceusdm": ("usdm", "BTCUSDT")}


def _swap(value: Any, known: str, own: str) -> Any:
    """Return nested addresses with one base in place of another."""
    if isinstance(value, dict):
        return {key: _swap(one, known, own) for key, one in value.items()}
    return value.replace(known, own) if isinstance(value, str) else value


def _client(name: str, address: str) -> Any:
    exchange = getattr(import_module("ccxt.pro"), name)({"enableRateLimit": False})
    stream = address.replace("http", "ws")
    if name == "upbit":
        rest = f"{address}/upbit"
        exchange.urls["api"] = {"public": rest, "private": rest, "ws": f"{stream}/upbit/websocket/v1"}
        return exchange
    exchange.options["fetchMarkets"] = {"types": ["linear" if name == "binanceusdm" else "spot"]}
    exchange.options["watchTrades"] = {"name": "aggTrade"}  # the futures document no stream of single trades
    api = _swap(exchange.urls["api"], "https://api.binance.com/api", f"{address}/binance/spot/api")
    api = _swap(api, "https://fapi.binance.com/fapi", f"{address}/binance/usdm/fapi")
    api["ws"] = {"spot": f"{stream}/binance/spot/ws", "linear": f"{stream}/binance/usdm/ws"}
    exchange.urls["api"] = api
    return exchange


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorSettings(symbols=("BTC", "XRP", "SHIB"))) as opened:
        yield opened


@pytest.fixture(params=list(SYMBOLS))
async def exchange(request: pytest.FixtureRequest, simulator: Simulator) -> AsyncIterator[Any]:
    opened = _client(request.param, simulator.address)
    yield opened
    await opened.close()


async def test_markets_prices_and_trades(exchange: Any, simulator: Simulator) -> None:
    markets = await exchange.load_markets()
    symbol = SYMBOLS[exchange.id]
    venue, code = IDS[exchange.id]
    market = simulator.world.markets[venue][code]
    assert markets[symbol]["id"] == code
    assert markets[symbol]["active"]
    ticker = await exchange.fetch_ticker(symbol)
    assert market.day_low / 1e8 <= ticker["last"] <= market.day_high / 1e8
    tickers = await exchange.fetch_tickers([symbol])
    assert tickers[symbol]["last"] > 0
    trades = await exchange.fetch_trades(symbol, limit=5)
    known = {str(one.number): one for one in market.trades}
    assert trades
    for trade in trades:
        assert trade["price"] == pytest.approx(known[trade["id"]].price / 1e8)
        assert trade["side"] == ("buy" if known[trade["id"]].buyer else "sell")


async def test_the_book_over_rest_is_the_simulators_own(exchange: Any, simulator: Simulator) -> None:
    venue, code = IDS[exchange.id]
    market = simulator.world.markets[venue][code]
    simulator.faults.add(Fault(kind="freeze"))
    await exchange.load_markets()
    book = await exchange.fetch_order_book(SYMBOLS[exchange.id], 20)
    assert [tuple(level[:2]) for level in book["bids"][:5]] == _levels(market.book.bids)
    assert [tuple(level[:2]) for level in book["asks"][:5]] == _levels(market.book.asks)


async def test_the_book_over_the_stream_follows_the_simulators_own(exchange: Any, simulator: Simulator) -> None:
    venue, code = IDS[exchange.id]
    symbol = SYMBOLS[exchange.id]
    await exchange.load_markets()
    first = dict(await exchange.watch_order_book(symbol))
    seen = 0
    while seen < 3:
        book = await exchange.watch_order_book(symbol)
        assert book["bids"][0][0] < book["asks"][0][0]
        seen += book["timestamp"] != first["timestamp"]
    simulator.faults.add(Fault(kind="freeze"))
    market = simulator.world.markets[venue][code]
    await _until(lambda: [tuple(x[:2]) for x in exchange.orderbooks[symbol]["asks"][:5]] == _levels(market.book.asks))
    assert [tuple(level[:2]) for level in exchange.orderbooks[symbol]["bids"][:5]] == _levels(market.book.bids)


async def test_trades_over_the_stream(exchange: Any, simulator: Simulator) -> None:
    venue, code = IDS[exchange.id]
    await exchange.load_markets()
    trades = await exchange.watch_trades(SYMBOLS[exchange.id])
    numbers = {str(one.number) for one in simulator.world.markets[venue][code].trades}
    assert {trade["id"] for trade in trades} <= numbers


@pytest.mark.parametrize("exchange", ["binance", "binanceusdm"], indirect=True)
async def test_the_touch_over_the_stream(exchange: Any) -> None:
    await exchange.load_markets()
    symbol = SYMBOLS[exchange.id]
    touch = (await exchange.watch_bids_asks([symbol]))[symbol]
    assert 0 < touch["bid"] < touch["ask"]


@pytest.mark.parametrize("exchange", ["binanceusdm"], indirect=True)
async def test_funding(exchange: Any, simulator: Simulator) -> None:
    await exchange.load_markets()
    rate = await exchange.fetch_funding_rate(SYMBOLS[exchange.id])
    funding = simulator.world.markets["usdm"]["BTCUSDT"].funding
    assert funding is not None
    assert rate["fundingTimestamp"] == funding.next // 1_000_000
    assert rate["markPrice"] == pytest.approx(funding.mark, rel=1e-2)


def _levels(side: dict[int, int]) -> list[tuple[float, float]]:
    return [(price / 1e8, quantity / 1e8) for price, quantity in list(side.items())[:5]]


async def _until(check: Any) -> None:
    for _ in range(100):
        if check():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("never came true")
