"""Runs the whole suite of real venues in process and tells which of its tests fail."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest

from arbcore.testing.trading import Bench, VenueSuite

FAILS = (AssertionError, Exception, pytest.fail.Exception)


def failing(make: Callable[[], Bench], caplog: pytest.LogCaptureFixture) -> set[str]:
    """Return the names of the standard tests that fail on a bench, each run on a fresh one."""
    found = set()
    for name in VenueSuite.standard_tests:
        if name == "test_suite_is_whole":
            continue
        for parameters in _cases(getattr(VenueSuite, name)):
            caplog.clear()
            if not _passes(name, make(), parameters, caplog):
                found.add(name)
    return found


def _passes(name: str, bench: Bench, parameters: dict[str, Any], caplog: pytest.LogCaptureFixture) -> bool:
    test = getattr(VenueSuite(), name)
    if "caplog" in inspect.signature(test).parameters:
        parameters = {**parameters, "caplog": caplog}

    async def go() -> None:
        await test(bench, **parameters)

    try:
        if inspect.iscoroutinefunction(test):
            anyio.run(go)
        else:
            test(bench, **parameters)
    except pytest.skip.Exception:
        return True
    except (*FAILS, BaseExceptionGroup):
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
