"""Conformance suites of feeds and rate sources, against a venue that the author provides: best a local one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite

import anyio
import pytest

from arbcore.model.input import ConnectionChanged, InstrumentStatus
from arbcore.model.market import Book, BookInvalid, FundingRate, FxRate, MarkPrice, PublicTrade, Quote
from arbcore.model.state import ConnectionState
from arbcore.ports.rate import RateSource
from arbcore.ports.venue import Capabilities, Deliver, Feed, FeedItem, RequestMeasured
from arbcore.testing._suite import Suite

PATIENCE_S = 20.0
"""Time in which something that must happen happens, on a slow machine, too."""

_DELIVERED = (Quote, Book, PublicTrade, MarkPrice, FundingRate, BookInvalid, FxRate)


@dataclass
class Heard:
    """What a feed delivered, in order."""

    items: list[FeedItem] = field(default_factory=list)

    def of(self, *kinds: type) -> list[FeedItem]:
        """Return the items of some kinds."""
        return [item for item in self.items if isinstance(item, kinds)]

    def states(self, connection: str) -> list[ConnectionState]:
        """Return the states of a connection, in order."""
        changes = (item for item in self.items if isinstance(item, ConnectionChanged))
        return [item.state for item in changes if item.connection == connection]

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds.

        Raises:
            TimeoutError: It did not happen.
        """
        with anyio.fail_after(PATIENCE_S):
            while not holds():  # noqa: ASYNC110 - what happens tells nobody
                await anyio.sleep(0.01)


async def listen(run: Callable[[Deliver], Awaitable[None]], heard: Heard, until: Callable[[], bool]) -> None:
    """Run a feed or source until something holds, then cancel it."""
    async with anyio.create_task_group() as group:

        async def go() -> None:
            await run(heard.items.append)

        group.start_soon(go)
        await heard.until(until)
        group.cancel_scope.cancel()


class FeedSuite(Suite):
    """Standard tests of a feed.

    They find what makes a session trade on prices that do not hold: books that are not whole, states that are not
    told, a feed that says connected before it delivers, one that does not let go when it is cancelled.

    Fixtures that the author gives:
        feed: The feed, not entered, of a venue that is running, with short waits.
        wanted: Keys of at least two instruments that move there.
        capabilities: The plugin's capabilities with the same settings.
        break_off: Optional: a function that cuts every open connection at the venue. Without it, what needs it is
            skipped.
    """

    @pytest.fixture
    def break_off(self) -> Callable[[], None] | None:
        """No way to cut connections."""
        return None

    @pytest.mark.anyio
    async def test_lists_sound_instruments(self, feed: Feed, wanted: Sequence[str], capabilities: Capabilities) -> None:
        """Every instrument once, of a kind that the plugin states, those wanted among them."""
        async with feed:
            listed = await feed.instruments()
        keys = [item.key for item in listed]
        assert len(keys) == len(set(keys))
        assert set(wanted) <= set(keys)
        assert {item.kind for item in listed} <= capabilities.kinds
        assert len({item.venue for item in listed}) == 1

    @pytest.mark.anyio
    async def test_delivers_every_instrument(self, feed: Feed, wanted: Sequence[str]) -> None:
        """Each instrument gets a touch that can be traded on; nothing else is delivered than was asked for."""
        heard = Heard()
        async with feed:
            await feed.instruments()
            await listen(lambda deliver: feed.run(wanted, deliver), heard, lambda: touched(heard) >= set(wanted))
        for item in heard.of(*_DELIVERED, InstrumentStatus):
            assert getattr(item, "instrument", "") in wanted
        for item in heard.of(Quote, Book):
            assert is_sound(item), item

    @pytest.mark.anyio
    async def test_tells_connected_only_when_it_delivers(self, feed: Feed, wanted: Sequence[str]) -> None:
        """A connection goes from CONNECTING to CONNECTED, and by then a touch was delivered."""
        heard = Heard()
        async with feed:
            await feed.instruments()
            await listen(lambda deliver: feed.run(wanted, deliver), heard, lambda: touched(heard) >= set(wanted))
        connections = {item.connection for item in heard.items if isinstance(item, ConnectionChanged)}
        assert connections
        for name in connections:
            states = heard.states(name)
            assert states[0] is ConnectionState.CONNECTING
            assert ConnectionState.CONNECTED not in states[:1]

    @pytest.mark.anyio
    async def test_receive_times_rise(self, feed: Feed, wanted: Sequence[str]) -> None:
        """Receive times never go back, and are those of the session's clock."""
        heard = Heard()
        async with feed:
            await feed.instruments()
            await listen(lambda deliver: feed.run(wanted, deliver), heard, lambda: len(heard.of(Quote, Book)) > 20)
        for kind in (Quote, Book, PublicTrade, MarkPrice):
            times = [item.recv_ts for item in heard.of(kind)]
            assert times == sorted(times)

    @pytest.mark.anyio
    async def test_a_cut_breaks_every_book_and_is_recovered(
        self, feed: Feed, wanted: Sequence[str], break_off: Callable[[], None] | None
    ) -> None:
        """Each book becomes invalid the moment its connection is lost, and whole again by itself."""
        if break_off is None:
            pytest.skip("the author gave no way to cut connections")
        heard, cut = Heard(), list[int]()

        def recovered() -> bool:
            if not cut and touched(heard) >= set(wanted) and _all_connected(heard):
                cut.append(len(heard.items))
                break_off()
            return bool(cut) and touched(heard, cut[0]) >= set(wanted) and _all_connected(heard, cut[0])

        async with feed:
            await feed.instruments()
            await listen(lambda deliver: feed.run(wanted, deliver), heard, recovered)
        after = heard.items[cut[0] :]
        assert {item.instrument for item in after if isinstance(item, BookInvalid)} >= set(wanted)
        states = [item.state for item in after if isinstance(item, ConnectionChanged)]
        assert ConnectionState.DISCONNECTED in states
        assert ConnectionState.RECONNECTING in states

    @pytest.mark.anyio
    async def test_requests_are_measured(self, feed: Feed, wanted: Sequence[str]) -> None:
        """What is measured names the venue, and no latency is negative."""
        heard = Heard()
        async with feed:
            await feed.instruments()
            await listen(lambda deliver: feed.run(wanted, deliver), heard, lambda: touched(heard) >= set(wanted))
        for item in heard.items:
            if isinstance(item, RequestMeasured):
                assert item.latency_ns >= 0
                assert item.venue == wanted[0].partition(":")[0]


