"""Journals of live sessions: one by mode and environment, found by what reads, never taken for another's."""

import os
from pathlib import Path

import pytest

from arbcore.errors import ForeignJournal
from arbcore.pipeline import Pipeline
from arbcore.ports.journal import Journal
from arbcore.runtime.clock import WallClock
from arbcore.runtime.folder import folders_of, session_folder
from tests.live import project


def test_each_mode_and_environment_has_a_folder_of_its_own(tmp_path: Path) -> None:
    found = {
        session_folder(tmp_path, "kimchi", mode, environment).path.name
        for mode in ("paper", "live")
        for environment in ("simulator", "testnet", "production")
    }
    assert found == {"kimchi", "kimchi.live.simulator", "kimchi.live.testnet", "kimchi.live.production"}


def make(parent: Path, *names: str) -> None:
    """Make folders of sessions, each written to later than the one before."""
    for number, name in enumerate(names, 1):
        (parent / "sessions" / name).mkdir(parents=True)
        os.utime(parent / "sessions" / name, (number, number))


def test_the_one_written_to_last_is_meant_and_none_that_was_put_aside(tmp_path: Path) -> None:
    aside = ("kimchi-20250101T000000Z", "kimchi.live.testnet-20250101T000000Z")
    make(tmp_path, "kimchi", "kimchi.live.testnet", "kimchi2", *aside)
    assert [path.name for path in folders_of(tmp_path, "kimchi")] == ["kimchi.live.testnet", "kimchi"]
    for name in aside:
        assert [path.name for path in folders_of(tmp_path, name)] == [name]
    assert folders_of(tmp_path, "another") == []


@pytest.mark.anyio
@pytest.mark.parametrize(("mode", "changed"), [("paper", []), ("live", ["session.environment=testnet"])])
async def test_a_journal_of_another_mode_or_environment_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, changed: list[str]
) -> None:
    """Where the config places the journal itself, folders can't keep sessions apart."""
    folder = project.make(tmp_path, monkeypatch, more="journal: {path: kept}\n")
    async with journal(folder, mode, *changed):
        pass
    async with journal(folder, mode, *changed):
        pass
    with pytest.raises(ForeignJournal, match="belongs to session doctored") as caught:
        await journal(folder, "live").__aenter__()
    assert caught.value.exit_code == 6


def journal(folder: Path, mode: str, *changed: str) -> Journal:
    config, plugins = project.opened(folder, *changed, mode=None)
    place = session_folder(folder, config.session.name, mode, config.session.environment).path
    return Pipeline(config=config, plugins=plugins, mode=mode, clock=WallClock(), folder=place).journal()
