"""The observer: sinks get everything in order, and one that fails is set aside without the others noticing."""

from collections.abc import Sequence
from typing import Self

import pytest

from arbcore.model.events import EnginePaused, Envelope
from arbcore.runtime.observer import BATCH, Observer
from arbcore.testing.events import numbered

EVENTS = numbered([(number, "", EnginePaused(reason=str(number))) for number in range(2 * BATCH + 7)])


class Keeping:
    """A sink that keeps what it gets, and fails where it is told to.

    Args:
        fails_in: Name of the method that raises.
        after: Number of calls that go well before.
        flushes: What a flush returns.
    """

    def __init__(self, fails_in: str = "", after: int = 0, *, flushes: bool = True) -> None:
        self.kept: list[Envelope] = []
        self.calls: list[str] = []
        self._fails_in = fails_in
        self._after = after
        self._flushes = flushes

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if name == self._fails_in and self.calls.count(name) > self._after:
            raise OSError(f"{name} is broken")

    async def __aenter__(self) -> Self:
        """Open."""
        self._call("open")
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close."""
        self._call("close")

    async def write(self, events: Sequence[Envelope]) -> None:
        """Keep events."""
        self._call("write")
        self.kept.extend(events)

    async def flush(self, timeout_ns: int) -> bool:
        """Flush."""
        self._call("flush")
        return self._flushes


def watched(sinks: dict[str, Keeping], size: int = 500) -> Observer:
    with Observer(sinks) as observer:
        for first in range(0, len(EVENTS), size):
            observer.watch(EVENTS[first : first + size])
    return observer


@pytest.mark.parametrize("size", [1, 500, len(EVENTS)])
def test_every_sink_gets_everything_once_and_in_order(size: int) -> None:
    sinks = {"a": Keeping(), "b": Keeping()}
    observer = watched(sinks, size)
    for sink in sinks.values():
        assert sink.kept == EVENTS
        assert (sink.calls[0], sink.calls[-2:]) == ("open", ["flush", "close"])
        assert sink.calls.count("write") <= 4
    assert observer.failures == {}


@pytest.mark.parametrize(
    ("broken", "why", "kept"),
    [
        (Keeping("open"), "open: OSError('open is broken')", 0),
        (Keeping("write"), "write: OSError('write is broken')", 0),
        (Keeping("write", after=1), "write: OSError('write is broken')", BATCH),
        (Keeping("flush"), "close: OSError('flush is broken')", len(EVENTS)),
        (Keeping("close"), "close: OSError('close is broken')", len(EVENTS)),
        (Keeping(flushes=False), "close: TimeoutError('not everything went out in time')", len(EVENTS)),
    ],
)
def test_a_sink_that_fails_is_set_aside_and_named(broken: Keeping, why: str, kept: int) -> None:
    sound = Keeping()
    observer = watched({"broken": broken, "sound": sound})
    assert observer.failures == {"broken": why}
    assert sound.kept == EVENTS
    assert broken.kept == EVENTS[:kept]


def test_without_sinks_nothing_is_started() -> None:
    with Observer({}) as observer:
        observer.watch(EVENTS)
    assert observer.failures == {}
