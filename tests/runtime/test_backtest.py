"""The backtest loop: order at one moment, delays, chunks that do not matter, and the end of the data."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest

from arbcore.engine.parts import EngineSettings
from arbcore.errors import DataError
from arbcore.model.events import InputsRejected, OrderPlaced, OrderUpdated, TradeExecuted
from arbcore.model.input import VenueReport
from arbcore.model.market import Book, BookInvalid, ClosingQuote, MarketInput, OpeningQuote, Quote
from arbcore.model.order import OrderRequest, OrderState
from arbcore.model.trade import Trade
from arbcore.ports.strategy import RouteSpec, Signal, Trigger, Wish
from arbcore.runtime.backtest import DataClock
from arbcore.runtime.result import RunFacts, summarise
from arbcore.testing.scripted import ScriptedStrategy, ScriptedTier, enter, pair
from arbcore.testing.scripted_venue import Outcome, ScriptedVenue
from arbcore.testing.session import Played, play
from arbcore_exchange_paper.delayed import DelayedVenue
from arbcore_exchange_paper.venue import PaperVenue
from arbcore_fill_top.model import TopFill
from tests.runtime.runs import (
    BALANCES,
    COINS,
    INSTRUMENTS,
    SECOND,
    START,
    FixedLatency,
    chunked,
    market,
    run,
)

WON, SWAP = INSTRUMENTS[:2]
MILLISECOND = 10**6


def quote(instrument: str, at: int, bid: float = 100.0, ask: float = 100.01) -> Quote:
    return Quote(instrument, START + at, START + at, bid, ask, 10.0, 10.0)


class Traced(ScriptedVenue):
    """A venue that writes down what it learns, in the order of a list that it shares with others."""

    def __init__(self, trace: list[str], name: str = "world") -> None:
        super().__init__(name, [SWAP, OTHER], {"USDT": Decimal(10**6)})
        self.trace = trace

    def on_market(self, item: MarketInput) -> Sequence[VenueReport]:
        self.trace.append(f"venue {item.recv_ts - START}")
        return super().on_market(item)

    def submit(self, order: OrderRequest, now: int) -> Sequence[VenueReport]:
        self.trace.append(f"submit {now - START}")
        return super().submit(order, now)


class Asked(ScriptedStrategy):
    """A strategy that writes down when it is asked."""

    def __init__(self, trace: list[str], *routes: RouteSpec, trigger: Trigger | None = None) -> None:
        super().__init__(*routes, trigger=trigger)
        self.trace = trace

    def on_signal(self, signal: Signal, trades: Sequence[Trade]) -> Sequence[Wish]:
        self.trace.append(f"strategy {signal.time - START}")
        return super().on_signal(signal, trades)


OTHER = type(SWAP)(**{name: getattr(SWAP, name) for name in SWAP.__struct_fields__} | {"symbol": "BTCUSDC"})
ROUTE = pair(SWAP, OTHER, name="r")


def traced(items: Sequence[MarketInput], tier: ScriptedTier | None = None, **more: object) -> tuple[Played, list[str]]:
    trace: list[str] = []
    venue, strategy = Traced(trace), Asked(trace, ROUTE)
    if more.get("wish"):
        strategy.leave(enter("500"))
    venue.script.extend(more.get("script", ()))  # type: ignore[arg-type]
    played = play([list(items)], (SWAP, OTHER), {"world": venue}, {"s": strategy}, tiers=[("t", tier)] if tier else [])
    return played, trace


def test_a_venue_learns_before_the_engine_and_an_order_is_sent_at_once() -> None:
    _, trace = traced([quote(SWAP.key, 0), quote(OTHER.key, 5)], wish=True)
    assert trace == ["venue 0", "venue 5", "strategy 5", "submit 5", "submit 5"]


def test_timers_fire_after_all_inputs_of_their_nanosecond_and_before_later_ones() -> None:
    tier = ScriptedTier(every_ns=10)
    items = [quote(SWAP.key, 0), quote(OTHER.key, 0), quote(SWAP.key, 10, 101.0, 101.01), quote(OTHER.key, 10)]
    played, _ = traced([*items, quote(SWAP.key, 11)], tier)
    assert [time - START for time in tier.reviews] == [10]
    assert played.run.quotes == 5
    tier = ScriptedTier(every_ns=10)
    traced(items, tier)
    assert tier.reviews == []  # the data ends at the timer's moment, and later inputs are what makes it fire


def test_delayed_reports_arrive_after_the_inputs_of_their_nanosecond() -> None:
    script = [Outcome(delay_ns=10), Outcome(delay_ns=10)]
    items = [quote(SWAP.key, 0), quote(OTHER.key, 0), quote(SWAP.key, 10), quote(OTHER.key, 10), quote(SWAP.key, 11)]
    played, trace = traced(items, wish=True, script=script)
    assert trace[:5] == ["venue 0", "venue 0", "strategy 0", "submit 0", "submit 0"]
    executed = [one for one in played.events if isinstance(one.event, TradeExecuted)]
    assert [one.time - START for one in executed] == [10, 10]
    # The fill came after both quotes of its moment: they were taken while the trade was still open.
    assert trace[5:] == ["venue 10", "strategy 10", "venue 10", "strategy 10", "venue 11", "strategy 11"]


def test_a_timer_comes_before_a_report_of_the_same_time() -> None:
    script = [Outcome(rests=True, share=Decimal(0)), Outcome(delay_ns=5 * SECOND)]
    items = [quote(SWAP.key, 0), quote(OTHER.key, 0), quote(SWAP.key, 6 * SECOND)]
    played, _ = traced(items, wish=True, script=script)
    late = [one.event for one in played.events if one.time - START == 5 * SECOND]
    sent = next(event for event in late if isinstance(event, OrderUpdated) and event.after is OrderState.CANCEL_SENT)
    filled = next(event for event in late if isinstance(event, TradeExecuted) and event.instrument == OTHER.key)
    assert late.index(sent) < late.index(filled)


@pytest.mark.parametrize(("entry", "response"), [(0, 0), (20, 0), (0, 30), (20, 30)])
def test_messages_take_their_time(entry: int, response: int) -> None:
    played = run([market(3, 3000, bad=0.0)], FixedLatency(entry * MILLISECOND, response * MILLISECOND))
    intended = {one.event.order.client_order_id: one.time for one in played.events if hasattr(one.event, "order")}
    placed = {one.event.client_order_id: one for one in played.events if isinstance(one.event, OrderPlaced)}
    assert placed
    for name, envelope in placed.items():
        assert isinstance(envelope.event, OrderPlaced)
        assert envelope.event.venue_time - intended[name] == entry * MILLISECOND
        assert envelope.time - envelope.event.venue_time == response * MILLISECOND
    assert played.tally.report is not None
    assert played.tally.report.ledger_change == played.tally.report.pnl.total


def test_what_travels_at_the_end_of_the_data_still_arrives() -> None:
    items = market(3, 3000, bad=0.0)
    for end in range(1500, 1700, 7):
        played = run([items[:end]], FixedLatency(3 * SECOND, 2 * SECOND))
        report = played.tally.report
        assert report is not None
        assert report.ledger_change == report.pnl.total
        assert not played.engine.parts.execution.in_flight()


@pytest.mark.parametrize("latency", [None, FixedLatency(30 * MILLISECOND, 20 * MILLISECOND)])
def test_chunk_boundaries_do_not_matter(latency: FixedLatency | None) -> None:
    items = market(11, 3000)
    whole = run([items], latency)
    assert len(whole.events) > 500
    for size in (1, 7, 1000):
        parts = run(chunked(items, size), latency)
        assert parts.hash == whole.hash
        assert parts.events == whole.events
        assert (parts.run.quotes, parts.run.inputs) == (whole.run.quotes, whole.run.inputs)


def test_empty_chunks_are_nothing() -> None:
    items = market(11, 500)
    assert run([[], items[:200], [], [], items[200:], []]).hash == run([items]).hash


@pytest.mark.parametrize("chunks", [[], [[]], [[], []]])
def test_without_data_there_is_no_result(chunks: list[list[MarketInput]]) -> None:
    with pytest.raises(DataError, match="no rows"):
        run(chunks)


def test_counts_and_times_of_a_run() -> None:
    items = market(5, 2000)
    played = run(chunked(items, 300))
    assert played.run.inputs == 2000
    assert played.run.quotes == sum(isinstance(item, Book | Quote) for item in items)
    assert (played.run.first_ts, played.run.last_ts) == (items[0].recv_ts, items[-1].recv_ts)


def test_inputs_of_instruments_that_no_venue_has_are_refused_and_counted() -> None:
    items: list[MarketInput] = [
        quote(SWAP.key, 0),
        quote("world:NONE", 1),
        BookInvalid("mars:X", START + 2, START + 2, "DATA_GAP"),
        quote(SWAP.key, 3),
    ]
    played, _ = traced(items)
    rejected = [one.event for one in played.events if isinstance(one.event, InputsRejected)]
    assert [(event.source, event.reason, event.count) for event in rejected] == [
        ("world:NONE", "INPUT_UNKNOWN_INSTRUMENT", 1),
        ("mars:X", "INPUT_UNKNOWN_INSTRUMENT", 1),
    ]


def test_the_clock_shows_the_input_at_hand_whatever_the_chunks() -> None:
    clock, seen = DataClock(), list[tuple[int, int]]()
    assert clock.now() == 0

    def answer(signal: Signal, _: Sequence[object]) -> Sequence[Wish]:
        seen.append((signal.time, clock.now()))
        return ()

    strategy = ScriptedStrategy(ROUTE, answer=answer)
    items: list[MarketInput] = [quote(key, at) for at in range(50) for key in (SWAP.key, OTHER.key)]
    play([items], (SWAP, OTHER), {"world": Traced([])}, {"s": strategy}, clock=clock)
    assert len(seen) > 50
    assert all(time == shown for time, shown in seen)


def bars(count: int, spacing: int, gap_at: int = -1) -> Iterator[MarketInput]:
    """Closes and openings of both instruments, with a missing bar."""
    for number in range(count):
        at = START + number * spacing
        for key in (SWAP.key, OTHER.key):
            yield ClosingQuote(key, at, at, 100.0, 100.01, 10.0, 10.0)
        for key in (SWAP.key, OTHER.key):
            ts = at + spacing if number == gap_at else at
            yield OpeningQuote(key, ts, at, 101.0, 101.01, 10.0, 10.0)


@pytest.mark.parametrize("delay", [0, MILLISECOND])
def test_orders_decided_at_a_close_fill_at_the_next_opening_also_with_delays(delay: int) -> None:
    plain = PaperVenue("world", TopFill(), BALANCES["world"])
    venue = plain if not delay else DelayedVenue(plain, FixedLatency(0, delay))
    for instrument in (SWAP, OTHER):
        venue.list_instrument(instrument)
    strategy = ScriptedStrategy(ROUTE)
    strategy.leave(enter("500", slippage_bps=500.0))
    settings = EngineSettings(session="t", mode="backtest", base_currency="USDT", config_hash="", rates={})
    played = play([list(bars(4, 60 * SECOND))], (SWAP, OTHER), {"world": venue}, {"s": strategy}, settings=settings)
    executed = [one for one in played.events if isinstance(one.event, TradeExecuted)]
    assert [(one.event.price, one.time - START) for one in executed if isinstance(one.event, TradeExecuted)] == [
        (Decimal("101.01"), delay),
        (Decimal("101.00"), delay),
    ]
    assert len(played.tally.open) == 1


def test_a_crossed_book_counts_as_refused_input_and_as_skipped_chance() -> None:
    items: list[MarketInput] = [
        quote(SWAP.key, 0),
        quote(OTHER.key, 0),
        quote(SWAP.key, 1, 102.0, 101.0),
        quote(OTHER.key, 2, 200.0, 200.01),
    ]
    strategy = ScriptedStrategy(ROUTE, trigger=Trigger(forward=0.1))
    played = play([items], (SWAP, OTHER), {"world": Traced([])}, {"s": strategy})
    facts = RunFacts(
        session="t",
        base_currency="USDT",
        config_hash="",
        result_hash="",
        events=0,
        journal="",
        notes=(),
    )
    crossed = summarise(played.run, "", played.tally, facts).rejected["BOOK_CROSSED"]
    assert (crossed.episodes, crossed.count) == (2, 2)


def test_every_run_begins_afresh() -> None:
    items = market(2, 1000)
    assert run([items]).hash == run([items]).hash != run([market(3, 1000)]).hash


def test_all_coins_trade() -> None:
    played = run([market(7, 6000)])
    assert set(played.tally.symbols) == set(COINS)
    assert played.tally.trades > 30
    assert played.tally.report is not None
    assert played.tally.report.ledger_change == played.tally.report.pnl.total
