"""Runs all tests of a suite in process, each with fresh fixtures, and tells which of them fail."""

import asyncio
import inspect
import selectors
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import anyio
import pytest

from arbcore.testing._suite import Suite
from arbcore.testing.trading import Bench, VenueSuite


class _Hurried(selectors.DefaultSelector):
    """Waits for nothing: where nothing is ready, the time of the loop jumps to when something is due."""

    waited = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now; time passes in no time."""
        if timeout is None:
            return super().select(timeout)
        ready = super().select(0)
        if not ready:
            self.waited += timeout
        return ready


class HurriedLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time, for what happens in this process alone: patience costs nothing and never lacks."""

    def __init__(self) -> None:
        self._hurried = _Hurried()
        super().__init__(self._hurried)

    def time(self) -> float:
        """Return the time that was waited for."""
        return self._hurried.waited


FAILS = (Exception, pytest.fail.Exception, BaseExceptionGroup)


def failing(make: Callable[[], Bench], caplog: pytest.LogCaptureFixture) -> set[str]:
    """Return the names of the standard tests of venues that fail on a bench."""

    def fixtures() -> dict[str, object]:
        caplog.clear()
        return {"bench": make(), "caplog": caplog}

    return failing_tests(VenueSuite, fixtures)


def failing_tests(suite: type[Suite], fixtures: Callable[[], Mapping[str, object]]) -> set[str]:
    """Return the names of a suite's standard tests that fail with some fixtures."""
    return {
        name
        for name in suite.standard_tests
        if name != "test_suite_is_whole"
        for parameters in _cases(getattr(suite, name))
        if not _passes(getattr(suite(), name), {**fixtures(), **parameters})
    }


def _passes(test: Callable[..., Any], given: Mapping[str, object]) -> bool:
    wanted = {name: given[name] for name in inspect.signature(test).parameters}

    async def go() -> None:
        await test(**wanted)

    try:
        if inspect.iscoroutinefunction(test):
            anyio.run(go, backend_options={"loop_factory": HurriedLoop})
        else:
            test(**wanted)
    except pytest.skip.Exception:
        return True
    except FAILS:
        return False
    return True


def _cases(test: Any) -> Iterator[dict[str, Any]]:
    """Return the parameters of each case of a test; one without parameters for most."""
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    if not marks:
        yield {}
        return
    (mark,) = marks
    for value in mark.args[1]:
        yield {mark.args[0]: value}
