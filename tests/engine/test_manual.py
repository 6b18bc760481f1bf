"""Orders by hand: through the risk chain, valued and closed like any trade, and never of coins that a trade holds."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from arbcore.model.command import CancelOrder, ClosePosition, Flatten, PlaceOrder, SetEngineMode
from arbcore.model.effect import Submit
from arbcore.model.events import (
    CommandAccepted,
    CommandFailed,
    Event,
    IntentApproved,
    ManualOverrideExecuted,
    OrderCancelled,
    OrderIntended,
    RiskVerdictIssued,
    TradeClosed,
    TradeOpened,
)
from arbcore.model.instrument import Instrument
from arbcore.model.order import OrderRequest, OrderType, Side, TimeInForce
from arbcore.model.reason import Reason
from arbcore.model.state import EngineState
from arbcore.model.trade import TradeState
from arbcore.ports.risk import Verdict, VerdictKind
from arbcore.testing.scripted import ScriptedStrategy, ScriptedTier, enter
from arbcore.testing.scripted_venue import Outcome
from tests.engine.world import BTC_ROUTE, ETH_PERP, PERP, SPOT, World, basic, hedged


def order(
    instrument: Instrument = PERP,
    side: Side = Side.SELL,
    quantity: str = "2",
    price: str = "99",
    life: TimeInForce = TimeInForce.IOC,
    *,
    reduce_only: bool = False,
) -> PlaceOrder:
    request = OrderRequest(
        client_order_id="",
        instrument=instrument.key,
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        time_in_force=life,
        reduce_only=reduce_only,
    )
    return PlaceOrder(venue=instrument.venue, order=request)


def refusal(told: list[Event]) -> str:
    assert isinstance(told[-1], CommandFailed), told
    return told[-1].reason


def test_an_order_by_hand_is_a_trade_of_one_leg() -> None:
    world, _ = basic()
    told = world.stage.command(order(), "c1")
    assert [type(event) for event in told[:4]] == [CommandAccepted, TradeOpened, IntentApproved, OrderIntended]
    (submit,) = [effect for effect in world.stage.effects if isinstance(effect, Submit)]
    assert submit.order.client_order_id == "ae-c1"
    (trade,) = world.trades.values()
    assert (trade.state, trade.strategy, trade.symbol) == (TradeState.HEDGED, "by-hand", "BTC")
    assert [leg.quantity for leg in trade.legs] == [Decimal(-2)]
    world.stage.command(ClosePosition(trade=trade.id))
    assert not world.trades
    assert world.closed[0].pnl.total != 0
    world.check_books()


def test_what_does_not_fill_leaves_no_trade() -> None:
    world, _ = basic()
    world.venues["swap"].script.append(Outcome(share=Decimal(0)))
    told = world.stage.command(order())
    assert isinstance(told[-1], TradeClosed)
    assert not world.trades
    world.check_books()


def test_an_order_that_rests_is_cancelled_by_its_id_and_by_a_close() -> None:
    for ends in (CancelOrder(venue="swap", client_order_id="ae-c1"), Flatten()):
        world, _ = basic()
        world.venues["swap"].script.append(Outcome(rests=True, share=Decimal("0.5")))
        world.stage.command(order(life=TimeInForce.GTC), "c1")
        (resting,) = world.stage.engine.parts.execution.in_flight()
        assert resting.request.time_in_force is TimeInForce.GTC
        world.stage.wait(3600 * 10**9)
        assert not resting.over, "nothing but a person ends it"
        told = world.stage.command(ends)
        assert any(isinstance(event, OrderCancelled) for event in told)
        assert [leg.quantity for trade in world.trades.values() for leg in trade.legs] == (
            [] if isinstance(ends, Flatten) else [Decimal(-1)]
        )
        world.check_books()


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (order(ETH_PERP), "no route trades 'swap:ETHUSDT-PERP'"),
        (replace(order(), venue="cash"), "is traded on swap, not on 'cash'"),
        (order(price="99.05"), "not on the price grid"),
        (order(price="NaN"), "not on the price grid"),
        (order(quantity="0.0005"), "no multiple of 0.001"),
        (order(quantity="0.001"), "takes no order of 0.001"),
        (order(quantity="1000000"), "is free"),
        (order(SPOT, Side.SELL), "free and held by no trade"),
        (order(reduce_only=True), "reduces no position"),
    ],
)
def test_an_order_that_can_not_be_sent_is_refused(command: PlaceOrder, why: str) -> None:
    world, _ = basic()
    told = world.stage.command(command)
    assert len(told) == 1
    assert why in refusal(told)
    assert not [effect for effect in world.stage.effects if isinstance(effect, Submit)]
    world.check_books()


def test_an_order_without_a_price_is_refused() -> None:
    world, _ = basic()
    plain = order().order
    for wanted in (replace(plain, type=OrderType.MARKET, price=None), replace(plain, cost=Decimal(100))):
        assert "has no worst price" in refusal(world.stage.command(PlaceOrder(venue="swap", order=wanted)))


def test_an_id_that_makes_no_order_id_is_refused() -> None:
    world, _ = basic()
    for name in ("a" * 34, "a b", "ä"):
        assert "gives no order id" in refusal(world.stage.command(order(), name))


def test_coins_that_a_trade_holds_are_not_sold() -> None:
    world, _ = hedged()
    assert "held by no trade" in refusal(world.stage.command(order(SPOT, Side.SELL, "1")))
    world.check_books()


def test_a_position_is_reduced_whatever_tiers_say() -> None:
    tier = ScriptedTier()
    world, strategy = basic(tiers=[("t", tier)])
    strategy.leave(enter("500"))
    world.quote()
    tier.judgement = Verdict(kind=VerdictKind.BLOCK, reason=Reason.RISK_TRADE_SIZE)
    told = world.stage.command(order(side=Side.BUY, quantity="2", price="101", reduce_only=True))
    assert isinstance(told[0], CommandAccepted)
    assert world.net(PERP) == Decimal("-2.995")
    world.check_books()


def test_a_tier_that_refuses_is_named() -> None:
    tier = ScriptedTier()
    world, _ = basic(tiers=[("t", tier)])
    for kind in (VerdictKind.BLOCK, VerdictKind.RESIZE):
        tier.judgement = Verdict(kind=kind, reason=Reason.RISK_TRADE_SIZE, detail="too much", notional=Decimal(50))
        assert "RISK_TRADE_SIZE too much" in refusal(world.stage.command(order()))
    assert not world.trades
    tier.judgement = Verdict(kind=VerdictKind.HALT, reason=Reason.RISK_KILL)
    told = world.stage.command(order())
    assert "risk t: halt, RISK_KILL" in refusal(told)
    assert any(isinstance(event, RiskVerdictIssued) for event in told)
    assert world.state() is EngineState.HALTED


@pytest.mark.parametrize("state", [EngineState.REDUCING, EngineState.PAUSED, EngineState.HALTED])
def test_every_state_lets_a_person_trade_and_a_halted_one_wants_a_reason(state: EngineState) -> None:
    world, _ = basic()
    world.stage.command(SetEngineMode(state=state))
    halted = state is EngineState.HALTED
    if halted:
        assert "needs a typed reason" in refusal(world.stage.command(order()))
    world.stage.command(order(), override="a hedge of what another desk holds" if halted else "")
    assert len(world.trades) == 1
    overrides = [(event.rule, event.reason) for event in world.stage.told(ManualOverrideExecuted)]
    assert overrides == ([("STATE_NO_ENTRY", "a hedge of what another desk holds")] if halted else [])


def test_nothing_is_placed_before_the_start_or_on_a_book_that_is_invalid() -> None:
    world, _ = basic()
    world.stage.invalid(PERP)
    assert "can't be traded now: DATA_GAP" in refusal(world.stage.command(order()))
    coins = {"cash": {"BTC": Decimal(1), "USDT": Decimal(1000)}}
    fresh = World(SPOT, PERP, strategies=ScriptedStrategy(BTC_ROUTE), balances=coins)
    fresh.stage.begin()
    fresh.stage.quote(PERP, 100.0, 100.1)  # nothing values the coin yet
    assert "BOOTING" in refusal(fresh.stage.command(order()))


def test_the_same_command_twice_is_one_order() -> None:
    world, _ = basic()
    world.stage.command(order(), "c1")
    assert world.stage.command(order(), "c1") == []
    assert len([effect for effect in world.stage.effects if isinstance(effect, Submit)]) == 1
    world.check_books()
