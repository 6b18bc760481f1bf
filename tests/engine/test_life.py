"""Start and end: trading begins once everything owned can be valued, and results count from there."""

from decimal import Decimal

import pytest

from arbcore.engine.parts import EngineSettings
from arbcore.model.command import AnyCommand, PauseEngine, ResumeEngine, SetEngineMode, StopEntry
from arbcore.model.events import (
    AlertRaised,
    BalanceChanged,
    CommandAccepted,
    EngineModeChanged,
    EngineStarted,
    EngineStopped,
    FundingApplied,
    OpportunitySkipped,
    PnlReported,
    StrategyStarted,
)
from arbcore.model.input import AccountSnapshot, FundingPayment
from arbcore.model.position import Balance, PositionReport
from arbcore.model.state import EngineState
from arbcore.ports.strategy import RouteKind
from arbcore.testing.scripted import ScriptedStrategy, enter, pair
from arbcore.testing.scripted_venue import ScriptedVenue
from arbcore.testing.stage import Stage
from tests.engine.world import BTC_ROUTE, PERP, SPOT, WON, WON_ROUTE, World, basic, perpetual

KRW_PERP = perpetual("swap", "BTCKRW-PERP", "KRW")


def test_a_session_tells_what_it_is_and_opens_its_accounts() -> None:
    strategy = ScriptedStrategy(BTC_ROUTE)
    world = World(SPOT, PERP, strategies=strategy)
    told = world.stage.begin()
    (started,) = [event for event in told if isinstance(event, EngineStarted)]
    assert started.strategies == ("s",)
    assert started.instruments == (SPOT.key, PERP.key)
    assert started.base_currency == "USDT"
    assert [event.strategy for event in told if isinstance(event, StrategyStarted)] == ["s"]
    opened = [event for event in told if isinstance(event, BalanceChanged)]
    assert [(one.venue, one.change, one.after, one.reason) for one in opened] == [
        ("cash", Decimal(10**6), Decimal(10**6), "opening"),
        ("swap", Decimal(10**6), Decimal(10**6), "opening"),
    ]
    assert world.state() is EngineState.BOOTING


def test_trading_begins_when_every_balance_has_a_rate() -> None:
    strategy = ScriptedStrategy(WON_ROUTE)
    world = World(WON, PERP, strategies=strategy)
    world.stage.begin()
    world.stage.quote(WON, 100_000.0, 100_010.0)
    world.stage.quote(PERP, 100.0, 100.1)
    assert world.state() is EngineState.BOOTING
    told = world.stage.rate("usdt_krw", 1000.0)
    assert world.state() is EngineState.RUNNING
    assert [(one.before, one.after) for one in told if isinstance(one, EngineModeChanged)] == [
        (EngineState.BOOTING, EngineState.RUNNING)
    ]


def test_trading_begins_when_every_coin_has_a_touch_and_its_currency_a_rate() -> None:
    strategy = ScriptedStrategy(WON_ROUTE)
    balances = {"seoul": {"BTC": Decimal("0.5")}}
    world = World(WON, PERP, strategies=strategy, balances=balances)
    world.stage.begin()
    world.stage.quote(PERP, 100.0, 100.1)
    assert world.state() is EngineState.BOOTING
    world.stage.quote(WON, 100_000.0, 100_010.0)
    assert world.state() is EngineState.BOOTING  # the coin has a price in won, and won have none
    world.stage.rate("usdt_krw", 1000.0)
    assert world.state() is EngineState.RUNNING
    assert world.stage.engine.parts.valuation.equity() == Decimal(10**6) + 50


def test_trading_begins_when_every_venue_of_a_route_has_stated_its_account() -> None:
    world = World(SPOT, PERP, strategies=ScriptedStrategy(BTC_ROUTE))
    stage = world.stage
    stage.give(world.venues["cash"].snapshot(stage.clock.now()))
    world.quote()
    assert world.state() is EngineState.BOOTING
    stage.give(world.venues["swap"].snapshot(stage.clock.now()))
    world.quote()
    assert world.state() is EngineState.RUNNING


