"""What each policy decides, in numbers that the documentation tells."""

from decimal import Decimal

import pytest
from hypothesis import given
from msgspec.structs import replace

from arbcore.errors import ConfigurationError
from arbcore.model.intent import IntentKind
from arbcore.ports.policy import LegGap, LegPolicy, Repair, RepairPlan
from arbcore.settings import PluginSettings
from arbcore.testing.policy import gap, gaps
from arbcore_policy_chase import LegPolicyPlugin, cancel, chase, hold, reverse
from arbcore_policy_chase.policies import build

SECOND = 10**9


def policy(plugin: LegPolicyPlugin, **options: object) -> LegPolicy:
    name = {cancel: "cancel", chase: "chase", hold: "hold", reverse: "reverse"}[plugin]
    return plugin.build_leg_policy(plugin.settings_model().model_validate({"use": name} | options))


def after(repairs: int, first: LegGap | None = None, *, elapsed_ns: int = 0) -> LegGap:
    return replace(first or gap(), attempt=repairs, elapsed_ns=elapsed_ns)


def steps(subject: LegPolicy, first: LegGap, repairs: int) -> list[tuple[Repair, float]]:
    plans = [subject.decide(after(number, first)) for number in range(repairs)]
    return [(plan.repair, round(plan.slippage_bps, 9)) for plan in plans]


@pytest.mark.parametrize(("plugin", "repair"), [(cancel, Repair.UNWIND), (reverse, Repair.REVERSE)])
@pytest.mark.parametrize("kind", [IntentKind.ENTRY, IntentKind.EXIT])
def test_cancel_and_reverse_act_at_once_and_widen_up_to_the_cap(
    plugin: LegPolicyPlugin, repair: Repair, kind: IntentKind
) -> None:
    # The pain "one leg filled, the other hung": whatever the loss, nothing waits.
    first = gap(loss="900", kind=kind, can_chase=False)
    subject = policy(plugin, slippage_bps=15, slippage_step_bps=40, slippage_cap_bps=100)
    assert steps(subject, first, 5) == [(repair, each) for each in (15.0, 55.0, 95.0, 100.0, 100.0)]
    assert subject.decide(first).wait_ns == 0


def test_the_documented_chase() -> None:
    subject = policy(chase, loss_cap_bps=30)
    first = gap(("0", "1"), unhedged="100600", loss="180")
    assert subject.decide(first) == RepairPlan(repair=Repair.CHASE, slippage_bps=10.0)
    second = subject.decide(after(1, replace(first, loss=Decimal(250))))
    assert second.repair is Repair.CHASE
    assert second.slippage_bps == pytest.approx(30 - 250 / 100_600 * 10_000)
    third = subject.decide(after(2, replace(first, loss=Decimal(310))))
    assert third == RepairPlan(repair=Repair.UNWIND, slippage_bps=50.0)


def test_chasing_ends_with_its_attempts_and_unwinding_goes_on_widening() -> None:
    subject = policy(chase, loss_cap_bps=None, loss_cap=1000, attempts=2)
    assert steps(subject, gap(), 4) == [
        (Repair.CHASE, 10.0),
        (Repair.CHASE, 30.0),
        (Repair.UNWIND, 50.0),
        (Repair.UNWIND, 70.0),
    ]


@pytest.mark.parametrize(
    ("loss", "cap_bps", "cap", "left_bps"),
    [
        ("0", 30, None, 30.0),
        ("20", 30, None, 10.0),
        ("20", None, 25, 5.0),
        ("20", 100, 25, 5.0),
        ("20", 22, 200, 2.0),
        ("30", 30, None, None),
        ("25", None, 25, None),
        ("40", 100, 25, None),
    ],
)
def test_the_tighter_cap_bounds_the_worst_price(
    loss: str, cap_bps: float | None, cap: int | None, left_bps: float | None
) -> None:
    subject = policy(chase, loss_cap_bps=cap_bps, loss_cap=cap, slippage_bps=1, slippage_step_bps=99, attempts=9)
    plan = subject.decide(after(1, gap(loss=loss)))
    assert plan.repair is (Repair.UNWIND if left_bps is None else Repair.CHASE)
    assert plan.slippage_bps == pytest.approx(100.0 if left_bps is None else left_bps)


