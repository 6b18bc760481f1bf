"""Back-off, quiet streams, states of a connection, taking over."""

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.model.input import InstrumentStatus
from arbcore.model.market import BookInvalid, PublicTrade, Quote
from arbcore.model.state import ConnectionState
from arbcore.net._takeover import Takeover
from arbcore.net.backoff import Backoff
from arbcore.net.connection import NEXT, Connection
from arbcore.net.quiet import Quiet

C = ConnectionState


class Highest(Random):
    def randint(self, a: int, b: int) -> int:
        return b


def test_waits_double_up_to_the_longest_and_begin_anew_after_a_success_that_held() -> None:
    backoff = Backoff(10, 50, 100, Highest())
    assert [backoff.failed(0) for _ in range(4)] == [10, 20, 40, 50]
    backoff.succeeded(0)
    assert backoff.failed(99) == 50
    backoff.succeeded(100)
    backoff.succeeded(150)
    assert backoff.failed(200) == 10


@given(failures=st.integers(1, 5000), seed=st.integers())
def test_a_wait_never_exceeds_the_longest(failures: int, seed: int) -> None:
    backoff = Backoff(10, 1000, 1, Random(seed))
    assert all(0 <= backoff.failed(0) <= 1000 for _ in range(failures))


def test_a_quiet_stream_is_due_once_per_span_and_mute_without_data() -> None:
    quiet = Quiet(10, 30)
    quiet.touched("a", 0)
    quiet.touched("b", 5)
    assert quiet.due(9) == []
    assert quiet.due(10) == ["a"]
    assert quiet.due(15) == ["b"]
    quiet.confirmed("a", 18)
    assert quiet.due(20) == []
    assert quiet.due(28) == ["a", "b"]
    assert quiet.mute(29) == []
    assert quiet.mute(30) == ["a"]  # what a request confirmed is still mute
    quiet.forget("a")
    quiet.confirmed("a", 30)
    assert quiet.due(100) == ["b"]
    assert quiet.mute(100) == ["b"]
    assert Quiet(10).mute(10**18) == []


@given(st.lists(st.sampled_from(list(C)), max_size=40))
def test_only_changes_of_the_table_happen_and_each_is_told(wishes: list[ConnectionState]) -> None:
    connection, told = Connection("v", "c"), [C.DISCONNECTED]
    for now, wish in enumerate(wishes):
        before = connection.state
        changes = connection.move(wish, "r", now)
        assert [change.state for change in changes] == ([wish] if wish in NEXT[before] else [])
        told += [change.state for change in changes]
        assert told[-1] is connection.state
    assert all(after in NEXT[before] for before, after in itertools.pairwise(told))


def test_a_reconnection_tells_attempts_and_outage() -> None:
    connection = Connection("v", "c")
    connection.move(C.CONNECTING, "", 1)
    connection.attempt()
    assert connection.move(C.CONNECTED, "", 2)[0].attempts == 0
    connection.move(C.MUTE, "", 50, 20)
    connection.move(C.RECONNECTING, "", 51, 20)
    connection.attempt()
    connection.attempt()
    (change,) = connection.move(C.CONNECTED, "", 90)
    assert (change.attempts, change.outage_ns) == (2, 70)


def quote(name: str, ts: int, recv: int = 1) -> Quote:
    return Quote(name, ts, recv, 1.0, 2.0, 1.0, 1.0)


@pytest.mark.parametrize(("old", "new", "passes"), [(5, 5, False), (6, 5, False), (4, 5, True), (None, 5, True)])
def test_only_what_the_old_connection_did_not_tell_is_told_at_takeover(old: int | None, new: int, passes: bool) -> None:
    delivered: list[object] = []
    takeover = Takeover(delivered.append)
    if old is not None:
        takeover.forward(quote("v:A", old))
    takeover.hold(quote("v:A", new - 1))
    takeover.hold(quote("v:A", new))
    assert takeover.held(9) == ([quote("v:A", new, 9)] if passes else [])
    assert len(delivered) == (old is not None)


def test_a_takeover_makes_an_invalid_book_whole_and_repeats_no_trade() -> None:
    takeover = Takeover(lambda _: None)
    takeover.forward(quote("v:A", 9))
    takeover.forward(BookInvalid("v:A", 9, 9, "DATA_GAP"))
    takeover.hold(quote("v:A", 8))
    takeover.hold(PublicTrade("v:A", 8, 1, 1.0, 1.0, buyer_took=True))
    takeover.hold(InstrumentStatus(instrument="v:A", trading=True, ts=3, recv_ts=3))
    assert [type(item) for item in takeover.held(10)] == [Quote, InstrumentStatus]
