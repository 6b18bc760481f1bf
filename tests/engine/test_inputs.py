"""Inputs that can't be true are refused and counted, and what is stale or skewed decides nothing."""

from math import inf, nan

import pytest

from arbcore.engine.output import NOTHING
from arbcore.model.events import Event, InputsRejected, OpportunitySkipped
from arbcore.model.market import (
    Book,
    BookInvalid,
    FundingRate,
    FxRate,
    MarketInput,
    MarkPrice,
    OpeningQuote,
    PublicTrade,
    Quote,
)
from arbcore.ports.strategy import Trigger
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter, leave, pair
from tests.engine.world import BTC_ROUTE, ETH, PERP, SPOT, WON, WON_ROUTE, World, basic, hedged

BAD = [
    (nan, 100.1, 1.0, 1.0, "INPUT_NOT_FINITE"),
    (100.0, nan, 1.0, 1.0, "INPUT_NOT_FINITE"),
    (100.0, inf, 1.0, 1.0, "INPUT_NOT_FINITE"),
    (-1.0, 100.1, 1.0, 1.0, "INPUT_NOT_FINITE"),
    (0.0, 100.1, 1.0, 1.0, "INPUT_NOT_FINITE"),
    (100.0, 100.1, -1.0, 1.0, "INPUT_NOT_FINITE"),
    (100.0, 100.1, 1.0, -1e-9, "INPUT_NOT_FINITE"),
    (100.0, 100.1, nan, 1.0, "INPUT_NOT_FINITE"),
    (100.0, 100.1, 1.0, inf, "INPUT_NOT_FINITE"),
    (100.1, 100.1, 1.0, 1.0, "BOOK_CROSSED"),
    (100.2, 100.1, 1.0, 1.0, "BOOK_CROSSED"),
]


def rejected(events: list[Event]) -> list[tuple[str, str, int]]:
    return [(event.source, event.reason, event.count) for event in events if isinstance(event, InputsRejected)]


def skipped(events: list[Event]) -> list[tuple[str, int]]:
    return [(event.reason, event.count) for event in events if isinstance(event, OpportunitySkipped)]


@pytest.mark.parametrize(("bid", "ask", "bid_size", "ask_size", "reason"), BAD)
def test_a_quote_that_cannot_be_true_is_refused_and_its_market_rests(
    bid: float, ask: float, bid_size: float, ask_size: float, reason: str
) -> None:
    world, strategy = basic()
    asked = len(strategy.signals)
    for _ in range(3):
        assert world.stage.quote(SPOT, bid, ask, bid_size, ask_size) == []
    strategy.leave(enter())
    world.stage.quote(PERP, 100.0, 100.1)
    assert len(strategy.signals) == asked
    world.stage.quote(SPOT, 100.0, 100.1)
    assert len(strategy.signals) == asked + 1
    assert list(world.trades) == ["1"]
    told = world.stage.finish()
    assert rejected(told) == [(SPOT.key, reason, 3)]
    (episode,) = [event for event in told if isinstance(event, InputsRejected)]
    assert (episode.first, episode.last) == (world.stage.clock.now(), world.stage.clock.now())
    assert episode.sample.startswith("Quote(instrument='cash:BTCUSDT'")


@pytest.mark.parametrize(("bids", "asks"), [((), ((100.1, 1.0),)), (((100.0, 1.0),), ()), ((), ())])
def test_a_book_without_a_side_is_refused(
    bids: tuple[tuple[float, float], ...], asks: tuple[tuple[float, float], ...]
) -> None:
    world, strategy = basic()
    now, asked = world.stage.clock.now(), len(strategy.signals)
    world.stage.give(Book(SPOT.key, now, now, bids, asks))
    assert len(strategy.signals) == asked
    assert rejected(world.stage.finish()) == [(SPOT.key, "INPUT_NOT_FINITE", 1)]


def test_a_book_counts_as_its_best_level() -> None:
    world, strategy = basic()
    now = world.stage.clock.now()
    world.stage.give(Book(SPOT.key, now, now, ((99.0, 2.0), (98.0, 5.0)), ((99.5, 3.0), (99.9, 5.0))))
    leg = strategy.signals[-1].legs[0]
    assert (leg.bid, leg.ask, leg.bid_size, leg.ask_size) == (99.0, 99.5, 2.0, 3.0)


def test_time_that_goes_back_is_refused_and_what_is_known_stays() -> None:
    world, strategy = basic()
    world.stage.wait(SECOND)
    world.quote(101.0)
    now = world.stage.clock.now()
    assert world.stage.give(Quote(SPOT.key, now - 1, now - 1, 50.0, 50.1, 1.0, 1.0)) == []
    world.stage.quote(PERP, 101.0, 101.1)
    assert strategy.signals[-1].legs[0].bid == 101.0
    assert rejected(world.stage.finish()) == [(SPOT.key, "INPUT_TIME_BACK", 1)]


