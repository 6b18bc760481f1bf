"""The risk chain: it alone approves, the first and the hardest tier are named, a broken tier stops entries only."""

from decimal import Decimal

import pytest

from arbcore.engine.approval import ApprovedIntent, RiskChain, approve_reduction
from arbcore.model.command import PauseEngine, ResumeEngine
from arbcore.model.events import (
    AlertRaised,
    EngineModeChanged,
    IntentApproved,
    OpportunitySkipped,
    RiskGuardRejected,
    RiskVerdictIssued,
)
from arbcore.model.intent import Intent, IntentKind
from arbcore.model.state import EngineState, Severity
from arbcore.model.trade import TradeState
from arbcore.ports.risk import ALLOW, Verdict, VerdictKind
from arbcore.testing.scripted import SECOND, ScriptedStrategy, ScriptedTier, enter, leave
from arbcore.testing.scripted_venue import NONE, part
from tests.engine.world import World, basic, hedged


def verdict(kind: VerdictKind, reason: str = "RISK_X", notional: str | None = None) -> Verdict:
    return Verdict(kind=kind, reason=reason, notional=None if notional is None else Decimal(notional))


def judged(*tiers: ScriptedTier) -> tuple[World, ScriptedStrategy]:
    return basic(tiers=[(f"t{number}", tier) for number, tier in enumerate(tiers, 1)])


def approved(world: World) -> IntentApproved:
    (event,) = world.stage.told(IntentApproved)
    return event


def some_intent(kind: IntentKind) -> Intent:
    return Intent(
        id="1",
        trade="1",
        strategy="s",
        route="r",
        symbol="BTC",
        kind=kind,
        forward=True,
        legs=(),
        edge_bps=0.0,
        notional=Decimal(10),
        reason="EDGE_ENTER",
        decided_at=1,
    )


def test_nobody_but_the_chain_builds_an_approved_intent() -> None:
    intent = some_intent(IntentKind.ENTRY)
    with pytest.raises(TypeError, match="only the risk chain approves intents"):
        ApprovedIntent(object(), intent, intent.notional, "")
    assert not [name for name in ApprovedIntent.__slots__ if name.startswith("_")]


@pytest.mark.parametrize("kind", [IntentKind.ENTRY, IntentKind.TOP_UP])
def test_what_opens_is_never_approved_as_a_reduction(kind: IntentKind) -> None:
    with pytest.raises(TypeError, match="needs the risk chain"):
        approve_reduction(some_intent(kind))


@pytest.mark.parametrize("kind", list(IntentKind))
def test_tiers_judge_what_opens_and_nothing_else(kind: IntentKind) -> None:
    tier = ScriptedTier()
    chain = RiskChain((("t", tier),), lambda intent, _: intent)
    world, _ = basic()
    outcome = chain.assess(some_intent(kind), world.stage.engine.parts.view)
    assert isinstance(outcome, ApprovedIntent)
    assert len(tier.assessed) == (kind in {IntentKind.ENTRY, IntentKind.TOP_UP})


def test_without_objection_the_intent_passes_as_it_is() -> None:
    first, second = ScriptedTier(), ScriptedTier()
    world, strategy = judged(first, second)
    strategy.leave(enter("500"))
    world.quote()
    assert approved(world).resized_by == ""
    assert approved(world).asked_notional == approved(world).intent.notional
    assert first.assessed == second.assessed == [approved(world).intent]


def test_a_tier_may_make_an_intent_smaller_and_the_next_one_sees_it_so() -> None:
    first = ScriptedTier(verdict(VerdictKind.RESIZE, notional="200"))
    second = ScriptedTier(verdict(VerdictKind.RESIZE, notional="300"))
    world, strategy = judged(first, second)
    strategy.leave(enter("500"))
    world.quote()
    event = approved(world)
    assert event.resized_by == "t1"
    assert Decimal(199) < event.intent.notional <= 200 < event.asked_notional
    assert second.assessed == [event.intent]
    assert {leg.quantity for leg in event.intent.legs} == {Decimal("1.998")}
    world.check_books()


