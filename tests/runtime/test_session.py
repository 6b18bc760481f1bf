"""A running session: the same decisions as a backtest and a replay, timers, conflation, endings, failures."""

from random import Random

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arbcore.errors import JournalError
from arbcore.model.events import (
    EngineStarted,
    EngineStopped,
    Envelope,
    OrderIntended,
    TradeClosed,
    TradeOpened,
    VenueHealthChanged,
    WebSocketStateChanged,
)
from arbcore.model.input import ConnectionChanged, VenueHealth
from arbcore.model.market import BookInvalid, MarketInput, Quote
from arbcore.model.reason import Reason
from arbcore.model.state import ConnectionState, HealthState
from arbcore.ports.venue import Deliver, RequestMeasured
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.loop import Loop
from arbcore.runtime.replay import Bounds, Comparison, Divergence, replay
from arbcore.runtime.session import Source
from tests.runtime import runs
from tests.runtime.live import Live, distinct, feeding, make_engine, make_live
from tests.runtime.runs import FixedLatency

pytestmark = pytest.mark.anyio

LATENCY = FixedLatency(30_000_000, 20_000_000)
DECISIONS = (OrderIntended, TradeOpened, TradeClosed)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def decisions(events: list[Envelope]) -> list[tuple[int, object]]:
    return [(envelope.time, envelope.event) for envelope in events if isinstance(envelope.event, DECISIONS)]


def again(live: Live, latency: FixedLatency | None, tape: list[MarketInput]) -> Comparison:
    """Replay what a session recorded; raise `Divergence` where it decides otherwise."""
    comparison = Comparison(live.journal.read())
    places = {item.key: item.venue for item in runs.INSTRUMENTS}
    loop = Loop(
        make_engine(), runs.venues(latency), places, EventLog(comparison), lambda _: None, act_after_storing=True
    )
    first, last = live.events[0], live.events[-1]
    assert isinstance(first.event, EngineStarted)
    bounds = Bounds(first.time, last if isinstance(last.event, EngineStopped) else None)
    replay(loop, [tape], live.events, bounds)
    return comparison


@pytest.mark.parametrize("latency", [None, LATENCY], ids=["at once", "delayed"])
async def test_the_same_stream_gives_the_same_decisions_as_a_backtest(latency: FixedLatency | None) -> None:
    items = distinct(runs.market(11, 4000))
    live = make_live(lambda live: [feeding(items, live)], items[0].recv_ts - 1_000, latency)
    await live.run()
    backtest = runs.run(runs.chunked(items, 500), latency)
    assert len(decisions(live.events)) > 50
    assert decisions(live.events) == decisions(backtest.events)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), delayed=st.booleans())
def test_whatever_was_conflated_a_replay_makes_every_event_again(seed: int, delayed: bool) -> None:
    latency = LATENCY if delayed else None

    async def run() -> Live:
        items = distinct(runs.market(seed, 1500))
        live = make_live(lambda live: [feeding(items, live, Random(seed))], items[0].recv_ts - 1_000, latency)
        await live.run()
        return live

    live = anyio.run(run)
    comparison = again(live, latency, live.tape.items)
    assert comparison.compared == len(live.events)
    assert live.ingress.conflated > 0


async def test_a_replay_of_other_data_names_the_first_event_that_differs() -> None:
    items = distinct(runs.market(11, 2000))
    live = make_live(lambda live: [feeding(items, live)], items[0].recv_ts - 1_000)
    await live.run()
    opened = next(envelope for envelope in live.events if isinstance(envelope.event, OrderIntended))
    kept = [item for item in live.tape.items if item.recv_ts != opened.time]
    with pytest.raises(Divergence) as found:
        again(live, None, kept)
    assert found.value.made.sequence == min(event.sequence for event in live.events if event.time == opened.time)


