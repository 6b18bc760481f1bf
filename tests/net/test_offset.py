"""The venue's clock against ours: the true offset is always within the error of what is told."""

from hypothesis import given
from hypothesis import strategies as st

from arbcore.net.offset import ClockOffset

MS = 10**6
S = 10**9
_T = 1_800_000_000 * S


def test_nothing_is_known_at_first_and_after_forgetting() -> None:
    offset = ClockOffset()
    assert (offset.known, offset.value, offset.error) == (False, 0, 0)
    offset.learn(_T, _T + 10, _T + 5)
    assert offset.known
    offset.forget()
    assert (offset.known, offset.value, offset.error) == (False, 0, 0)


def test_the_quickest_of_the_latest_answers_counts() -> None:
    offset = ClockOffset()
    offset.learn(_T, _T + 100 * MS, _T + 5 * S + 90 * MS)
    offset.learn(_T + S, _T + S + 2 * MS, _T + 6 * S + MS)
    offset.learn(_T + 2 * S, _T + 2 * S + 50 * MS, _T + 7 * S)
    assert (offset.value, offset.error // MS) == (5 * S, 1)
    for number in range(8):
        offset.learn(_T + number, _T + number + 50 * MS, _T + number + 25 * MS)
    assert (offset.value, offset.error) == (0, 25 * MS)


def test_an_old_measurement_loses_against_the_drift_and_is_dropped_in_the_end() -> None:
    offset = ClockOffset(lasts=3600 * S)
    offset.learn(_T, _T + 2 * MS, _T + MS)
    later = _T + 600 * S  # the clocks may have parted by 30 ms
    offset.learn(later, later + 10 * MS, later + 12 * MS)
    assert (offset.value, offset.error) == (7 * MS, 5 * MS)
    end = later + 4000 * S
    offset.learn(end, end + 400 * MS, end)
    assert (offset.value, offset.error) == (-200 * MS, 200 * MS)


def test_a_round_trip_that_runs_backwards_is_passed_over() -> None:
    offset = ClockOffset()
    offset.learn(_T, _T - 1, _T + 5 * S)
    assert not offset.known


_Trip = st.tuples(st.integers(0, 10**10), st.integers(0, 10**9), st.floats(0, 1))


@given(
    true=st.integers(-(10**10), 10**10),
    trips=st.lists(_Trip, min_size=1, max_size=20),
    resolution=st.sampled_from([1, 1000, MS, S]),
)
def test_the_true_offset_is_within_the_error(true: int, trips: list[tuple[int, int, float]], resolution: int) -> None:
    offset = ClockOffset(resolution=resolution)
    now = _T
    for pause, took, share in trips:
        sent = now + pause
        now = sent + took
        read_at = sent + int(took * share) + true
        offset.learn(sent, now, read_at - read_at % resolution)
        assert abs(offset.value - true) <= offset.error
        assert offset.error <= took // 2 + resolution + 1


@given(
    true=st.integers(-(10**10), 10**10),
    drift=st.floats(-50e-6, 50e-6),
    trips=st.lists(_Trip, min_size=1, max_size=20),
)
def test_it_still_is_where_the_clocks_drift_apart(true: int, drift: float, trips: list[tuple[int, int, float]]) -> None:
    offset = ClockOffset()

    def venue(at: int) -> int:
        return at + true + int((at - _T) * drift)

    now = _T
    for pause, took, share in trips:
        sent = now + pause
        now = sent + took
        offset.learn(sent, now, venue(sent + int(took * share)))
        # Within one round trip the clocks part as well; rounding costs a nanosecond or two.
        assert abs(venue(now) - now - offset.value) <= offset.error + took // 20_000 + 3