def test_instruments_and_rates_that_nobody_asked_for_are_refused() -> None:
    world, _ = basic()
    now = world.stage.clock.now()
    world.stage.give(
        Quote("cash:DOGE", now, now, 1.0, 1.1, 1.0, 1.0),
        FxRate("usdt_jpy", now, now, 150.0, 150.1, "test"),
        BookInvalid("cash:DOGE", now, now, "DATA_GAP"),
    )
    assert rejected(world.stage.finish()) == [
        ("cash:DOGE", "INPUT_UNKNOWN_INSTRUMENT", 2),
        ("usdt_jpy", "INPUT_UNKNOWN_INSTRUMENT", 1),
    ]


@pytest.mark.parametrize(
    ("bid", "ask", "reason"),
    [
        (nan, 1000.0, "INPUT_NOT_FINITE"),
        (1000.0, nan, "INPUT_NOT_FINITE"),
        (0.0, 1000.0, "INPUT_NOT_FINITE"),
        (1000.0, inf, "INPUT_NOT_FINITE"),
        (1e-13, 1e-13, "INPUT_NOT_FINITE"),
        (1e13, 1e13, "INPUT_NOT_FINITE"),
        (1001.0, 1000.0, "BOOK_CROSSED"),
    ],
)
def test_a_rate_that_cannot_be_true_is_refused_and_the_old_one_grows_old(bid: float, ask: float, reason: str) -> None:
    world, strategy = won_world()
    world.stage.wait(3 * SECOND)
    world.stage.rate("usdt_krw", bid, ask)
    world.stage.wait(3 * SECOND)
    quote_won(world)
    assert not strategy.signals[-1].rate_fresh
    assert rejected(world.stage.finish()) == [("usdt_krw", reason, 1)]


def test_a_rate_from_the_past_is_refused() -> None:
    world, _ = won_world()
    world.stage.wait(SECOND)
    quote_won(world)
    now = world.stage.clock.now()
    world.stage.give(FxRate("usdt_krw", now - 1, now - 1, 900.0, 900.0, "test"))
    assert rejected(world.stage.finish()) == [("usdt_krw", "INPUT_TIME_BACK", 1)]


@pytest.mark.parametrize("rate", [1e-12, 1e12])
def test_rates_at_the_bounds_can_be_valued(rate: float) -> None:
    world, strategy = won_world()
    asked = len(strategy.signals)
    world.stage.rate("usdt_krw", rate)
    assert len(strategy.signals) == asked + 1
    assert world.remainder() == 0


def won_world() -> tuple[World, ScriptedStrategy]:
    """A running session of a won spot and a perpetual, at 1,000 won for a dollar."""
    strategy = ScriptedStrategy(WON_ROUTE)
    world = World(WON, PERP, strategies=strategy)
    world.stage.begin()
    world.stage.rate("usdt_krw", 1000.0)
    quote_won(world)
    return world, strategy


def quote_won(world: World, won: float = 100_000.0, perp: float = 100.0) -> None:
    world.stage.quote(WON, won, won + 10.0)
    world.stage.quote(PERP, perp, perp + 0.1)


def test_a_stale_rate_stops_entries_and_no_exit() -> None:
    world, strategy = won_world()
    strategy.leave(enter("500"))
    quote_won(world)
    world.stage.wait(5 * SECOND + 1)
    strategy.leave(enter("500"))
    world.stage.quote(WON, 100_000.0, 100_010.0)
    assert list(world.trades) == ["1"]
    strategy.leave(leave("1"))
    world.stage.quote(PERP, 100.0, 100.1)
    assert not world.trades
    assert skipped(world.stage.finish()) == [("RATE_STALE", 1)]


def test_a_rate_as_old_as_allowed_is_fresh() -> None:
    world, strategy = won_world()
    world.stage.wait(5 * SECOND)
    quote_won(world)
    assert strategy.signals[-1].rate_fresh


def test_without_a_rate_nothing_is_decided() -> None:
    strategy = ScriptedStrategy(WON_ROUTE, trigger=Trigger(at=0))
    world = World(WON, PERP, strategies=strategy, balances={"seoul": {}})
    world.stage.begin()
    quote_won(world)
    assert not strategy.signals
    world.stage.rate("usdt_krw", 1000.0)
    assert len(strategy.signals) == 1


