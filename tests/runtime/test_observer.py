"""The observer: sinks get everything in order, and one that fails is set aside without the others noticing."""

import threading
from collections.abc import Sequence
from typing import Self

import anyio
import pytest

from arbcore.model.events import AlertRaised, EnginePaused, Envelope
from arbcore.model.state import Severity
from arbcore.runtime import observer as module
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


class Told:
    """A notifier that keeps what it is told, and fails where it should."""

    def __init__(self, *, fails: bool = False) -> None:
        self.alerts: list[str] = []
        self._fails = fails

    async def __aenter__(self) -> Self:
        """Open."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close."""

    async def send(self, alert: AlertRaised, timeout_ns: int) -> None:
        """Keep an alert."""
        if self._fails:
            raise OSError("no line")
        self.alerts.append(alert.text)


class Held(Keeping):
    """A sink that holds its first batch until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.released = threading.Event()

    async def write(self, events: Sequence[Envelope]) -> None:
        """Keep events, once that is let."""
        self.entered.set()
        await anyio.to_thread.run_sync(self.released.wait)
        await super().write(events)


def alert(number: int, text: str) -> Envelope:
    return Envelope(number, number, 0, "", AlertRaised(rule="r", severity=Severity.P1, source="s", text=text))


def test_in_a_session_everything_arrives_although_nobody_waits() -> None:
    sink = Keeping()
    with Observer({"a": sink}, waits=False) as observer:
        for first in range(0, len(EVENTS), 300):
            observer.watch(EVENTS[first : first + 300])
    assert sink.kept == EVENTS
    assert (observer.failures, observer.dropped) == ({}, 0)


def test_notifiers_are_told_alerts_only_and_one_that_fails_is_set_aside() -> None:
    sound, broken = Told(), Told(fails=True)
    with Observer({}, {"n.sound": sound, "n.broken": broken}, waits=False) as observer:
        observer.watch([*EVENTS[:3], alert(4, "first"), alert(5, "second")])
    assert sound.alerts == ["first", "second"]
    assert observer.failures == {"n.broken": "send: OSError('no line')"}


def test_a_slow_sink_loses_the_oldest_events_and_they_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 10)
    slow = Held()
    with Observer({"slow": slow}, waits=False) as observer:
        observer.watch(EVENTS[:1])
        assert slow.entered.wait(5)
        for event in EVENTS[1:101]:
            observer.watch([event])
        assert observer.dropped == 90
        slow.released.set()
    assert slow.kept == [EVENTS[0], *EVENTS[91:101]]
