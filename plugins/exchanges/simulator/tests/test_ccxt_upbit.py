"""ccxt's ``upbit``, written by others against the real exchange, trades on the simulator: REST and streams."""

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

SYMBOL = "BTC/KRW"
KEYS = {"apiKey": "sim-upbit-key", "secret": "sim-upbit-secret-0123456789abcdef0123"}


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorSettings(symbols=("BTC", "XRP"))) as opened:
        yield opened


@pytest.fixture
async def exchange(simulator: Simulator) -> AsyncIterator[Any]:
    opened = import_module("ccxt.pro").upbit({**KEYS, "enableRateLimit": False})
    rest = f"{simulator.address}/upbit"
    socket = f"{simulator.address.replace('http', 'ws')}/upbit/websocket/v1"
    opened.urls["api"] = {"public": rest, "private": rest, "ws": socket}
    await opened.load_markets()
    yield opened
    await opened.close()


@pytest.fixture
def frozen(simulator: Simulator) -> dict[str, float]:
    """Let the market stand still, and return its touch in won."""
    simulator.add_fault(Fault(kind="freeze"))
    (bid, _), (ask, _) = simulator.world.markets["upbit"]["KRW-BTC"].book.touch
    return {"bid": bid / 1e8, "ask": ask / 1e8}


async def test_balance_fees_and_key(exchange: Any, simulator: Simulator) -> None:
    balance = await exchange.fetch_balance()
    assert (balance["KRW"]["free"], balance["BTC"]["total"]) == (5_000_000_000, 5)
    fee = await exchange.fetch_trading_fee(SYMBOL)
    assert (fee["maker"], fee["taker"]) == (0.0005, 0.0005)
    errors = import_module("ccxt")
    exchange.secret = "wrong"
    with pytest.raises(errors.AuthenticationError):
        await exchange.fetch_balance()


async def test_a_limit_order_lives_and_is_cancelled(exchange: Any, frozen: dict[str, float]) -> None:
    price = int(frozen["bid"] * 0.95) // 1000 * 1000
    made = await exchange.create_order(SYMBOL, "limit", "buy", 0.01, price, {"clientOrderId": "c-1"})
    assert (made["status"], made["filled"], made["clientOrderId"]) == ("open", 0, "c-1")
    (found,) = await exchange.fetch_open_orders(SYMBOL)
    assert (found["id"], found["remaining"], found["price"]) == (made["id"], 0.01, price)
    balance = await exchange.fetch_balance()
    assert balance["KRW"]["used"] == pytest.approx(price * 0.01 * 1.0005)
    await exchange.cancel_order(made["id"], SYMBOL)
    while (await exchange.fetch_order(made["id"], SYMBOL))["status"] == "open":  # noqa: ASYNC110 - asks the venue
        await asyncio.sleep(0.1)
    assert (await exchange.fetch_order(made["id"], SYMBOL))["status"] == "canceled"
    assert [one["id"] for one in await exchange.fetch_canceled_orders(SYMBOL)] == [made["id"]]
    assert (await exchange.fetch_balance())["KRW"]["used"] == 0


async def test_market_orders_trade(exchange: Any, frozen: dict[str, float], simulator: Simulator) -> None:
    bought = await exchange.create_market_buy_order_with_cost(SYMBOL, 60_000)
    order = await exchange.fetch_order(bought["id"], SYMBOL)
    assert order["status"] == "canceled"  # as the venue ends them: success is what was executed
    assert order["cost"] == pytest.approx(60_000, rel=1e-3)
    assert order["average"] == frozen["ask"]
    assert float(order["fee"]["cost"]) == pytest.approx(30, rel=1e-3)
    sold = await exchange.create_order(SYMBOL, "market", "sell", 0.001)
    order = await exchange.fetch_order(sold["id"], SYMBOL)
    assert (order["status"], order["filled"], order["trades"][0]["amount"]) == ("closed", 0.001, 0.001)
    ledger = simulator.venues.accounts.known("upbit")
    balance = await exchange.fetch_balance()
    assert balance["KRW"]["free"] == pytest.approx(float(ledger.of("KRW").free), abs=1e-6)
    assert balance["BTC"]["free"] == pytest.approx(float(ledger.of("BTC").free), abs=1e-12)


async def test_an_order_is_edited(exchange: Any, frozen: dict[str, float]) -> None:
    price = int(frozen["bid"] * 0.95) // 1000 * 1000
    made = await exchange.create_order(SYMBOL, "limit", "buy", 0.01, price)
    edited = await exchange.edit_order(made["id"], SYMBOL, "limit", "buy", 0.02, price - 1000)
    new = edited["id"]
    while [one["id"] for one in await exchange.fetch_open_orders(SYMBOL)] != [new]:  # noqa: ASYNC110 - asks the venue
        await asyncio.sleep(0.1)
    assert (await exchange.fetch_order(new, SYMBOL))["amount"] == 0.02


async def test_errors_are_its_own(exchange: Any, frozen: dict[str, float]) -> None:
    errors = import_module("ccxt")
    with pytest.raises(errors.InsufficientFunds):
        await exchange.create_order(SYMBOL, "limit", "sell", 6, frozen["ask"])
    with pytest.raises(errors.ExchangeError, match="under_min_total_bid"):
        await exchange.create_order(SYMBOL, "limit", "buy", 0.00001, frozen["bid"])
    with pytest.raises(errors.OrderNotFound):
        await exchange.fetch_order("5efdc5fa-8732-4d3a-8da0-f3ab748d36d8", SYMBOL)


async def test_orders_trades_and_balances_are_streamed(exchange: Any, frozen: dict[str, float]) -> None:
    watched = [
        asyncio.create_task(one)
        for one in (exchange.watch_orders(SYMBOL), exchange.watch_my_trades(SYMBOL), exchange.watch_balance())
    ]
    await _subscribed(exchange)
    made = await exchange.create_order(SYMBOL, "limit", "buy", 0.001, frozen["ask"])
    orders, trades, balance = await asyncio.wait_for(asyncio.gather(*watched), 10)
    assert orders[-1]["id"] == made["id"]
    (trade,) = trades
    assert (trade["price"], trade["amount"], trade["takerOrMaker"]) == (frozen["ask"], 0.001, "taker")
    assert trade["fee"]["cost"] == pytest.approx(frozen["ask"] * 0.001 * 0.0005)
    assert trade["id"] == (await exchange.fetch_order(made["id"], SYMBOL))["trades"][0]["id"]
    while balance["BTC"]["free"] != 5.001:
        balance = await asyncio.wait_for(exchange.watch_balance(), 10)
    while orders[-1]["status"] != "closed":
        orders = await asyncio.wait_for(exchange.watch_orders(SYMBOL), 10)
    assert orders[-1]["filled"] == 0.001


async def _subscribed(exchange: Any) -> None:
    """Wait until every wanted type has been asked for, and the venue has read it."""
    while True:
        clients = list(exchange.clients.values())
        if clients and {f"myOrder:{SYMBOL}", f"myTrades:{SYMBOL}", "myAsset"} <= set(clients[0].subscriptions):
            break
        await asyncio.sleep(0.01)
    await exchange.fetch_balance()
