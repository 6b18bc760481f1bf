"""The base of all conformance suites: standard tests that a subclass can't weaken unseen."""

from collections.abc import Mapping
from inspect import getattr_static
from typing import ClassVar

import pytest


class SuiteWeakenedError(TypeError):
    """A standard test was removed or replaced without a declared reason."""


class Suite:
    """Standard tests of one kind of plugin; authors subclass it, give its fixtures, and get its tests.

    A test that the plugin can't pass is not skipped or deleted. It is overridden and says why::

        class TestMine(JournalSuite):
            @pytest.mark.xfail(reason="the store has no fsync, see issue 12")
            def test_synced(self, journal: Journal) -> None:
                super().test_synced(journal)

    Anything else that shadows a standard test raises when the class is made, and again in a test of its own for
    what happens to the class later. Async tests run on asyncio.

    Attributes:
        standard_tests: The standard tests by name, as the suites first defined them.
    """

    standard_tests: ClassVar[Mapping[str, object]] = {}

    def __init_subclass__(cls, **options: object) -> None:
        """Record the tests that the class adds, and refuse what weakens those that it inherits.

        Raises:
            SuiteWeakenedError: A standard test is shadowed without a reason, or the class is hidden from pytest.
        """
        super().__init_subclass__(**options)
        added = {name: value for name, value in vars(cls).items() if name.startswith("test_")}
        # The root suite comes last among the bases, and the first to define a test sets its standard.
        known: dict[str, object] = {}
        for base in cls.__mro__[1:]:
            known |= vars(base).get("standard_tests", {})
        cls.standard_tests = {**added, **known}
        _refuse(cls, weaknesses(cls))

    @pytest.fixture
    def anyio_backend(self) -> str:
        """The backend of async tests."""
        return "asyncio"

    def test_suite_is_whole(self) -> None:
        """Every standard test is still what its suite defined, or is expected to fail for a stated reason."""
        _refuse(type(self), weaknesses(type(self)))


Suite.standard_tests = {"test_suite_is_whole": Suite.__dict__["test_suite_is_whole"]}


def weaknesses(suite: type[Suite]) -> list[str]:
    """Return what a class took from its suites, one line each; empty where nothing is missing."""
    found = [
        f"{name} is {'gone' if current is None else 'replaced'}"
        for name, original in sorted(suite.standard_tests.items())
        if (current := getattr_static(suite, name, None)) is not original and not _excused(current)
    ]
    if not vars(suite).get("__test__", True):
        found.append("__test__ hides the class from pytest")
    return found


def _excused(test: object) -> bool:
    marks = getattr(test, "pytestmark", ())
    return any(mark.name == "xfail" and str(mark.kwargs.get("reason", "")).strip() for mark in marks)


def _refuse(suite: type[Suite], found: list[str]) -> None:
    if found:
        raise SuiteWeakenedError(
            f"{suite.__module__}.{suite.__qualname__}: {'; '.join(found)}. "
            'Where the plugin can\'t pass a standard test, override it with @pytest.mark.xfail(reason="...")'
        )