async def test_a_timer_fires_although_nothing_is_received() -> None:
    async def once(deliver: Deliver) -> None:
        live.clock.time = runs.START
        for item in distinct(runs.market(11, 40)):
            deliver(item)
            await anyio.lowlevel.checkpoint()
        due = live.loop.due
        assert due < 2**63 - 1
        live.clock.time = due + 1
        # Any wake-up shows the pump that the time has come.
        live.session.wake()
        await anyio.sleep(0.01)
        assert live.loop.due > due
        live.ending.ask("seen")
        await anyio.sleep_forever()

    live = make_live(lambda _: [Source("world", once)], runs.START - 1)
    await live.run()
    assert live.ending.reason == "seen"


async def test_the_time_ends_a_session_and_everything_is_told() -> None:
    async def silent(deliver: Deliver) -> None:
        await anyio.sleep_forever()

    live = make_live(lambda _: [Source("world", silent)], runs.START)
    await live.run(0.01)
    assert isinstance(live.events[-1].event, EngineStopped)
    assert live.events[-1].event.reason == "the time is over"


async def test_conditions_are_told_and_repeated_by_a_replay() -> None:
    items = distinct(runs.market(3, 300))

    async def run(deliver: Deliver) -> None:
        live.clock.time = items[0].recv_ts
        deliver(
            ConnectionChanged(
                venue="world", connection="public-1", state=ConnectionState.CONNECTING, recv_ts=live.clock.now()
            )
        )
        deliver(RequestMeasured(venue="world", ok=True, latency_ns=1, recv_ts=live.clock.now()))
        await feeding(items, live).run(deliver)

    live = make_live(lambda _: [Source("world", run)], items[0].recv_ts - 10_000)
    live.board.said = [VenueHealth(venue="seoul", state=HealthState.DOWN, reason="no answer", recv_ts=1)]
    await live.run()
    kinds = [type(envelope.event) for envelope in live.events]
    assert WebSocketStateChanged in kinds
    assert VenueHealthChanged in kinds
    assert OrderIntended not in kinds  # a venue that is down is in no route
    assert live.board.seen == len(items) + 2
    assert again(live, None, live.tape.items).compared == len(live.events)


async def test_a_feed_that_fails_loses_its_books_and_is_started_again(caplog: pytest.LogCaptureFixture) -> None:
    starts: list[int] = []

    async def broken(deliver: Deliver) -> None:
        starts.append(1)
        live.ending.ask("seen")
        raise ZeroDivisionError("a defect")

    live = make_live(lambda _: [Source("world", broken, ("world:BTCUSDT",))], runs.START)
    await live.run()
    assert starts == [1]
    assert "a defect" in caplog.text
    assert [type(item) for item in live.tape.items] == [BookInvalid]


async def test_a_journal_that_fails_ends_the_session_before_anything_is_acted_on() -> None:
    items = distinct(runs.market(11, 2000))
    live = make_live(lambda live: [feeding(items, live)], items[0].recv_ts - 1_000)
    stored = live.journal.append

    def failing(events: object) -> None:
        if len(live.events) > 20:
            raise JournalError("the disk is full")
        stored(events)  # type: ignore[arg-type]

    live.journal.append = failing  # type: ignore[method-assign]
    with pytest.raises(JournalError, match="the disk is full"):
        await live.run()
    assert live.events[-1].sequence == live.journal.last().sequence  # type: ignore[union-attr]


async def test_a_barred_instrument_is_in_no_decision_until_its_venue_is_back() -> None:
    engine = make_engine()
    key = "world:BTCUSDT"
    state = engine.parts.market.instruments[key]
    engine.step(VenueHealth(venue="world", state=HealthState.FROZEN, reason="still", recv_ts=5))
    assert state.barred == Reason.VENUE_FROZEN
    engine.step(Quote(key, 6, 6, 1.0, 2.0, 1.0, 1.0))
    assert engine.parts.deciding.routes
    assert any(route.obstacle(6) for route in engine.parts.deciding.routes.values())
    engine.step(VenueHealth(venue="world", state=HealthState.HEALTHY, reason="back", recv_ts=7))
    assert state.barred == ""
