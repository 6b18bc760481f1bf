"""What venues let the account hold bounds entries: brackets at the leverage in force, margin, the largest order."""

from decimal import Decimal

import pytest

from arbcore.engine.execution_settings import ExecutionSettings, LegOrder
from arbcore.model.account import Bracket, TradingTerms
from arbcore.model.command import Flatten, StopEntry
from arbcore.model.effect import Cancel
from arbcore.model.events import OpportunitySkipped, OrderIntended, TradingTermsStated
from arbcore.model.input import TermsStated
from arbcore.runtime.facts import fact_of
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter, pair
from arbcore.testing.scripted_venue import Outcome
from tests.engine.world import BTC_ROUTE, PERP, SPOT, World, basic

D = Decimal
RESTING = ExecutionSettings(legs=LegOrder.MAKER, lead="swap")


def stated(world: World, **more: object) -> TermsStated:
    terms = {"instrument": PERP.key, "maker": D(0), "taker": D(0), "min_notional": D(5), "leverage": 4, **more}
    item = TermsStated(terms=TradingTerms(**terms), hedge_mode=False, recv_ts=world.stage.clock.now())  # type: ignore[arg-type]
    world.stage.give(item)
    return item


def brackets(*steps: tuple[int, str, str]) -> tuple[Bracket, ...]:
    return tuple(Bracket(leverage=each, floor=D(low), cap=D(high), maintenance=D("0.01")) for each, low, high in steps)


def entered(world: World, strategy: ScriptedStrategy, notional: str = "500") -> list[Decimal]:
    strategy.leave(enter(notional))
    world.quote()
    return [event.order.quantity for event in world.stage.told(OrderIntended)]


@pytest.mark.parametrize(("leverage", "size"), [(4, "2.997"), (2, "4.995"), (10, "0.999")])
def test_a_position_grows_to_the_end_of_the_bracket_that_allows_its_leverage(leverage: int, size: str) -> None:
    world, strategy = basic()
    steps = brackets((20, "0", "100"), (5, "100", "300"), (2, "300", "1000"))
    stated(world, leverage=leverage, brackets=steps)
    assert entered(world, strategy) == [D(size), D(size)]


def test_what_is_held_counts_and_nothing_more_is_opened_at_the_end() -> None:
    world, strategy = basic()
    stated(world, leverage=4, brackets=brackets((5, "0", "299.9997")))
    entered(world, strategy)
    strategy.leave(enter("500"))
    world.quote()
    assert len(world.trades) == 1
    world.stage.finish()
    assert "SIZE_ABOVE_TERMS" in [skip.reason for skip in world.stage.told(OpportunitySkipped)]


def test_the_largest_order_of_the_account_is_a_bound() -> None:
    world, strategy = basic()
    stated(world, max_notional=D(200))
    assert entered(world, strategy) == [D("1.998"), D("1.998")]


def test_margin_at_the_leverage_in_force_is_what_an_order_needs() -> None:
    world, strategy = basic(balances={"swap": {"USDT": D(150)}})
    assert entered(world, strategy) == [D("1.498"), D("1.498")]
    world, strategy = basic(balances={"swap": {"USDT": D(150)}})
    stated(world, leverage=3)
    assert entered(world, strategy)[0] > D("4.4")


def test_terms_are_told_once_and_a_replay_makes_the_input_again() -> None:
    world, _ = basic()
    item = stated(world)
    stated(world)
    (envelope,) = [one for one in world.stage.events if isinstance(one.event, TradingTermsStated)]
    assert fact_of(envelope) == item


def test_two_strategies_never_cross_each_other() -> None:
    other = pair(PERP, SPOT, name="other")
    strategies = {"s": ScriptedStrategy(BTC_ROUTE), "t": ScriptedStrategy(other)}
    rich = {"cash": {"USDT": D(10**6), "BTC": D(10)}}
    world = World(SPOT, PERP, strategies=strategies, execution=RESTING, balances=rich).begin()
    world.venues["swap"].script.append(Outcome(rests=True))
    strategies["s"].leave(enter("500"))
    world.quote()
    strategies["t"].leave(enter("500"))
    world.stage.quote(PERP, 100.2, 100.3)
    assert len(world.trades) == 1
    world.stage.finish()
    assert "ORDER_SELF_MATCH" in [skip.reason for skip in world.stage.told(OpportunitySkipped)]


@pytest.mark.parametrize("command", [StopEntry(), Flatten()])
def test_an_entry_that_rests_is_cancelled_when_nothing_is_to_be_opened(command: StopEntry | Flatten) -> None:
    world, strategy = basic(execution=RESTING)
    world.venues["swap"].script.append(Outcome(rests=True, share=D(0)))
    (quantity,) = entered(world, strategy)
    world.stage.command(command)
    assert quantity
    assert [effect for effect in world.stage.effects if isinstance(effect, Cancel)]
    assert not world.trades
    world.stage.wait(SECOND)
    world.check_books()
