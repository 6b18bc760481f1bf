"""Spot as a venue against the simulator over real sockets: what the suite of real venues does not ask."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from time import time_ns
from typing import Any

import anyio
import pytest
from msgspec.structs import replace

from arbcore.errors import ConfigurationError, ExchangeRefused, ExchangeUnavailable, OutcomeUnknown, SafetyError
from arbcore.model.account import AccountFacts, AccountUpdate
from arbcore.model.input import AccountSnapshot, ConnectionChanged
from arbcore.model.money import total
from arbcore.model.order import (
    Amendment,
    Fill,
    OrderOrigin,
    OrderReport,
    OrderRequest,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)
from arbcore.model.reason import Reason
from arbcore.model.state import ConnectionState
from arbcore.net.request import Reply, Request
from arbcore.ports.trading import Venue, VenueItem
from arbcore.ports.venue import RequestMeasured
from arbcore.testing._trading_desk import ref
from arbcore_exchange_binance import plugin, spot_account
from arbcore_exchange_binance.access import PrivateAccess
from arbcore_exchange_binance.key_scope import with_key
from arbcore_exchange_binance.protocol.key_facts import KeyFacts
from arbcore_exchange_binance.protocol.spot_values import order_report
from arbcore_exchange_binance.spot_venue import SpotVenue
from arbcore_exchange_simulator import Simulator
from plugins.exchanges.binance.tests.spot_bench import (
    API_KEY,
    SECRET,
    S,
    SpotBench,
    Told,
    context_of,
    settings_of,
    simulating,
)

pytestmark = pytest.mark.anyio
KEY = "binance:BTCUSDT"


@pytest.fixture
async def simulator(anyio_backend: Any) -> AsyncIterator[Simulator]:
    async with simulating() as opened:
        yield opened


@pytest.fixture
async def bench(simulator: Simulator) -> SpotBench:
    return await SpotBench.on(simulator)


@asynccontextmanager
async def running(bench: SpotBench, **settings: Any) -> AsyncIterator[tuple[Venue, Told]]:
    """An open venue whose user stream is connected."""
    told = Told()
    venue = plugin.open_venue(settings_of(bench.simulator, **settings), context_of())
    async with venue, anyio.create_task_group() as group:
        group.start_soon(venue.run, [KEY], told.take)
        await told.until(lambda item: isinstance(item, AccountSnapshot))
        yield venue, told
        group.cancel_scope.cancel()


def order(name: str, **changes: Any) -> OrderRequest:
    given: dict[str, Any] = {
        "client_order_id": name,
        "instrument": KEY,
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "quantity": Decimal("0.001"),
        **changes,
    }
    return OrderRequest(**given)


def is_open(item: VenueItem, connection: str) -> bool:
    changed = isinstance(item, ConnectionChanged) and item.connection == connection
    return changed and getattr(item, "state", None) is ConnectionState.CONNECTED


async def resting(bench: SpotBench, name: str, quantity: str = "0.001") -> OrderRequest:
    touch = await bench.touch()
    price = (touch.bid * Decimal("0.97")).quantize(Decimal(1))
    return order(name, type=OrderType.LIMIT, quantity=Decimal(quantity), price=price, time_in_force=TimeInForce.GTC)


async def test_a_key_that_withdraws_is_refused_unless_money_may_move(bench: SpotBench) -> None:
    async with simulating("withdraw", "universalTransfer") as simulator:
        venue = plugin.open_venue(settings_of(simulator), context_of())
        with pytest.raises(SafetyError, match="move_money"):
            await venue.__aenter__()
        async with plugin.open_venue(settings_of(simulator, move_money=True), context_of()) as opened:
            facts = await opened.facts()
    assert (facts.can_withdraw, facts.can_transfer, facts.can_trade) == (True, True, True)
    async with bench.open_venue() as opened:
        facts = await opened.facts()
    assert (facts.can_withdraw, facts.can_transfer, facts.ip_restricted) == (False, False, False)
    assert facts.clock_error_ns is not None


async def test_a_key_for_futures_alone_may_not_trade(bench: SpotBench) -> None:
    async with bench.open_venue() as venue:
        assert (await venue.facts()).can_trade
    told = KeyFacts(enable_spot_and_margin_trading=False, enable_futures=True)
    assert with_key(AccountFacts(can_trade=True), told, "spot").can_trade is False
    assert with_key(AccountFacts(can_trade=True), told, "usdm").can_trade is True
    assert with_key(AccountFacts(can_trade=True), KeyFacts(), "spot").can_trade is True


async def test_where_key_permissions_are_not_told(bench: SpotBench, caplog: pytest.LogCaptureFixture) -> None:
    base = f"{bench.simulator.address}/binance/spot"
    settings = settings_of(bench.simulator, rest=base, ws_api=f"{base.replace('http', 'ws')}/ws-api/v3")
    with caplog.at_level(logging.WARNING):
        async with plugin.open_venue(settings, context_of("testnet")) as venue:
            assert (await venue.facts()).can_withdraw is None
    assert "not told here" in caplog.text


async def test_a_wrong_secret_is_refused_and_not_shown(bench: SpotBench) -> None:
    wrong = "w" * 40
    venue = plugin.open_venue(bench.settings, context_of(api_key=API_KEY, api_secret=wrong))
    with pytest.raises(ExchangeRefused) as caught:
        await venue.__aenter__()
    assert caught.value.reason == Reason.VENUE_KEY_REFUSED
    assert wrong not in f"{caught.value} {caught.value!r} {venue!r}"
    with pytest.raises(ConfigurationError, match="api_secret missing"):
        await plugin.open_venue(bench.settings, context_of(api_key=API_KEY)).__aenter__()


@pytest.mark.parametrize("orders", ["rest", "websocket", "auto"])
async def test_fills_of_an_answer_are_told_once(bench: SpotBench, orders: str) -> None:
    async with running(bench, orders=orders) as (venue, told):
        if orders == "websocket":
            await told.until(
                lambda item: (
                    isinstance(item, ConnectionChanged)
                    and item.connection == "orders"
                    and item.state is ConnectionState.CONNECTED
                )
            )
        report = await venue.submit(order("ae-1"))
        assert (report.state, report.filled) == (OrderState.FILLED, Decimal("0.001"))
        assert total(fill.quantity for fill in told.fills("ae-1")) == Decimal("0.001")
        await told.until(lambda item: isinstance(item, AccountUpdate))
        await venue.submit(await resting(bench, "ae-2"))
        await venue.cancel(ref(order("ae-2")))
        await told.ended("ae-2")
        found = [item for item in await venue.look_up(ref(order("ae-1"))) if isinstance(item, Fill)]
        assert [one.fill_id for one in found] == [one.fill_id for one in told.fills("ae-1")]
        assert any(isinstance(item, RequestMeasured) for item in told.items)


async def test_what_the_stream_tells_meanwhile_is_not_taken_back(
    bench: SpotBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(bench) as (venue, _):
        sent = order("ae-1")
        await venue.submit(sent)
        async with bench.open_venue() as another:
            assert isinstance(another, SpotVenue)
            account: Any = another._reading
            trades_of = account._trades_of

            def earlier(*arguments: Any) -> OrderReport:
                return replace(order_report(*arguments), state=OrderState.PARTIALLY_FILLED, filled=sent.quantity / 2)

            async def meanwhile(row: Any, what: str) -> Any:
                assert account._desk.report(order_report(row, "binance", OrderOrigin.OURS, 0)) is not None
                return await trades_of(row, what)

            monkeypatch.setattr(spot_account, "order_report", earlier)
            monkeypatch.setattr(account, "_trades_of", meanwhile)
            report, *fills = await another.look_up(ref(sent))
        assert isinstance(report, OrderReport)
        assert (report.state, report.filled) == (OrderState.FILLED, sent.quantity)
        assert fills


async def test_fills_are_told_though_the_stream_is_mute(bench: SpotBench) -> None:
    async with running(bench) as (venue, told):
        bench.fault("user_mute")
        await venue.submit(order("ae-1"))
        assert total(fill.quantity for fill in told.fills("ae-1")) == Decimal("0.001")


async def test_a_mute_stream_is_found_by_comparison(bench: SpotBench) -> None:
    async with running(bench, reconcile="50ms", reconcile_grace="1ms", network={"poll_interval": "10ms"}) as (
        venue,
        told,
    ):
        assert isinstance(venue, SpotVenue)
        # What happens within the error of the venue's clock after the subscription proves nothing of the stream.
        certain = time_ns() + 2 * venue._access.offset.error
        while bench.simulator.world.now <= certain:  # noqa: ASYNC110 - asks the venue
            await anyio.sleep(0.01)
        rested = await resting(bench, "ae-1")
        await venue.submit(rested)
        bench.fault("user_mute")
        assert rested.price is not None
        await bench.move_to(rested.price)
        await told.until(
            lambda item: (
                isinstance(item, OrderReport) and item.client_order_id == "ae-1" and item.state is OrderState.FILLED
            )
        )
        assert total(fill.quantity for fill in told.fills("ae-1")) == rested.quantity
        # Not before: the simulator sends what it has not sent yet, and the stream is not mute then.
        await told.until(lambda item: isinstance(item, ConnectionChanged) and item.state is ConnectionState.MUTE)
        bench.simulator.faults.clear()


async def test_a_buy_by_cost(bench: SpotBench) -> None:
    async with running(bench) as (venue, told):
        await venue.submit(order("ae-1", quantity=Decimal(0), cost=Decimal(50)))
        spent = total(fill.quantity * fill.price for fill in told.fills("ae-1"))
        assert 45 < spent <= 50


async def test_an_amend_by_half_cancels_and_says_so(bench: SpotBench) -> None:
    async with running(bench) as (venue, told):
        rested = await resting(bench, "ae-1")
        await venue.submit(rested)
        assert rested.price is not None
        change = Amendment(
            side=Side.BUY, quantity=Decimal(50), price=rested.price, new_client_order_id="ae-2"
        )  # more than the account has
        bench.fault("user_mute")
        report = await venue.amend(ref(rested), change)
        assert (report.client_order_id, report.state) == ("ae-2", OrderState.REJECTED)
        assert report.reason == Reason.ORDER_INSUFFICIENT_BALANCE
        assert (await told.ended("ae-1")).state is OrderState.CANCELLED
        assert list(await venue.open_orders()) == []


async def test_what_has_begun_to_fill_is_not_amended(bench: SpotBench) -> None:
    async with running(bench) as (venue, _):
        touch = await bench.touch()
        whole = touch.ask_size + Decimal("0.001")
        larger = order("ae-1", type=OrderType.LIMIT, quantity=whole, price=touch.ask, time_in_force=TimeInForce.GTC)
        await venue.submit(larger)
        change = Amendment(side=Side.BUY, quantity=whole * 2, price=touch.ask, new_client_order_id="ae-2")
        with pytest.raises(ExchangeRefused) as caught:
            await venue.amend(ref(larger), change)
        assert caught.value.reason == Reason.ORDER_UNSUPPORTED
        with pytest.raises(ExchangeRefused, match="no id"):
            await venue.amend(ref(larger), Amendment(side=Side.BUY, quantity=whole, price=touch.ask))
        assert len(await venue.open_orders(KEY)) == 1


async def test_terms(bench: SpotBench) -> None:
    async with bench.open_venue() as venue:
        terms = await venue.terms(KEY)
    assert terms.min_notional == bench.instrument.min_notional
    assert Decimal(0) < terms.maker <= terms.taker < Decimal("0.01")
    assert (terms.trading, terms.leverage, terms.margin_mode) == (True, 0, None)


async def test_an_order_whose_time_is_over_is_not_sent(bench: SpotBench) -> None:
    for orders in ("rest", "auto"):
        async with running(bench, orders=orders) as (venue, _):
            with pytest.raises(ExchangeUnavailable, match="its time was over"):
                await venue.submit(order("ae-1", expires_at=S))
    assert await bench.orders() == []


@pytest.mark.parametrize("orders", ["rest", "websocket"])
async def test_an_order_reaches_the_venue_in_its_time_or_not_at_all(bench: SpotBench, orders: str) -> None:
    async with running(bench, orders=orders, recv_window="60s") as (venue, told):
        if orders == "websocket":
            await told.until(lambda item: is_open(item, "orders"))
        # As if 2 s passed on the way: the venue's clock is ahead of what we believe it is.
        bench.fault("clock_skew", amount=2 * S)
        with pytest.raises(ExchangeRefused) as caught:
            await venue.submit(order("ae-1", expires_at=time_ns() + S))
        assert caught.value.reason == Reason.VENUE_CLOCK_SKEWED
    assert await bench.orders() == []


async def test_fees_in_bnb_come_through_as_told(bench: SpotBench) -> None:
    bench.account.extra["bnb_burn"] = True
    async with running(bench) as (venue, told):
        before = {one.currency: one.total for one in (await venue.snapshot()).balances}
        await venue.submit(order("ae-1"))
        (fill,) = told.fills("ae-1")
        assert (fill.fee_currency, fill.fee > 0) == ("BNB", True)
        after = {one.currency: one.total for one in (await venue.snapshot()).balances}
        assert after["BNB"] == before["BNB"] - fill.fee
        assert after["BTC"] == before["BTC"] + fill.quantity


async def test_a_clock_that_jumped_is_measured_anew(bench: SpotBench) -> None:
    async with running(bench) as (venue, _):
        bench.fault("clock_skew", amount=60 * S)
        with pytest.raises(ExchangeRefused) as caught:
            await venue.submit(order("ae-1"))
        assert caught.value.reason == Reason.VENUE_CLOCK_SKEWED
        report = await venue.submit(order("ae-2"))
        assert report.state is OrderState.FILLED
        offset = (await venue.facts()).clock_offset_ns
        assert offset is not None
        assert abs(offset - 60 * S) < S


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("unknown_5xx", OutcomeUnknown),
        ("failed_5xx", ExchangeUnavailable),
        ("throttled", ExchangeUnavailable),
    ],
)
async def test_the_three_meanings_of_503(bench: SpotBench, fault: str, error: type[Exception]) -> None:
    async with running(bench, orders="rest") as (venue, told):
        bench.fault(fault, stream="place", times=1)
        with pytest.raises(error):
            await venue.submit(order("ae-1"))
        done = error is OutcomeUnknown
        assert await bench.orders() == (["ae-1"] if done else [])
        found = await venue.look_up(ref(order("ae-1")))
        assert bool(found) == done
        if done:
            await told.until(lambda item: isinstance(item, Fill) and item.client_order_id == "ae-1")


async def test_an_answer_that_cannot_be_read_leaves_it_unknown(
    bench: SpotBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(bench, orders="rest") as (venue, told):
        ask = PrivateAccess.ask

        async def garbled(self: PrivateAccess, request: Request, what: str) -> Reply:
            found = await ask(self, request, what)
            return replace(found, body=b"{]") if request.method == "POST" else found

        monkeypatch.setattr(PrivateAccess, "ask", garbled)
        with pytest.raises(OutcomeUnknown):
            await venue.submit(order("ae-1"))
        await told.until(lambda item: isinstance(item, Fill) and item.client_order_id == "ae-1")


async def test_a_duplicate_id_leaves_the_first_order_known(bench: SpotBench) -> None:
    async with running(bench) as (venue, told):
        rested = await resting(bench, "ae-1")
        await venue.submit(rested)
        with pytest.raises(ExchangeRefused) as caught:
            await venue.submit(rested)
        assert caught.value.reason == Reason.ORDER_DUPLICATE_ID
        await venue.cancel(ref(rested))
        assert (await told.ended("ae-1")).reason == Reason.ORDER_CANCELLED


async def test_nothing_shows_the_secret(bench: SpotBench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with running(bench) as (venue, told):
            await venue.submit(order("ae-1"))
            bench.fault("disconnect")
            await told.until(
                lambda item: isinstance(item, ConnectionChanged) and item.state is ConnectionState.RECONNECTING
            )
    shown: Sequence[str] = (caplog.text, repr(told.items), repr(venue))
    assert not [text for text in shown if SECRET in text or "signature=" in text or API_KEY in text]
