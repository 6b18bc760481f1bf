"""Progress where stderr is no terminal: a line now and then, nothing for a short run."""

import sys
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from arbcore.cli._progress import EVERY_SECONDS, PlainProgress, progress_line

ERASE = "\x1b[2K"
"""What a terminal takes as: empty this line."""


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def test_a_line_has_share_rate_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Hand()
    plain = PlainProgress(clock)
    clock.time += 1000
    plain.started(40_000)
    clock.time += EVERY_SECONDS
    plain.progress(10_000)
    assert capsys.readouterr() == ("", "replay: 25%, 10,000 inputs, 1,000/s, about 30 s left\n")


def test_it_speaks_seldom(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Hand()
    plain = PlainProgress(clock)
    plain.started(40_000)
    for step in range(1, 100):
        clock.time += 1
        plain.progress(step * 400)
    assert capsys.readouterr().err.count("\n") == 99 // EVERY_SECONDS


@pytest.mark.parametrize(("total", "count"), [(0, 5), (100, 150)])
def test_more_inputs_than_rows_are_all_of_it(total: int, count: int, capsys: pytest.CaptureFixture[str]) -> None:
    clock = Hand()
    plain = PlainProgress(clock)
    plain.started(total)
    clock.time += EVERY_SECONDS
    plain.progress(count)
    assert "replay: 100%" in capsys.readouterr().err


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def terminal_on(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make stderr a terminal of 80 columns; stdout is none."""
    for name, value in {"TERM": "xterm", "COLUMNS": "80"}.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def _by_rich() -> None:
    Console(file=sys.stderr, force_terminal=True).print("a trade", style="green")


def _by_hand() -> None:
    sys.stderr.write("a trade\n")


@pytest.mark.parametrize("say", [_by_rich, _by_hand])
def test_what_a_sink_says_on_the_terminal_goes_above_the_bar(
    monkeypatch: pytest.MonkeyPatch, say: Callable[[], None]
) -> None:
    terminal = terminal_on(monkeypatch)
    with progress_line() as (started, progress):
        started(10)
        progress(5)
        terminal.seek(0)
        terminal.truncate()
        say()
        shown = terminal.getvalue()
    before, _, after = shown.partition("a trade")
    assert before.rpartition("\r")[2].startswith(ERASE), "the bar is taken away first"
    assert "replay" not in before.rpartition(ERASE)[2]
    assert "\n" in after.partition("replay")[0], "and drawn again on a line of its own"
    assert "replay" in after
    assert sys.stderr is terminal


def test_what_goes_into_a_file_meanwhile_stays_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = terminal_on(monkeypatch)
    with progress_line():
        print("a trade")
    assert capsys.readouterr().out == "a trade\n"
    assert "a trade" not in terminal.getvalue()


def test_a_run_that_is_soon_over_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_line() as (started, progress):
        started(10)
        progress(10)
    assert capsys.readouterr() == ("", "")
