"""Clean paper as evidence: what counts, what does not, and that it is read from the journals of the project."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from arbcore.journal.chain import GENESIS, seal
from arbcore.live.paper import evidence, paper_gate, runs_of, same_trading
from arbcore.model.events import (
    AlertRaised,
    DriftDetected,
    EngineModeChanged,
    EngineStarted,
    EngineStopped,
    Envelope,
    Event,
    QuarantineCompleted,
    QuarantineStarted,
    ReconciliationPerformed,
    StrategyStopped,
    TradeFrozen,
)
from arbcore.model.state import EngineState, Severity
from arbcore.pipeline import Pipeline
from arbcore.runtime.clock import WallClock
from arbcore.runtime.folder import SessionFolder
from tests.live import project

pytestmark = pytest.mark.anyio
HOUR = 3600 * 10**9
STOP = EngineStopped(reason="the time is over")


def started(mode: str = "paper") -> EngineStarted:
    return EngineStarted(
        session="s", mode=mode, base_currency="USDT", config_hash="", strategies=("premium",), instruments=()
    )


def numbered(*events: Event, hours: float = 1.0) -> list[Envelope]:
    """Return events with equal times between them, the last one the given hours after the first."""
    step = round(hours * HOUR / max(len(events) - 1, 1))
    return [Envelope(number, number * step, 0, "", event) for number, event in enumerate(events, 1)]


def troubles(*events: Event, running: bool = False) -> list[list[str]]:
    return [run.troubles for run in runs_of(numbered(*events), running=running)]


ALERT = AlertRaised(rule="no_heartbeat", severity=Severity.P0, source="x", text="")
HALT = EngineModeChanged(before=EngineState.RUNNING, after=EngineState.HALTED, reason="RISK_KILL", source="t")
FAILED = StrategyStopped(strategy="premium", reason="STRATEGY_ERROR")
DRIFT = DriftDetected(subject="BTC", expected="1", actual="2", cause_class="foreign", venue="upbit")


@pytest.mark.parametrize(
    ("events", "trouble"),
    [
        ((HALT,), "halted (RISK_KILL)"),
        ((ALERT,), "alert no_heartbeat"),
        ((FAILED,), "strategy premium failed"),
        ((TradeFrozen(trade="7", reason="x"),), "trade 7 stayed frozen"),
        ((DRIFT,), "drift of BTC"),
        ((DRIFT, ReconciliationPerformed(venue="binance", checked=1, drifts=0)), "drift of BTC"),
        ((DRIFT, ReconciliationPerformed(venue="upbit", checked=1, drifts=1)), "drift of BTC"),
        ((QuarantineStarted(subject="id 3", reason="x"),), "id 3 stayed in quarantine"),
    ],
)
def test_what_makes_paper_unclean(events: Sequence[Event], trouble: str) -> None:
    assert troubles(started(), *events, STOP) == [[trouble]]


@pytest.mark.parametrize(
    "events",
    [
        (),
        (AlertRaised(rule="slow", severity=Severity.P1, source="x", text=""),),
        (StrategyStopped(strategy="premium", reason="by hand"),),
        (DRIFT, ReconciliationPerformed(venue="upbit", checked=1, drifts=0)),
        (QuarantineStarted(subject="a", reason="x"), QuarantineCompleted(subject="a", outcome="cleared")),
        (EngineModeChanged(before=EngineState.RUNNING, after=EngineState.REDUCING, reason="x", source="t"),),
    ],
)
def test_what_was_made_good_or_is_none(events: Sequence[Event]) -> None:
    assert troubles(started(), *events, STOP) == [[]]


def test_a_run_that_was_killed_is_not_clean_and_the_next_one_may_be() -> None:
    assert troubles(started(), started(), STOP) == [["it ended without being stopped"], []]


def test_a_run_that_still_goes_on_counts_as_far_as_it_got() -> None:
    assert troubles(started(), ReconciliationPerformed(venue="x", checked=1, drifts=0), running=True) == [[]]
    assert troubles(started(), running=False) == [["it ended without being stopped"]]


@pytest.mark.parametrize("mode", ["live", "backtest", "replay"])
def test_only_paper_is_paper(mode: str) -> None:
    assert troubles(started(mode), HALT, STOP, started(), STOP) == [[]]


@dataclass
class Project:
    """A project with paper sessions behind it."""

    folder: Path

    async def keep(self, name: str, *events: Event, hours: float = 1.0, more: Sequence[str] = ()) -> None:
        """Keep a session of the project's config as `arb run` leaves it."""
        config, plugins = project.opened(self.folder, "session.environment=production", *more, mode=None)
        folder = SessionFolder(self.folder / "sessions" / name)
        pipeline = Pipeline(config=config, plugins=plugins, mode="paper", clock=WallClock(), folder=folder.path)
        async with pipeline.journal() as journal:
            journal.append(seal(GENESIS, numbered(*events, hours=hours)))
        folder.keep_origin(config.raw.values, ())

    async def hours(self, *more: str) -> float:
        found = await evidence(*project.opened(self.folder, "session.environment=production", *more))
        return round(found.clean_ns / HOUR, 3)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    # The profile of paper sessions would refuse keys that lack a statement; here it is the same for both.
    return Project(project.make(tmp_path, monkeypatch))


