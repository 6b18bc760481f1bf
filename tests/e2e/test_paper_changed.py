"""A replay with another version of a plugin than the session ran: refused by name, and told apart event by event."""

import json
from pathlib import Path

import pytest

from tests.e2e.live_project import arb, make_live, session, simulated
from tests.e2e.offer import changed, offer

SESSION = "sessions/live"
MODULE = "throwaway_acme_zz_zz.py"
BITCOIN = ("for item in instruments", "for item in (one for one in instruments if one.base == 'BTC')")
"""A live venue lists more than the one coin that the strategy knows."""


@pytest.mark.slow
def test_a_plugin_that_changed_is_named_and_the_first_other_decision_is_shown(tmp_path: Path) -> None:
    site = offer(tmp_path / "site", "zz", changed(BITCOIN))
    env = {"PYTHONPATH": str(site)}
    with simulated(tmp_path / "simulator") as simulator:
        project = make_live(tmp_path / "project", simulator.address)
        with session(project, "--without", "premium", "-s", "a=zz", "--json", env=env) as run:
            run.says(" closed ")
            told = run.stop().told()
    same = arb("replay", SESSION, "--json", cwd=project, env=env).told()
    assert same["compared"] == told["events"]

    _change(site)
    refused = arb("replay", SESSION, cwd=project, env=env)
    refused.refused(
        6, "not the code that the session ran", "strategy:zz: acme-zz 1.0 ", "acme-zz 1.1 ", "--changed-code"
    )
    ran = arb("replay", SESSION, "--changed-code", "--json", cwd=project, env=env)
    found = json.loads(ran.out)
    assert (ran.code, found["identical"]) == (1, False)
    assert [line.partition(": ")[0] for line in found["changed"]] == ["strategy:zz"]
    difference = found["difference"]
    assert difference["stored_type"] == difference["made_type"]
    assert any("notional" in name or "quantity" in name for name in difference["fields"])
    shown = arb("replay", SESSION, "--changed-code", cwd=project, env=env)
    assert "First difference" in shown.out
    assert f"event {difference['sequence']} at " in shown.err
    assert f"{found['compared']:,} of {told['events']:,} made again" in shown.out

    gone = arb("replay", SESSION, cwd=project)
    gone.refused(3, "no strategy plugin 'zz' is installed")


def _change(site: Path) -> None:
    """Release another version of the strategy, which trades another amount."""
    module = site / MODULE
    assert module.exists()
    module.write_text(changed(BITCOIN, ("Decimal(500)", "Decimal(900)")), encoding="utf-8")
    (info,) = site.glob("*.dist-info")
    metadata = info / "METADATA"
    metadata.write_text(metadata.read_text(encoding="utf-8").replace("Version: 1.0", "Version: 1.1"), encoding="utf-8")
