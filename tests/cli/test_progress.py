"""Progress where stderr is no terminal: a line now and then, nothing for a short run."""

import pytest

from arbcore.cli._progress import EVERY_SECONDS, PlainProgress, progress_line


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


def test_a_run_that_is_soon_over_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_line() as (started, progress):
        started(10)
        progress(10)
    assert capsys.readouterr() == ("", "")
