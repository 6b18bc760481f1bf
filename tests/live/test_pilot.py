"""The caps of a live pilot: in the engine, before every tier of a plugin, and in live sessions alone."""

from decimal import Decimal
from pathlib import Path

import pytest

from arbcore.engine.pilot import PILOT, PilotTier
from arbcore.model.events import IntentApproved, RiskGuardRejected, TradeOpened
from arbcore.model.intent import IntentKind
from arbcore.pipeline import Pipeline
from arbcore.ports.risk import ALLOW, VerdictKind
from arbcore.runtime.clock import WallClock
from arbcore.testing.scripted import ScriptedTier, enter
from tests.engine.test_risk import some_intent
from tests.engine.world import basic
from tests.live import project

DAY = 86_400 * 10**9


class View:
    """A session with trades opened at given times."""

    def __init__(self, now: int, *opened: int) -> None:
        self.now, self._opened = now, opened

    def trades_opened_since(self, time: int) -> int:
        return sum(1 for opened in self._opened if opened >= time)


def judge(tier: PilotTier, view: View, kind: IntentKind = IntentKind.ENTRY) -> object:
    return tier.assess(some_intent(kind), view)  # type: ignore[arg-type]  # it asks no more of a view


def test_a_trade_is_cut_down_to_the_cap() -> None:
    verdict = PilotTier(Decimal(4), None).assess(some_intent(IntentKind.ENTRY), View(1))  # type: ignore[arg-type]  # see above
    assert (verdict.kind, verdict.reason, verdict.notional) == (VerdictKind.RESIZE, "RISK_PILOT_SIZE", Decimal(4))
    assert verdict.detail == "10 asked, 4 by live.pilot.notional"


@pytest.mark.parametrize("cap", [Decimal(10), None])
def test_a_trade_within_the_cap_passes(cap: Decimal | None) -> None:
    assert judge(PilotTier(cap, None), View(1)) is ALLOW


def test_a_cap_of_nothing_blocks() -> None:
    verdict = PilotTier(Decimal(0), None).assess(some_intent(IntentKind.ENTRY), View(1))  # type: ignore[arg-type]  # see above
    assert (verdict.kind, verdict.notional) == (VerdictKind.BLOCK, None)


def test_trades_of_a_day_are_counted_from_midnight() -> None:
    tier, now = PilotTier(None, 2), 5 * DAY + 100
    assert judge(tier, View(now, 5 * DAY - 1, 5 * DAY)) is ALLOW
    verdict = tier.assess(some_intent(IntentKind.ENTRY), View(now, 5 * DAY, 5 * DAY + 1))  # type: ignore[arg-type]  # see above
    assert (verdict.kind, verdict.reason) == (VerdictKind.BLOCK, "RISK_PILOT_TRADES")
    assert verdict.detail == "2 opened today of 2 by live.pilot.trades_per_day"


def test_a_top_up_completes_a_trade_that_was_judged() -> None:
    assert judge(PilotTier(Decimal(0), 0), View(1), IntentKind.TOP_UP) is ALLOW


def test_the_engine_cuts_an_entry_and_later_tiers_see_what_is_left() -> None:
    later = ScriptedTier()
    world, strategy = basic(tiers=[(PILOT, PilotTier(Decimal(50), None)), ("t", later)])
    strategy.leave(enter("500"))
    world.quote()
    (approved,) = world.stage.told(IntentApproved)
    assert Decimal(45) < approved.intent.notional <= Decimal(50) < approved.asked_notional
    assert approved.resized_by == PILOT
    assert later.assessed[0].notional <= Decimal(50)


def test_the_engine_opens_no_more_than_the_day_allows() -> None:
    world, strategy = basic(tiers=[(PILOT, PilotTier(None, 1))])
    for _ in range(2):
        strategy.leave(enter("500"))
        world.quote()
    assert len(world.stage.told(TradeOpened)) == 1
    (refused,) = world.stage.told(RiskGuardRejected)
    assert (refused.tier, refused.reason) == (PILOT, "RISK_PILOT_TRADES")


def test_it_stands_first_in_live_sessions_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project.make(tmp_path, monkeypatch, more="live: {pilot: {notional: 5}}\n")

    def first(mode: str) -> list[str]:
        config, plugins = project.opened(folder, mode=None)
        pipeline = Pipeline(config=config, plugins=plugins, mode="replay", clock=WallClock(), folder=folder)
        return [name for name, _ in pipeline.tiers(mode)]

    assert first("live") == [PILOT, "portfolio"]
    assert first("paper") == ["portfolio"]
    project.write(folder, "more", "")
    assert first("live") == ["portfolio"]
