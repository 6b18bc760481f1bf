"""ccxt, which was written by others against the real exchange, trades on the simulated Binance."""

import asyncio
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

import pytest

from arbcore_exchange_simulator import Simulator, SimulatorSettings
from arbcore_exchange_simulator.trading.given import BINANCE_MONEY_KEY

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PERPETUAL, SPOT = "BTC/USDT:USDT", "BTC/USDT"


def _redirected(value: Any, known: str, own: str) -> Any:
    """Return nested addresses with one base in place of another."""
    if isinstance(value, dict):
        return {key: _redirected(one, known, own) for key, one in value.items()}
    return value.replace(known, own) if isinstance(value, str) else value


def _client(name: str, address: str) -> Any:
    exchange = getattr(import_module("ccxt.pro"), name)({"enableRateLimit": False})
    exchange.apiKey, exchange.secret = BINANCE_MONEY_KEY.key, BINANCE_MONEY_KEY.secret.get_secret_value()
    exchange.options["fetchMarkets"] = {"types": ["linear" if name == "binanceusdm" else "spot"]}
    api = _redirected(exchange.urls["api"], "https://api.binance.com", f"{address}/binance/spot")
    api = _redirected(api, "https://fapi.binance.com", f"{address}/binance/usdm")
    stream = address.replace("http", "ws")
    calls = {"spot": f"{stream}/binance/spot/ws-api/v3", "linear": f"{stream}/binance/usdm/ws-fapi/v1"}
    api["ws"] = {"spot": f"{stream}/binance/spot/ws", "linear": f"{stream}/binance/usdm/ws", "ws-api": calls}
    exchange.urls["api"] = api
    return exchange


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorSettings(symbols=("BTC", "XRP"))) as opened:
        yield opened


@pytest.fixture
async def futures(simulator: Simulator) -> AsyncIterator[Any]:
    opened = _client("binanceusdm", simulator.address)
    await opened.load_markets()
    yield opened
    await opened.close()


@pytest.fixture
async def spot(simulator: Simulator) -> AsyncIterator[Any]:
    opened = _client("binance", simulator.address)
    await opened.load_markets()
    yield opened
    await opened.close()


async def _next(watch: Any, wanted: Any) -> Any:
    """Return the first item that a watch tells of which something holds."""
    async with asyncio.timeout(60):
        while True:
            found = await watch()
            for one in found if isinstance(found, list) else [found]:
                if wanted(one):
                    return one


async def test_futures_orders(futures: Any) -> None:
    bought = await futures.create_order(PERPETUAL, "market", "buy", 0.01)
    assert (bought["status"], bought["filled"]) == ("closed", 0.01)
    params = {"postOnly": True, "clientOrderId": "a-1"}
    limit = await futures.create_order(PERPETUAL, "limit", "sell", 0.01, 104000, params)
    assert (limit["status"], limit["timeInForce"], limit["clientOrderId"]) == ("open", "PO", "a-1")
    changed = await futures.edit_order(limit["id"], PERPETUAL, "limit", "sell", 0.02, 103900)
    assert (changed["amount"], changed["price"]) == (0.02, 103900)
    assert [one["id"] for one in await futures.fetch_open_orders(PERPETUAL)] == [limit["id"]]
    assert (await futures.cancel_order(limit["id"], PERPETUAL))["status"] == "canceled"
    assert (await futures.fetch_order(limit["id"], PERPETUAL))["status"] == "canceled"
    (trade,) = await futures.fetch_my_trades(PERPETUAL)
    assert (trade["order"], trade["amount"], trade["fee"]["currency"]) == (bought["id"], 0.01, "USDT")
    with pytest.raises(import_module("ccxt").OrderNotFound):
        await futures.cancel_order(limit["id"], PERPETUAL)
    with pytest.raises(import_module("ccxt").ExchangeError, match="-2019"):
        await futures.create_order(PERPETUAL, "limit", "buy", 500, 99000)
    with pytest.raises(import_module("ccxt").InvalidOrder, match="-5022"):
        await futures.create_order(PERPETUAL, "limit", "buy", 0.01, 101000, {"postOnly": True})


async def test_futures_account(futures: Any, simulator: Simulator) -> None:
    await futures.set_leverage(10, PERPETUAL)
    await futures.set_margin_mode("isolated", PERPETUAL)
    await futures.create_order(PERPETUAL, "market", "sell", 0.02)
    (position,) = await futures.fetch_positions([PERPETUAL])
    assert (position["side"], position["contracts"], position["marginMode"]) == ("short", 0.02, "isolated")
    (risk,) = await futures.fetch_positions_risk([PERPETUAL])
    assert risk["contracts"] == 0.02
    levels = await futures.fetch_leverages([PERPETUAL])
    assert levels[PERPETUAL]["longLeverage"] == 10
    tiers = await futures.fetch_leverage_tiers([PERPETUAL])
    assert tiers[PERPETUAL][0]["maxLeverage"] == 125
    balance = await futures.fetch_balance()
    account = simulator.venues.accounts.of("usdm")[0]
    assert balance["USDT"]["total"] == pytest.approx(float(account.of("USDT").free), abs=1)
    assert (await futures.fetch_trading_fee(PERPETUAL))["taker"] == 0.0005
    assert (await futures.fetch_position_mode(PERPETUAL))["hedged"] is False
    assert [one["type"] for one in await futures.fetch_ledger("USDT")] == ["commission"]


