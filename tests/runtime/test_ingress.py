"""The ingress: newest wins while waiting, nothing else is lost, times only rise."""

from hypothesis import given
from hypothesis import strategies as st

from arbcore.model.input import ConnectionChanged
from arbcore.model.market import Book, BookInvalid, FxRate, MarkPrice, PublicTrade, Quote
from arbcore.model.state import ConnectionState
from arbcore.runtime import ingress as module
from arbcore.runtime.ingress import Ingress
from arbcore.runtime.loop import SessionInput

KEYS = ("a:X", "b:Y")


def make(kind: str, key: str, at: int) -> SessionInput:  # noqa: PLR0911 - one line per kind
    match kind:
        case "quote":
            return Quote(key, at, at, 1.0, 2.0, 1.0, 1.0)
        case "book":
            return Book(key, at, at, ((1.0, 1.0),), ((2.0, 1.0),))
        case "rate":
            return FxRate(key, at, at, 1.0, 2.0, "s")
        case "mark":
            return MarkPrice(key, at, at, 1.0, 1.0)
        case "trade":
            return PublicTrade(key, at, at, 1.0, 1.0, True)
        case "broken":
            return BookInvalid(key, at, at, "BOOK_GAP")
        case _:
            return ConnectionChanged(venue=key, connection="c", state=ConnectionState.CONNECTED, recv_ts=at)


KINDS = ("quote", "book", "rate", "mark", "trade", "broken", "connection")
STEPS = st.lists(
    st.one_of(st.tuples(st.sampled_from(KINDS), st.sampled_from(KEYS), st.integers(0, 3)), st.just("take")), max_size=60
)


def group(item: SessionInput) -> tuple[str, str] | None:
    """What replaces each other: touch and book of an instrument, a rate, a mark."""
    if isinstance(item, Quote | Book):
        return "touch", item.instrument
    if isinstance(item, FxRate):
        return "rate", item.name
    return ("mark", item.instrument) if isinstance(item, MarkPrice) else None


@given(STEPS)
def test_every_batch_is_what_a_model_says(steps: list[str | tuple[str, str, int]]) -> None:
    queue, waiting, now, before = Ingress(), list[SessionInput](), 10, 0
    for step in [*steps, "take"]:
        if isinstance(step, str):
            taken = queue.take(0)
            assert [type(item) for item in taken] == [type(item) for item in waiting]
            times = [item.recv_ts for item in taken]
            assert times == sorted(set(times))
            assert not times or times[0] > before
            before = times[-1] if times else before
            waiting = []
            continue
        kind, key, pause = step
        now += pause
        item = make(kind, key, now)
        queue.put(item)
        waiting = [each for each in waiting if group(each) is None or group(each) != group(item)] + [item]
    assert len(queue) == 0


def test_it_wakes_once_until_it_was_emptied() -> None:
    queue, woken = Ingress(), list[int]()
    queue.wake = lambda: woken.append(1)
    for at in (1, 2, 3):
        queue.put(make("quote", "a:X", at))
        queue.put(make("trade", "a:X", at))
    assert woken == [1]
    queue.take(0)
    queue.put(make("quote", "a:X", 4))
    assert woken == [1, 1]
    assert queue.conflated == 2


def test_an_input_is_never_earlier_than_what_the_loop_has_reached() -> None:
    queue = Ingress()
    queue.put(make("quote", "a:X", 5))
    queue.put(make("trade", "a:X", 5))
    assert [item.recv_ts for item in queue.take(100)] == [101, 102]


def test_trades_beyond_the_bound_are_dropped_and_counted_and_nothing_else_is() -> None:
    queue = Ingress()
    for at in range(module.MAX_WAITING + 5):
        queue.put(make("trade", "a:X", at))
    queue.put(make("broken", "a:X", module.MAX_WAITING + 6))
    assert queue.dropped == 5
    assert isinstance(queue.take(0)[-1], BookInvalid)
