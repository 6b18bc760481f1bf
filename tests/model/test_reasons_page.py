"""docs/reasons.md lists every reason code with the text beside it in the source."""

from pathlib import Path

import pytest

from arbcore.model.reason import Reason
from tools import reasons

ROOT = Path(__file__).parents[2]
SOURCE = (ROOT / reasons.SOURCE).read_text("utf-8")


def test_the_page_is_up_to_date() -> None:
    assert (ROOT / reasons.PAGE).read_text("utf-8") == reasons.page(SOURCE), "run `python -m tools.reasons`"


def test_every_code_is_there_once_with_a_sentence() -> None:
    found = reasons.reasons(SOURCE)
    assert list(found) == [reason.value for reason in Reason]
    assert len(set(found.values())) == len(found)
    for code, text in found.items():
        assert text.endswith("."), code
        assert reasons.page(SOURCE).count(f"| `{code}` | {text} |\n") == 1


def test_codes_of_one_category_stand_together() -> None:
    categories = [line for line in reasons.page(SOURCE).splitlines() if line.startswith("## ")]
    assert len(categories) == len(set(categories))


def test_a_code_without_a_text_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2: a code needs a text"):
        reasons.reasons('class Reason:\n    A_B = "A_B"\n    C_D = "C_D"\n    """Text."""\n')


def test_a_stale_page_is_noticed_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / reasons.SOURCE).parent.mkdir(parents=True)
    (tmp_path / reasons.PAGE).parent.mkdir()
    (tmp_path / reasons.SOURCE).write_text(SOURCE, "utf-8")
    monkeypatch.setattr(reasons, "ROOT", tmp_path)
    assert reasons.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().out
    assert reasons.main([]) == 0
    assert reasons.main(["--check"]) == 0
    assert (tmp_path / reasons.PAGE).read_text("utf-8") == reasons.page(SOURCE)
