"""Orders of the venue on the simulator, in process and over real sockets."""

from decimal import Decimal
from typing import Any

import pytest

from arbcore.errors import ExchangeRefused
from arbcore.model.order import (
    Amendment,
    Liquidity,
    OrderOrigin,
    OrderRef,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)
from arbcore.model.reason import Reason
from arbcore_exchange_upbit.venue import UpbitVenue
from plugins.exchanges.upbit.tests.live import (
    MARKET,
    ledger,
    reference,
    simulating,
    split,
    structs_replace,
    touch,
    trading,
)

pytestmark = pytest.mark.anyio


async def test_a_limit_order_rests_is_listed_and_cancelled() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        order = desk.order(Side.BUY, touch(simulator)[0] * Decimal("0.9") // 1, "20")
        report = await desk.venue.submit(order)
        assert (report.state, report.client_order_id) == (OrderState.ACKNOWLEDGED, order.client_order_id)
        (listed,) = await desk.venue.open_orders(MARKET)
        assert (listed.venue_order_id, listed.quantity, listed.price) == (
            report.venue_order_id,
            Decimal(20),
            order.price,
        )
        assert (listed.type, listed.origin) == (OrderType.LIMIT, OrderOrigin.OURS)
        await desk.venue.cancel(OrderRef(client_order_id=order.client_order_id, instrument=MARKET))
        await desk.until(lambda: desk.over(order.client_order_id))
        end = desk.of(order.client_order_id)[-1]
        assert (end.state, end.reason, end.filled) == (OrderState.CANCELLED, Reason.ORDER_CANCELLED, Decimal(0))
        assert await desk.venue.open_orders() == []
        with pytest.raises(ExchangeRefused) as caught:
            await desk.venue.cancel(OrderRef(client_order_id=order.client_order_id, instrument=MARKET))
        assert caught.value.reason == Reason.ORDER_UNKNOWN


async def test_a_market_buy_by_cost_is_filled_though_the_venue_cancels_it() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        order = desk.order(
            Side.BUY, None, "0", type=OrderType.MARKET, time_in_force=TimeInForce.IOC, cost=Decimal(10_007)
        )
        end = await desk.end(order)
        assert (end.state, end.reason) == (OrderState.FILLED, "")
        spent = sum(one.quantity * one.price for one in desk.fills(order.client_order_id))
        assert 10_000 < spent <= 10_007
        report, fills = split(await desk.venue.look_up(reference(order)))
        assert report.state is OrderState.FILLED
        assert {(one.fill_id, one.fee) for one in fills} == {
            (one.fill_id, one.fee) for one in desk.fills(order.client_order_id)
        }


async def test_sales_best_and_immediate_orders() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        ioc = {"time_in_force": TimeInForce.IOC}
        assert (await desk.end(desk.order(Side.SELL, None, "9.5", type=OrderType.MARKET, **ioc))).filled == Decimal(
            "9.5"
        )
        best = desk.order(Side.SELL, None, "9", type=OrderType.BEST, **ioc)
        assert (await desk.end(best)).state is OrderState.FILLED
        assert {one.liquidity for one in desk.fills(best.client_order_id)} == {Liquidity.TAKER}
        by_cost = desk.order(Side.BUY, None, "0", type=OrderType.BEST, cost=Decimal(9_000), **ioc)
        assert (await desk.end(by_cost)).state is OrderState.FILLED
        far = desk.order(Side.BUY, touch(simulator)[0] - 100, "20", **ioc)
        end = await desk.end(far)
        assert (end.state, end.reason, end.filled) == (OrderState.EXPIRED, Reason.ORDER_NO_LIQUIDITY, Decimal(0))


async def test_the_rest_of_an_immediate_order_expires_with_its_fills() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        size = Decimal(simulator.world.markets["upbit"]["KRW-XRP"].book.touch[1][1]) / 10**8
        order = desk.order(Side.BUY, touch(simulator)[1], str(size + 20), time_in_force=TimeInForce.IOC)
        end = await desk.end(order)
        assert (end.state, end.filled) == (OrderState.EXPIRED, size)


async def test_post_only_that_would_take_is_cancelled_with_that_reason() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        order = desk.order(Side.BUY, touch(simulator)[1], "20", time_in_force=TimeInForce.POST_ONLY)
        end = await desk.end(order)
        assert (end.state, end.reason) == (OrderState.CANCELLED, Reason.ORDER_WOULD_TAKE)


async def test_a_self_match_is_prevented_and_told() -> None:
    async with simulating() as simulator, trading(simulator, smp_type="cancel_maker") as desk:
        ask, size = simulator.world.markets["upbit"]["KRW-XRP"].book.touch[1]
        maker = desk.order(Side.SELL, Decimal(ask) / 10**8, "20")
        await desk.venue.submit(maker)
        # Large enough to reach what stands behind the others at the touch.
        more = str(Decimal(size) / 10**8 + 40)
        taker = desk.order(Side.BUY, maker.price, more, time_in_force=TimeInForce.IOC)
        await desk.venue.submit(taker)
        await desk.until(lambda: desk.over(maker.client_order_id) and desk.over(taker.client_order_id))
        end = desk.of(maker.client_order_id)[-1]
        assert (end.state, end.reason, end.filled) == (OrderState.CANCELLED, Reason.ORDER_SELF_MATCH, Decimal(0))
        assert desk.of(taker.client_order_id)[-1].filled > 0


async def test_a_taker_gives_way_where_that_is_set() -> None:
    async with simulating() as simulator, trading(simulator, smp_type="cancel_taker") as desk:
        ask, size = simulator.world.markets["upbit"]["KRW-XRP"].book.touch[1]
        maker = desk.order(Side.SELL, Decimal(ask) / 10**8, "20")
        await desk.venue.submit(maker)
        more = str(Decimal(size) / 10**8 + 40)
        taker = desk.order(Side.BUY, maker.price, more, time_in_force=TimeInForce.IOC)
        end = await desk.end(taker)
        assert (end.state, end.reason) == (OrderState.CANCELLED, Reason.ORDER_SELF_MATCH)
        assert [one.client_order_id for one in await desk.venue.open_orders()] == [maker.client_order_id]


async def test_an_amended_order_is_a_new_one() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        price = touch(simulator)[0] * Decimal("0.9") // 1
        order = desk.order(Side.BUY, price, "20")
        await desk.venue.submit(order)
        change = Amendment(side=Side.BUY, quantity=Decimal(20), price=price - 10, new_client_order_id="t-new")
        report = await desk.venue.amend(reference(order), change)
        assert report.client_order_id == "t-new"
        await desk.until(lambda: desk.over(order.client_order_id))
        (listed,) = await desk.venue.open_orders(MARKET)
        assert (listed.client_order_id, listed.price, listed.quantity) == ("t-new", price - 10, Decimal(20))
        assert listed.venue_order_id == report.venue_order_id
        change = Amendment(side=Side.BUY, quantity=Decimal(30), price=price - 20, new_client_order_id="t-newer")
        await desk.venue.amend(OrderRef(client_order_id="t-new", instrument=MARKET), change)
        await desk.until(lambda: desk.over("t-new"))
        assert [(one.price, one.quantity) for one in await desk.venue.open_orders()] == [(price - 20, Decimal(30))]


async def test_cancel_all_reaches_every_order_of_the_market() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        price = touch(simulator)[0] * Decimal("0.9") // 1
        orders = [desk.order(Side.BUY, price - n, "20") for n in range(5)]
        for one in orders:
            await desk.venue.submit(one)
        await desk.venue.cancel_all(MARKET)
        await desk.until(lambda: all(desk.over(one.client_order_id) for one in orders))
        assert {desk.of(one.client_order_id)[-1].reason for one in orders} == {Reason.ORDER_CANCELLED}
        assert await desk.venue.open_orders() == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price": Decimal("0.3")}, Reason.ORDER_OFF_GRID),
        ({"quantity": Decimal("0.1")}, Reason.ORDER_BELOW_MINIMUM),
        ({"quantity": Decimal(500_000)}, Reason.ORDER_ABOVE_MAXIMUM),
        ({"instrument": "upbit:KRW-NOPE"}, Reason.ORDER_UNKNOWN_INSTRUMENT),
        ({"instrument": "other:KRW-XRP"}, Reason.ORDER_UNKNOWN_INSTRUMENT),
        ({"reduce_only": True}, Reason.ORDER_UNSUPPORTED),
    ],
)
async def test_refusals_have_reasons_and_change_nothing(changes: dict[str, Any], reason: Reason) -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        order = desk.order(Side.BUY, touch(simulator)[0] * Decimal("0.9") // 1, "20")
        if "price" in changes:
            changes = {"price": order.price + changes["price"]}
        before = ledger(simulator)
        with pytest.raises(ExchangeRefused) as caught:
            await desk.venue.submit(structs_replace(order, **changes))
        assert caught.value.reason == reason
        assert ledger(simulator) == before
        assert await desk.venue.open_orders() == []


async def test_an_order_can_be_rehearsed() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        assert isinstance(desk.venue, UpbitVenue)
        price = touch(simulator)[0] * Decimal("0.9") // 1
        order = desk.order(Side.BUY, price, "20")
        await desk.venue.test(order)
        assert await desk.venue.open_orders() == []
        with pytest.raises(ExchangeRefused) as caught:
            await desk.venue.test(structs_replace(order, quantity=Decimal("0.1")))
        assert caught.value.reason == Reason.ORDER_BELOW_MINIMUM


async def test_terms_and_facts() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        terms = await desk.venue.terms(MARKET)
        assert (terms.maker, terms.taker, terms.min_notional) == (Decimal("0.0005"), Decimal("0.0005"), Decimal(5000))
        assert (terms.max_notional, terms.trading) == (Decimal(1_000_000_000), True)
        facts = await desk.venue.facts()
        assert facts.key_expires_at is not None
        assert facts.key_expires_at > simulator.world.start
        assert facts.ip_restricted
        assert facts.clock_error_ns is not None
        assert facts.clock_error_ns >= 500_000_000
