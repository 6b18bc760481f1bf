"""The tally: what a report counts is what the events say, counted here once more in another way."""

from collections import Counter
from decimal import Decimal

import pytest

from arbcore.model.events import (
    Event,
    FeeCharged,
    InputsRejected,
    IntentEnded,
    OpportunitySkipped,
    TradeClosed,
    TradeExecuted,
    TradeHedged,
    TradeOpened,
)
from arbcore.model.intent import IntentKind, IntentState
from arbcore.model.trade import Trade
from arbcore.runtime.result import BacktestResult, RunFacts, summarise
from arbcore.testing.session import Played
from tests.runtime.runs import FixedLatency, market, run


@pytest.fixture(scope="module")
def played() -> Played:
    """A run with failed entries, unwinds and bad rows."""
    return run([market(7, 6000)], FixedLatency(200_000_000, 100_000_000))


@pytest.fixture(scope="module")
def events(played: Played) -> list[Event]:
    return [one.event for one in played.events]


def closed(events: list[Event]) -> list[Trade]:
    trades = [event.trade for event in events if isinstance(event, TradeClosed)]
    return [trade for trade in trades if any(leg.bought or leg.sold for leg in trade.legs)]


def test_trades_by_symbol_and_reason(played: Played, events: list[Event]) -> None:
    tally, trades = played.tally, closed(events)
    assert tally.trades == len(trades) > 20
    for symbol, counts in tally.symbols.items():
        own = [trade for trade in trades if trade.symbol == symbol]
        assert counts.exits == len(own)
        assert counts.won == sum(trade.pnl.total > 0 for trade in own)
        assert counts.pnl == sum((trade.pnl.total for trade in own), Decimal(0))
    assert sum(tally.exit_reasons.values()) == len(trades)
    hedged = {event.trade for event in events if isinstance(event, TradeHedged)}
    expected = Counter(trade.exit_reason or "never hedged" for trade in trades)
    assert tally.exit_reasons == expected
    assert set(tally.exit_reasons) >= {"never hedged"} if any(trade.id not in hedged for trade in trades) else True


def test_entries_are_trades_that_filled(played: Played, events: list[Event]) -> None:
    opened = {event.trade.id for event in events if isinstance(event, TradeOpened)}
    done = [event.trade for event in events if isinstance(event, TradeClosed)]
    empty = {trade.id for trade in done if not any(leg.bought or leg.sold for leg in trade.legs)}
    still_open = set(played.tally.open)
    unhedged = still_open - {event.trade for event in events if isinstance(event, TradeHedged)}
    assert played.tally.failed_entries == len(empty)
    entries = sum(counts.entries for counts in played.tally.symbols.values())
    assert entries == len(opened - empty - unhedged)


def test_fills_fees_and_repairs(played: Played, events: list[Event]) -> None:
    tally = played.tally
    assert tally.fills == sum(isinstance(event, TradeExecuted) for event in events)
    fees: Counter[str] = Counter()
    for event in events:
        if isinstance(event, FeeCharged):
            fees[event.currency] += event.amount  # type: ignore[assignment]
    assert tally.fees == fees
    repaired = [event for event in events if isinstance(event, IntentEnded) and event.kind is IntentKind.UNWIND]
    assert tally.unwinds == sum(event.state is not IntentState.FAILED for event in repaired) > 0


def test_refusals_and_skips_by_reason(played: Played, events: list[Event]) -> None:
    for kind, counts in ((InputsRejected, played.tally.refused), (OpportunitySkipped, played.tally.skipped)):
        found = [event for event in events if isinstance(event, kind)]
        expected = {
            reason: (
                sum(event.reason == reason for event in found),
                sum(event.count for event in found if event.reason == reason),
            )
            for reason in {event.reason for event in found}
        }
        assert counts == expected
        assert expected


def result(played: Played) -> BacktestResult:
    facts = RunFacts(
        session="t",
        base_currency="USDT",
        config_hash="c",
        result_hash=played.hash,
        events=len(played.events),
        journal="memory",
        notes=("a note",),
        troubles=("a trouble",),
    )
    return summarise(played.run, "", played.tally, facts)


def test_the_result_repeats_the_tally(played: Played) -> None:
    found = result(played)
    assert found.trades == played.tally.trades
    assert found.open_trades == len(played.tally.open)
    assert found.pnl.remainder == 0
    assert found.pnl.total == found.pnl.ledger_change
    parts = found.pnl
    assert parts.total == parts.spread + parts.slippage + parts.fees + parts.funding + parts.fx + parts.unrealised
    won = sum(counts.won for counts in played.tally.symbols.values())
    assert found.win_rate == won / found.trades
    assert found.unhedged_seconds is not None
    assert 0.0 <= found.unhedged_seconds.p50 <= found.unhedged_seconds.p99 <= found.unhedged_seconds.max
    assert found.notes == ["a note"]
    assert found.warnings[-1] == "a trouble"
    assert found.result_hash == played.hash