def test_nothing_is_entered_before_trading_begins() -> None:
    strategy = ScriptedStrategy(BTC_ROUTE)
    balances = {"cash": {"USDT": Decimal(1000), "KRW": Decimal(1000)}}
    world = World(SPOT, PERP, strategies=strategy, balances=balances)
    world.stage.begin()
    strategy.leave(enter())
    world.quote()
    assert not world.trades
    told = world.stage.finish()
    assert [event.reason for event in told if isinstance(event, OpportunitySkipped)] == ["STATE_NO_ENTRY"]
    (alert,) = [event for event in told if isinstance(event, AlertRaised)]
    assert alert.rule == "never_started"
    assert not [event for event in told if isinstance(event, PnlReported)]


def test_a_later_statement_before_trading_replaces_the_earlier_one() -> None:
    world = World(SPOT, PERP, strategies=ScriptedStrategy(BTC_ROUTE))
    stage = world.stage
    stage.begin()
    books = world.venues["cash"].books
    books.cash = {"USDT": Decimal(7), "BTC": Decimal(2)}
    told = stage.give(world.venues["cash"].snapshot(stage.clock.now()))
    assert [(one.change, one.after) for one in told if isinstance(one, BalanceChanged)] == [
        (Decimal(7 - 10**6), Decimal(7))
    ]
    books.cash = {"KRW": Decimal(0)}
    stage.give(world.venues["cash"].snapshot(stage.clock.now()))
    assert stage.engine.parts.accounts.free("cash", "USDT") == 0
    assert stage.engine.parts.accounts.free("cash", "BTC") == 0
    world.quote()
    assert world.state() is EngineState.RUNNING
    assert stage.engine.parts.valuation.equity() == 10**6


def test_a_statement_after_the_start_moves_no_balance() -> None:
    world, _ = basic()
    world.venues["cash"].books.cash["USDT"] = Decimal(5)
    told = world.stage.give(world.venues["cash"].snapshot(world.stage.clock.now()))
    assert told == []
    assert world.stage.engine.parts.accounts.free("cash", "USDT") == 10**6


def test_an_inventory_waits_for_every_leg_because_venues_open_positions_at_the_first_touch() -> None:
    strategy = ScriptedStrategy(pair(SPOT, PERP, kind=RouteKind.INVENTORY))
    world = World(SPOT, PERP, strategies=strategy, balances={"cash": {"BTC": Decimal(2)}})
    stage = world.stage
    stage.begin()
    stage.quote(SPOT, 100.0, 100.1)
    assert world.state() is EngineState.BOOTING
    now = stage.clock.now()
    world.venues["swap"].books.traded[PERP.key] = (Decimal(-2), Decimal(-200))
    stage.give(world.venues["swap"].snapshot(now))
    stage.quote(PERP, 100.0, 100.1)
    assert world.state() is EngineState.RUNNING
    assert (world.net(SPOT), world.net(PERP)) == (Decimal(2), Decimal(-2))
    world.check_books()


@pytest.mark.parametrize("later", [999.0, 1100.0])
def test_what_a_stock_earned_before_counts_as_money_not_as_result(later: float) -> None:
    """The short was opened at 120 won, is worth 100 at the start, and the won moves while it stays open."""
    perp = KRW_PERP
    strategy = ScriptedStrategy(pair(WON, perp, rates={"KRW": "usdt_krw"}))
    world = World(WON, perp, strategies=strategy)
    world.venues["swap"].books.traded[perp.key] = (Decimal(-2), Decimal(-240))
    stage = world.stage
    stage.begin()
    stage.rate("usdt_krw", 1000.0)
    stage.quote(perp, 99.9, 100.0)
    stage.quote(WON, 100_000.0, 100_010.0)
    assert world.state() is EngineState.RUNNING
    stage.rate("usdt_krw", later)
    stage.quote(perp, 89.9, 90.0)
    pnl = stage.engine.parts.valuation.pnl()
    assert pnl is not None
    rate = stage.engine.parts.market.rate_into_base("KRW")
    assert rate is not None
    assert pnl.unrealised == 20 * rate
    assert pnl.fx == (Decimal(10**9) + 40) * (rate - Decimal("0.001"))
    assert world.remainder() == 0