@pytest.mark.parametrize("notional", ["9", "0", "-5", None])
def test_an_intent_that_would_be_too_small_is_blocked(notional: str | None) -> None:
    world, strategy = judged(ScriptedTier(verdict(VerdictKind.RESIZE, notional=notional)))
    strategy.leave(enter("500"))
    world.quote()
    assert not world.trades
    (refused,) = world.stage.told(RiskGuardRejected)
    assert (refused.verdict, refused.reason) == ("block", "RISK_X")
    assert world.state() is EngineState.RUNNING


@pytest.mark.parametrize("kind", [VerdictKind.COOL_DOWN, VerdictKind.BLOCK])
def test_a_refusal_is_told_once_an_episode_and_changes_no_state(kind: VerdictKind) -> None:
    tier = ScriptedTier(verdict(kind))
    world, strategy = judged(tier)
    for _ in range(5):
        strategy.leave(enter("500"))
        world.quote()
    assert not world.trades
    (refused,) = world.stage.told(RiskGuardRejected)
    assert (refused.tier, refused.first_tier, refused.verdict, refused.strategy) == ("t1", "t1", kind, "s")
    assert Decimal(refused.notional) > 400
    assert world.state() is EngineState.RUNNING
    skips = [event for event in world.stage.finish() if isinstance(event, OpportunitySkipped)]
    assert [(skip.reason, skip.count) for skip in skips] == [("RISK_X", 5)]


def test_the_first_and_the_hardest_tier_are_named() -> None:
    tiers = [
        ScriptedTier(ALLOW),
        ScriptedTier(verdict(VerdictKind.COOL_DOWN, "RISK_FIRST")),
        ScriptedTier(verdict(VerdictKind.HALT, "RISK_HARDEST")),
        ScriptedTier(verdict(VerdictKind.BLOCK, "RISK_LAST")),
    ]
    world, strategy = judged(*tiers)
    strategy.leave(enter("500"))
    world.quote()
    (refused,) = world.stage.told(RiskGuardRejected)
    assert (refused.tier, refused.first_tier, refused.reason) == ("t3", "t2", "RISK_HARDEST")
    assert all(len(tier.assessed) == 1 for tier in tiers)
    assert world.state() is EngineState.HALTED


def test_among_equals_the_first_decides() -> None:
    world, strategy = judged(
        ScriptedTier(verdict(VerdictKind.BLOCK, "RISK_A")), ScriptedTier(verdict(VerdictKind.BLOCK, "RISK_B"))
    )
    strategy.leave(enter("500"))
    world.quote()
    assert [(event.tier, event.reason) for event in world.stage.told(RiskGuardRejected)] == [("t1", "RISK_A")]


@pytest.mark.parametrize("answer", [RuntimeError("boom"), None, "allow"])
def test_a_broken_tier_stops_entries_with_an_alert(answer: object) -> None:
    tier = ScriptedTier()
    world, strategy = basic(tiers=[("t", tier)])
    strategy.leave(enter("300"))
    world.quote()
    tier.judgement = answer  # type: ignore[assignment]
    strategy.leave(enter("300"))
    world.quote()
    assert list(world.trades) == ["1"]
    assert world.state() is EngineState.REDUCING
    (alert,) = world.stage.told(AlertRaised)
    assert (alert.severity, alert.source, alert.rule) == (Severity.P0, "t", "risk_tier_error")
    (refused,) = world.stage.told(RiskGuardRejected)
    assert (refused.reason, refused.verdict) == ("RISK_TIER_ERROR", "degrade")
    strategy.leave(leave("1"))
    world.quote()
    assert not world.trades
    world.check_books()


