"""Drafts and presets become plain values that an engine takes, or a reason why it must not."""

import json
from pathlib import Path
from typing import Any

import pytest

from arbcore.config import Config
from arbcore.errors import ConfigurationError
from arbcore.model.command import ApplyPreset, CommandRequest, PauseEngine, Revision, UpdateConfig
from arbcore.plugins import Plugins
from arbcore.revision import Revisions, revision_of
from arbcore.testing.stores import reader_context, store_context
from arbcore_sink_sqlite.control import SqliteControlStore
from arbcore_sink_sqlite.settings import SqliteSettings
from tests.live import project

pytestmark = pytest.mark.anyio

PRESETS = "strategies: {premium: {presets: {calm: {enter_bps: 61, max_holding: 5m}}}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose strategy has a preset."""
    return project.make(tmp_path / "project", monkeypatch, more=PRESETS)


async def made(
    folder: Path, command: str | ApplyPreset, applied: dict[str, str] | None = None, override: str = "", *assigned: str
) -> tuple[Config, Revision]:
    """Return the config, and what is made of a draft or a preset."""
    config, plugins = opened(folder, *assigned)
    place, settings = folder / "control", SqliteSettings(use="sqlite")
    async with (
        SqliteControlStore(settings, store_context(place)) as store,
        SqliteControlStore(settings, reader_context(place)) as outside,
    ):
        drafted = UpdateConfig(version=outside.insert_draft(command, "eve")) if isinstance(command, str) else command
        revisions = Revisions(config, plugins, store, lambda: applied or {})
        request = CommandRequest(id="c", command=drafted, issued_by="eve", override=override, recv_ts=1)
        completed = (await revisions.prepare(request)).command
    assert isinstance(completed, UpdateConfig | ApplyPreset)
    assert completed.revision is not None
    return config, completed.revision


def opened(folder: Path, *assigned: str) -> tuple[Config, Plugins]:
    return project.opened(folder, *assigned)


def draft(**settings: Any) -> str:
    return json.dumps({"strategies": {"premium": settings}})


async def test_a_draft_becomes_all_settings_of_what_it_changes(folder: Path) -> None:
    config, revision = await made(folder, draft(enter_bps=33, max_holding="90s"))
    assert revision.problem == ""
    assert list(revision.parts) == ["strategies.premium"]
    settings = json.loads(revision.parts["strategies.premium"])
    assert (settings["enter_bps"], settings["max_holding"], settings["use"]) == (33, "90s", "spread")
    assert set(revision.changes) == {"strategies.premium.enter_bps", "strategies.premium.max_holding"}
    assert revision.changes["strategies.premium.enter_bps"].endswith(" -> 33.0")
    assert revision.before == config.hash
    assert (
        revision.after
        == opened(folder, "strategies.premium.enter_bps=33", "strategies.premium.max_holding=90s")[0].hash
    )


async def test_it_is_laid_over_what_was_changed_before(folder: Path) -> None:
    _, first = await made(folder, draft(enter_bps=33))
    _, second = await made(folder, draft(notional=77), first.parts)
    assert second.before == first.after
    settings = json.loads(second.parts["strategies.premium"])
    assert (settings["enter_bps"], settings["notional"]) == (33, "77")
    _, nothing = await made(folder, draft(enter_bps=33), first.parts)
    assert "changes nothing" in nothing.problem


async def test_a_preset_is_laid_over_its_strategy(folder: Path) -> None:
    _, revision = await made(folder, ApplyPreset(strategy="premium", preset="calm"))
    settings = json.loads(revision.parts["strategies.premium"])
    assert (settings["enter_bps"], settings["max_holding"]) == (61, "5m")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (draft(enter_bps="much"), "strategies.premium.enter_bps (draft 1)"),
        (draft(enter_bsp=3), "did you mean enter_bps"),
        (json.dumps({"execution": {"ttl": "9s"}}), "execution.ttl can't be changed while a session runs"),
        (json.dumps({"session": {"mode": "backtest"}}), "session.mode can't be changed"),
        (json.dumps({"exchanges": {"upbit": {"allot": {"KRW": 5}}}}), "exchanges.upbit.allot"),
        (json.dumps({"risk": {"portfolio": {"daily_loss": None}}}), "no tier limits the loss of a day"),
        (json.dumps({"risk": {"portfolio": {"order": 4}}}), "risk.portfolio.order can't be changed"),
        ("[", "draft 1"),
        ("words", "draft 1 is no part of a config"),
        (ApplyPreset(strategy="premium", preset="wild"), "has no preset 'wild'; there are: calm"),
        (ApplyPreset(strategy="other", preset="calm"), "there is no strategy 'other'; there are: premium"),
    ],
)
async def test_what_must_not_be_changed_is_told(folder: Path, command: str | ApplyPreset, why: str) -> None:
    _, revision = await made(folder, command)
    assert why in revision.problem
    assert revision.parts == {}


async def test_a_draft_that_is_not_there_is_told(folder: Path) -> None:
    config, plugins = opened(folder)
    async with SqliteControlStore(SqliteSettings(use="sqlite"), store_context(folder / "control")) as store:
        revisions = Revisions(config, plugins, store, dict)
        request = CommandRequest(id="c", command=UpdateConfig(version=9), issued_by="eve", recv_ts=1)
        command = (await revisions.prepare(request)).command
        other = CommandRequest(id="d", command=PauseEngine(), issued_by="eve", recv_ts=1)
        assert await revisions.prepare(other) is other
    assert isinstance(command, UpdateConfig)
    assert command.revision is not None
    assert "no draft of version 9" in command.revision.problem


def test_production_wants_a_reason(folder: Path) -> None:
    production = ("session.environment=production", "session.profile=live")
    before, _ = opened(folder, *production)
    after, _ = opened(folder, *production, "strategies.premium.enter_bps=33")
    assert "typed reason (--override)" in revision_of(before, after).problem
    assert revision_of(before, after, "the market is calm").parts


def test_a_preset_that_is_wrong_is_found_at_the_start(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"strategies\.premium\.presets\.calm\.enter_bps"):
        opened(folder, "strategies.premium.presets.calm.enter_bps=much")
