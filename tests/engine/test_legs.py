"""One leg first, or resting; leg policies that chase, reverse, hold and freeze; venues that take nothing."""

from collections import deque
from collections.abc import Sequence
from decimal import Decimal

import pytest

from arbcore.engine.execution_settings import ExecutionSettings, LegOrder
from arbcore.model.events import AlertRaised, IntentEnded, OrderIntended, TradeFrozen
from arbcore.model.intent import IntentKind
from arbcore.model.order import Side, TimeInForce
from arbcore.model.reason import Reason
from arbcore.model.trade import TradeState
from arbcore.ports.policy import LegGap, Repair, RepairPlan
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter, leave
from arbcore.testing.scripted_venue import NONE, REFUSED, Outcome, part
from tests.engine.world import PERP, SPOT, World, basic, hedged

D = Decimal
LEAD = ExecutionSettings(legs=LegOrder.LEAD, lead="swap")
MAKER = ExecutionSettings(legs=LegOrder.MAKER, lead="swap")


class Told:
    """A leg policy that answers what a test says, and remembers the gaps."""

    def __init__(self, *plans: RepairPlan) -> None:
        self.plans = deque(plans)
        self.gaps: list[LegGap] = []

    def decide(self, gap: LegGap) -> RepairPlan:
        self.gaps.append(gap)
        return self.plans.popleft() if len(self.plans) > 1 else self.plans[0]

    def state(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None: ...


class Broken(Told):
    """A leg policy that raises."""

    def decide(self, gap: LegGap) -> RepairPlan:
        raise ZeroDivisionError("no way")


def told(*repairs: Repair) -> Told:
    """Return a policy of these answers; where it holds, for a second."""
    waits = {Repair.HOLD: SECOND}
    return Told(*[RepairPlan(repair=each, slippage_bps=10, wait_ns=waits.get(each, 0)) for each in repairs])


def entering(policy: Told, outcome: Outcome, venue: str = "swap") -> tuple[World, ScriptedStrategy]:
    numbers = ExecutionSettings(entry_policy="p", exit_policy="p")
    world, strategy = basic(execution=numbers, policies={"p": policy})
    world.venues[venue].script.append(outcome)
    strategy.leave(enter("500"))
    world.quote()
    return world, strategy


def kinds(world: World) -> Sequence[IntentKind]:
    return [event.kind for event in world.stage.told(IntentEnded)]


def test_a_chase_brings_the_lagging_leg_up() -> None:
    policy = told(Repair.CHASE)
    world, _ = entering(policy, part("0.5"))
    assert world.sizes() == [D("4.995"), D("-4.995")]
    assert kinds(world) == [IntentKind.ENTRY, IntentKind.TOP_UP]
    (gap,) = policy.gaps
    assert gap.held == (D("4.995"), D("2.497"))
    assert (gap.attempt, gap.loss, gap.can_chase, gap.can_unwind) == (0, D(0), True, True)
    assert 249 < gap.unhedged < 251
    world.check_books()


def test_a_gap_tells_what_the_market_has_moved_against_the_chase() -> None:
    policy = told(Repair.HOLD, Repair.CHASE)
    world, _ = entering(policy, NONE)
    world.stage.quote(PERP, 99.0, 99.1)  # it is to be sold, a dollar lower now
    world.stage.wait(SECOND)
    assert [gap.loss for gap in policy.gaps] == [0, D("4.995")]
    assert world.sizes() == [D("4.995"), D("-4.995")]


def test_an_entry_that_is_reversed_leaves_nothing() -> None:
    world, _ = entering(told(Repair.REVERSE), part("0.5"))
    assert not world.trades
    assert world.net(SPOT) == world.net(PERP) == 0
    world.check_books()


def test_a_policy_that_holds_is_asked_again() -> None:
    policy = told(Repair.HOLD, Repair.HOLD, Repair.UNWIND)
    world, _ = entering(policy, part("0.5"))
    world.stage.wait(SECOND)
    assert world.sizes() == [D("4.995"), D("-2.497")]
    world.stage.wait(SECOND)
    assert world.sizes() == [D("2.497"), D("-2.497")]
    assert [gap.elapsed_ns for gap in policy.gaps] == [0, SECOND, 2 * SECOND]


def test_a_pause_before_a_repair_is_kept_once() -> None:
    world, _ = entering(Told(RepairPlan(repair=Repair.UNWIND, wait_ns=SECOND)), part("0.5"))
    assert world.sizes() == [D("4.995"), D("-2.497")]
    world.stage.wait(SECOND)
    assert world.sizes() == [D("2.497"), D("-2.497")]


def test_a_policy_may_freeze() -> None:
    world, _ = entering(told(Repair.FREEZE), NONE)
    assert world.trades["1"].state is TradeState.FROZEN
    assert [event.reason for event in world.stage.told(TradeFrozen)] == [Reason.LEG_POLICY_FROZE]


@pytest.mark.parametrize("policy", [Broken(RepairPlan(repair=Repair.FREEZE)), Told(None)])  # type: ignore[arg-type]
def test_a_policy_that_fails_is_told_once_and_the_gap_is_unwound(policy: Told) -> None:
    world, strategy = entering(policy, NONE)
    assert not world.trades
    world.venues["swap"].script.append(NONE)
    strategy.leave(enter("500"))
    world.quote()
    assert [event.rule for event in world.stage.told(AlertRaised)] == ["policy_error"]
    world.check_books()


def test_a_chase_after_an_exit_closes_what_is_left() -> None:
    numbers = ExecutionSettings(exit_policy="p")
    world, strategy = hedged(execution=numbers, policies={"p": told(Repair.CHASE)})
    world.venues["swap"].script.append(part("0.5"))
    strategy.leave(leave("1"))
    world.quote()
    assert not world.trades
    assert kinds(world) == [IntentKind.ENTRY, IntentKind.EXIT, IntentKind.UNWIND]


def test_an_exit_that_is_reversed_opens_again_what_it_closed() -> None:
    numbers = ExecutionSettings(exit_policy="p")
    world, strategy = hedged(execution=numbers, policies={"p": told(Repair.REVERSE)})
    world.venues["swap"].script.append(part("0.5"))
    strategy.leave(leave("1"))
    world.quote()
    assert world.sizes() == [D("4.995"), D("-4.995")]
    assert world.trades["1"].state is TradeState.HEDGED
    assert kinds(world)[-1] is IntentKind.TOP_UP
    world.check_books()


def test_an_exit_that_closed_something_on_all_legs_is_taken_back_in_whole() -> None:
    numbers = ExecutionSettings(exit_policy="p")
    world, strategy = hedged(execution=numbers, policies={"p": told(Repair.REVERSE)})
    world.venues["swap"].script.append(part("0.5"))
    world.venues["cash"].script.append(part("0.2"))
    strategy.leave(leave("1"))
    world.quote()
    assert world.sizes() == [D("4.995"), D("-4.995")]
    assert world.trades["1"].state is TradeState.HEDGED
    world.check_books()


def test_a_way_that_is_refused_again_and_again_is_left_for_the_one_that_is_open() -> None:
    numbers = ExecutionSettings(entry_policy="p", repair_attempts=8)
    world, strategy = basic(execution=numbers, policies={"p": told(Repair.CHASE)})
    world.venues["swap"].otherwise = REFUSED
    strategy.leave(enter("500"))
    world.quote()
    world.stage.wait(60 * SECOND)
    assert not world.trades
    assert kinds(world) == [IntentKind.ENTRY, IntentKind.TOP_UP, IntentKind.TOP_UP, IntentKind.UNWIND]
    assert not world.stage.told(TradeFrozen)
    world.check_books()


@pytest.mark.parametrize(("asked", "worst"), [(10.0, D("99.9")), (5_000.0, D("98.0"))])
def test_the_sessions_cap_binds_what_a_policy_allows(asked: float, worst: Decimal) -> None:
    world, _ = entering(Told(RepairPlan(repair=Repair.CHASE, slippage_bps=asked)), NONE)
    chase = [event.order for event in world.stage.told(OrderIntended) if event.venue == "swap"][-1]
    assert chase.price == worst


@pytest.mark.parametrize("asked", [float("nan"), float("inf"), -1.0])
def test_an_allowance_that_is_no_number_fails_like_a_policy_that_raises(asked: float) -> None:
    world, _ = entering(Told(RepairPlan(repair=Repair.CHASE, slippage_bps=asked)), NONE)
    assert not world.trades
    assert [alert.rule for alert in world.stage.told(AlertRaised)] == ["policy_error"]


def test_a_chase_without_money_unwinds() -> None:
    policy = told(Repair.HOLD, Repair.CHASE)
    world, _ = entering(policy, part("0.5"))
    free = world.stage.engine.parts.accounts.free("swap", "USDT")
    world.stage.engine.parts.accounts.reserve("swap", "USDT", free - 100)  # spent elsewhere meanwhile
    world.stage.wait(SECOND)
    assert [gap.can_chase for gap in policy.gaps] == [True, False]
    assert world.sizes() == [D("2.497"), D("-2.497")]


def test_the_leading_leg_goes_first_and_the_other_follows_what_it_filled() -> None:
    world, strategy = basic(execution=LEAD)
    world.venues["swap"].script.append(part("0.5"))
    strategy.leave(enter("500"))
    world.quote()
    intended = [(event.venue, event.order.quantity) for event in world.stage.told(OrderIntended)]
    assert intended == [("swap", D("4.995")), ("cash", D("2.497"))]
    assert world.trades["1"].state is TradeState.HEDGED
    assert kinds(world) == [IntentKind.ENTRY]
    world.check_books()


def test_nothing_follows_a_leading_leg_that_did_not_fill() -> None:
    world, strategy = basic(execution=LEAD)
    world.venues["swap"].script.append(NONE)
    strategy.leave(enter("500"))
    world.quote()
    assert [event.venue for event in world.stage.told(OrderIntended)] == ["swap"]
    assert not world.trades


def test_a_follower_that_falls_short_is_repaired_and_not_sent_again_by_itself() -> None:
    world, strategy = basic(execution=LEAD)
    world.venues["cash"].script.append(part("0.4"))
    strategy.leave(enter("500"))
    world.quote()
    assert [event.venue for event in world.stage.told(OrderIntended)] == ["swap", "cash", "swap"]
    assert world.sizes() == [D("1.998"), D("-1.998")]
    world.check_books()


def test_a_leg_that_rests_is_hedged_fill_by_fill() -> None:
    world, strategy = basic(execution=MAKER)
    world.venues["swap"].script.append(Outcome(rests=True, share=D("0.5")))
    strategy.leave(enter("500"))
    world.quote()
    (event,) = world.stage.told(OrderIntended)
    assert (event.order.time_in_force, event.order.price, event.order.side) == (
        TimeInForce.POST_ONLY,
        D("100.1"),
        Side.SELL,
    )
    world.stage.wait(5 * SECOND)  # its life is over: it is cancelled, half of it filled
    assert world.sizes() == [D("2.497"), D("-2.497")]
    assert world.trades["1"].state is TradeState.HEDGED
    world.check_books()


@pytest.mark.parametrize("numbers", [LEAD, MAKER])
def test_an_exit_of_a_led_trade_closes_all_of_it(numbers: ExecutionSettings) -> None:
    world, strategy = hedged(execution=numbers)
    strategy.leave(leave("1"))
    world.quote()
    assert not world.trades
    world.check_books()


def test_a_venue_that_takes_nothing_costs_no_attempt_and_the_way_that_is_open_is_gone() -> None:
    closed = Outcome(refused=Reason.MARKET_CLOSED)
    world, strategy = basic(execution=ExecutionSettings(repair_attempts=2))
    world.venues["swap"].otherwise = closed
    strategy.leave(enter("500"))
    world.quote()
    assert not world.trades  # the other leg was taken off at once
    world.check_books()


def test_where_every_way_is_closed_it_waits_for_as_long_as_that_lasts() -> None:
    closed = Outcome(refused=Reason.MARKET_CLOSED)
    world, strategy = basic(execution=ExecutionSettings(repair_attempts=2))
    world.venues["cash"].script.append(Outcome())
    world.venues["cash"].otherwise = world.venues["swap"].otherwise = closed
    strategy.leave(enter("500"))
    world.quote()
    world.stage.wait(300 * SECOND)
    assert world.trades["1"].state is TradeState.OPEN
    assert [alert.rule for alert in world.stage.told(AlertRaised)] == ["trade_unhedged"]
    world.venues["cash"].otherwise = Outcome()
    world.stage.wait(60 * SECOND)
    assert not world.trades
    world.check_books()