@pytest.mark.parametrize(("age", "asked"), [(10 * SECOND, True), (10 * SECOND + 1, False)])
def test_nothing_is_decided_on_a_stale_book(age: int, asked: bool) -> None:
    world, strategy = basic()
    before = len(strategy.signals)
    world.stage.wait(age)
    world.stage.quote(SPOT, 100.0, 100.1)
    assert (len(strategy.signals) > before) is asked
    assert skipped(world.stage.finish()) == ([] if asked else [("BOOK_STALE", 1)])


@pytest.mark.parametrize(("skew", "asked"), [(SECOND, True), (SECOND + 1, False)])
def test_nothing_is_decided_on_books_that_were_received_too_far_apart(skew: int, asked: bool) -> None:
    strategy = ScriptedStrategy(pair(SPOT, PERP, max_skew_ns=SECOND))
    world = World(SPOT, PERP, strategies=strategy).begin()
    before = len(strategy.signals)
    world.stage.wait(skew)
    world.stage.quote(SPOT, 100.0, 100.1)
    assert (len(strategy.signals) > before) is asked
    assert skipped(world.stage.finish()) == ([] if asked else [("BOOK_SKEWED", 1)])


def test_an_invalid_book_rests_until_it_is_whole_again() -> None:
    world, strategy = basic()
    before = len(strategy.signals)
    assert world.stage.invalid(PERP, "DATA_GAP") == []
    world.stage.quote(SPOT, 100.0, 100.1)
    assert len(strategy.signals) == before
    world.stage.quote(PERP, 100.0, 100.1)
    assert len(strategy.signals) == before + 1
    assert skipped(world.stage.finish()) == [("DATA_GAP", 1)]


def test_a_book_that_is_invalid_stops_exits_too() -> None:
    world, strategy = hedged()
    world.stage.invalid(PERP)
    strategy.leave(leave("1"))
    world.stage.quote(SPOT, 100.0, 100.1)
    assert list(world.trades) == ["1"]
    world.stage.quote(PERP, 100.0, 100.1)
    assert not world.trades


def test_skips_are_one_episode_with_its_count_and_its_best_edge() -> None:
    strategy = ScriptedStrategy(BTC_ROUTE, trigger=Trigger(forward=0.0))
    world = World(SPOT, PERP, strategies=strategy).begin()
    world.stage.invalid(SPOT)
    for bid in (101.0, 103.0, 102.0, 99.0):  # the last one is no opportunity
        assert world.stage.quote(PERP, bid, bid + 0.1) == []
    (skip,) = [event for event in world.stage.finish() if isinstance(event, OpportunitySkipped)]
    assert (skip.count, skip.reason, skip.strategy, skip.route) == (3, "DATA_GAP", "s", BTC_ROUTE.id)
    assert skip.best_edge_bps == pytest.approx((103.0 / 100.1 - 1.0) * 1e4)


def test_an_episode_ends_after_a_quiet_time_and_the_next_one_begins() -> None:
    world, _ = basic()
    world.stage.quote(SPOT, nan, 1.0)
    world.stage.wait(3600 * SECOND)
    told = world.stage.quote(SPOT, nan, 1.0)
    assert rejected(told) == [(SPOT.key, "INPUT_NOT_FINITE", 1)]
    assert rejected(world.stage.finish()) == [(SPOT.key, "INPUT_NOT_FINITE", 1)]


def test_quiet_inputs_return_the_same_empty_object() -> None:
    strategy = ScriptedStrategy(BTC_ROUTE, trigger=Trigger())
    world = World(SPOT, PERP, strategies=strategy).begin()
    now = world.stage.clock.now()
    quiet: list[MarketInput] = [
        Quote(SPOT.key, now, now, 100.0, 100.1, 1.0, 1.0),
        Quote(SPOT.key, now, now, nan, 100.1, 1.0, 1.0),
        Book(PERP.key, now, now, ((100.0, 1.0),), ((100.1, 1.0),)),
        PublicTrade(SPOT.key, now, now, 100.0, 1.0, True),
        MarkPrice(PERP.key, now, now, 100.0, 100.0),
        FundingRate(PERP.key, now, now, 0.0001),
        OpeningQuote(SPOT.key, now, now, 100.0, 100.1, 1.0, 1.0),
        BookInvalid(SPOT.key, now, now, "DATA_GAP"),
    ]
    for item in quiet:
        assert world.stage.engine.step(item) is NOTHING
    assert not strategy.signals


def test_an_instrument_without_a_route_is_known_and_asks_nobody() -> None:
    strategy = ScriptedStrategy(BTC_ROUTE)
    world = World(SPOT, PERP, ETH, strategies=strategy).begin()
    asked = len(strategy.signals)
    assert world.stage.quote(ETH, 100.0, 100.1) == []
    assert len(strategy.signals) == asked
    assert world.stage.engine.used == {SPOT.key, PERP.key}
