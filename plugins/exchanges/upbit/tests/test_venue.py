"""The venue and the treasury against the simulator, in process and over real sockets."""

import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest

from arbcore.context import Context
from arbcore.errors import ConfigurationError, ExchangeRefused, ExchangeUnavailable, OutcomeUnknown, SafetyError
from arbcore.model.account import AccountUpdate
from arbcore.model.input import AccountSnapshot, ConnectionChanged
from arbcore.model.order import (
    TERMINAL,
    Amendment,
    Fill,
    Liquidity,
    OrderOrigin,
    OrderRef,
    OrderReport,
    OrderRequest,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)
from arbcore.model.reason import Reason
from arbcore.model.state import ConnectionState
from arbcore.model.treasury import MovementState, TransferRequest, WithdrawalRequest
from arbcore.net import limits
from arbcore.net.offset import ClockOffset
from arbcore.ports.trading import Venue
from arbcore.ports.treasury import Treasury
from arbcore_exchange_simulator import Fault, Simulator, SimulatorSettings
from arbcore_exchange_simulator.trading.given import AccountSettings, Control, Deposit
from arbcore_exchange_upbit import plugin
from arbcore_exchange_upbit.access import open_private_rest, signer_of
from arbcore_exchange_upbit.addresses import addresses
from arbcore_exchange_upbit.settings import UpbitSettings
from arbcore_exchange_upbit.treasury import UpbitTreasury
from arbcore_exchange_upbit.venue import UpbitVenue

pytestmark = pytest.mark.anyio

KEY, SECRET = "sim-upbit-key", "sim-upbit-secret-0123456789abcdef0123"
MARKET = "upbit:KRW-XRP"
MS = 10**6
FAST = {"first_wait": "2ms", "longest_wait": "20ms", "stagger": "0ms", "request_timeout": "2s"}


