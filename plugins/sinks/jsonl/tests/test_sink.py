"""Lines, rotation and crashes of the JSON lines sink."""

import asyncio
import json
import shutil
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.journal.codec import encode
from arbcore.model.events import BalanceChanged, EnginePaused, EngineResumed, Envelope
from arbcore.settings import PluginSettings
from arbcore.testing.events import numbered
from arbcore.testing.stores import store_context
from arbcore_sink_jsonl.files import RotatingLines
from arbcore_sink_jsonl.settings import JsonlSettings
from arbcore_sink_jsonl.sink import JsonlSink

EVENT = BalanceChanged(venue="upbit", currency="KRW", change=Decimal("0.10"), after=Decimal("1E+3"), reason="fill")
ENVELOPE = Envelope(7, 1_700_000_000_000_000_001, 6, "k", EVENT)


def lines_of(folder: Path) -> list[str]:
    return (folder / "store.jsonl").read_text(encoding="utf-8").splitlines()


@pytest.mark.anyio
async def test_a_line_is_the_canonical_event_behind_a_readable_time(tmp_path: Path) -> None:
    async with JsonlSink(JsonlSettings(use="jsonl"), store_context(tmp_path)) as sink:
        await sink.write([ENVELOPE])
    (line,) = lines_of(tmp_path)
    read = json.loads(line)
    assert read.pop("at") == "2023-11-14T22:13:20.000000001Z"
    assert read == json.loads(encode(ENVELOPE))
    assert read["event"]["after"] == "1E+3"


@pytest.mark.anyio
async def test_a_choice_of_types(tmp_path: Path) -> None:
    settings = JsonlSettings(use="jsonl", types=("EnginePaused",))
    async with JsonlSink(settings, store_context(tmp_path)) as sink:
        await sink.write(numbered([(1, "", EnginePaused()), (2, "", EngineResumed()), (3, "", EnginePaused())]))
    assert [json.loads(line)["sequence"] for line in lines_of(tmp_path)] == [1, 3]


@pytest.mark.anyio
async def test_half_a_line_of_a_crash_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "store.jsonl").write_bytes(b'{"sequence":1}\n{"sequence":2,"ti')
    async with JsonlSink(JsonlSettings(use="jsonl"), store_context(tmp_path)) as sink:
        await sink.write([ENVELOPE])
    assert [json.loads(line)["sequence"] for line in lines_of(tmp_path)] == [1, 7]


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_jq_reads_it(tmp_path: Path) -> None:
    async def write() -> None:
        async with JsonlSink(JsonlSettings(use="jsonl"), store_context(tmp_path)) as sink:
            await sink.write(numbered([(1, "", EVENT), (2, "", EnginePaused(reason="a\nb"))]))

    asyncio.run(write())
    command = ["jq", "-r", 'select(.event.type == "BalanceChanged") | .event.change', str(tmp_path / "store.jsonl")]
    assert subprocess.check_output(command, text=True) == "0.10\n"


@pytest.mark.anyio
async def test_a_flush_that_takes_too_long_says_so(tmp_path: Path) -> None:
    hold, held = threading.Event(), threading.Event()
    async with JsonlSink(JsonlSettings(use="jsonl"), store_context(tmp_path)) as sink:
        ordinary = sink._lines.write

        def slow(lines: list[bytes]) -> None:
            held.set()
            hold.wait(60)
            ordinary(lines)

        sink._lines.write = slow  # type: ignore[method-assign]
        writing = asyncio.create_task(sink.write([ENVELOPE]))
        await asyncio.to_thread(held.wait, 60)
        assert await sink.flush(1_000_000) is False
        hold.set()
        await writing
        assert await sink.flush(60 * 10**9) is True
        assert len(lines_of(tmp_path)) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.anyio
async def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "store.jsonl").symlink_to("/dev/full")
    sink = JsonlSink(JsonlSettings(use="jsonl"), store_context(tmp_path))
    sink._lines._file = (tmp_path / "store.jsonl").open("wb")
    await sink.write([ENVELOPE])
    with pytest.raises(OSError, match="No space left"):
        await sink.flush(10**9)
    with pytest.raises(OSError, match="No space left"):
        await sink.__aexit__()


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 100), st.lists(st.integers(0, 59), max_size=3))
def test_files_hold_all_lines_in_order_within_their_size(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], max_bytes: int, reopened: list[int]
) -> None:
    path = tmp_path_factory.mktemp("lines") / "log.jsonl"
    written = [f"{number:02}".encode() + b"x" * length for number, length in enumerate(lengths)]
    lines = RotatingLines(path, max_bytes, keep=0)
    lines.open()
    for number, line in enumerate(written):
        if number in reopened:
            lines.close()
            lines = RotatingLines(path, max_bytes, keep=0)
            lines.open()
        lines.write([line])
    lines.close()
    files = [*lines.numbered(), path]
    assert b"".join(file.read_bytes() for file in files) == b"".join(line + b"\n" for line in written)
    for file in files:
        assert file.stat().st_size <= max_bytes or file.read_bytes().count(b"\n") == 1


def test_old_files_go_and_names_are_never_reused(tmp_path: Path) -> None:
    lines = RotatingLines(tmp_path / "log.jsonl", max_bytes=4, keep=2)
    lines.open()
    lines.write([f"l{number}".encode() for number in range(12)])
    lines.close()
    assert [path.name for path in lines.numbered()] == ["log.10.jsonl", "log.11.jsonl"]
    assert (tmp_path / "log.10.jsonl").read_bytes() == b"l9\n"
    (tmp_path / "log.x.jsonl").write_text("someone else's")
    assert len(lines.numbered()) == 2


CRASH = """
import asyncio, os, sys
from pathlib import Path
from arbcore.model.events import EnginePaused
from arbcore.testing.events import numbered
from arbcore.testing.stores import store_context
from arbcore_sink_jsonl.settings import JsonlSettings
from arbcore_sink_jsonl.sink import JsonlSink

async def main():
    async with JsonlSink(JsonlSettings(use="jsonl"), store_context(Path(sys.argv[1]))) as sink:
        await sink.write(numbered([(number, "", EnginePaused()) for number in range(1, 200)]))
        await sink.flush(10**9)
        await sink.write(numbered([(number, "", EnginePaused()) for number in range(200, 400)], 200))
        os.kill(os.getpid(), 9)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signal 9 is POSIX")
@pytest.mark.anyio
async def test_what_was_flushed_survives_a_kill(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", CRASH, str(tmp_path))
    assert await process.wait() == -9
    async with JsonlSink(JsonlSettings(use="jsonl"), store_context(tmp_path)):
        read = [json.loads(line)["sequence"] for line in lines_of(tmp_path)]
    assert read == list(range(1, len(read) + 1))
    assert len(read) >= 199


def test_the_readme_lists_every_setting_with_its_default() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    for name in JsonlSettings.model_fields.keys() - PluginSettings.model_fields.keys():
        assert f"| `{name}` | " in readme, name
