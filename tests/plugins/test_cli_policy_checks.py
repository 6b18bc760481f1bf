"""`arb plugins check` on execution policies: what waits for ever, can't be done or follows the clock is found."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from arbcore.cli import main

if TYPE_CHECKING:
    from tests.plugins.conftest import Site

POLICY = """
import time
from decimal import Decimal
from arbcore.hooks import hookimpl
from arbcore.ports.policy import Repair, RepairPlan, Slice

class Policy:
    def decide(self, gap):
        return RepairPlan(repair=Repair.UNWIND, slippage_bps=10.0)
    def state(self): return b""
    def restore(self, state): pass

class Slicer:
    def slices(self, intent, depth, now):
        return [Slice(Decimal("0.5"), now), Slice(Decimal("0.5"), now + 1)]
    def state(self): return b""
    def restore(self, state): pass

class Plugin:
    api_version: int = 1

    @hookimpl
    def build_leg_policy(self): return Policy()

    @hookimpl
    def build_slicer(self): return Slicer()

plugin = Plugin()
"""

UNWIND = "repair=Repair.UNWIND, slippage_bps=10.0"


def check(site: "Site", source: str, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    site.add("acme-policy", "[arbcore.policies]\nacme = acme_policy:plugin", {"acme_policy.py": source})
    code = main(["plugins", "check", "policy:acme", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert code == (0 if told["ok"] else 3)
    return {each["name"]: each for each in told["checks"]}


def test_a_sound_policy_and_slicer_pass(site: "Site", capsys: pytest.CaptureFixture[str]) -> None:
    checks = check(site, POLICY, capsys)
    assert {checks[name]["status"] for name in checks} == {"ok"}
    assert (checks["build_leg_policy"]["detail"], checks["build_slicer"]["detail"]) == ("Policy", "Slicer")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("repair=Repair.HOLD, wait_ns=10**9", "still holds after"),
        ("repair=Repair.CHASE", "chases where nothing can be chased; takes nothing back where nothing can be chased"),
        ("repair=Repair.UNWIND, slippage_bps=20000.0", "a slippage of 20000.0 bps is not within 0 and the cap"),
        ("repair=Repair.UNWIND, slippage_bps=10.0 / (gap.attempt + 1)", "slippage falls"),
        ("repair=Repair.UNWIND, wait_ns=time.time_ns() % 1000", "answers the same gaps differently another time"),
        ("repair=Repair.UNWIND, wait_ns=1 // gap.attempt", "raised ZeroDivisionError"),
    ],
)
def test_a_wrong_policy_is_found(site: "Site", capsys: pytest.CaptureFixture[str], wrong: str, said: str) -> None:
    failed = check(site, POLICY.replace(UNWIND, wrong), capsys)["build_leg_policy"]
    assert failed["status"] == "fail"
    assert said in failed["detail"]
    assert "LegPolicySuite" in failed["fix"]


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('Decimal("0.5"), now + 1', 'Decimal("0.4"), now + 1', "shares sum to 0.9"),
        ("now + 1", "now", "a part starts no later than the one before it"),
        ("now + 1", "now + time.time_ns()", "cuts the same entry differently another time"),
        ("return [Slice", "return [] and [Slice", "is no list of slices"),
    ],
)
def test_a_wrong_slicer_is_found(
    site: "Site", capsys: pytest.CaptureFixture[str], right: str, wrong: str, said: str
) -> None:
    failed = check(site, POLICY.replace(right, wrong), capsys)["build_slicer"]
    assert failed["status"] == "fail"
    assert said in failed["detail"]
    assert "SlicerSuite" in failed["fix"]