CLEAN = (started(), STOP)


async def test_hours_of_several_sessions_are_added_up(kept: Project) -> None:
    assert await kept.hours() == 0
    await kept.keep("doctored", *CLEAN, hours=2)
    await kept.keep("doctored-20250101T000000Z", *CLEAN, hours=3)
    await kept.keep("another", *CLEAN, hours=1)
    assert await kept.hours() == 6


async def test_an_unclean_session_does_not_count_and_the_refusal_says_why(kept: Project) -> None:
    await kept.keep("doctored", *CLEAN, hours=2)
    await kept.keep("doctored-20250101T000000Z", started(), HALT, STOP, hours=30)
    assert await kept.hours() == 2
    config, plugins = project.opened(kept.folder, "session.environment=production", "session.profile=live")
    (refusal,) = await paper_gate(config, plugins, "")
    assert "2.0 h of clean paper of this configuration, 24 h are wanted" in refusal.what
    assert "doctored-20250101T000000Z does not count: halted (RISK_KILL)" in refusal.what


async def test_enough_hours_open_the_gate(kept: Project) -> None:
    await kept.keep("doctored", *CLEAN, hours=24)
    config, plugins = project.opened(kept.folder, "session.environment=production", "session.profile=live")
    assert await paper_gate(config, plugins, "") == []


@pytest.mark.parametrize(
    "other",
    [
        "session.environment=simulator",
        "strategies.premium.enter_bps=24",
        "risk.portfolio.daily_loss=199",
        "execution.ttl=4s",
        "rates.usdt_krw.max_age=4s",
        "session.base_currency=KRW",
    ],
)
async def test_another_configuration_does_not_count(kept: Project, other: str) -> None:
    await kept.keep("doctored", *CLEAN, more=[other])
    assert await kept.hours() == 0


@pytest.mark.parametrize(
    "other", ["session.record=false", "exchanges.upbit.allot={KRW: 5}", "paper.balances.upbit.KRW=60000000"]
)
async def test_what_decides_no_trade_may_differ(kept: Project, other: str) -> None:
    await kept.keep("doctored", *CLEAN, more=[other])
    assert await kept.hours() == 1


async def test_testnet_and_a_threshold_of_nothing_want_no_paper(kept: Project) -> None:
    assert await paper_gate(*project.opened(kept.folder), "") == []
    project.write(kept.folder, "more", "live: {min_paper_hours: 0}\n")
    assert await paper_gate(*project.opened(kept.folder, "session.environment=production"), "") == []


async def test_a_journal_that_cannot_be_read_is_named(kept: Project) -> None:
    await kept.keep("doctored", *CLEAN)
    (kept.folder / "sessions" / "doctored" / "journal.db").write_bytes(b"no database at all")
    found = await evidence(*project.opened(kept.folder, "session.environment=production"))
    assert found.clean_ns == 0
    assert found.notes[0].startswith("doctored can't be read: ")


def test_the_mode_does_not_change_what_is_traded(kept: Project) -> None:
    paper, live = project.opened(kept.folder, mode=None)[0], project.opened(kept.folder)[0]
    assert paper.hash != live.hash
    assert same_trading(paper) == same_trading(live)
