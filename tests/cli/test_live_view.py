"""The live view at work: its thread, its stream, and what it does to those who trade."""

import re
import sys
import time
from collections.abc import Callable
from io import StringIO
from threading import Event as Flag

import pytest

from arbcore.cli import _live
from arbcore.cli._live import MAX_BATCHES, LiveView
from arbcore.cli._live_plain import EVERY_S, Lines
from arbcore.model.events import EnginePaused, EngineStopped, VenueHealthChanged
from tests.cli.pictures import envelopes, route, stats, venue

PATIENCE_S = 20.0
HEALTH = VenueHealthChanged(venue="upbit", before="healthy", after="down", reason="VENUE_DOWN")


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_live, "PERIOD_S", 0.01)
    for name, value in {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"}.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def wait_for(there: Callable[[], bool]) -> None:
    """Wait until something is so; fail only where it never is."""
    end = time.monotonic() + PATIENCE_S
    while not there():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def last_screen(text: str) -> str:
    """Return what stands on the terminal after the last time the picture was drawn over."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.rpartition("\x1b[2K")[2])


def test_a_terminal_gets_a_picture_that_stays() -> None:
    terminal = Terminal()
    with LiveView(mode="paper", seconds=600, stream=terminal) as view:
        wait_for(lambda: "starting" in terminal.getvalue())
        view.on_stats(stats())
        view.on_events(envelopes(HEALTH))
        wait_for(lambda: "upbit is down" in terminal.getvalue())
        assert "08:30 left" in terminal.getvalue()
        view.on_events(envelopes(EngineStopped(reason="the time is over"), first=2))
        view.on_stats(stats(events=988))
    screen = last_screen(terminal.getvalue())
    assert "kimchi  paper  ended" in screen
    assert "session ended: the time is over" in screen
    assert "988 events" in screen
    assert terminal.getvalue().rstrip("\n").endswith("\x1b[?25h"), "the cursor is back"


def test_the_last_picture_has_the_market_as_it_was_while_it_could_be_seen() -> None:
    terminal = Terminal()
    with LiveView(mode="paper", stream=terminal) as view:
        view.on_stats(stats())
        view.on_events(envelopes(EngineStopped(reason="the time is over")))
        gone = {"upbit": venue(connections={"market": "DISCONNECTED"}, books=(0, 20))}
        view.on_stats(stats(routes={"r": route("BTC", 26.2, "CONNECTION_LOST")}, venues=gone, closed=4, won=3))
    screen = last_screen(terminal.getvalue())
    assert "4 closed (3 won)" in screen
    assert "ready" in screen
    assert "connection lost" not in screen
    assert "disconnected" not in screen


def test_what_others_print_appears_above(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with LiveView(mode="paper") as view:
        view.on_stats(stats())
        wait_for(lambda: "RUNNING" in terminal.getvalue())
        sys.stderr.write("a sink says hello\n")
    before, _, after = terminal.getvalue().partition("a sink says hello")
    assert before.rpartition("\r")[2].startswith("\x1b[2K"), "the picture is taken away first"
    assert "kimchi" in after, "and drawn again below"
    assert sys.stderr is terminal


def test_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    with LiveView(mode="paper", stream=terminal) as view:
        view.on_stats(stats())
    colours = re.findall(r"\x1b\[[0-9;]*3[0-7]m", terminal.getvalue())
    assert "RUNNING" in terminal.getvalue() or "ended" in terminal.getvalue()
    assert colours == []


@pytest.mark.parametrize(("stream", "plain"), [(StringIO, False), (Terminal, True)])
def test_lines_where_there_is_no_picture(stream: type[StringIO], plain: bool) -> None:
    out = stream()
    with LiveView(mode="paper", plain=plain, stream=out) as view:
        view.on_events(envelopes(EnginePaused(), HEALTH))
        view.on_stats(stats())
    lines = out.getvalue().splitlines()
    assert lines[0] == "2026-01-01T08:00:02Z upbit is down, it was healthy: venue down"
    assert lines[1].startswith("2026-01-01T08:01:30Z kimchi: paper RUNNING")
    assert len(lines) == 2
    assert "\x1b" not in out.getvalue()


def test_a_summary_comes_now_and_then() -> None:
    now, out = [100.0], StringIO()
    lines = Lines(out, lambda: now[0])
    view = LiveView(mode="paper")
    view.on_stats(stats())
    view._display = lines
    for _ in range(100):
        now[0] += 1
        view._show(last=False)
    assert out.getvalue().count("\n") == 100 // EVERY_S


def test_a_flood_of_events_is_counted_not_printed() -> None:
    out = StringIO()
    with LiveView(mode="paper", stream=out) as view:
        view.on_events(envelopes(*[HEALTH] * 500))
    lines = out.getvalue().splitlines()
    assert len(lines) < 100
    assert lines[-1] == "... and 460 more events; `arb events` shows them"


def test_what_is_dropped_is_told() -> None:
    out = StringIO()
    view = LiveView(mode="paper", stream=out)
    for number in range(1, MAX_BATCHES + 101):
        view.on_events(envelopes(EnginePaused() if number > 1 else HEALTH, first=number))
    view.on_events(envelopes(HEALTH, first=MAX_BATCHES + 201))
    with view:
        pass
    told = [line.partition(" ")[2] for line in out.getvalue().splitlines()]
    assert told == [
        "100 events went by too fast to be told; the journal has them",
        "upbit is down, it was healthy: venue down",
    ]


def test_a_terminal_that_goes_away_ends_the_view_alone(caplog: pytest.LogCaptureFixture) -> None:
    gone = Terminal()
    with LiveView(mode="paper", stream=gone) as view:
        wait_for(lambda: "starting" in gone.getvalue())
        gone.close()
        view.on_stats(stats())
        wait_for(lambda: bool(caplog.records))
        view.on_events(envelopes(HEALTH))
    assert "the session goes on" in caplog.text


def test_an_error_of_the_session_comes_through() -> None:
    terminal = Terminal()
    with pytest.raises(KeyboardInterrupt), LiveView(mode="paper", stream=terminal):
        raise KeyboardInterrupt
    assert "\x1b[?25h" in terminal.getvalue()


class Stuck(StringIO):
    """A stream on which writing hangs until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.stuck, self.go = Flag(), Flag()

    def write(self, text: str) -> int:
        self.stuck.set()
        assert self.go.wait(PATIENCE_S)
        return super().write(text)


def test_giving_it_something_never_waits_for_the_display() -> None:
    out, shown, batch = Stuck(), stats(), envelopes(HEALTH, first=2)
    with LiveView(mode="paper", stream=out) as view:
        view.on_events(envelopes(HEALTH))
        assert out.stuck.wait(PATIENCE_S)
        for _ in range(10_000):
            view.on_stats(shown)
            view.on_events(batch)
        assert not out.go.is_set(), "all of it was taken while the display hung"
        out.go.set()


def test_a_stream_that_hangs_does_not_keep_the_session_from_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_live, "PATIENCE_S", 0.01)
    out = Stuck()
    view = LiveView(mode="paper", stream=out)
    with view:
        view.on_events(envelopes(HEALTH))
        assert out.stuck.wait(PATIENCE_S)
    assert view._thread.is_alive()
    out.go.set()
    view._thread.join()


def test_a_pipe_gets_lines_whatever_is_said_of_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    out = StringIO()
    with LiveView(mode="paper", stream=out) as view:
        view.on_stats(stats())
    assert out.getvalue().count("\n") == 1
    assert "\x1b" not in out.getvalue()