class Clock:
    """Real time, strictly rising."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        self._last = max(self._last + 1, time.time_ns())
        return self._last


def context(clock: Clock | None = None, **secrets: str) -> Context:
    return Context(
        instance="upbit",
        session="s",
        mode="live",
        environment="simulator",
        base_currency="KRW",
        clock=clock or Clock(),
        logger=logging.getLogger("test"),
        data_dir=Path("unused"),
        secrets=secrets or {"api_key": KEY, "api_secret": SECRET},
    )


def settings(simulator: Simulator, **changes: Any) -> UpbitSettings:
    return settings_at(simulator.address, **changes)


def settings_at(address: str, **changes: Any) -> UpbitSettings:
    told = {"use": "upbit", "simulator": address, "network": FAST, "our_ids": "t-", **changes}
    return UpbitSettings.model_validate(told)


@asynccontextmanager
async def simulating(**changes: Any) -> AsyncIterator[Simulator]:
    """A simulator whose books hardly move by themselves."""
    still = {"symbols": ("XRP", "BTC"), "rate": 1e-6, "trade_rate": 1e-6, **changes}
    async with Simulator(SimulatorSettings(**still)) as simulator:
        yield simulator


@dataclass
class Desk:
    """A venue that runs, and what it told."""

    venue: Venue
    heard: list[Any] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    changed: anyio.Event = field(default_factory=anyio.Event)
    count: int = 0

    def take(self, item: Any) -> None:
        self.heard.append(item)
        self.changed.set()

    async def until(self, holds: Callable[[], object]) -> None:
        with anyio.fail_after(20):
            while not holds():
                self.changed = anyio.Event()
                await self.changed.wait()

    def of(self, client_id: str, kind: type = OrderReport) -> list[Any]:
        return [one for one in self.heard if isinstance(one, kind) and getattr(one, "client_order_id", "") == client_id]

    def fills(self, client_id: str) -> list[Fill]:
        return self.of(client_id, Fill)

    def connected(self, since: int = 0) -> bool:
        return any(
            isinstance(one, ConnectionChanged) and one.state is ConnectionState.CONNECTED for one in self.heard[since:]
        )

    def over(self, client_id: str) -> bool:
        reports = self.of(client_id)
        told = sum((one.quantity for one in self.fills(client_id)), Decimal(0))
        return bool(reports) and reports[-1].state in TERMINAL and told == reports[-1].filled

    def order(self, side: Side, price: Decimal | None, quantity: str, **changes: Any) -> OrderRequest:
        self.count += 1
        given = {"time_in_force": TimeInForce.GTC, **changes}
        return OrderRequest(
            client_order_id=f"t-{self.count}-{time.time_ns()}",
            instrument=MARKET,
            side=side,
            quantity=Decimal(quantity),
            price=price,
            **given,
        )

    async def end(self, order: OrderRequest) -> OrderReport:
        await self.venue.submit(order)
        await self.until(lambda: self.over(order.client_order_id))
        report: OrderReport = self.of(order.client_order_id)[-1]
        return report


@asynccontextmanager
async def trading(simulator: Simulator, **changes: Any) -> AsyncIterator[Desk]:
    async with (
        plugin.open_venue(settings(simulator, **changes), context()) as venue,
        anyio.create_task_group() as group,
    ):
        desk = Desk(venue)
        group.start_soon(venue.run, [MARKET], desk.take)
        await desk.until(desk.connected)
        yield desk
        group.cancel_scope.cancel()


def touch(simulator: Simulator) -> tuple[Decimal, Decimal]:
    bid, ask = simulator.world.markets["upbit"]["KRW-XRP"].book.touch
    return Decimal(bid[0]) / 10**8, Decimal(ask[0]) / 10**8


def ledger(simulator: Simulator) -> dict[str, tuple[Decimal, Decimal]]:
    """Total and locked of every balance, as the simulator itself keeps them."""
    cash = simulator.venues.accounts.known("upbit").cash
    return {name: (one.free + one.locked, one.locked) for name, one in cash.items() if one.total}


def names(simulator: Simulator) -> list[str]:
    """Identifiers that the venue ever saw."""
    return sorted(simulator.venues.accounts.known("upbit").used_ids)


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


async def test_an_id_is_used_up_for_ever() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        order = desk.order(Side.BUY, touch(simulator)[0] * Decimal("0.9") // 1, "20")
        await desk.venue.submit(order)
        refused = desk.order(Side.BUY, order.price, "0.1")
        with pytest.raises(ExchangeRefused, match="under_min_total"):
            await desk.venue.submit(refused)
        await desk.venue.cancel(reference(order))
        await desk.until(lambda: desk.over(order.client_order_id))
        with pytest.raises(ExchangeRefused) as known_here:
            await desk.venue.submit(order)
        with pytest.raises(ExchangeRefused) as known_there:
            await desk.venue.submit(structs_replace(refused, quantity=Decimal(20)))
        assert {known_here.value.reason, known_there.value.reason} == {Reason.ORDER_DUPLICATE_ID}
        assert (known_here.value.code, known_there.value.code) == ("", "duplicated_identifier")


async def test_an_order_past_its_time_is_not_sent() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        order = desk.order(Side.BUY, touch(simulator)[0] // 2, "20", expires_at=1)
        with pytest.raises(ExchangeUnavailable, match="its time was over"):
            await desk.venue.submit(order)
        assert order.client_order_id not in names(simulator)
        again = structs_replace(order, expires_at=0)
        assert (await desk.venue.submit(again)).state is OrderState.ACKNOWLEDGED


@pytest.mark.parametrize("kind", ["ack_timeout", "unknown_5xx"])
async def test_an_order_whose_answer_is_lost_is_unknown_and_found(kind: Literal["ack_timeout", "unknown_5xx"]) -> None:
    async with simulating() as simulator, trading(simulator, network={**FAST, "request_timeout": "200ms"}) as desk:
        simulator.add_fault(Fault(kind=kind, venue="upbit", stream="place", times=1))
        order = desk.order(Side.BUY, touch(simulator)[0] * Decimal("0.9") // 1, "20")
        with pytest.raises(OutcomeUnknown):
            await desk.venue.submit(order)
        report, fills = split(await desk.venue.look_up(reference(order)))
        assert (report.state, fills) == (OrderState.ACKNOWLEDGED, [])
        await desk.venue.cancel(reference(order))
        await desk.until(lambda: desk.over(order.client_order_id))
        assert desk.of(order.client_order_id)[-1].reason == Reason.ORDER_CANCELLED


async def test_an_order_that_never_arrived_is_unknown_and_nowhere() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        simulator.add_fault(Fault(kind="failed_5xx", venue="upbit", stream="place", times=1))
        order = desk.order(Side.BUY, touch(simulator)[0] // 2, "20")
        with pytest.raises(OutcomeUnknown):
            await desk.venue.submit(order)
        assert await desk.venue.look_up(reference(order)) == []


async def test_a_closed_market_refuses() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        simulator.add_fault(Fault(kind="market_offline", venue="upbit"))
        with pytest.raises(ExchangeRefused) as caught:
            await desk.venue.submit(desk.order(Side.BUY, touch(simulator)[0] // 2, "20"))
        assert caught.value.reason == Reason.MARKET_CLOSED
        assert not (await desk.venue.terms(MARKET)).trading


async def test_a_cancel_that_comes_after_the_fill() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        order = desk.order(Side.BUY, touch(simulator)[0] * Decimal("0.9") // 1, "20")
        await desk.venue.submit(order)
        simulator.add_fault(Fault(kind="fill_on_cancel", venue="upbit", stream="cancel", times=1))
        with pytest.raises(ExchangeRefused) as caught:
            await desk.venue.cancel(reference(order))
        assert caught.value.reason == Reason.ORDER_UNKNOWN
        await desk.until(lambda: desk.over(order.client_order_id))
        end = desk.of(order.client_order_id)[-1]
        assert (end.state, end.filled) == (OrderState.FILLED, Decimal(20))


async def test_what_a_lost_connection_hid_is_told_before_connected() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        rests = desk.order(Side.BUY, touch(simulator)[0] * Decimal("0.9") // 1, "20")
        await desk.venue.submit(rests)
        mark = len(desk.heard)
        simulator.add_fault(Fault(kind="disconnect", venue="upbit", lasts=300 * MS))
        await desk.until(lambda: any(isinstance(one, ConnectionChanged) for one in desk.heard[mark:]))
        taken = desk.order(Side.SELL, touch(simulator)[0] - 50, "20", time_in_force=TimeInForce.IOC)
        await desk.venue.submit(taken)
        await desk.venue.cancel(reference(rests))
        await desk.until(lambda: desk.connected(mark))
        at = next(
            n for n, one in enumerate(desk.heard) if n > mark and getattr(one, "state", "") is ConnectionState.CONNECTED
        )
        told = {one.client_order_id for one in desk.heard[mark:at] if isinstance(one, OrderReport | Fill)}
        assert told == {rests.client_order_id, taken.client_order_id}
        await desk.until(lambda: any(isinstance(one, AccountSnapshot) for one in desk.heard[at:]))
        assert sum(one.quantity for one in desk.fills(taken.client_order_id)) == 20


async def test_a_stream_that_hides_a_fill_is_found_mute() -> None:
    async with simulating() as simulator, trading(simulator, poll_period="50ms", stream_grace="100ms") as desk:
        mark = len(desk.heard)
        simulator.add_fault(Fault(kind="drop", venue="upbit", stream="myOrder", lasts=400 * MS))
        order = desk.order(Side.SELL, touch(simulator)[0] - 50, "20", time_in_force=TimeInForce.IOC)
        await desk.end(order)
        await desk.until(lambda: any(getattr(one, "state", "") is ConnectionState.MUTE for one in desk.heard[mark:]))
        (mute,) = [one for one in desk.heard[mark:] if getattr(one, "state", "") is ConnectionState.MUTE][:1]
        assert "the stream is silent about it" in mute.reason
        await desk.until(lambda: desk.connected(len(desk.heard) - 1))
        assert sum(one.quantity for one in desk.fills(order.client_order_id)) == 20


async def test_events_that_come_twice_are_told_once() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        simulator.add_fault(Fault(kind="duplicate_event", venue="upbit"))
        order = desk.order(Side.SELL, touch(simulator)[0] - 50, "20", time_in_force=TimeInForce.IOC)
        await desk.end(order)
        last = desk.order(Side.SELL, touch(simulator)[0] - 50, "20", time_in_force=TimeInForce.IOC)
        await desk.end(last)
        told = [one.fill_id for one in desk.heard if isinstance(one, Fill)]
        assert len(told) == len(set(told))
        assert len(desk.of(order.client_order_id)) == len(
            {(one.state, one.filled) for one in desk.of(order.client_order_id)}
        )


async def test_balances_equal_the_ledger_to_the_last_digit() -> None:
    async with simulating() as simulator, trading(simulator) as desk:
        bid, ask = touch(simulator)
        for n in range(6):
            side, price = (Side.BUY, ask + 50) if n % 2 else (Side.SELL, bid - 50)
            await desk.end(desk.order(side, price // 1, f"{20 + n}.12345678", time_in_force=TimeInForce.IOC))
        await desk.venue.submit(desk.order(Side.BUY, bid * Decimal("0.9") // 1, "20.00000001"))
        snapshot = await desk.venue.snapshot()
        assert {one.currency: (one.total, one.locked) for one in snapshot.balances} == ledger(simulator)

        await desk.until(lambda: told(desk) == ledger(simulator))


async def test_an_earlier_runs_orders_are_found_and_told_as_ours() -> None:
    async with simulating() as simulator:
        async with trading(simulator) as desk:
            rests = desk.order(Side.BUY, touch(simulator)[0] * Decimal("0.9") // 1, "20")
            await desk.venue.submit(rests)
            ended = desk.order(Side.SELL, touch(simulator)[0] - 50, "20", time_in_force=TimeInForce.IOC)
            await desk.end(ended)
        async with trading(simulator, our_ids="elsewhere-") as desk:
            (listed,) = await desk.venue.open_orders()
            assert listed.origin is OrderOrigin.FOREIGN
            report, _ = split(await desk.venue.look_up(reference(rests)))
            assert report.origin is OrderOrigin.OURS
            await desk.venue.cancel(reference(rests))
            await desk.until(lambda: desk.over(rests.client_order_id))
            assert desk.of(rests.client_order_id)[-1].origin is OrderOrigin.OURS
            history = await desk.venue.history(MARKET, 0)
            assert sum(one.quantity for one in history if isinstance(one, Fill)) == 20
            assert {one.client_order_id for one in history if isinstance(one, OrderReport)} == {
                rests.client_order_id,
                ended.client_order_id,
            }
            assert [one.ts for one in history] == sorted(one.ts for one in history)


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


async def test_a_key_that_is_refused_says_what_to_do() -> None:
    async with simulating() as simulator:
        opening = plugin.open_venue(settings(simulator), context(api_key=KEY, api_secret="wrong-secret-0123456789"))
        with pytest.raises(ExchangeRefused) as caught:
            await opening.__aenter__()
        assert caught.value.reason == Reason.VENUE_KEY_REFUSED
        simulator.add_fault(Fault(kind="ip_refused", venue="upbit"))
        with pytest.raises(ExchangeRefused, match="allowed addresses"):
            async with plugin.open_treasury(settings(simulator), context()):
                pass
        with pytest.raises(ConfigurationError, match="api_key and api_secret"):
            async with plugin.open_venue(settings(simulator), context(api_key="", api_secret="")):
                pass


async def test_the_treasury_reads_and_moves_nothing_unless_told() -> None:
    async with simulating() as simulator, plugin.open_treasury(settings(simulator), context()) as treasury:
        assert isinstance(treasury, Treasury)
        (xrp,) = await treasury.wallets("XRP")
        assert (xrp.deposits, xrp.withdrawals, xrp.network) == (True, True, "XRP")
        assert xrp.fee is not None
        assert xrp.step == Decimal("1e-8")
        assert {one.currency for one in await treasury.wallets()} >= {"XRP", "BTC"}
        assert (await treasury.deposits(0), await treasury.withdrawals(0), await treasury.transfers(0)) == ([], [], [])
        before = ledger(simulator)
        with pytest.raises(SafetyError, match="move_money"):
            await treasury.withdraw(withdrawal())
        with pytest.raises(SafetyError, match="move_money"):
            await treasury.transfer(
                TransferRequest(transfer_id="x", source="a", target="b", currency="KRW", amount=Decimal(1))
            )
        assert ledger(simulator) == before


def withdrawal() -> WithdrawalRequest:
    return WithdrawalRequest(
        withdraw_id="w-1", currency="XRP", network="XRP", amount=Decimal("10.5"), address="rAddress", tag="7"
    )


async def test_money_moves_between_pockets_where_that_is_switched_on() -> None:
    pocket = AccountSettings(name="second", venue="upbit", owner="upbit")
    async with simulating() as simulator:
        simulator.control(Control(add=(pocket,)))
        async with plugin.open_treasury(settings(simulator, move_money=True), context()) as treasury:
            assert isinstance(treasury, UpbitTreasury)
            main, second = await treasury.pockets()
            asked = TransferRequest(
                transfer_id="x-1", source=main.uuid, target=second.uuid, currency="KRW", amount=Decimal("1000.5")
            )
            moved = await treasury.transfer(asked)
            assert (moved.client_id, moved.source, moved.target) == ("x-1", main.uuid, second.uuid)
            assert (moved.amount, moved.state) == (Decimal("1000.5"), MovementState.DONE)
            assert [one.movement_id for one in await treasury.transfers(0)] == [moved.movement_id]
        assert simulator.venues.accounts.known("second").cash["KRW"].free == Decimal("1000.5")


async def test_deposits_are_listed_the_oldest_first() -> None:
    async with simulating() as simulator, plugin.open_treasury(settings(simulator), context()) as treasury:
        for amount in ("1.5", "2.5"):
            simulator.control(Control(deposit=(Deposit(account="upbit", currency="XRP", amount=Decimal(amount)),)))
        found = await treasury.deposits(0)
        assert [(one.amount, one.target, one.source) for one in found] == [
            (Decimal("1.5"), "main", ""),
            (Decimal("2.5"), "main", ""),
        ]
        assert await treasury.deposits(found[-1].ts + 10**18) == []


def test_the_count_of_a_keys_requests_is_not_named_by_the_key() -> None:
    made = settings_at("http://127.0.0.1:1")
    open_private_rest(made, addresses(made, "simulator"), context(), signer_of(made, context()), ClockOffset())
    assert not [name for name in limits._shared if KEY in name]


async def test_the_treasury_withdraws_where_that_is_switched_on() -> None:
    address = {"currency": "XRP", "net_type": "XRP", "address": "rAddress", "secondary_address": "7"}
    async with simulating() as simulator:
        simulator.venues.accounts.known("upbit").extra["addresses"] = [address]
        made = settings(simulator, move_money=True)
        async with plugin.open_treasury(made, context()) as treasury:
            moved = await treasury.withdraw(withdrawal())
            assert (moved.client_id, moved.amount, moved.state) == ("w-1", Decimal("10.5"), MovementState.PENDING)
            (listed,) = await treasury.withdrawals(0)
            assert (listed.movement_id, listed.source, listed.target) == (moved.movement_id, "main", "")
            with pytest.raises(ExchangeRefused) as caught:
                await treasury.withdraw(structs_replace(withdrawal(), address="rOther"))
            assert caught.value.code == "withdraw_address_not_registered"


def told(desk: Desk) -> dict[str, tuple[Decimal, Decimal | None]]:
    """Balances that are not zero, as snapshots and updates leave them."""
    found: dict[str, tuple[Decimal, Decimal | None]] = {}
    for item in desk.heard:
        if isinstance(item, AccountSnapshot | AccountUpdate):
            found.update({one.currency: (one.total, one.locked) for one in item.balances})
    return {name: held for name, held in found.items() if any(held)}


def structs_replace(item: Any, **changes: Any) -> Any:
    from msgspec.structs import replace

    return replace(item, **changes)


def reference(order: OrderRequest) -> OrderRef:
    return OrderRef(client_order_id=order.client_order_id, instrument=order.instrument)


def split(news: Sequence[Any]) -> tuple[OrderReport, list[Fill]]:
    (report,) = [one for one in news if isinstance(one, OrderReport)]
    return report, [one for one in news if isinstance(one, Fill)]