def test_a_broken_tier_is_told_even_where_another_one_blocks() -> None:
    world, strategy = judged(ScriptedTier(verdict(VerdictKind.BLOCK)), ScriptedTier(RuntimeError("boom")))
    strategy.leave(enter("500"))
    world.quote()
    assert [event.tier for event in world.stage.told(RiskGuardRejected)] == ["t1"]
    assert [alert.source for alert in world.stage.told(AlertRaised)] == ["t2"]
    assert world.state() is EngineState.REDUCING


@pytest.mark.parametrize("answer", [RuntimeError("boom"), None])
def test_a_tier_that_breaks_in_its_review_stops_entries_too(answer: object) -> None:
    tier = ScriptedTier(opinion=answer, every_ns=SECOND)  # type: ignore[arg-type]
    world, _ = judged(tier)
    world.stage.wait(SECOND)
    assert world.state() is EngineState.REDUCING
    assert [alert.rule for alert in world.stage.told(AlertRaised)] == ["risk_tier_error"]


def test_reviews_come_on_their_interval_where_something_changed_and_after_every_closed_trade() -> None:
    tier = ScriptedTier(every_ns=10 * SECOND)
    world, strategy = judged(tier)
    begun = world.stage.clock.now()
    for _ in range(6):
        world.quote()
        world.stage.wait(5 * SECOND)
    assert [time - begun for time in tier.reviews] == [10 * SECOND, 20 * SECOND, 30 * SECOND]
    strategy.leave(enter("500"))
    world.quote()
    strategy.leave(leave("1"))
    world.quote()
    assert tier.reviews[-1] == world.stage.clock.now()
    assert len(tier.reviews) == 4


def test_a_tier_without_an_interval_is_asked_after_closed_trades_only() -> None:
    tier = ScriptedTier()
    world, strategy = judged(tier)
    world.stage.wait(3600 * SECOND)
    assert tier.reviews == []
    world.quote()
    strategy.leave(enter("500"))
    world.quote()
    assert tier.reviews == []
    strategy.leave(leave("1"))
    world.quote()
    assert len(tier.reviews) == 1


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (VerdictKind.ALLOW, EngineState.RUNNING),
        (VerdictKind.BLOCK, EngineState.RUNNING),
        (VerdictKind.RESIZE, EngineState.RUNNING),
        (VerdictKind.COOL_DOWN, EngineState.RUNNING),
        (VerdictKind.DEGRADE, EngineState.REDUCING),
        (VerdictKind.HALT, EngineState.HALTED),
        (VerdictKind.FLATTEN, EngineState.HALTED),
    ],
)
def test_what_a_review_does_to_the_engine(kind: VerdictKind, state: EngineState) -> None:
    tier = ScriptedTier(opinion=verdict(kind), every_ns=SECOND)
    world, strategy = judged(tier)
    strategy.leave(enter("500"))
    world.quote()
    world.stage.wait(SECOND)
    assert world.state() is state
    moved = [event for event in world.stage.told(EngineModeChanged) if event.before is not EngineState.BOOTING]
    assert [(event.after, event.reason, event.source) for event in moved] == (
        [] if state is EngineState.RUNNING else [(state, "RISK_X", "t1")]
    )
    told = world.stage.told(RiskVerdictIssued)
    assert [event.verdict for event in told] == ([] if kind in {"allow", "block", "resize"} else [kind])
    assert bool(world.stage.told(AlertRaised)) is (state is not EngineState.RUNNING)
    assert bool(world.trades) is (kind is not VerdictKind.FLATTEN)
    world.check_books()


def test_a_verdict_that_lasts_is_told_once() -> None:
    tier = ScriptedTier(opinion=verdict(VerdictKind.DEGRADE), every_ns=SECOND)
    world, _ = judged(tier)
    for _ in range(10):
        world.quote()
        world.stage.wait(SECOND)
    assert len(tier.reviews) == 10
    assert len(world.stage.told(RiskVerdictIssued)) == 1
    assert len(world.stage.told(AlertRaised)) == 1


