"""What was stored once opens for ever: a sample of every event and command, in each version, and an old journal."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from arbcore.cli import main
from arbcore.journal.codec import EVENT_TYPES, decode, encode
from arbcore.journal.requests import decode_request, encode_request
from arbcore.journal.upcast import COMMAND_TYPES, UPCASTS
from arbcore.model.command import Command
from arbcore.model.events import Event
from tools import samples

TYPES: dict[str, type[Event | Command]] = {
    **EVENT_TYPES,
    **{f"command-{name}": kind for name, kind in COMMAND_TYPES.items()},
}
VERSIONS = [(name, version) for name, kind in TYPES.items() for version in range(1, kind.VERSION + 1)]


def stored(name: str, version: int) -> bytes:
    path = samples.FOLDER / f"{name}.{version}.json"
    assert path.exists(), "a type or version without a stored sample: run `python -m tools.samples`"
    return path.read_bytes()


def read(name: str, body: bytes) -> Any:
    """Return what a sample reads as today, as plain values."""
    if name.startswith("command-"):
        return json.loads(encode_request(decode_request(body)))
    return json.loads(encode(decode(body)))


def keeps(before: Any, after: Any) -> bool:
    """Tell whether nothing that was stored is gone or different; fields that were added since may stand beside it."""
    match before, after:
        case dict(), dict():
            return all(key in after and keeps(value, after[key]) for key, value in before.items())
        case list(), list():
            return len(before) == len(after) and all(map(keeps, before, after))
    return bool(before == after)


@pytest.mark.parametrize(("name", "version"), VERSIONS)
def test_a_stored_sample_reads_as_what_was_meant(name: str, version: int) -> None:
    body = stored(name, version)
    now = read(name, body)
    if version == TYPES[name].VERSION:
        assert keeps(json.loads(body), now)
    else:
        kind = name.removeprefix("command-")
        fields = json.loads(body)["command" if name != kind else "event"]
        lifted = samples.FOLDER / f"{name}.{version}.lifted.json"
        assert UPCASTS[kind, version](fields) == json.loads(lifted.read_bytes())


def test_no_sample_is_of_a_type_that_is_gone() -> None:
    names = {path.name.split(".")[0] for path in samples.FOLDER.glob("*.json")}
    assert names == set(TYPES)


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 0}]}, True),
        ({"a": 1}, {"b": 1}, False),
        ({"a": "1.0"}, {"a": "1"}, False),
        ({"a": [1]}, {"a": [1, 2]}, False),
    ],
)
def test_what_is_lost_or_changed_is_noticed(before: object, after: object, kept: bool) -> None:
    assert keeps(before, after) is kept


@pytest.mark.slow
def test_an_old_journal_opens_adds_up_and_is_written_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def arb(*arguments: str) -> Any:
        capfd.readouterr()
        assert main([*arguments, "old", "--json"]) == 0, capfd.readouterr().err
        return json.loads(capfd.readouterr().out)

    assert main(["init", str(tmp_path)]) == 0
    monkeypatch.chdir(tmp_path)
    Path("old").mkdir()
    shutil.copy(samples.FOLDER / "journal-0.1.0.stored", "old/journal.db")
    verified = arb("journal", "verify")
    assert verified["events"] == 79
    assert verified["last_hash"] == "0a994562d9ea8ead52e8e4ee816fabca1b53331d696b5e3d1c113dd69092c3f9"
    for more in (["--check"], []):
        folded = arb("journal", "rebuild", *more)
        assert folded["differences"] == []
        assert folded["stored"] is not bool(more)
        assert folded["pnl"]["total"] == "8.52073284298884"
        assert {one["venue"]: one["amount"] for one in folded["balances"]} == {
            "binance": "29998.653596",
            "upbit": "50004713.56",
        }


def test_a_sample_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "FOLDER", tmp_path)
    (tmp_path / "EnginePaused.1.json").write_bytes(b"as it was")
    assert samples.main() == 0
    assert (tmp_path / "EnginePaused.1.json").read_bytes() == b"as it was"
    assert len(list(tmp_path.iterdir())) == len(TYPES)
