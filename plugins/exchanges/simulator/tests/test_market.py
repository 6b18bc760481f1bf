"""Markets: books that hold together, grids of the venues, the same from the same seed."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore_exchange_simulator.market.candles import Candles
from arbcore_exchange_simulator.market.coins import COINS, coin, coins
from arbcore_exchange_simulator.market.numbers import atoms, number, text
from arbcore_exchange_simulator.market.paths import PremiumPath
from arbcore_exchange_simulator.market.ticks import KRW, flat
from arbcore_exchange_simulator.memory import make_venues
from arbcore_exchange_simulator.settings import SECOND, Premium
from arbcore_exchange_simulator.venues import Venues


@pytest.mark.parametrize(
    ("price", "tick"),
    [("1500000", "1000"), ("999999", "500"), ("4999", "1"), ("5000", "5"), ("99.9", "0.1"), ("0.0133", "0.0001")],
)
def test_ticks_in_won(price: str, tick: str) -> None:
    assert KRW.tick(atoms(price)) == atoms(tick)


@given(st.integers(1, 10**17), st.sampled_from([KRW, flat(atoms("0.1"))]))
def test_rounding_lands_on_the_grid(price: int, grid: object) -> None:
    assert isinstance(grid, type(KRW))
    below, above = grid.down(price), grid.up(price)
    assert below % grid.tick(below) == 0
    assert above % grid.tick(above) == 0
    assert above >= price
    assert below <= max(price, grid.tick(price))


@given(st.integers(10**5, 10**16), st.sampled_from([1, -1]), st.integers(5, 60))
def test_a_ladder_is_sorted_and_on_the_grid(price: int, direction: int, count: int) -> None:
    touch = KRW.up(price)
    ladder = KRW.ladder(touch, count, direction, KRW.tick(touch) * 3)
    assert ladder[0] == touch
    assert ladder == sorted(set(ladder), reverse=direction < 0)
    assert all(one > 0 and one % KRW.tick(one) == 0 for one in ladder)


def test_numbers_as_text() -> None:
    assert [text(atoms("110000.1"), 2), text(atoms("3"), 0), text(1, 8)] == ["110000.10", "3", "0.00000001"]
    assert [number(atoms("5")), number(atoms("0.5"))] == [5, 0.5]


def test_any_number_of_coins_has_rules() -> None:
    names = coins(120)
    assert len(set(names)) == 120
    assert names[0] == "BTC"
    assert "SIM001" in names
    for name in names:
        one = coin(name)
        assert one.usdm_tick / 1e8 < one.price * one.multiplier / 100
    assert coin("SIM001") == coin("SIM001")
    assert COINS["SHIB"].multiplier == 1000


def test_books_never_cross_and_stay_on_their_grids() -> None:
    venues = make_venues(rate=40.0)
    for _ in range(300):
        venues.step(venues.world.now + SECOND // 20)
        for markets in venues.world.markets.values():
            for market in markets.values():
                bids, asks, grid = list(market.book.bids), list(market.book.asks), market.listing.grid
                assert bids[0] < asks[0]
                assert bids == sorted(bids, reverse=True)
                assert asks == sorted(asks)
                assert all(price % grid.tick(price) == 0 for price in (*bids, *asks))
                assert all(size > 0 and size % market.listing.lot == 0 for size in market.book.bids.values())
                assert len(asks) > 20


def _history(seed: int, seconds: int = 5) -> list[tuple[object, ...]]:
    venues = make_venues(seed=seed)
    seen: list[tuple[object, ...]] = []
    for _ in range(seconds):
        venues.step(venues.world.now + SECOND)
        for markets in venues.world.markets.values():
            seen += [(s, m.book.touch, m.book.update_id, m.trades[-1]) for s, m in markets.items()]
    return seen


def test_a_seed_gives_the_same_markets() -> None:
    assert _history(7) == _history(7)
    assert _history(7) != _history(8)


def test_steps_do_not_matter() -> None:
    coarse, fine = make_venues(), make_venues()
    coarse.step(coarse.world.now + 3 * SECOND)
    for _ in range(300):
        fine.step(fine.world.now + SECOND // 100)
    assert [m.book.bids for m in coarse.world.markets["usdm"].values()] == [
        m.book.bids for m in fine.world.markets["usdm"].values()
    ]


def test_speed_moves_markets_not_stamps() -> None:
    slow, quick = make_venues(), make_venues(speed=10.0)
    for venues in (slow, quick):
        venues.step(venues.world.now + 2 * SECOND)
    assert slow.world.now == quick.world.now
    ids = [v.world.markets["usdm"]["BTCUSDT"].trades[-1].number - 309_917_000 for v in (slow, quick)]
    assert ids[1] > 4 * ids[0]


def _edges(venues: Venues, name: str) -> tuple[float, float]:
    """Edges in basis points of buying the coin for won against the perpetual, and of selling it."""
    markets = venues.world.markets
    (rate_bid, _), (rate_ask, _) = markets["upbit"]["KRW-USDT"].book.touch
    (won_bid, _), (won_ask, _) = markets["upbit"][f"KRW-{name}"].book.touch
    (bid, _), (ask, _) = markets["usdm"][f"{name}USDT"].book.touch
    return (bid * rate_bid / 1e8 / won_ask - 1) * 1e4, (won_bid * 1e8 / (ask * rate_ask) - 1) * 1e4


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_several_round_trips_in_twenty_seconds(seed: int) -> None:
    """What a spread strategy looks for: edges beyond 45 bp (25 and the fees) that come back under 5."""
    venues = make_venues(seed=seed, symbols=("BTC", "ETH", "XRP"))
    trips, held = 0, dict[str, int]()
    for _ in range(1000):
        venues.step(venues.world.now + SECOND // 50)
        for name in venues.world.symbols():
            edges = _edges(venues, name)
            if name not in held and max(edges) > 45:
                held[name] = edges.index(max(edges))
            elif name in held and edges[held[name]] < 5:
                trips += 1
                del held[name]
    assert trips >= 3


def _premium_after_kicks(share: float) -> float:
    """Mean distance of the premium from its level after half a minute of kicks and some seconds of quiet."""
    settings = Premium(shift_share=share, volatility_bps=0, level_half_life=3600 * SECOND, kick_bps=(100, 100))
    away = 0.0
    for seed in range(20):
        path = PremiumPath(settings, Random(seed))
        for _ in range(3000):
            path.move(0.01)
        path.kicks = False
        for _ in range(2000):
            path.move(0.01)
        away += abs(path.value) * 1e4 / 20
    return away


def test_kicks_die_away_and_shifts_stay() -> None:
    assert _premium_after_kicks(0.0) < 1
    assert _premium_after_kicks(1.0) > 50


def test_funding_settles_by_the_interval_and_is_estimated() -> None:
    venues = make_venues(funding_interval="5s")
    market = venues.world.markets["usdm"]["BTCUSDT"]
    settled = []
    venues.world.on_settled = lambda one: settled.append(one.listing.symbol)
    assert market.funding is not None
    venues.step(venues.world.now + 11 * SECOND)
    assert settled.count("BTCUSDT") == len(market.funding.past) == 2
    times = [at for at, _, _ in market.funding.past]
    assert times[1] - times[0] == 5 * SECOND
    assert all(at % (5 * SECOND) == 0 for at in times)
    assert market.funding.next > venues.world.now
    assert all(mark > 0 for _, _, mark in market.funding.past)


def test_candles_join_trades() -> None:
    candles = Candles()
    for time, price in ((0, 5), (1_500, 9), (61_000, 3), (125_000, 4)):
        candles.add(time, price, 1.0, float(price))
    (first, second, third) = candles.of(60_000, 10)
    assert (first.open, first.high, first.close, first.count) == (5, 9, 9, 2)
    assert (second.start, third.start) == (60_000, 120_000)
    (joined,) = candles.of(180_000, 10)
    assert (joined.open, joined.high, joined.low, joined.close, joined.volume) == (5, 9, 3, 4, 4.0)
    assert [one.start for one in candles.of(60_000, 10, before=60_000)] == [0]
