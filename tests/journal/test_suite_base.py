"""The base of conformance suites: a standard test can't be weakened unseen."""

import pytest

from arbcore.testing._suite import Suite, SuiteWeakenedError, weaknesses


class KindSuite(Suite):
    def test_first(self) -> None:
        assert self.answer() == 1

    def test_second(self) -> None:
        assert self.answer() > 0

    def answer(self) -> int:
        return 1


class TestAuthor(KindSuite):
    """A whole subclass, collected: its tests and the meta check run here."""

    def test_of_my_own(self) -> None:
        assert set(self.standard_tests) >= {"test_first", "test_second", "test_suite_is_whole"}

    @pytest.mark.anyio
    async def test_async_runs_on_asyncio(self, anyio_backend: str) -> None:
        assert anyio_backend == "asyncio"


def test_silent_override_is_refused() -> None:
    with pytest.raises(SuiteWeakenedError, match=r"test_first is replaced.*xfail"):
        type("TestBad", (KindSuite,), {"test_first": lambda self: None})


def test_deletion_by_none_is_refused() -> None:
    with pytest.raises(SuiteWeakenedError, match="test_second is gone"):
        type("TestBad", (KindSuite,), {"test_second": None})


def test_mixin_that_shadows_is_refused() -> None:
    class Quiet:
        def test_first(self) -> None: ...

    with pytest.raises(SuiteWeakenedError, match="test_first is replaced"):
        type("TestBad", (Quiet, KindSuite), {})


def test_hidden_class_is_refused() -> None:
    with pytest.raises(SuiteWeakenedError, match="hides the class"):
        type("TestBad", (KindSuite,), {"__test__": False})


@pytest.mark.parametrize("mark", [pytest.mark.skip(reason="no"), pytest.mark.xfail(), pytest.mark.xfail(reason=" ")])
def test_only_a_stated_reason_excuses(mark: pytest.MarkDecorator) -> None:
    def test_first(self: object) -> None: ...

    with pytest.raises(SuiteWeakenedError, match="test_first is replaced"):
        type("TestBad", (KindSuite,), {"test_first": mark(test_first)})


def test_declared_reason_is_accepted_and_inherited() -> None:
    class TestDeclared(KindSuite):
        @pytest.mark.xfail(reason="the store answers two")
        def test_first(self) -> None:
            super().test_first()

    class TestBelow(TestDeclared):
        pass

    assert weaknesses(TestDeclared) == weaknesses(TestBelow) == []


def test_two_suites_with_one_test_name_are_refused() -> None:
    class Other(Suite):
        def test_first(self) -> None: ...

    with pytest.raises(SuiteWeakenedError, match="test_first"):
        type("TestBoth", (KindSuite, Other), {})


def test_later_removal_is_found_by_the_meta_test() -> None:
    class Short(Suite):
        def test_only(self) -> None: ...

    class TestShort(Short):
        pass

    del Short.test_only
    with pytest.raises(SuiteWeakenedError, match="test_only is gone"):
        TestShort().test_suite_is_whole()
