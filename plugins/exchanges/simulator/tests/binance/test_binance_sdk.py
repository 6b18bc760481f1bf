"""Binance's own SDK, which signs and reads by its own models, trades on the simulated exchange."""

import asyncio
from collections.abc import AsyncIterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

from arbcore_exchange_simulator import Simulator, SimulatorSettings
from arbcore_exchange_simulator.trading.given import BINANCE_MONEY_KEY

SDKS = ("binance_sdk_derivatives_trading_usds_futures", "binance_sdk_spot")

pytestmark = [
    pytest.mark.anyio,
    # Importing them takes many seconds, which only the worker that runs these tests shall spend.
    pytest.mark.skipif(not all(map(find_spec, SDKS)), reason=f"not installed: {' or '.join(SDKS)}"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

KEYS = {"api_key": BINANCE_MONEY_KEY.key, "api_secret": BINANCE_MONEY_KEY.secret.get_secret_value()}


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorSettings(symbols=("BTC", "XRP"))) as opened:
        yield opened


def _made(name: str, module: str, address: str, calls: str) -> Any:
    settings = import_module("binance_common.configuration")
    stream = address.replace("http", "ws")
    return getattr(import_module(module), name)(
        config_rest_api=settings.ConfigurationRestAPI(**KEYS, base_path=address, retries=0, timeout=10_000),
        config_ws_streams=settings.ConfigurationWebSocketStreams(stream_url=stream),
        config_ws_api=settings.ConfigurationWebSocketAPI(**KEYS, stream_url=f"{stream}/{calls}"),
    )


@pytest.fixture
def futures(simulator: Simulator) -> Any:
    module = "binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures"
    return _made("DerivativesTradingUsdsFutures", module, f"{simulator.address}/binance/usdm", "ws-fapi/v1")


@pytest.fixture
def spot(simulator: Simulator) -> Any:
    return _made("Spot", "binance_sdk_spot.spot", f"{simulator.address}/binance/spot", "ws-api/v3")


async def _ask(call: Any, *args: Any, **params: Any) -> Any:
    """Ask by the SDK's blocking client, away from the loop that the simulator runs on."""

    def blocking() -> Any:
        return call(*args, **params).data()

    return await asyncio.to_thread(blocking)


async def test_futures_by_rest(futures: Any) -> None:
    rest = futures.rest_api
    assert (await _ask(rest.change_initial_leverage, "BTCUSDT", 10)).leverage == 10
    bought = await _ask(
        rest.new_order, symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.01, new_order_resp_type="RESULT"
    )
    assert (bought.status, bought.executed_qty) == ("FILLED", "0.010")
    limit = await _ask(rest.new_order, symbol="BTCUSDT", side="SELL", type="LIMIT", quantity=0.01, price=104000,
                       time_in_force="GTC", new_client_order_id="a:/b")  # fmt: skip
    changed = await _ask(rest.modify_order, symbol="BTCUSDT", side="SELL", quantity=0.02, price=103000,
                         order_id=limit.order_id)  # fmt: skip
    assert changed.orig_qty == "0.020"
    assert (await _ask(rest.query_order, "BTCUSDT", orig_client_order_id="a:/b")).price == "103000.00"
    assert (await _ask(rest.cancel_order, "BTCUSDT", order_id=limit.order_id)).status == "CANCELED"
    (trade,) = await _ask(rest.account_trade_list, "BTCUSDT")
    assert (trade.order_id, trade.qty) == (bought.order_id, "0.010")
    (position,) = await _ask(rest.position_information_v3)
    assert position.position_amt == "0.010"
    account = await _ask(rest.account_information_v3)
    wallet = (await _ask(rest.futures_account_balance_v3))[0]
    assert account.total_wallet_balance == wallet.balance
    batch = [{"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
              "price": "95500"}]  # fmt: skip
    (placed,) = await _ask(rest.place_multiple_orders, batch)
    (gone,) = await _ask(rest.cancel_multiple_orders, "BTCUSDT", order_id_list=[placed.order_id])
    assert gone.status == "CANCELED"
    errors = import_module("binance_common.errors")
    with pytest.raises(errors.BadRequestError):
        await _ask(rest.cancel_order, "BTCUSDT", order_id=placed.order_id)


async def test_futures_by_the_websocket_api_and_stream(futures: Any) -> None:
    key = (await _ask(futures.rest_api.start_user_data_stream)).listen_key
    streams = await futures.websocket_streams.create_connection()
    heard: asyncio.Queue[Any] = asyncio.Queue()
    handle = await streams.user_data(key)
    handle.on("message", heard.put_nowait)
    calls = await futures.websocket_api.create_connection()
    try:
        reply = await calls.new_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.01)
        placed = reply.data().result
        async with asyncio.timeout(60):
            kinds = [_kind(await heard.get()) for _ in range(4)]
        assert kinds == ["OrderTradeUpdate", "TradeLite", "AccountUpdate", "OrderTradeUpdate"]
        found = await calls.query_order(symbol="BTCUSDT", order_id=placed.order_id)
        assert found.data().result.status == "FILLED"
        assert reply.rate_limits
    finally:
        await calls.close_connection(close_session=True)
        await streams.close_connection(close_session=True)


def _kind(event: Any) -> str:
    """Return the model by which the SDK read an event."""
    return type(event.actual_instance).__name__


async def test_spot(spot: Any) -> None:
    rest = spot.rest_api
    bought = await _ask(rest.new_order, symbol="BTCUSDT", side="BUY", type="MARKET", quote_order_qty=1000)
    assert bought.status == "FILLED"
    limit = await _ask(rest.new_order, symbol="BTCUSDT", side="SELL", type="LIMIT", quantity=0.01, price=110000,
                       time_in_force="GTC")  # fmt: skip
    assert [one.order_id for one in await _ask(rest.get_open_orders, symbol="BTCUSDT")] == [limit.order_id]
    assert (await _ask(rest.delete_order, "BTCUSDT", order_id=limit.order_id)).status == "CANCELED"
    account = await _ask(rest.get_account, omit_zero_balances=True)
    assert {one.asset for one in account.balances} == {"BTC", "XRP", "USDT"}
    calls = await spot.websocket_api.create_connection()
    try:
        reply = await calls.order_place(symbol="BTCUSDT", side="SELL", type="MARKET", quantity=0.005)
        assert reply.data().result.status == "FILLED"
    finally:
        await calls.close_connection(close_session=True)