def test_a_milder_verdict_does_not_lift_a_harder_state() -> None:
    tier = ScriptedTier(opinion=verdict(VerdictKind.HALT), every_ns=SECOND)
    world, _ = judged(tier)
    world.stage.wait(SECOND)
    tier.opinion = verdict(VerdictKind.DEGRADE)
    world.quote()
    world.stage.wait(SECOND)
    assert world.state() is EngineState.HALTED


def test_an_operator_may_resume_and_a_later_verdict_counts_again() -> None:
    tier = ScriptedTier(opinion=verdict(VerdictKind.DEGRADE), every_ns=SECOND)
    world, _ = judged(tier)
    world.stage.wait(SECOND)
    world.stage.command(ResumeEngine())
    states = [world.state()]
    world.quote()
    world.stage.wait(SECOND)
    states.append(world.state())
    assert states == [EngineState.RUNNING, EngineState.REDUCING]


def test_flatten_closes_everything_though_the_engine_is_halted_already() -> None:
    tier = ScriptedTier(opinion=verdict(VerdictKind.HALT), every_ns=SECOND)
    world, strategy = judged(tier)
    strategy.leave(enter("300"), enter("200"))
    world.quote()
    world.stage.wait(SECOND)
    assert len(world.trades) == 2
    tier.opinion = verdict(VerdictKind.FLATTEN)
    world.quote()
    world.stage.wait(SECOND)
    assert not world.trades
    assert {trade.exit_reason for trade in world.closed} == {"EXIT_RISK"}
    world.check_books()


def test_flatten_goes_on_until_everything_is_closed_and_is_told_once() -> None:
    tier = ScriptedTier(opinion=verdict(VerdictKind.FLATTEN), every_ns=SECOND)
    world, strategy = judged(tier)
    strategy.leave(enter("500"))
    world.quote()
    for venue in world.venues.values():
        venue.script.extend([part("0.5"), NONE, part("0.2")])
    for _ in range(8):
        world.quote()
        world.stage.wait(SECOND)
    assert not world.trades
    assert [event.verdict for event in world.stage.told(RiskVerdictIssued)] == ["flatten"]
    world.check_books()


def test_exits_and_repairs_go_on_while_entries_are_halted() -> None:
    tier = ScriptedTier()
    world, strategy = judged(tier)
    strategy.leave(enter("500"))
    world.venues["swap"].script.append(NONE)
    world.venues["cash"].script.extend([part("1"), NONE])
    world.quote()
    assert world.trades["1"].state is TradeState.OPEN  # the first repair did not fill
    world.stage.command(PauseEngine())
    world.stage.wait(SECOND)
    assert not world.trades
    world.check_books()


def test_tiers_see_the_session_as_it_is() -> None:
    tier = ScriptedTier()
    world, strategy = judged(tier)
    strategy.leave(enter("500"))
    world.quote()
    view = world.stage.engine.parts.view
    assert view.now == world.stage.clock.now()
    assert view.start_equity() == 2 * 10**6
    equity = view.equity()
    assert equity is not None
    # The spread and the fees of both legs are gone.
    held = Decimal("4.995")
    assert equity == 2 * 10**6 - held * Decimal("0.2") - held * Decimal("200.1") * Decimal("0.001")
    assert view.fx() == 0
    assert [trade.id for trade in view.open_trades()] == ["1"]
    assert view.trades_opened_since(view.now) == 1
    assert view.trades_opened_since(view.now + 1) == 0


def test_a_hedged_trade_is_not_judged_again() -> None:
    tier = ScriptedTier()
    world, strategy = hedged(tiers=[("t", tier)])
    strategy.leave(leave("1", "0.5"))
    world.quote()
    assert [intent.kind for intent in tier.assessed] == [IntentKind.ENTRY]