async def test_futures_conditional_orders(futures: Any) -> None:
    await futures.create_order(PERPETUAL, "market", "buy", 0.01)
    params = {"stopLossPrice": 90000, "reduceOnly": True}
    stop = await futures.create_order(PERPETUAL, "market", "sell", 0.01, None, params)
    waiting = await futures.fetch_open_orders(PERPETUAL, params={"trigger": True})
    assert [(one["id"], one["stopPrice"]) for one in waiting] == [(stop["id"], 90000)]
    await futures.cancel_all_orders(PERPETUAL, {"trigger": True})
    assert await futures.fetch_open_orders(PERPETUAL, params={"trigger": True}) == []


async def _trade(place: Any, watching: list[Any]) -> set[str]:
    """Trade until all that watch have heard of it; return the numbers of the orders."""
    placed = set()
    async with asyncio.timeout(60):
        while not all(one.done() for one in watching):
            placed.add((await place())["id"])
            await asyncio.wait(watching, timeout=0.2, return_when=asyncio.ALL_COMPLETED)
    return placed


async def test_futures_streams(futures: Any) -> None:
    watching = [
        asyncio.create_task(_next(lambda: futures.watch_orders(PERPETUAL), lambda one: one["status"] == "closed")),
        asyncio.create_task(_next(lambda: futures.watch_my_trades(PERPETUAL), lambda one: one["amount"] == 0.01)),
        asyncio.create_task(_next(futures.watch_balance, lambda one: one["USDT"]["total"] < 2_000_000)),
        asyncio.create_task(_next(lambda: futures.watch_positions([PERPETUAL]), lambda one: one["contracts"])),
    ]
    placed = await _trade(lambda: futures.create_order(PERPETUAL, "market", "buy", 0.01), watching)
    order, trade, balance, position = (task.result() for task in watching)
    assert order["id"] in placed
    assert trade["order"] in placed
    assert balance["USDT"]["total"] < 2_000_000
    assert position["side"] == "long"


async def test_futures_orders_by_the_websocket_api(futures: Any) -> None:
    placed = await futures.create_order_ws(PERPETUAL, "limit", "buy", 0.01, 96000)
    assert placed["status"] == "open"
    changed = await futures.edit_order_ws(placed["id"], PERPETUAL, "limit", "buy", 0.01, 96100)
    assert changed["price"] == 96100
    assert (await futures.fetch_order_ws(placed["id"], PERPETUAL))["price"] == 96100
    assert (await futures.cancel_order_ws(placed["id"], PERPETUAL))["status"] == "canceled"
    assert (await futures.fetch_balance_ws())["USDT"]["total"] == 2_000_000


async def test_spot_orders_and_money(spot: Any) -> None:
    bought = await spot.create_order(SPOT, "market", "buy", 0.01)
    assert (bought["status"], bought["fee"]["currency"]) == ("closed", "BTC")
    by_cost = await spot.create_market_buy_order_with_cost(SPOT, 1000)
    assert 990 < by_cost["cost"] <= 1000
    limit = await spot.create_order(SPOT, "limit", "sell", 0.01, 110000, {"postOnly": True})
    changed = await spot.edit_order(limit["id"], SPOT, "limit", "sell", 0.02, 110100)
    assert changed["amount"] == 0.02
    assert (await spot.fetch_balance())["BTC"]["used"] == 0.02
    await spot.cancel_all_orders(SPOT)
    assert await spot.fetch_open_orders(SPOT) == []
    assert len(await spot.fetch_my_trades(SPOT)) == 2
    assert (await spot.fetch_trading_fee(SPOT))["taker"] == 0.001


async def test_spot_transfers(spot: Any, futures: Any) -> None:
    moved = await spot.transfer("USDT", 10, "spot", "linear")
    assert [one["id"] for one in await spot.fetch_transfers("USDT")] == [moved["id"]]
    assert (await futures.fetch_balance())["USDT"]["total"] == 2_000_010
    sent = await spot.withdraw("XRP", 100, "rSimulatedAddress", params={"tag": "7"})
    (row,) = await spot.fetch_withdrawals("XRP")
    assert (row["id"], row["status"], row["fee"]["cost"]) == (sent["id"], "pending", 0.2)
    assert (await spot.fetch_status())["status"] == "ok"
    assert (await spot.fetch_currencies())["XRP"]["withdraw"] is True


async def test_spot_streams(spot: Any) -> None:
    watching = [
        asyncio.create_task(_next(lambda: spot.watch_orders(SPOT), lambda one: one["status"] == "closed")),
        asyncio.create_task(_next(lambda: spot.watch_my_trades(SPOT), lambda one: one["amount"] == 0.01)),
        asyncio.create_task(_next(spot.watch_balance, lambda one: one.get("BTC", {}).get("total", 0) > 5)),
    ]
    placed = await _trade(lambda: spot.create_order_ws(SPOT, "market", "buy", 0.01), watching)
    order, trade, _ = (task.result() for task in watching)
    assert order["id"] in placed
    assert (trade["order"] in placed, trade["fee"]["currency"]) == (True, "BTC")
