"""Health of venues: what makes it worse at once, what makes it better after a while."""

from hypothesis import given
from hypothesis import strategies as st

from arbcore.model.input import ConnectionChanged
from arbcore.model.market import BookInvalid, FxRate, Quote
from arbcore.model.state import ConnectionState, HealthState
from arbcore.net.health import HealthRules, VenueHealthBoard
from arbcore.ports.venue import RequestMeasured

S = 10**9
MS = 10**6
C = ConnectionState
H = HealthState


class Venue:
    """A board of one venue and what happens to it, in tenths of a second."""

    def __init__(self, **rules: int) -> None:
        self.board = VenueHealthBoard(["v", "w"], HealthRules.model_validate(rules))
        self.now = 10_000 * S
        self.changes: list[tuple[HealthState, str]] = []
        self.times: list[int] = []

    @property
    def states(self) -> list[HealthState]:
        return [state for state, _ in self.changes]

    def quote(self, late: int = 20 * MS, instrument: str = "v:A") -> None:
        self.board.observe(Quote(instrument, self.now - late, self.now, 1.0, 2.0, 1.0, 1.0))

    def move(self, state: ConnectionState, name: str = "c") -> None:
        self.board.observe(ConnectionChanged(venue="v", connection=name, state=state, reason="cut", recv_ts=self.now))

    def request(self, *, ok: bool = True, latency: int = MS) -> None:
        self.board.observe(RequestMeasured(venue="v", ok=ok, latency_ns=latency, reason="503", recv_ts=self.now))

    def run(self, seconds: float, late: int | None = 20 * MS) -> None:
        for _ in range(round(seconds * 10)):
            self.now += S // 10
            if late is not None:
                self.quote(late)
            for change in self.board.tick(self.now):
                assert change.venue == "v"
                self.changes.append((change.state, change.reason))
                self.times.append(self.now)


def test_a_venue_that_delivers_stays_healthy_and_nothing_is_told() -> None:
    venue = Venue()
    venue.move(C.CONNECTED)
    venue.run(30)
    assert venue.changes == []


def test_a_venue_that_is_only_being_opened_is_not_down() -> None:
    venue = Venue()
    venue.run(20, None)
    venue.move(C.CONNECTING)
    venue.run(20, None)
    assert venue.changes == []
    venue.move(C.RECONNECTING)
    venue.run(4.9, None)
    assert venue.changes == []
    venue.run(0.2, None)
    assert venue.states == [H.DOWN]


def test_all_connections_lost_is_down_and_one_of_two_is_degraded() -> None:
    venue = Venue()
    venue.move(C.CONNECTED, "a")
    venue.move(C.CONNECTED, "b")
    venue.run(1)
    venue.move(C.RECONNECTING, "a")
    venue.run(1)
    assert venue.changes == [(H.DEGRADED, "connections that deliver nothing: a")]
    venue.move(C.MUTE, "b")
    venue.run(6)
    assert venue.changes[1] == (H.DOWN, "all connections lost: cut")


def test_down_returns_only_after_uninterrupted_good_data() -> None:
    venue = Venue()
    venue.move(C.RECONNECTING)
    venue.run(6, None)
    venue.move(C.CONNECTED)
    venue.run(9)
    venue.move(C.RECONNECTING)
    venue.run(5.1)
    venue.move(C.CONNECTED)
    venue.run(9.9)
    assert venue.states == [H.DOWN]
    venue.run(0.3)
    assert venue.states == [H.DOWN, H.HEALTHY]


def test_connected_without_data_is_frozen_until_data_flows() -> None:
    venue = Venue()
    venue.move(C.CONNECTED)
    venue.run(1)
    venue.run(10, None)
    assert venue.states == [H.FROZEN]
    venue.run(9)
    assert venue.states == [H.FROZEN]
    venue.run(2)
    assert venue.states == [H.FROZEN, H.HEALTHY]


