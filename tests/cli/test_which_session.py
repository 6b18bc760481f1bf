"""To which session a command goes: the one that runs, or the one that is named; never to real orders by chance."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import anyio.to_thread
import pytest

from arbcore.cli import main
from arbcore.cli._frame_config import Selection
from arbcore.pipeline import Pipeline
from arbcore.runtime.clock import WallClock

pytestmark = pytest.mark.anyio

LIVE = "kimchi.live.testnet"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose session is called kimchi, as the current folder."""
    assert main(["init", str(tmp_path)]) == 0
    monkeypatch.chdir(tmp_path)
    return tmp_path


@asynccontextmanager
async def running(project: Path, *names: str) -> AsyncIterator[None]:
    """Hold the journals of sessions as their engines would."""
    config, plugins = Selection().open("paper")
    async with AsyncExitStack() as stack:
        for name in names:
            folder = project / "sessions" / name
            pipeline = Pipeline(config=config, plugins=plugins, mode="paper", clock=WallClock(), folder=folder)
            await stack.enter_async_context(pipeline.journal())
            store = pipeline.control_store()
            assert store is not None
            await stack.enter_async_context(store)
        yield


def given(project: Path, name: str) -> int:
    """Return how many commands were given to a session."""
    with closing(sqlite3.connect(project / "sessions" / name / "control.db")) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM command_store").fetchone()[0])


async def pause(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Give a command that nobody will answer; return exit code and what was said."""
    capsys.readouterr()
    code = await anyio.to_thread.run_sync(main, ["pause", "--timeout", "50ms", *arguments])
    return code, capsys.readouterr().err


async def test_the_only_one_that_runs_is_meant(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with running(project, "kimchi"):
        pass  # a paper session that ended
    async with running(project, LIVE):
        assert (await pause(capsys))[0] == 5, "given, and nobody answers"
        code, said = await pause(capsys, "--session", "kimchi")
    assert code == 4, "a name is a folder's, letter by letter"
    assert f"there is {LIVE}, too" in said
    assert (given(project, "kimchi"), given(project, LIVE)) == (0, 1)


async def test_of_several_one_must_be_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with running(project, "kimchi", LIVE):
        code, said = await pause(capsys)
        assert code == 2
        assert "2 sessions run here" in said
        assert "kimchi" in said
        assert LIVE in said
        assert (await pause(capsys, "--session", "kimchi"))[0] == 5
        assert (given(project, "kimchi"), given(project, LIVE)) == (1, 0)
        assert (await pause(capsys, "--session", LIVE))[0] == 5


async def test_where_none_runs_it_says_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = await pause(capsys)
    assert (code, "never ran here" in said) == (4, True)
    async with running(project, "kimchi", LIVE):
        pass
    code, said = await pause(capsys)
    assert (code, "is not running" in said) == (4, True)


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("--session", "kimchi"), 2, "one on paper"),
        ((), 2, "there are several: kimchi.live.simulator, kimchi.live.testnet"),
        (("--session", "other.live.testnet"), 4, "no session other.live.testnet"),
        (("--symbol", "BTC"), 2, "closes everything"),
        (("--session", LIVE), 4, "never traded"),
    ],
)
async def test_offline_it_must_be_clear_what_is_closed(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, text: str
) -> None:
    async with running(project, "kimchi", LIVE, "kimchi.live.simulator"):
        pass
    capsys.readouterr()
    assert await anyio.to_thread.run_sync(main, ["flatten", "--offline", "--yes", *arguments]) == code
    assert text in capsys.readouterr().err
