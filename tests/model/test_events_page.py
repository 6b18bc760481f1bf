"""docs/events.md lists every event and command with what the code says of it."""

import re
from pathlib import Path
from typing import get_args

import pytest

from arbcore.model.command import AnyCommand, Command
from arbcore.model.drift import CauseClass
from arbcore.model.events import AnyEvent, Event
from tools import catalogue

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / catalogue.PAGE).read_text("utf-8")


def chapter(kind: type[Event] | type[Command]) -> str:
    title = re.escape(("" if issubclass(kind, Event) else "Command ") + f"`{kind.__name__}`")
    (found,) = re.findall(rf"^### {title}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_page_is_up_to_date() -> None:
    assert catalogue.page() == PAGE, "run `python -m tools.catalogue`"


@pytest.mark.parametrize("kind", [*get_args(AnyEvent), *get_args(AnyCommand)], ids=lambda kind: kind.__name__)
def test_every_type_has_one_chapter_with_its_version_key_and_fields(kind: type[Event] | type[Command]) -> None:
    text = chapter(kind)
    assert f"\nVersion {kind.VERSION}." in text
    if issubclass(kind, Event):
        assert (f" Key: {kind.KEY}." in text) is bool(kind.KEY)
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == list(kind.__struct_fields__)


@pytest.mark.parametrize("cause", list(CauseClass))
def test_every_class_of_drift_has_a_sentence(cause: CauseClass) -> None:
    (text,) = re.findall(rf"^\| `{cause}` \| (.*) \|$", PAGE, re.MULTILINE)
    assert text.endswith(".")


def test_a_field_without_a_meaning_is_refused() -> None:
    class Vague(Event, frozen=True, tag="Vague"):
        """Something."""

        venue: str
        thing: str

    with pytest.raises(ValueError, match="Vague: its docstring says nothing of thing"):
        catalogue._entry(Vague)


def test_a_stale_page_is_noticed_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(catalogue, "ROOT", tmp_path)
    assert catalogue.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().out
    assert catalogue.main([]) == 0
    assert catalogue.main(["--check"]) == 0
    assert (tmp_path / catalogue.PAGE).read_text("utf-8") == catalogue.page()
