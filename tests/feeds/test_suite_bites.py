"""The suites of feeds and rates find what is wrong: faults put in on purpose, one at a time."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self

import anyio
import pytest
from msgspec.structs import replace

from arbcore.model.input import ConnectionChanged
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.market import BookInvalid, FxRate, Quote
from arbcore.model.state import ConnectionState
from arbcore.ports.venue import Capabilities, Deliver, FeedItem, RequestMeasured
from arbcore.testing import feed as module
from arbcore.testing.feed import FeedSuite, RateSuite
from tests.runtime import runs

WANTED = ["seoul:KRW-BTC", "seoul:KRW-ETH"]
LISTED = [item for item in runs.INSTRUMENTS if item.venue == "seoul"]
STATES = Capabilities(kinds=frozenset({InstrumentKind.SPOT}))
Change = Callable[[FeedItem], list[FeedItem]]


def same(item: FeedItem) -> list[FeedItem]:
    return [item]


class Made:
    """A feed whose deliveries a test may change."""

    def __init__(self, change: Change = same, listed: Sequence[Instrument] = LISTED, *, breaks: bool = True) -> None:
        self._change = change
        self._listed = listed
        self._breaks = breaks
        self._time = 0
        self.cut = False

    async def __aenter__(self) -> Self:
        """Open."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close."""

    async def instruments(self) -> Sequence[Instrument]:
        """Return what it lists."""
        return self._listed

    async def run(self, instruments: Sequence[str], deliver: Deliver) -> None:
        """Deliver, and once what a cut connection brings."""

        def tell(item: FeedItem) -> None:
            for each in self._change(item):
                deliver(each)

        tell(self._state(ConnectionState.CONNECTING))
        while True:
            for key in instruments:
                tell(Quote(key, self._now(), self._time, 1.0, 2.0, 1.0, 1.0))
            tell(RequestMeasured(venue="seoul", ok=True, latency_ns=1, recv_ts=self._now()))
            tell(self._state(ConnectionState.CONNECTED))
            await anyio.sleep(0.001)
            if self.cut:
                self.cut = False
                if self._breaks:
                    for key in instruments:
                        tell(BookInvalid(key, self._now(), self._time, "CONNECTION_LOST"))
                for state in (ConnectionState.DISCONNECTED, ConnectionState.RECONNECTING):
                    tell(self._state(state))

    def _now(self) -> int:
        self._time += 1
        return self._time

    def _state(self, state: ConnectionState) -> ConnectionChanged:
        return ConnectionChanged(venue="seoul", connection="public-1", state=state, recv_ts=self._now())


class Rate:
    """A rate source whose deliveries a test may change."""

    def __init__(self, change: Change = same) -> None:
        self._change = change

    async def __aenter__(self) -> Self:
        """Open."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close."""

    async def run(self, deliver: Deliver) -> None:
        """Deliver."""
        for at in range(1, 100):
            state = ConnectionChanged(venue="r", connection="c", state=ConnectionState.CONNECTED, recv_ts=at)
            for item in (state, FxRate("r", at, at, 1.0, 2.0, "s")):
                for each in self._change(item):
                    deliver(each)
        await anyio.sleep_forever()


def judge(make: Callable[..., Made]) -> None:
    """Run the whole suite on feeds."""
    suite = FeedSuite()

    def run(test: Callable[..., Awaitable[None]], *arguments: Any) -> None:
        anyio.run(test, *arguments)

    run(suite.test_lists_sound_instruments, make(), WANTED, STATES)
    run(suite.test_delivers_every_instrument, make(), WANTED)
    run(suite.test_tells_connected_only_when_it_delivers, make(), WANTED)
    run(suite.test_receive_times_rise, make(), WANTED)
    run(suite.test_requests_are_measured, make(), WANTED)
    feed = make()
    run(suite.test_a_cut_breaks_every_book_and_is_recovered, feed, WANTED, lambda: setattr(feed, "cut", True))


def changed(kind: type, **fields: Any) -> Change:
    return lambda item: [replace(item, **fields) if isinstance(item, kind) else item]


def without(kind: type) -> Change:
    return lambda item: [] if isinstance(item, kind) else [item]


FAULTS: dict[str, Callable[..., Made]] = {
    "crossed": lambda: Made(changed(Quote, bid=3.0)),
    "not finite": lambda: Made(changed(Quote, ask=float("inf"))),
    "unasked": lambda: Made(lambda item: [item, Quote("seoul:KRW-XRP", 1, 10**9, 1.0, 2.0, 1.0, 1.0)]),
    "one is missing": lambda: Made(lambda item: [] if getattr(item, "instrument", "") == WANTED[1] else [item]),
    "time goes back": lambda: Made(
        lambda item: [item, replace(item, recv_ts=0)] if isinstance(item, Quote) else [item]
    ),
    "no states": lambda: Made(without(ConnectionChanged)),
    "connected at once": lambda: Made(
        lambda item: [replace(item, state=ConnectionState.CONNECTED)] if isinstance(item, ConnectionChanged) else [item]
    ),
    "books stay": lambda: Made(breaks=False),
    "listed twice": lambda: Made(listed=[*LISTED, LISTED[0]]),
    "not listed": lambda: Made(listed=LISTED[1:]),
    "another kind": lambda: Made(listed=runs.INSTRUMENTS),
    "another venue measured": lambda: Made(changed(RequestMeasured, venue="elsewhere")),
}


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not come at once never comes here."""
    monkeypatch.setattr(module, "PATIENCE_S", 0.3)


def test_a_sound_feed_passes() -> None:
    judge(Made)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str) -> None:
    with pytest.raises((AssertionError, TimeoutError, BaseExceptionGroup)):
        judge(FAULTS[fault])


@pytest.mark.parametrize(
    "change",
    [
        changed(FxRate, name="other"),
        changed(FxRate, bid=3.0),
        changed(FxRate, ask=float("inf")),
        changed(FxRate, source=""),
        without(FxRate),
        without(ConnectionChanged),
    ],
    ids=["name", "crossed", "not finite", "no source", "no rate", "no state"],
)
def test_a_wrong_rate_is_found(change: Change) -> None:
    suite = RateSuite()
    anyio.run(suite.test_delivers_its_rate, Rate(), "r")
    with pytest.raises((AssertionError, TimeoutError, BaseExceptionGroup)):
        anyio.run(suite.test_delivers_its_rate, Rate(change), "r")
