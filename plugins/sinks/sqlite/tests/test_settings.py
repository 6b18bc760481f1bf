"""Settings, and what they come to in the database."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from arbcore.journal.folds import Fold
from arbcore.journal.projections import ProjectionStore
from arbcore.ports.journal import ControlStore, Journal
from arbcore.settings import PluginSettings
from arbcore.testing.stores import chain_of, reader_context, store_context
from arbcore_sink_sqlite import plugin
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings


@pytest.mark.parametrize(("mode", "expected"), [("backtest", "batch"), ("paper", "process"), ("live", "power")])
def test_durability_follows_the_mode_unless_it_is_said(mode: str, expected: str) -> None:
    assert SqliteSettings(use="sqlite").durability_in(mode) == expected
    assert SqliteSettings(use="sqlite", durability="power").durability_in(mode) == "power"


@pytest.mark.anyio
async def test_a_batch_waits_and_the_others_do_not(tmp_path: Path) -> None:
    for durability, seen in (("process", 3), ("batch", 0)):
        settings = SqliteSettings.model_validate({"use": "sqlite", "durability": durability})
        async with SqliteJournal(settings, store_context(tmp_path / durability)) as journal:
            journal.append(chain_of(3))
            async with SqliteJournal(settings, reader_context(tmp_path / durability)) as reader:
                assert len(list(reader.read())) == seen
                journal.flush()
                assert len(list(reader.read())) == 3


@pytest.mark.anyio
async def test_the_path_may_be_set(tmp_path: Path) -> None:
    settings = SqliteSettings(use="sqlite", path=tmp_path / "mine")
    async with SqliteJournal(settings, store_context(tmp_path / "session")) as journal:
        assert journal.location() == str(tmp_path / "mine" / "journal.db")
    assert not (tmp_path / "session").exists()


@pytest.mark.parametrize("wrong", [{"durability": "none"}, {"batch_events": 0}, {"busy_timeout": "5"}, {"pth": "x"}])
def test_what_is_wrong_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SqliteSettings.model_validate({"use": "sqlite", **wrong})


@pytest.mark.anyio
async def test_projections_are_kept(tmp_path: Path) -> None:
    settings = SqliteSettings(use="sqlite")
    async with SqliteJournal(settings, store_context(tmp_path)) as journal:
        assert isinstance(journal, ProjectionStore)
        assert journal.projected() is None
        summary = Fold().projections.summary()
        journal.project(summary)
        assert journal.projected() == summary


def test_the_plugin_returns_the_ports(tmp_path: Path) -> None:
    settings = plugin.settings_model()(use="sqlite")
    assert isinstance(plugin.open_journal(settings=settings, context=store_context(tmp_path)), Journal)
    assert isinstance(plugin.open_control_store(settings=settings, context=store_context(tmp_path)), ControlStore)
    assert list(tmp_path.iterdir()) == []


def test_importing_the_plugin_imports_no_database() -> None:
    code = "import sys, arbcore_sink_sqlite; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sqlite3", "sqlalchemy", "sqlmodel", "pydantic"} & set(run.stdout.split()) - _of_hooks()


def _of_hooks() -> set[str]:
    code = "import sys, arbcore.hooks; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_the_readme_lists_every_setting_with_its_default() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    for name in SqliteSettings.model_fields.keys() - PluginSettings.model_fields.keys():
        assert f"| `{name}` | " in readme, name
