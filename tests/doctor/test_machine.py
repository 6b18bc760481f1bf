"""What the doctor checks on this machine: config, consents, disk, journal. No exchange is asked."""

import sqlite3
from pathlib import Path

import pytest

from arbcore.doctor import Trouble
from arbcore.doctor.rows import attempt, failed, guarded, trouble
from arbcore.doctor.session import (
    AMPLE_FREE,
    LEAST_FREE,
    check_config,
    check_consents,
    check_disk,
    check_durability,
    check_journal,
)
from arbcore.errors import ConfigurationError, JournalError
from arbcore.journal.chain import GENESIS, seal
from arbcore.model.events import EngineStopped, Envelope
from arbcore.pipeline import Pipeline
from arbcore.ports.control import Check
from arbcore.runtime.clock import WallClock
from tests.doctor import project

pytestmark = pytest.mark.anyio

ADDRESS = "http://127.0.0.1:9"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, ...]:
    for name, value in project.KEYS.items():
        monkeypatch.setenv(name, value)
    return project.make(tmp_path / "project", ADDRESS)


def pipeline(files: tuple[Path, ...], *assigned: str, mode: str = "paper") -> Pipeline:
    config, plugins = project.opened(files, *assigned)
    folder = config.folder / "sessions" / config.session.name
    return Pipeline(config=config, plugins=plugins, mode=mode, clock=WallClock(), folder=folder, secrets="some")


def test_a_config_without_warnings_is_named_by_its_hash(files: tuple[Path, ...]) -> None:
    config, _ = project.opened(files)
    assert [check.status for check in check_config(config)] == ["ok"]
    assert config.hash[:12] in check_config(config)[0].detail


def test_a_warning_of_the_config_is_a_row_with_its_remedy(files: tuple[Path, ...]) -> None:
    config, _ = project.opened(files, "keys.withdraw=allowed")
    (check,) = check_config(config)
    assert (check.status, "move_money" in check.detail, "keys.withdraw: none" in check.fix) == ("warn", True, True)


@pytest.mark.parametrize(
    ("assigned", "told"),
    [
        ((), "neither consent"),
        (("session.mode=paper",), "no order leaves"),
    ],
)
def test_consents_on_paper(files: tuple[Path, ...], assigned: tuple[str, ...], told: str) -> None:
    config, _ = project.opened(files, *assigned)
    (check,) = check_consents(config)
    assert check.status == "ok"
    assert told in check.detail


@pytest.mark.parametrize(
    ("free", "status"),
    [(AMPLE_FREE, "ok"), (AMPLE_FREE - 1, "warn"), (LEAST_FREE, "warn"), (LEAST_FREE - 1, "fail"), (0, "fail")],
)
def test_disk_space_is_measured_where_the_folder_will_be(tmp_path: Path, free: int, status: str) -> None:
    asked: list[Path] = []

    def told(folder: Path) -> int:
        asked.append(folder)
        return free

    (check,) = check_disk(tmp_path / "sessions" / "later", told)
    assert (check.status, asked, bool(check.fix)) == (status, [tmp_path], status != "ok")


async def test_a_journal_that_is_not_there_is_not_made(files: tuple[Path, ...]) -> None:
    (check,) = await check_journal(pipeline(files))
    assert check.status == "ok"
    assert not (files[0].parent / "sessions").exists()


async def test_no_journal_in_the_config_is_warned_of(files: tuple[Path, ...]) -> None:
    (check,) = await check_journal(pipeline(files, "journal=null", "session.profile=local_dev"))
    assert check.status == "warn"


def _envelopes() -> list[Envelope]:
    stopped = EngineStopped(reason="x")
    return [Envelope(n, n, 0, "", stopped) for n in (1, 2, 3)]


async def kept(made: Pipeline) -> Path:
    """Store three events, as a session does."""
    async with made.journal() as journal:
        journal.append(seal(GENESIS, _envelopes()))
        return Path(journal.location())


async def test_a_whole_journal_of_an_earlier_run(files: tuple[Path, ...]) -> None:
    made = pipeline(files)
    await kept(made)
    (check,) = await check_journal(made)
    assert (check.status, check.detail) == ("ok", "3 events of an earlier run, chain whole; free")


async def test_a_journal_in_use_is_warned_of_and_its_lease_is_not_taken(files: tuple[Path, ...]) -> None:
    made = pipeline(files)
    await kept(made)
    async with made.journal() as running:
        (check,) = await check_journal(made)
        assert check.status == "warn"
        assert "in use" in check.detail
        assert running.writer()


async def test_a_changed_journal_fails_and_names_the_event(files: tuple[Path, ...]) -> None:
    made = pipeline(files)
    place = await kept(made)
    with sqlite3.connect(place) as base:
        triggers = [name for (name,) in base.execute("select name from sqlite_master where type = 'trigger'")]
        for name in triggers:
            base.execute(f'drop trigger "{name}"')
        base.execute("update event_store set body = substr(body, 1, 30) where sequence = 2")
    base.close()
    (check,) = await check_journal(made)
    assert check.status == "fail"
    assert "event 2" in check.detail


@pytest.mark.parametrize(
    ("durability", "mode", "status", "told"),
    [
        ("auto", "paper", "ok", "kill -9"),
        ("auto", "live", "ok", "loss of power"),
        ("power", "paper", "ok", "synced before"),
        ("process", "live", "warn", "not the loss of power"),
        ("batch", "paper", "warn", "nothing"),
        ("batch", "live", "fail", "nothing"),
    ],
)
async def test_what_stored_events_survive(
    files: tuple[Path, ...], durability: str, mode: str, status: str, told: str
) -> None:
    (check,) = check_durability(pipeline(files, f"journal.durability={durability}", mode=mode))
    assert (check.status, bool(check.fix)) == (status, status != "ok")
    assert told in check.detail


async def test_without_a_journal_nothing_is_said_of_durability(files: tuple[Path, ...]) -> None:
    assert check_durability(pipeline(files, "journal=null", "session.profile=local_dev")) == ()


@pytest.fixture
def no_journal(files: tuple[Path, ...]) -> Pipeline:
    made = pipeline(files)
    place = Path(made.journal().location())
    place.parent.mkdir(parents=True)
    place.write_bytes(b"no database at all, but long enough to be looked at" * 100)
    return made


async def test_a_journal_that_is_no_journal_fails(no_journal: Pipeline) -> None:
    told = await attempt(lambda: check_journal(no_journal))
    assert isinstance(told, Trouble)
    assert isinstance(told.error, JournalError)


def test_a_check_that_raises_is_a_failed_row_and_a_defect_is_named_so() -> None:
    def defective() -> list[Check]:
        raise ZeroDivisionError("by nothing")

    (row,) = guarded("here", "a check", defective)
    assert (row.of, row.check, row.status) == ("here", "a check", "fail")
    assert "ZeroDivisionError: by nothing" in row.seen
    assert "defect" in row.fix


def test_an_error_of_ours_keeps_its_words_and_its_remedy() -> None:
    met = trouble(ExceptionGroup("many", [ConfigurationError("what", "fix")]))
    assert (met.what, met.fix) == ("what", "fix")
    assert failed("name", met) == Check(name="name", status="fail", detail="what", fix="fix")


async def test_a_question_without_an_answer_is_given_up() -> None:
    import anyio

    told = await attempt(anyio.sleep_forever, 0.01)
    assert isinstance(told, Trouble)
    assert "no answer within" in told.what