@pytest.mark.parametrize("restated", [True, False])
def test_funding_of_a_stock_before_the_start_is_no_result(restated: bool) -> None:
    strategy = ScriptedStrategy(pair(WON, KRW_PERP, rates={"KRW": "usdt_krw"}))
    world = World(WON, KRW_PERP, strategies=strategy)
    stage, books = world.stage, world.venues["swap"].books
    books.traded[KRW_PERP.key] = (Decimal(-2), Decimal(-240))
    stage.begin()
    now = stage.clock.now()
    payment = FundingPayment(
        payment_id="f",
        instrument=KRW_PERP.key,
        amount=Decimal(7000),
        currency="KRW",
        rate=Decimal("0.001"),
        quantity=Decimal(-2),
        ts=now,
        recv_ts=now,
    )
    books.move("KRW", Decimal(7000))
    told = stage.give(payment, payment)  # no rate is known yet, and it is told twice
    assert [(event.currency, event.change) for event in told if isinstance(event, BalanceChanged)] == [
        ("KRW", Decimal(7000))
    ]
    if restated:
        assert stage.give(world.venues["swap"].snapshot(now)) == []
    stage.rate("usdt_krw", 1000.0)
    stage.quote(KRW_PERP, 99.9, 100.0)
    stage.quote(WON, 100_000.0, 100_010.0)
    assert world.state() is EngineState.RUNNING
    stage.rate("usdt_krw", 1100.0)
    pnl = stage.engine.parts.valuation.pnl()
    assert pnl is not None
    assert pnl.funding == 0
    assert not stage.told(FundingApplied)
    assert world.remainder() == 0


def test_commands_that_come_before_the_start_decide_its_state() -> None:
    wanted: list[tuple[AnyCommand, EngineState]] = [
        (PauseEngine(), EngineState.PAUSED),
        (StopEntry(), EngineState.REDUCING),
        (SetEngineMode(state=EngineState.HALTED), EngineState.HALTED),
    ]
    for command, state in wanted:
        world = World(SPOT, PERP, strategies=ScriptedStrategy(BTC_ROUTE))
        world.stage.begin()
        assert [type(event) for event in world.stage.command(command)] == [CommandAccepted]
        assert world.state() is EngineState.BOOTING
        world.quote()
        assert world.state() is state


def test_resuming_before_the_start_does_not_start() -> None:
    world = World(SPOT, PERP, strategies=ScriptedStrategy(BTC_ROUTE))
    world.stage.begin()
    world.stage.command(PauseEngine())
    world.stage.command(ResumeEngine())
    assert world.state() is EngineState.BOOTING
    world.quote()
    assert world.state() is EngineState.RUNNING


def test_the_end_tells_the_result_and_then_that_it_is_the_end() -> None:
    world, _ = basic()
    told = world.stage.finish()
    assert [type(event) for event in told[-2:]] == [PnlReported, EngineStopped]
    stopped = told[-1]
    assert isinstance(stopped, EngineStopped)
    assert stopped.reason == "test"


def test_a_position_in_an_instrument_of_nobody_changes_nothing() -> None:
    settings = EngineSettings(session="t", mode="backtest", base_currency="USDT", config_hash="", rates={})
    venues = {name: ScriptedVenue(name, [], {}) for name in ("cash", "swap")}
    stage = Stage((SPOT, PERP), venues, {"s": ScriptedStrategy(BTC_ROUTE)}, settings=settings)
    stage.begin()
    now = stage.clock.now()
    foreign = PositionReport(instrument="swap:OTHER", quantity=Decimal(3), entry_value=Decimal(30))
    cash = (Balance(venue="swap", currency="USDT", total=Decimal(10)),)
    stage.give(AccountSnapshot(venue="swap", balances=cash, positions=(foreign,), ts=now, recv_ts=now))
    stage.quote(SPOT, 100.0, 100.1)
    assert stage.engine.parts.switches.state is EngineState.RUNNING
    assert stage.engine.parts.valuation.equity() == 10
