"""Orders of USD-M against the simulator where the venue says no, or tells in pages: found by review."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from arbcore.errors import ExchangeError, RateLimited
from arbcore.model.order import Fill, OrderRef, OrderReport, OrderState, OrderType, Side
from arbcore_exchange_binance.protocol import usdm_requests
from plugins.exchanges.binance.tests.usdm_bench import KEY, entering, simulating, trading

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("way", ["rest", "websocket"])
async def test_after_too_many_orders_nothing_is_sent_for_a_while_but_cancels(way: str) -> None:
    async with simulating() as simulator, trading(simulator, orders=way) as desk:
        await desk.until(lambda: way == "rest" or desk.calls_are_open())
        resting = await desk.resting()
        await desk.venue.submit(resting)
        desk.bench.fault("reject_order", code="-1003", times=1)
        with pytest.raises(RateLimited, match=r"-1003|429"):
            await desk.venue.submit(await desk.order())
        with pytest.raises(RateLimited, match="was not sent"):
            await desk.venue.submit(await desk.order())
        assert desk.bench.orders() == [resting.client_order_id]
        await desk.venue.cancel(OrderRef(client_order_id=resting.client_order_id, instrument=KEY))
        await desk.until(lambda: desk.is_in(resting, OrderState.CANCELLED))


async def test_triggers_are_cancelled_too_where_the_other_cancel_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        await desk.fill(await desk.order())
        await desk.resting()
        trigger = (desk.bench.bid() * Decimal("0.9")).quantize(Decimal("0.1"))
        stop = await desk.order(Side.SELL, type=OrderType.STOP_MARKET, trigger_price=trigger, reduce_only=True)
        await desk.venue.submit(stop)
        cancel_open = usdm_requests.cancel_open
        monkeypatch.setattr(usdm_requests, "cancel_open", lambda symbol: cancel_open(f"{symbol}X"))
        with pytest.raises(ExchangeError, match="BTCUSDT"):
            await desk.venue.cancel_all(KEY)
        assert list(await desk.venue.open_orders(KEY)) == []


async def test_every_fill_of_an_order_is_found_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        orders = [await desk.order(quantity="0.3") for _ in range(2)]
        for order in orders:
            await desk.fill(order)
        monkeypatch.setattr(usdm_requests, "MOST_TRADES", 1)
        for order in orders:
            # The venue tells the latest page where only the order is named.
            told = {one.fill_id for one in desk.about(order.client_order_id, Fill)}
            ref = OrderRef(client_order_id=order.client_order_id, instrument=KEY)
            report, *fills = await desk.venue.look_up(ref)
            assert isinstance(report, OrderReport)
            assert {one.fill_id for one in fills if isinstance(one, Fill)} == told


async def test_what_the_stream_tells_while_trades_are_asked_for_is_not_taken_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A driver once heard of a filled order that it was partly filled."""
    async with simulating() as simulator, trading(simulator) as desk, entering(simulator, {}) as another:
        order = await desk.order()
        await desk.fill(order)
        reading = another._reading
        news, trades_of = reading._news, reading._trades_of
        report_of = news.report_of

        def earlier(row: Any, now: int) -> OrderReport:
            return replace(report_of(row, now), state=OrderState.PARTIALLY_FILLED, filled=order.quantity / 2)

        async def meanwhile(row: Any) -> Any:
            assert news.desk.report(report_of(row, 0)) is not None
            return await trades_of(row)

        monkeypatch.setattr(news, "report_of", earlier)
        monkeypatch.setattr(reading, "_trades_of", meanwhile)
        report, *fills = await another.look_up(OrderRef(client_order_id=order.client_order_id, instrument=KEY))
        assert isinstance(report, OrderReport)
        assert (report.state, report.filled) == (OrderState.FILLED, order.quantity)
        assert fills


async def test_fills_in_the_history_name_orders_that_nobody_here_knows() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        order = await desk.order()
        await desk.fill(order)
        since = desk.about(order.client_order_id, Fill)[0].ts
        async with entering(simulator, {}) as another:
            news = await another.history(KEY, since)
        assert {one.client_order_id for one in news} == {order.client_order_id}
