"""The watchdog in its own time: when it grants, when it fences, when it gives the accounts back."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.live.watchdog import Busy, Guard, Locks, Watchdog

BOUND = 1000


class Hand:
    """A clock that is moved by hand, or by waiting.

    Attributes:
        waited: Seconds that were waited.
    """

    def __init__(self) -> None:
        self.now = 0
        self.waited = 0.0

    def __call__(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waited += seconds
        self.now += round(seconds * 1e9)


def watchdog(paths: Sequence[Path], clock: Hand, holder: str = "session a, process 1") -> Watchdog:
    return Watchdog(Locks([str(path) for path in paths], holder), BOUND, clock, clock.sleep)


@pytest.fixture
def accounts(tmp_path: Path) -> list[Path]:
    return [tmp_path / "b.lock", tmp_path / "a.lock"]


def test_it_grants_up_to_the_bound_after_the_stamp(accounts: list[Path]) -> None:
    dog, clock = watchdog(accounts, Hand()), Hand()
    assert dog.answer("take 7000\n") == "granted 1 8000"
    clock.now = 100
    assert dog.answer("beat 7100\n") == "granted 1 8100"


def test_silence_fences_and_a_late_beat_changes_nothing(accounts: list[Path]) -> None:
    clock = Hand()
    dog = watchdog(accounts, clock)
    dog.answer("take 0\n")
    clock.now = BOUND
    assert dog.answer("beat 1000\n") == "granted 1 2000"
    clock.now = 2 * BOUND + 1
    assert dog.answer("beat 2001\n") == "fenced"
    assert dog.answer("beat 2001\n") == "fenced"
    assert dog.answer("take 2001\n") == "granted 2 3001"


def test_a_fenced_sessions_accounts_are_free_and_a_held_ones_are_not(accounts: list[Path]) -> None:
    clock = Hand()
    first, second = watchdog(accounts, clock), watchdog(accounts[:1], clock, "session b, process 2")
    first.answer("take 0\n")
    assert second.answer("take 0\n") == "refused in use by session a, process 1"
    clock.now = BOUND
    first.look()
    assert second.answer("take 0\n").startswith("refused")
    clock.now = BOUND + 1
    first.look()
    assert second.answer("take 0\n") == "granted 2 1000"
    assert first.answer("take 0\n") == "refused in use by session b, process 2"
    assert clock.waited == 0


def test_all_accounts_or_none(accounts: list[Path]) -> None:
    one, both = Locks([str(accounts[0])], "one"), Locks([str(path) for path in accounts], "both")
    one.take(pytest.fail)
    with pytest.raises(Busy, match="one"):
        both.take(pytest.fail)
    other = Locks([str(accounts[1])], "other")
    other.take(pytest.fail)
    one.release()
    other.release()
    assert both.take(pytest.fail) == 2


def test_an_epoch_is_above_every_earlier_one_of_its_accounts(accounts: list[Path]) -> None:
    for number in range(1, 4):
        locks = Locks([str(accounts[0])], "one")
        assert locks.take(pytest.fail) == number
        locks.release()
    both = Locks([str(path) for path in accounts], "both")
    assert both.take(pytest.fail) == 4
    assert both.take(pytest.fail) == 5


def test_after_a_holder_that_died_its_last_grant_is_waited_out(accounts: list[Path]) -> None:
    clock = Hand()
    died = Locks([str(path) for path in accounts], "session a, process 1")
    died.take(pytest.fail)
    died._close()  # what the system does when a process is killed: the text still says that it is held
    dog = watchdog(accounts, clock)
    assert dog.answer("take 0\n") == "granted 2 1000"
    assert clock.waited == BOUND / 1e9


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff" * 9])
def test_a_lock_whose_text_is_damaged_is_still_a_lock(accounts: list[Path], text: bytes) -> None:
    accounts[0].write_bytes(text)
    locks = Locks([str(accounts[0])], "one")
    assert locks.take(pytest.fail) == 1
    with pytest.raises(Busy):
        Locks([str(accounts[0])], "two").take(pytest.fail)


def test_accounts_that_cannot_be_locked_are_refused(tmp_path: Path) -> None:
    dog = watchdog([tmp_path / "missing" / "a.lock"], Hand())
    assert dog.answer("take 0\n") == "refused No such file or directory"


def test_the_end_gives_everything_back(accounts: list[Path]) -> None:
    clock = Hand()
    dog = watchdog(accounts, clock)
    dog.answer("take 0\n")
    dog.end()
    dog.end()
    assert watchdog(accounts, clock).answer("take 0\n") == "granted 2 1000"
    assert clock.waited == 0


@given(st.lists(st.tuples(st.integers(0, 2 * BOUND), st.integers(0, BOUND)), max_size=30))
def test_no_grant_outlives_the_fence(steps: list[tuple[int, int]]) -> None:
    """Whatever the delays: while a grant holds in the session's time, the watchdog has not fenced the session.

    A stamp is sent some time before it is heard, and the two sides share no reference but how fast time passes.
    """
    guard, now, until = Guard(BOUND), 0, 0
    _, _, text = guard.granted(1, now, now).split()
    until = int(text)
    for pause, delay in steps:
        now += pause
        if guard.look(now):
            assert now > until
            return
        reply = guard.beat(now, now - delay)
        until = max(until, int(reply.split()[2]))
        assert until <= now + BOUND
