"""The event log of a whole run: numbered without gaps, caused by earlier events, orders told before their reports."""

import subprocess
import sys
from itertools import pairwise
from os import environ
from pathlib import Path

import pytest

from arbcore.journal.codec import encode
from arbcore.journal.folds import rebuild
from arbcore.model.events import (
    Envelope,
    IntentApproved,
    IntentEnded,
    OrderCancelled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderUpdated,
    TradeClosed,
    TradeExecuted,
    TradeHedged,
    TradeOpened,
)
from arbcore.model.order import TERMINAL
from tests.runtime.runs import FixedLatency, chunked, market, run

REPORTS = (OrderPlaced, OrderRejected, OrderCancelled, OrderUpdated, TradeExecuted)
LATENCIES = {"at once": None, "delayed": FixedLatency(60_000_000, 40_000_000)}


@pytest.fixture(scope="module", params=list(LATENCIES))
def events(request: pytest.FixtureRequest) -> list[Envelope]:
    """The events of a run with many trades and bad rows."""
    played = run([market(7, 6000)], LATENCIES[request.param])
    assert played.tally.trades > 30
    return played.events


def test_sequences_have_no_gap(events: list[Envelope]) -> None:
    assert [one.sequence for one in events] == list(range(1, len(events) + 1))


def test_time_never_goes_back(events: list[Envelope]) -> None:
    assert all(one.time <= after.time for one, after in pairwise(events))


def test_causes_are_earlier_events_or_none(events: list[Envelope]) -> None:
    assert all(0 <= one.cause < one.sequence for one in events)


def test_every_report_of_an_order_is_caused_by_the_event_that_told_it(events: list[Envelope]) -> None:
    intended = {one.event.order.client_order_id: one for one in events if isinstance(one.event, OrderIntended)}
    chains = {one.sequence: one.cause for one in events}
    seen = 0
    for one in events:
        if isinstance(one.event, REPORTS):
            seen += 1
            told = intended[one.event.client_order_id]
            assert told.sequence < one.sequence
            assert told.time <= one.time
            assert told.sequence in ancestors(one.sequence, chains)
    assert seen > 100


def ancestors(sequence: int, causes: dict[int, int]) -> set[int]:
    found = set()
    while sequence := causes[sequence]:
        found.add(sequence)
    return found


def test_an_order_is_told_after_its_intent_was_approved_and_ends_before_its_intent(events: list[Envelope]) -> None:
    approved = {one.event.intent.id: one.sequence for one in events if isinstance(one.event, IntentApproved)}
    ended = {one.event.intent: one.sequence for one in events if isinstance(one.event, IntentEnded)}
    orders = {one.event.order.client_order_id: one.event for one in events if isinstance(one.event, OrderIntended)}
    for one in events:
        if isinstance(one.event, OrderIntended):
            assert approved[one.event.intent] < one.sequence < ended[one.event.intent]
        if isinstance(one.event, OrderUpdated) and one.event.after in TERMINAL:
            assert one.sequence < ended[orders[one.event.client_order_id].intent]


def test_a_trade_is_opened_hedged_and_closed_in_this_order(events: list[Envelope]) -> None:
    opened = {one.event.trade.id: one.sequence for one in events if isinstance(one.event, TradeOpened)}
    hedged = {one.event.trade: one.sequence for one in events if isinstance(one.event, TradeHedged)}
    closed = {one.event.trade.id: one.sequence for one in events if isinstance(one.event, TradeClosed)}
    assert hedged.keys() <= opened.keys()
    assert closed.keys() <= opened.keys()
    assert all(opened[trade] < sequence for trade, sequence in [*hedged.items(), *closed.items()])
    assert all(hedged.get(trade, 0) < sequence for trade, sequence in closed.items())


def test_the_events_add_up_to_the_result_they_report(events: list[Envelope]) -> None:
    fold = rebuild(events)
    assert fold.differences == []
    assert not [order for order in fold.projections.orders.values() if order.state in TERMINAL]


def test_folded_trades_are_the_live_ones() -> None:
    items = market(7, 3000)
    seen = 0
    for end in range(1000, 3000, 211):
        played = run([items[:end]])
        folded = {trade.id: trade for trade in rebuild(played.events).projections.open_trades()}
        parts = played.engine.parts
        live = {name: trade.view(parts.accounts) for name, trade in parts.execution.trades.items()}
        assert {name: (trade.state, trade.legs) for name, trade in folded.items()} == {
            name: (trade.state, trade.legs) for name, trade in live.items()
        }
        seen += len(live)
    assert seen > 5


def test_dedup_keys_name_one_thing_each(events: list[Envelope]) -> None:
    for kind in (OrderIntended, TradeExecuted, TradeOpened, TradeClosed):
        keys = [one.key for one in events if isinstance(one.event, kind)]
        assert all(keys)
        assert len(set(keys)) == len(keys)


def test_two_runs_and_two_hash_seeds_give_the_same_bytes() -> None:
    here = b"".join(encode(one) + b"\n" for one in run(chunked(market(7, 6000), 1000)).events)
    root = Path(__file__).parents[2]
    for seed in ("1", "4242"):
        found = subprocess.run(
            [sys.executable, "-m", "tests.runtime.runs"],
            cwd=root,
            env={**environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        )
        assert found.stdout == here
    assert len(here) > 100_000
