"""Rate limits: never over a window, the reserve, levels, headers, pauses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.errors import ConfigurationError
from arbcore.net.limits import Counter, Level, RateLimits, Usage, Window, shared_limits

S = 10**9
MINUTE = 60 * S
NOON = 1_000_000 * MINUTE
WEIGHT = Counter("weight", (Window(MINUTE, 2400),))


def limits(*counters: Counter) -> RateLimits:
    return RateLimits(counters or (WEIGHT,))


STEPS = st.lists(
    st.tuples(st.integers(0, 3 * S), st.integers(1, 6), st.booleans(), st.integers(-1, 12)), min_size=1, max_size=60
)


@given(steps=STEPS, capacity=st.integers(6, 12))
def test_never_more_than_the_capacity_in_any_window_and_urgent_requests_get_through(
    steps: list[tuple[int, int, bool, int]], capacity: int
) -> None:
    length = 2 * S
    tested = limits(Counter("c", (Window(length, capacity), Window(5 * S, 2 * capacity))))
    now, sent = NOON, []
    for pause, weight, urgent, header in steps:
        now += pause
        if header >= 0:
            tested.note(Usage("c", used=header, window_ns=length), now)
        waited = 0
        while wait := tested.wait("c", weight, now, urgent=urgent):
            assert wait > 0
            if not urgent and waited > 2:
                break
            now, waited = now + wait, waited + 1
            assert waited < 20
        else:
            tested.spend("c", weight, now)
            sent.append((now, weight))
        for span, most in ((length, capacity), (5 * S, 2 * capacity)):
            for at, _ in sent:
                assert sum(weight for time, weight in sent if at <= time < at + span) <= most


@given(others=st.integers(0, 30), own=st.integers(0, 10), at=st.integers(0, 2 * S - 1))
def test_what_others_used_counts_until_the_venues_window_ends(others: int, own: int, at: int) -> None:
    tested = limits(Counter("c", (Window(2 * S, 20),), reserve=0, stop=1))
    now = NOON + at
    for _ in range(own):
        tested.spend("c", 1, now)
    tested.note(Usage("c", used=own + others), now)
    free = max(0, 20 - own - others)
    if free:
        assert tested.wait("c", free, now, urgent=True) == 0
    if free < 20:
        wait = tested.wait("c", free + 1, now, urgent=True)
        assert 0 < wait <= 2 * S + 2 * S // 20
        assert tested.wait("c", free + 1, now + wait, urgent=True) == 0


def test_levels_are_those_of_the_catalogue() -> None:
    tested = limits()
    for used, level in ((1499, Level.OK), (1500, Level.WARN), (2000, Level.SLOW), (2300, Level.STOP)):
        tested.note(Usage("weight", used=used, window_ns=MINUTE), NOON)
        assert tested.level("weight", NOON) is level
    assert tested.level("weight", NOON + MINUTE + 3 * S) is Level.OK


def test_a_header_never_lowers_what_is_known() -> None:
    tested = limits()
    tested.note(Usage("weight", remaining=100), NOON)
    tested.note(Usage("weight", used=5), NOON + S)
    assert tested.level("weight", NOON + S) is Level.STOP


def test_a_late_reply_of_the_window_before_is_passed_over() -> None:
    tested = limits()
    tested.note(Usage("weight", used=3), NOON)
    tested.note(Usage("weight", used=2400), NOON - 1)
    assert tested.level("weight", NOON) is Level.OK


def test_only_urgent_requests_use_the_reserve() -> None:
    tested = limits(Counter("c", (Window(S, 10),), slow=1))
    for _ in range(9):
        assert tested.wait("c", 1, NOON) == 0
        tested.spend("c", 1, NOON)
    assert tested.wait("c", 1, NOON) == S
    assert tested.wait("c", 1, NOON, urgent=True) == 0


def test_at_slow_requests_are_spread_and_urgent_ones_are_not() -> None:
    tested = limits()
    tested.spend("weight", 2000, NOON)
    assert 0 < tested.wait("weight", 1, NOON + S) <= MINUTE
    assert tested.wait("weight", 1, NOON + S, urgent=True) == 0


def test_at_stop_only_urgent_requests_pass() -> None:
    tested = limits(Counter("c", (Window(MINUTE, 2400),), reserve=0))
    tested.note(Usage("c", used=2300), NOON)
    assert tested.wait("c", 1, NOON) > 0
    assert tested.wait("c", 1, NOON, urgent=True) == 0


def test_a_counter_of_one_lets_one_pass() -> None:
    tested = limits(Counter("all", (Window(2 * S, 1),)))
    assert tested.wait("all", 1, NOON) == 0
    tested.spend("all", 1, NOON)
    assert tested.wait("all", 1, NOON, urgent=True) == 2 * S


def test_a_pause_stops_its_counter_and_a_ban_stops_all() -> None:
    tested = limits(WEIGHT, Counter("orders", (Window(S, 10),)))
    tested.pause("weight", NOON + 9 * S, urgent=NOON + S)
    tested.pause("weight", NOON + S)  # a shorter one changes nothing
    assert tested.wait("weight", 1, NOON) == 9 * S
    assert tested.wait("weight", 1, NOON, urgent=True) == S
    assert tested.wait("orders", 1, NOON) == 0
    tested.pause("", NOON + 20 * S)
    assert [tested.wait(name, 1, NOON, urgent=True) for name in ("weight", "orders", "")] == [20 * S] * 3


def test_memory_is_bounded() -> None:
    tested = limits()
    for step in range(10_000):
        tested.spend("weight", 0, NOON + step * MINUTE // 500)
    window = tested._counts["weight"]._windows[0]
    assert len(window._sent) <= 2 * 64 + 2


def test_instances_of_a_venue_share_one_object() -> None:
    first = shared_limits("test-shared", [WEIGHT])
    first.spend("weight", 2400, NOON)
    assert shared_limits("test-shared", [WEIGHT]).wait("weight", 1, NOON, urgent=True) > 0
    with pytest.raises(ConfigurationError, match="same limits"):
        shared_limits("test-shared", [Counter("weight", (Window(MINUTE, 1),))])


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="no rate limit is named 'x'; there are weight"):
        limits().wait("x", 1, NOON)
    with pytest.raises(ValueError, match="never fits"):
        limits().wait("weight", 2401, NOON)


def test_openings_are_staggered() -> None:
    tested = limits()
    assert [tested.take_opening(NOON, 5) for _ in range(3)] == [0, 5, 10]
    assert tested.take_opening(NOON + 100, 5) == 0
