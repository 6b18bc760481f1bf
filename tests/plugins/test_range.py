"""The verdict on a range agrees with the reference implementation of PEP 440."""

from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from arbcore.plugins._range import judge

NUMBERS = st.lists(st.integers(0, 3), min_size=2, max_size=3).map(lambda parts: ".".join(map(str, parts)))
CLAUSES = st.one_of(
    st.tuples(st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "~="]), NUMBERS).map("".join),
    st.tuples(st.sampled_from(["==", "!="]), NUMBERS, st.just(".*")).map("".join),
)
KERNELS = st.tuples(NUMBERS, st.sampled_from(["", "", "", "a1", "rc2", ".dev3"])).map("".join)


@given(clauses=st.lists(CLAUSES, min_size=1, max_size=3), kernel=KERNELS)
def test_judge_agrees_with_packaging(clauses: list[str], kernel: str) -> None:
    required = ",".join(clauses)
    expected = SpecifierSet(required).contains(kernel, prereleases=True)
    assert judge(required, kernel) == ("ok" if expected else "unmet")


def test_what_cannot_be_read_is_not_guessed() -> None:
    assert judge(">=0.1,@ somewhere", "0.1.0") == "unknown"
    assert judge(">=0.1", "") == "unknown"
    assert judge("", "0.1.0") == "unstated"
