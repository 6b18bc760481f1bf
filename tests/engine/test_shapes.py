"""Routes that are no plain pair, routes that are refused, funding, and what tiers see when rates are old."""

from decimal import Decimal

import pytest

from arbcore.errors import ConfigurationError, PluginIncompatible
from arbcore.model.events import FundingApplied, InputsRejected, TradeHedged
from arbcore.model.input import FundingPayment
from arbcore.model.instrument import Instrument
from arbcore.model.order import Side
from arbcore.model.trade import TradeState
from arbcore.ports.strategy import LegSpec, RouteKind, RouteSpec
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter, leave, pair
from arbcore.testing.scripted_venue import REFUSED, part
from arbcore.testing.stage import FakeClock
from tests.engine.world import PERP, SPOT, WON, WON_ROUTE, World, hedged, market, perpetual

SECOND_SPOT = market("other", "BTCUSDT")


def route(*legs: tuple[Instrument, Side]) -> RouteSpec:
    return RouteSpec(
        id="r",
        symbol="BTC",
        kind=RouteKind.FLAT,
        legs=tuple(LegSpec(instrument.key, side) for instrument, side in legs),
        max_age_ns=10 * SECOND,
    )


def test_a_route_of_one_leg_opens_and_closes() -> None:
    strategy = ScriptedStrategy(route((PERP, Side.BUY)))
    world = World(PERP, strategies=strategy).begin()
    strategy.leave(enter("500"))
    world.quote()
    assert [leg.quantity for leg in world.trades["1"].legs] == [Decimal("4.995")]
    assert world.trades["1"].state is TradeState.HEDGED
    strategy.leave(leave("1", "0.5"))
    world.quote(105.0)
    assert [leg.quantity for leg in world.trades["1"].legs] == [Decimal("2.498")]
    strategy.leave(leave("1"))
    world.quote(110.0)
    (trade,) = world.closed
    assert trade.pnl.total > 30
    world.check_books()


def test_a_route_of_three_legs_is_brought_back_when_one_fails() -> None:
    legs = (SPOT, Side.BUY), (SECOND_SPOT, Side.BUY), (PERP, Side.SELL)
    strategy = ScriptedStrategy(route(*legs))
    world = World(SPOT, SECOND_SPOT, PERP, strategies=strategy).begin()
    world.venues["other"].script.append(part("0.4"))
    strategy.leave(enter("500"))
    world.quote()
    assert [leg.quantity for leg in world.trades["1"].legs] == [Decimal("1.998"), Decimal("1.998"), Decimal("-1.998")]
    assert len(world.stage.told(TradeHedged)) == 1
    world.venues["swap"].script.append(REFUSED)
    strategy.leave(leave("1"))
    world.quote()
    assert not world.trades
    world.check_books()


@pytest.mark.parametrize(
    ("instruments", "spec", "why"),
    [
        ((SPOT,), route((SPOT, Side.BUY), (SPOT, Side.SELL)), "route r names an instrument twice"),
        (
            (inverse := perpetual("swap", "BTCUSD", settle="BTC"), SPOT),
            route((SPOT, Side.BUY), (inverse, Side.SELL)),
            "quoted in USDT and settles in BTC",
        ),
        (
            (odd := market("cash", "BTCUSDT", fee_currency="OKB"), PERP),
            route((odd, Side.BUY), (PERP, Side.SELL)),
            "no rate converts OKB into the base currency USDT",
        ),
    ],
)
def test_what_cannot_be_booked_is_refused_at_the_start(
    instruments: tuple[Instrument, ...], spec: RouteSpec, why: str
) -> None:
    with pytest.raises(ConfigurationError, match=why):
        World(*instruments, strategies=ScriptedStrategy(spec))


def test_a_route_without_legs_is_refused() -> None:
    with pytest.raises(PluginIncompatible, match="the route r has no legs"):
        World(SPOT, strategies=ScriptedStrategy(route()))


def payment(instrument: str, name: str, world: World) -> FundingPayment:
    now = world.stage.clock.now()
    return FundingPayment(
        payment_id=name,
        instrument=instrument,
        amount=Decimal("-1.5"),
        currency="USDT",
        rate=Decimal("0.001"),
        quantity=Decimal("-4.995"),
        ts=now,
        recv_ts=now,
    )


def test_funding_is_booked_once_and_belongs_to_the_trade() -> None:
    world, _ = hedged()
    world.venues["swap"].books.move("USDT", Decimal("-1.5"))
    for _ in range(3):
        world.stage.give(payment(PERP.key, "f1", world))
    (applied,) = world.stage.told(FundingApplied)
    assert (applied.value, applied.shares) == (Decimal("-1.5"), {"1": Decimal("-1.5")})
    assert world.trades["1"].pnl.funding == Decimal("-1.5")
    world.check_books()


def test_funding_is_shared_by_position() -> None:
    first, second = ScriptedStrategy(pair(SPOT, PERP, name="a")), ScriptedStrategy(pair(SPOT, PERP, name="b"))
    world = World(SPOT, PERP, strategies={"s": first, "t": second}).begin()
    first.leave(enter("300"))
    second.leave(enter("100"))
    world.quote()
    world.venues["swap"].books.move("USDT", Decimal("-1.5"))
    world.stage.give(payment(PERP.key, "f1", world))
    (applied,) = world.stage.told(FundingApplied)
    assert sum(applied.shares.values()) == applied.value == Decimal("-1.5")
    assert set(applied.shares) == {"1", "2"}
    assert applied.shares["1"] < applied.shares["2"] < 0
    world.check_books()


def test_funding_of_an_instrument_of_nobody_is_refused() -> None:
    world, _ = hedged()
    world.stage.give(payment("swap:NONE", "f1", world))
    told = [event for event in world.stage.finish() if isinstance(event, InputsRejected)]
    assert [(event.source, event.reason) for event in told] == [("swap:NONE", "INPUT_UNKNOWN_INSTRUMENT")]


def test_tiers_see_no_equity_while_a_rate_is_old() -> None:
    world = World(WON, PERP, strategies=ScriptedStrategy(WON_ROUTE))
    world.stage.begin()
    world.stage.rate("usdt_krw", 1000.0)
    world.stage.quote(WON, 100_000.0, 100_010.0)
    view = world.stage.engine.parts.view
    assert view.equity() == view.start_equity() == 10**6 + 10**6
    world.stage.rate("usdt_krw", 1250.0)
    assert (view.equity(), view.fx()) == (Decimal(1_800_000), Decimal(-200_000))
    world.stage.wait(5 * SECOND + 1)
    world.stage.quote(WON, 100_000.0, 100_010.0)
    assert (view.equity(), view.fx()) == (None, None)


def test_a_clock_of_tests_stands_still_and_never_goes_back() -> None:
    clock = FakeClock(5)
    assert clock.now() == clock.now() == 5
    clock.move_to(9)
    assert clock.now() == 9
    with pytest.raises(ValueError, match="does not go back from 9 to 8"):
        clock.move_to(8)