@pytest.mark.parametrize(
    ("held", "kind", "left_bps"),
    [
        (("1", "0"), IntentKind.ENTRY, 24.0),
        (("1", "0", "0"), IntentKind.ENTRY, 12.0),
        (("1", "0.5", "0"), IntentKind.ENTRY, 16.0),
        (("1", "0", "0"), IntentKind.EXIT, 24.0),
        (("1", "0.5", "0"), IntentKind.EXIT, 16.0),
    ],
)
def test_legs_that_lag_share_what_is_left(held: tuple[str, ...], kind: IntentKind, left_bps: float) -> None:
    subject = policy(chase, loss_cap_bps=24, slippage_bps=20, slippage_step_bps=20)
    plan = subject.decide(after(1, gap(held, kind=kind)))
    assert plan.repair is Repair.CHASE
    assert plan.slippage_bps == pytest.approx(left_bps)


def test_a_chase_never_costs_more_than_its_caps() -> None:
    subject = policy(chase, loss_cap_bps=40, loss_cap=300, attempts=30)

    @given(gaps(grown=True))
    def holds(asked: LegGap) -> None:
        plan = subject.decide(asked)
        if plan.repair is not Repair.CHASE:
            return
        most, least = max(asked.held), min(asked.held)
        closes = asked.intent.kind is IntentKind.EXIT
        parts = sum(held - least if closes else most - held for held in asked.held) / (most - least)
        worst = float(asked.loss) + plan.slippage_bps / 10_000 * float(asked.unhedged * parts)
        assert worst <= min(300.0, 0.004 * float(asked.unhedged)) * (1 + 1e-9)

    holds()


@pytest.mark.parametrize(
    "asked",
    [
        gap(can_chase=False),
        gap(unhedged="0"),
        gap(("1", "1")),
    ],
    ids=["no way", "no value", "no difference"],
)
def test_what_cannot_be_judged_is_not_chased(asked: LegGap) -> None:
    assert policy(chase).decide(asked).repair is Repair.UNWIND


def test_hold_waits_for_the_deadline_and_not_a_moment_longer() -> None:
    subject = policy(hold, deadline="4s", look="1500ms", then="reverse")
    dear = gap(loss="100")
    waits = [subject.decide(after(0, dear, elapsed_ns=elapsed)) for elapsed in (0, 1_500_000_000, 3 * SECOND)]
    assert [plan.repair for plan in waits] == [Repair.HOLD] * 3
    assert [plan.wait_ns for plan in waits] == [1_500_000_000, 1_500_000_000, SECOND]
    assert subject.decide(after(0, dear, elapsed_ns=4 * SECOND)).repair is Repair.REVERSE


def test_hold_acts_as_soon_as_it_is_cheap_and_never_waits_again() -> None:
    subject = policy(hold, cheap_bps=3, then={"use": "chase", "loss_cap_bps": 20, "attempts": 2})
    assert subject.decide(gap(loss="3.01")).repair is Repair.HOLD
    assert subject.decide(gap(loss="3")).repair is Repair.CHASE
    dear_again = gap(loss="15")
    assert subject.decide(after(1, dear_again, elapsed_ns=SECOND)) == RepairPlan(repair=Repair.CHASE, slippage_bps=5.0)
    assert subject.decide(after(2, dear_again, elapsed_ns=2 * SECOND)).repair is Repair.UNWIND


@pytest.mark.parametrize("asked", [gap(can_chase=False), gap(unhedged="0")], ids=["no way", "no value"])
def test_hold_finds_nothing_cheap_that_cannot_be_chased(asked: LegGap) -> None:
    subject = policy(hold, deadline="2s")
    assert subject.decide(asked).repair is Repair.HOLD
    assert subject.decide(after(0, asked, elapsed_ns=2 * SECOND)) == RepairPlan(repair=Repair.UNWIND)


@pytest.mark.parametrize("plugin", [cancel, chase, hold, reverse])
def test_a_state_of_another_policy_is_left_alone(plugin: LegPolicyPlugin) -> None:
    subject = policy(plugin)
    subject.restore(b"what another one remembered")
    assert subject.state() == b""


def test_settings_of_others_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="PluginSettings are settings of no leg policy here"):
        build(PluginSettings(use="cancel"))