class RateSuite(Suite):
    """Standard tests of a rate source.

    Fixtures that the author gives:
        source: The source, not entered, of a venue that is running.
        name: Name of the rate, the instance id of its context.
    """

    @pytest.mark.anyio
    async def test_delivers_its_rate(self, source: RateSource, name: str) -> None:
        """Rates of its name, both sides, not crossed; and the state of its connection."""
        heard = Heard()
        async with source:
            await listen(source.run, heard, lambda: len(heard.of(FxRate)) >= 3)
        for item in heard.of(FxRate):
            assert isinstance(item, FxRate)
            assert item.name == name
            assert item.source
            assert 0.0 < item.bid <= item.ask
            assert isfinite(item.ask)
        assert heard.of(ConnectionChanged)


def touched(heard: Heard, first: int = 0) -> set[str]:
    """Return the instruments that have a touch, of what was delivered from a place on."""
    found: set[str] = set()
    for item in heard.items[first:]:
        if isinstance(item, Quote | Book):
            found.add(item.instrument)
        elif isinstance(item, BookInvalid):
            found.discard(item.instrument)
    return found


def is_sound(item: FeedItem) -> bool:
    """Tell whether a quote or book is what a session may see: positive, finite, ordered and not crossed."""
    if isinstance(item, Quote):
        return 0.0 < item.bid < item.ask < float("inf") and item.bid_size >= 0.0 and item.ask_size >= 0.0
    if not isinstance(item, Book):
        return False
    bids, asks = [price for price, _ in item.bids], [price for price, _ in item.asks]
    ordered = bids == sorted(set(bids), reverse=True) and asks == sorted(set(asks))
    finite = all(isfinite(price) and price > 0.0 and size >= 0.0 for price, size in (*item.bids, *item.asks))
    return bool(bids and asks) and ordered and finite and bids[0] < asks[0]


def _all_connected(heard: Heard, first: int = 0) -> bool:
    latest = {item.connection: item.state for item in heard.items[first:] if isinstance(item, ConnectionChanged)}
    return bool(latest) and all(state is ConnectionState.CONNECTED for state in latest.values())
