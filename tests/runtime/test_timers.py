"""Timers: earliest first, in the order of setting at one time, replaced and dropped by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.runtime.timers import NEVER, Timers

NAMES = st.sampled_from("abcde")
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("set"), NAMES, st.integers(0, 9)),
        st.tuples(st.just("cancel"), NAMES, st.just(0)),
        st.tuples(st.just("pop"), st.just(""), st.just(0)),
    ),
    max_size=60,
)


@given(MOVES)
def test_they_are_a_plain_list_sorted_by_time_and_turn(moves: list[tuple[str, str, int]]) -> None:
    timers, model, turn = Timers(), dict[str, tuple[int, int]](), 0
    for move, name, at in moves:
        if move == "set":
            turn += 1
            timers.set(name, at)
            model[name] = (at, turn)
        elif move == "cancel":
            timers.cancel(name)
            model.pop(name, None)
        elif model:
            first = min(model, key=lambda each: model[each])
            assert timers.pop() == (first, model.pop(first)[0])
        assert timers.next_at == min((at for at, _ in model.values()), default=NEVER)


def test_there_is_nothing_to_take_off_an_empty_one() -> None:
    timers = Timers()
    assert timers.next_at == NEVER
    with pytest.raises(IndexError):
        timers.pop()
    timers.cancel("unknown")
    assert timers.next_at == NEVER


def test_what_was_replaced_a_million_times_takes_no_room() -> None:
    timers = Timers()
    for at in range(1000, 3000):
        timers.set("a", at)
        timers.set("b", 5000 - at)
    assert timers.pop() == ("b", 5000 - 2999)
    assert timers.pop() == ("a", 2999)
    assert timers.next_at == NEVER
