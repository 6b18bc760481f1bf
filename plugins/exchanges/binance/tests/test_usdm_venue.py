"""USD-M against the simulator over real sockets: what only futures do, and faults beyond those of the suite."""

import logging
from decimal import Decimal
from functools import partial
from time import time_ns

import anyio
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from arbcore.errors import ConfigurationError, ExchangeRefused, ExchangeUnavailable, OutcomeUnknown, SafetyError
from arbcore.model.account import AccountUpdate
from arbcore.model.input import AccountSnapshot, FundingPayment
from arbcore.model.order import (
    Fill,
    OrderOrigin,
    OrderRef,
    OrderReport,
    OrderState,
    OrderType,
    Side,
)
from arbcore.model.reason import Reason
from arbcore.model.state import ConnectionState
from arbcore_exchange_binance.protocol import usdm_watch
from arbcore_exchange_binance.usdm_venue import UsdmVenue
from plugins.exchanges.binance.tests.usdm_bench import (
    API_KEY,
    KEY,
    SECRET,
    Desk,
    S,
    UsdmBench,
    context_of,
    entering,
    listed_on,
    settings_of,
    simulating,
    trading,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("missing", ["api_key", "api_secret"])
async def test_a_missing_secret_is_an_error_of_the_config(missing: str) -> None:
    secrets = {"api_key": API_KEY, "api_secret": SECRET, missing: ""}
    async with simulating() as simulator:
        with pytest.raises(ConfigurationError, match=missing):
            async with entering(simulator, secrets):
                pass


@pytest.mark.parametrize(
    "secrets", [{"api_key": "nobody-at-all-0123", "api_secret": SECRET}, {"api_key": API_KEY, "api_secret": "x"}]
)
async def test_a_wrong_key_is_refused_at_the_door(secrets: dict[str, str]) -> None:
    async with simulating() as simulator:
        with pytest.raises(ExchangeRefused) as raised:
            async with entering(simulator, secrets):
                pass
    assert raised.value.reason == Reason.VENUE_KEY_REFUSED


async def test_a_key_that_may_withdraw_is_refused_while_no_money_is_to_move() -> None:
    async with simulating() as simulator:
        with pytest.raises(SafetyError, match="may withdraw"):
            async with entering(simulator, {}, move_money=False):
                pass


@pytest.mark.parametrize("orders", ["rest", "websocket"])
async def test_a_key_pair_signs_requests_and_calls(orders: str) -> None:
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    keys = [{"key": "pair-of-keys-0123456", "public_key": public}]
    accounts = [{"name": "usdm", "venue": "usdm", "owner": "o", "keys": keys, "balances": {"USDT": "200000"}},
                {"name": "spot", "venue": "spot", "owner": "o", "keys": keys}]  # fmt: skip
    async with simulating(accounts=accounts) as simulator:
        secrets = {"api_key": "pair-of-keys-0123456", "api_secret": pem}
        venue = UsdmVenue(settings_of(simulator, orders=orders), context_of(**secrets))
        async with venue, anyio.create_task_group() as group:
            desk = Desk(UsdmBench(simulator, await listed_on(simulator)), venue)
            group.start_soon(venue.run, [KEY], desk.take)
            await desk.connected()
            await desk.until(lambda: orders == "rest" or desk.calls_are_open())
            order = await desk.order()
            await desk.fill(order)
            assert sum(one.quantity for one in desk.about(order.client_order_id, Fill)) == order.quantity
            assert desk.bench.orders() == [order.client_order_id]
            group.cancel_scope.cancel()


async def test_an_order_over_a_closed_socket_is_not_sent_another_way() -> None:
    async with simulating() as simulator, entering(simulator, {}, orders="websocket") as venue:
        bench = UsdmBench(simulator, await listed_on(simulator))
        order = await Desk(bench, venue).order()
        with pytest.raises(ExchangeUnavailable, match="not sent"):
            await venue.submit(order)
        assert bench.orders() == []


async def test_the_answer_that_names_no_outcome_is_unknown_and_the_order_is_there() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        desk.bench.fault("unknown_5xx", stream="place", times=1)
        order = await desk.resting()
        with pytest.raises(OutcomeUnknown, match="503"):
            await desk.venue.submit(order)
        (report,) = await desk.venue.look_up(OrderRef(client_order_id=order.client_order_id, instrument=KEY))
        assert isinstance(report, OrderReport)
        assert report.state is OrderState.ACKNOWLEDGED


async def test_service_unavailable_did_nothing() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        desk.bench.fault("failed_5xx", stream="place", times=1)
        with pytest.raises(ExchangeUnavailable, match="503"):
            await desk.venue.submit(await desk.resting())
        assert list(await desk.venue.open_orders()) == []


async def test_a_reduce_only_order_passes_where_others_are_throttled() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        await desk.fill(await desk.order())
        desk.bench.fault("throttled", stream="place")
        with pytest.raises(ExchangeUnavailable, match="-1008"):
            await desk.venue.submit(await desk.order())
        await desk.fill(await desk.order(Side.SELL, reduce_only=True))


async def test_a_clock_that_jumped_refuses_once_and_is_measured_anew() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        desk.bench.fault("clock_skew", amount="10s")
        with pytest.raises(ExchangeRefused) as raised:
            await desk.venue.submit(await desk.order())
        assert raised.value.reason == Reason.VENUE_CLOCK_SKEWED
        await desk.fill(await desk.order())
        facts = await desk.venue.facts()
        assert facts.clock_offset_ns is not None
        assert 9 * S < facts.clock_offset_ns < 11 * S
        assert desk.bench.orders() == [one.client_order_id for one in desk.of(OrderReport)[-1:]]


async def test_a_question_is_asked_again_with_the_right_time() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        desk.bench.fault("clock_skew", amount="30s", behind=True)
        assert isinstance(await desk.venue.snapshot(), AccountSnapshot)


async def test_an_expired_listen_key_is_replaced_and_what_was_missed_is_told_once() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        before = await desk.order()
        await desk.fill(before)
        first = len(desk.heard)
        desk.bench.fault("listen_key_expired", times=1)
        order = await desk.order()
        await desk.until(lambda: ConnectionState.RECONNECTING in desk.states(first))
        await desk.venue.submit(order)
        await desk.connected(first)
        await desk.until(lambda: desk.whole(order))
        assert len({one.fill_id for one in desk.of(Fill)}) == len(desk.of(Fill))


async def test_a_mute_stream_is_found_by_comparison_and_its_silence_is_made_good() -> None:
    fast = {"reconcile": "300ms", "reconcile_grace": "200ms"}
    async with simulating() as simulator, trading(simulator, **fast) as desk:
        first = len(desk.heard)
        desk.bench.fault("user_mute")
        order = await desk.order()
        await desk.venue.submit(order)
        await desk.until(lambda: ConnectionState.MUTE in desk.states(first))
        desk.bench.simulator.faults.clear()
        await desk.connected(len(desk.heard))
        await desk.until(lambda: desk.whole(order))
        (fill,) = desk.about(order.client_order_id, Fill)
        assert fill.fee > 0
        snapshot = desk.of(AccountSnapshot)[-1]
        assert [one.quantity for one in snapshot.positions] == [order.quantity]


async def test_fills_of_a_mute_stream_come_by_request_long_before_the_comparison(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(usdm_watch, "_FILL_GRACE_NS", S // 5)
    monkeypatch.setattr(usdm_watch, "_LOOK_NS", S // 5)
    async with simulating() as simulator, trading(simulator, reconcile="1h") as desk:
        desk.bench.fault("user_mute")
        order = await desk.order()
        report = await desk.venue.submit(order)
        assert report.state is OrderState.FILLED
        await desk.until(lambda: desk.whole(order))
        await desk.until(lambda: desk.about(order.client_order_id, OrderReport))
        assert desk.about(order.client_order_id, OrderReport)[-1].state is OrderState.FILLED


async def test_fills_that_the_venue_is_silent_about_are_told_in_the_end() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        desk.bench.fault("fill_silence", lasts="300ms")
        order = await desk.order()
        await desk.venue.submit(order)
        assert desk.about(order.client_order_id, Fill) == []
        await desk.until(lambda: desk.whole(order))
        fills = desk.about(order.client_order_id, Fill)
        assert len({one.fill_id for one in fills}) == len(fills)
        assert sum(one.quantity for one in fills) == order.quantity


async def test_a_stop_becomes_a_market_order_and_is_told_under_its_own_id() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        await desk.fill(await desk.order())
        trigger = (desk.bench.bid() * Decimal("0.99")).quantize(Decimal("0.1"))
        stop = await desk.order(Side.SELL, type=OrderType.STOP_MARKET, trigger_price=trigger, reduce_only=True)
        placed = await desk.venue.submit(stop)
        assert placed.state is OrderState.ACKNOWLEDGED
        (listed,) = await desk.venue.open_orders(KEY)
        assert (listed.type, listed.trigger_price, listed.origin) == (stop.type, trigger, OrderOrigin.OURS)
        assert listed.venue_order_id == placed.venue_order_id
        desk.bench.trade_at(trigger)
        await desk.until(lambda: desk.whole(stop))
        await desk.until(lambda: desk.is_in(stop, OrderState.FILLED))
        assert {one.venue_order_id for one in desk.about(stop.client_order_id, OrderReport)} == {placed.venue_order_id}
        named = OrderRef(client_order_id=stop.client_order_id, instrument=KEY, type=stop.type)
        report, *fills = await desk.venue.look_up(named)
        assert isinstance(report, OrderReport)
        assert (report.state, report.filled) == (OrderState.FILLED, stop.quantity)
        assert [one.fill_id for one in fills if isinstance(one, Fill)] == [
            one.fill_id for one in desk.about(stop.client_order_id, Fill)
        ]


async def test_a_stop_is_cancelled_by_either_name() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        await desk.fill(await desk.order())
        trigger = (desk.bench.bid() * Decimal("0.9")).quantize(Decimal("0.1"))
        stops = [await desk.order(Side.SELL, type=OrderType.STOP_MARKET, trigger_price=trigger) for _ in range(2)]
        ids = [(await desk.venue.submit(stop)).venue_order_id for stop in stops]
        await desk.venue.cancel(OrderRef(client_order_id=stops[0].client_order_id, instrument=KEY))
        await desk.venue.cancel(OrderRef(instrument=KEY, venue_order_id=ids[1], type=OrderType.STOP_MARKET))
        for stop in stops:
            await desk.until(partial(desk.is_in, stop, OrderState.CANCELLED))
        assert list(await desk.venue.open_orders()) == []


@pytest.mark.parametrize(("kind", "origin"), [("liquidation", OrderOrigin.LIQUIDATION), ("adl", OrderOrigin.ADL)])
async def test_what_the_venue_closes_by_itself_is_told_as_such(kind: str, origin: OrderOrigin) -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        await desk.fill(await desk.order())
        first = len(desk.heard)
        desk.bench.fault(kind, times=1)
        await desk.until(lambda: desk.of(Fill, first))
        (fill,) = desk.of(Fill, first)
        assert (fill.origin, fill.side, fill.quantity) == (origin, Side.SELL, Decimal("0.01"))
        await desk.until(lambda: [one for one in desk.of(AccountUpdate, first) if one.positions])
        told = [position for one in desk.of(AccountUpdate, first) for position in one.positions]
        assert told[-1].quantity == 0


async def test_funding_is_paid_told_once_and_found_in_the_history() -> None:
    async with simulating(funding_interval="2s") as simulator, trading(simulator) as desk:
        await desk.fill(await desk.order())
        await desk.until(lambda: len(desk.of(FundingPayment)) >= 2)
        payments = desk.of(FundingPayment)[:2]
        assert len({one.payment_id for one in payments}) == 2
        assert {(one.instrument, one.quantity, one.currency) for one in payments} == {(KEY, Decimal("0.01"), "USDT")}
        history = {one.payment_id: one for one in await desk.venue.funding(KEY, 0)}
        for one in payments:
            assert (history[one.payment_id].amount, history[one.payment_id].rate) == (one.amount, one.rate)
            assert abs(history[one.payment_id].quantity - one.quantity) < Decimal("0.0001")


async def test_hedge_mode_refuses_orders_and_says_what_to_do() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        await desk.venue.set_hedge_mode(on=True)
        with pytest.raises(ExchangeRefused, match="set_hedge_mode") as raised:
            await desk.venue.submit(await desk.order())
        assert raised.value.reason == Reason.ORDER_UNSUPPORTED
        async with entering(simulator, {}) as another:
            with pytest.raises(ExchangeRefused):
                await another.submit(await desk.order())
        await desk.venue.set_hedge_mode(on=False)
        await desk.fill(await desk.order())


async def test_a_reason_of_the_venue_reaches_the_caller() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        for fault, reason in (
            ("position_limit", Reason.ORDER_POSITION_LIMIT),
            ("percent_price", Reason.ORDER_PRICE_BAND),
        ):
            desk.bench.fault(fault, times=1)
            with pytest.raises(ExchangeRefused) as raised:
                await desk.venue.submit(await desk.order())
            assert raised.value.reason == reason
        with pytest.raises(ExchangeRefused) as raised:
            await desk.venue.submit(await desk.order(Side.SELL, reduce_only=True))
        assert raised.value.reason == Reason.ORDER_NOTHING_TO_REDUCE


async def test_an_expired_order_is_not_sent() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        with pytest.raises(ExchangeUnavailable, match="its time was over"):
            await desk.venue.submit(await desk.order(expires_at=time_ns() - S))
        assert desk.bench.orders() == []


async def test_nothing_that_was_written_holds_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with simulating() as simulator, trading(simulator, orders="auto") as desk:
        await desk.until(desk.calls_are_open)
        await desk.fill(await desk.order())
        desk.bench.fault("listen_key_expired", times=1)
        first = len(desk.heard)
        await desk.connected(first)
        key = desk.bench.listen_key()
        texts = f"{caplog.text} {desk.heard!r} {desk.venue!r}"
    assert key
    for secret in (SECRET, API_KEY, key, "signature="):
        assert secret not in texts