def test_a_quick_reconnect_without_data_does_not_thaw_a_frozen_venue() -> None:
    venue = Venue(stale_after=3 * S, healthy_for=2 * S)
    venue.move(C.CONNECTED)
    venue.run(4, None)
    venue.move(C.RECONNECTING)
    venue.move(C.CONNECTED)
    venue.run(2.9, None)
    assert venue.states == [H.FROZEN]


def test_errors_in_a_row_are_down_and_one_success_ends_the_row() -> None:
    venue = Venue()
    for _ in range(4):
        venue.request(ok=False)
    venue.request()
    for _ in range(4):
        venue.request(ok=False)
    venue.run(0.1)
    assert venue.changes == []
    venue.request(ok=False)
    venue.run(0.1)
    assert venue.changes == [(H.DOWN, "5 requests failed in a row: 503")]
    venue.run(50)
    assert venue.states == [H.DOWN]
    venue.run(25)  # errors that nobody repeats are forgotten
    assert venue.states == [H.DOWN, H.HEALTHY]


def test_late_data_is_degraded_whatever_the_difference_of_the_clocks() -> None:
    for skew in (-3600 * S, 0, 3600 * S):
        venue = Venue()
        venue.move(C.CONNECTED)
        venue.run(20, skew + 20 * MS)
        assert venue.changes == []
        venue.run(40, skew + 1500 * MS)
        assert venue.changes == [(H.DEGRADED, "market data comes 1480 ms late")]


def test_snapshots_of_quiet_books_are_not_late() -> None:
    venue = Venue()
    venue.run(10)
    for _ in range(200):
        venue.quote(3600 * S)
        venue.run(0.1, None)
        venue.quote(20 * MS)
    assert venue.changes == []


def test_late_answers_are_degraded() -> None:
    venue = Venue()
    for _ in range(5):
        venue.request(latency=2 * S)
    venue.run(0.1)
    assert venue.changes == [(H.DEGRADED, "answers come 2000 ms late")]
    venue.run(45)
    assert venue.states == [H.DEGRADED, H.HEALTHY]


def test_many_gaps_are_degraded() -> None:
    venue = Venue(gap_rate=3)
    for _ in range(4):
        venue.board.observe(BookInvalid("v:A", venue.now, venue.now, "DATA_GAP"))
    venue.run(0.1)
    assert venue.changes == [(H.DEGRADED, "books became invalid 4 times within a minute")]


def test_what_belongs_to_no_judged_venue_is_passed_over() -> None:
    venue = Venue()
    venue.quote(instrument="x:A")
    venue.board.observe(FxRate("r", 1, 1, 1.0, 1.0, "s"))
    venue.board.observe(ConnectionChanged(venue="r", connection="c", state=C.DISCONNECTED, recv_ts=1))
    venue.run(30, None)
    assert venue.changes == []


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["data", "late", "none", "lost", "up", "resync", "error", "ok", "gap"]), st.integers(1, 80)
    ),
    max_size=60,
)


@given(EVENTS)
def test_health_never_gets_better_faster_than_healthy_for(events: list[tuple[str, int]]) -> None:
    venue = Venue(healthy_for=4 * S, stale_after=3 * S, down_after=1 * S, gap_rate=1)
    states = {"lost": C.RECONNECTING, "up": C.CONNECTED, "resync": C.RESYNCING}
    for what, tenths in events:
        if what in states:
            venue.move(states[what])
        elif what in {"error", "ok"}:
            venue.request(ok=what == "ok")
        elif what == "gap":
            venue.board.observe(BookInvalid("v:A", venue.now, venue.now, "DATA_GAP"))
        venue.run(tenths / 10, None if what in {"none", "lost"} else 2 * S if what == "late" else 20 * MS)
    rank = {H.HEALTHY: 0, H.DEGRADED: 1, H.DOWN: 2, H.FROZEN: 2}
    before, at = H.HEALTHY, -(10**18)
    for state, time in zip(venue.states, venue.times, strict=True):
        assert state is not before
        if rank[state] < rank[before]:
            assert time - at >= 4 * S
        before, at = state, time
