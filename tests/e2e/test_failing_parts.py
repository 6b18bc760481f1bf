"""Other plugins that go wrong while the session runs: sinks and risk tiers by their own policy, the rest by name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.commands import Ran
from tests.e2e.offer import offer

Here = Callable[..., Ran]

BACKTEST = ("backtest", "--json", "--set", "backtest.end=2025-01-06T01:00:00Z")

SINK = """
from arbcore.hooks import hookimpl

class Sink:
    async def __aenter__(self):
        return self
    async def __aexit__(self, *exc):
        pass
    async def write(self, batch):
        {write}
    async def flush(self, timeout_ns):
        pass

class Plugin:
    api_version: int = 1
    @hookimpl
    def open_sink(self, settings, context):
        return Sink()
    @hookimpl
    def session_started(self, context):
        {started}

plugin = Plugin()
"""

TIER = """
from arbcore.hooks import hookimpl

class Tier:
    review_interval_ns = 0
    def assess(self, intent, view):
        {assess}
    def review(self, view):
        {assess}
    def state(self):
        return b""
    def restore(self, state):
        pass

class Plugin:
    api_version: int = 1
    @hookimpl
    def build_risk_tier(self, settings, context):
        return Tier()

plugin = Plugin()
"""

FILL = """
from arbcore.hooks import hookimpl
from arbcore_fill_top.model import TopFill

class Fill(TopFill):
    def execute(self, order, quantity, now):
        {execute}

class Plugin:
    api_version: int = 1
    @hookimpl
    def build_fill_model(self, settings, context):
        return Fill()
    @hookimpl
    def session_stopped(self, context):
        with open({told!r}, "w") as file:
            file.write(context.instance)

plugin = Plugin()
"""
RAISES = ("raise ValueError('mine')", "raise SystemExit(0)")


@pytest.mark.parametrize("statement", RAISES)
def test_a_sink_is_set_aside(arb_here: Here, tmp_path: Path, statement: str) -> None:
    site = offer(tmp_path, "zz", SINK.format(write=statement, started="pass"), kind="sinks")
    told = arb_here(*BACKTEST, "--sink", "bad=zz", path=site).told()
    plain = arb_here(*BACKTEST).told()
    assert [text for text in told["warnings"] if text.startswith("sink bad was set aside: write: ")]
    assert (told["trades"], told["pnl"]) == (plain["trades"], plain["pnl"])


@pytest.mark.parametrize("statement", RAISES)
def test_a_plugin_that_fails_at_the_start_is_named_in_the_warnings(
    arb_here: Here, tmp_path: Path, statement: str
) -> None:
    site = offer(tmp_path, "zz", SINK.format(write="pass", started=statement), kind="sinks")
    told = arb_here(*BACKTEST, "--sink", "bad=zz", path=site).told()
    assert any("sink:zz from acme-zz 1.0 failed in session_started" in text for text in told["warnings"])
    assert told["trades"] > 0


@pytest.mark.parametrize("statement", [*RAISES, "return 'yes'"])
def test_a_risk_tier_stops_entries(arb_here: Here, tmp_path: Path, statement: str) -> None:
    site = offer(tmp_path, "zz", TIER.format(assess=statement), kind="risk")
    told = arb_here(*BACKTEST, "--risk", "bad=zz", path=site).told()
    assert told["trades"] == 0
    assert told["alerts"][0].startswith("risk tier bad ")
    assert told["rejected"]["RISK_TIER_ERROR"]["count"] == 1
    assert any("nothing was traded" in text for text in told["warnings"])


@pytest.mark.parametrize("statement", RAISES)
def test_a_fill_model_ends_the_session_is_named_and_told_of_the_end(
    arb_here: Here, tmp_path: Path, statement: str
) -> None:
    told = tmp_path / "told"
    site = offer(tmp_path / "site", "zz", FILL.format(execute=statement, told=str(told)), kind="fills")
    ran = arb_here(*BACKTEST, "--set", "fills.book.use=zz", path=site)
    ran.refused(3, "fill:zz from acme-zz 1.0 failed in the session", statement.removeprefix("raise "))
    assert told.read_text(encoding="utf-8") == "book"


def test_a_part_that_lacks_something_says_what(arb_here: Here, tmp_path: Path) -> None:
    source = TIER.format(assess="pass").replace("review_interval_ns", "interval").replace("def review", "def look")
    site = offer(tmp_path, "zz", source, kind="risk")
    ran = arb_here(*BACKTEST, "--risk", "bad=zz", path=site)
    ran.refused(3, "returned Tier, not RiskTier (it lacks review_interval_ns, review)")
