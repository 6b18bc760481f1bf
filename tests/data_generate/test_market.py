"""Generated markets: the seed decides everything, grids and times hold, and the processes are what they claim."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.data._frames import Columns, np
from arbcore.data.checks import order_fault, row_faults
from arbcore.data.generate.market import generate
from arbcore.data.generate.parameters import HOUR_NS, MarketParameters
from arbcore.data.generate.prices import Rate
from arbcore.data.instant import SECOND_NS
from arbcore.data.kinds import FUNDING, FX, QUOTES
from arbcore.errors import DataError
from tests.data_generate.markets import PAIR, PERPETUAL, RATES, SPOT, WON, chunks, joined, middles


def plain(streams: Mapping[str, Columns]) -> dict[str, dict[str, list[float]]]:
    return {key: {name: column.tolist() for name, column in columns.items()} for key, columns in streams.items()}


def test_the_same_seed_gives_the_same_rows_and_another_does_not() -> None:
    first, again, other = (chunks(quotes=5_000, seed=seed) for seed in (3, 3, 4))
    assert [plain(chunk.quotes) for chunk in first] == [plain(chunk.quotes) for chunk in again]
    assert plain(first[0].quotes) != plain(other[0].quotes)


@given(st.integers(1, 3_000), st.integers(10, 700), st.integers(0, 10**12))
def test_what_is_generated_does_not_depend_on_how_it_is_cut(quotes: int, steps: int, seed: int) -> None:
    options: dict[str, Any] = {"gap_every_ns": 60 * SECOND_NS, "gap_length_ns": 5 * SECOND_NS}
    whole = chunks(quotes=quotes, seed=seed, **options)
    pieces = chunks(quotes=quotes, seed=seed, steps=steps, **options)
    for key in (WON.key, PERPETUAL.key):
        expected, found = joined(whole, key), joined(pieces, key)
        assert {name: column.tolist() for name, column in found.items()} == {
            name: column.tolist() for name, column in expected.items()
        }
    assert joined(pieces, "usdt_krw", "rates")["bid"].tolist() == joined(whole, "usdt_krw", "rates")["bid"].tolist()
    assert sum(len(each["ts"]) for chunk in pieces for each in chunk.quotes.values()) == quotes


def test_another_instrument_changes_nothing_of_the_others() -> None:
    """Venues of one market take turns within a spacing, so only the times move."""
    two, three = chunks(quotes=2_000), chunks([*PAIR, SPOT], quotes=3_000)
    assert joined(two, WON.key)["bid"][:500].tolist() == joined(three, WON.key)["bid"][:500].tolist()


@given(
    st.fixed_dictionaries(
        {
            "premium_sd_bps": st.floats(0, 500),
            "premium_mean_bps": st.floats(-500, 500),
            "premium_half_life_ns": st.integers(1, 10**13),
            "volatility": st.floats(0, 3),
            "half_spread_bps": st.floats(0, 50),
            "notional": st.floats(1, 1e7),
            "latency_ns": st.integers(0, 10**9),
            "spacing_ns": st.integers(10**6, 10**10),
            "gap_every_ns": st.sampled_from([0, 10**10, 10**13]),
            "rate_sd": st.floats(0, 0.05),
        }
    ),
    st.floats(0.5, 1e6),
    st.integers(0, 2**63),
)
def test_every_row_of_every_market_is_sound(parameters: dict[str, Any], price: float, seed: int) -> None:
    found = chunks([*PAIR, SPOT], quotes=600, seed=seed, prices={"BTC": price}, **parameters)
    for item in (*PAIR, SPOT):
        columns = joined(found, item.key)
        assert list(row_faults(QUOTES, columns)) == []
        assert order_fault(QUOTES, columns, 0) is None
        assert (columns["bid"] < columns["ask"]).all()
        assert (columns["recv_ts"] >= columns["ts"]).all()
        assert (np.diff(columns["ts"]) > 0).all()
        for name in ("bid", "ask"):
            prices = [decimal(value) for value in columns[name][:50].tolist()]
            assert all(item.ticks.holds(value) for value in prices)
        sizes = [decimal(value) for value in columns["bid_size"][:50].tolist()]
        assert all(size % item.lot == 0 and size > 0 for size in sizes)
    rates = joined(found, "usdt_krw", "rates")
    assert list(row_faults(FX, rates)) == []


def decimal(value: float) -> Decimal:
    return Decimal(repr(value))


def test_the_premium_reverts_as_its_parameters_say() -> None:
    found = chunks(quotes=400_000, gap_every_ns=0, basis_sd_bps=0.0, basis_mean_bps=0.0, premium_mean_bps=12.0)
    won, perpetual, rate = (
        joined(found, WON.key),
        joined(found, PERPETUAL.key),
        joined(found, "usdt_krw", "rates"),
    )
    rates = np.repeat(middles(rate), 2)[: len(won["ts"])]
    premium = (np.log(middles(won) / middles(perpetual) / rates) * 1e4)[::2]
    assert premium.mean() == pytest.approx(12.0, abs=1.5)
    assert premium.std() == pytest.approx(30.0, rel=0.05)
    lag = 23
    together = float(np.corrcoef(premium[:-lag], premium[lag:])[0, 1])
    assert together == pytest.approx(0.5, abs=0.03)


def test_prices_walk_with_the_volatility_of_a_year() -> None:
    columns = joined(chunks(quotes=200_000, gap_every_ns=0, basis_sd_bps=0.0), PERPETUAL.key)
    moves = np.diff(np.log(middles(columns)))
    year = moves.std() * (365 * 86_400 * 2) ** 0.5
    assert year == pytest.approx(0.6, rel=0.02)


def test_the_rate_stays_around_its_level() -> None:
    rates = middles(joined(chunks(quotes=400_000, rate_half_life_ns=HOUR_NS), "usdt_krw", "rates"))
    assert rates.mean() == pytest.approx(1_380, rel=0.004)
    assert np.log(rates).std() == pytest.approx(0.004, rel=0.35)


def test_perpetuals_settle_funding_every_eight_hours() -> None:
    found = chunks(quotes=400_000)
    funding = joined(found, PERPETUAL.key, "funding")
    assert {key for chunk in found for key in chunk.funding} == {PERPETUAL.key}
    assert list(row_faults(FUNDING, funding)) == []
    assert (np.diff(funding["ts"]) == 8 * HOUR_NS).all()
    assert (funding["ts"] % (8 * HOUR_NS) == 0).all()
    assert len(funding["ts"]) == 4
    assert (funding["next_ts"] - funding["ts"] == 8 * HOUR_NS).all()
    assert abs(funding["rate"]).max() < 0.001


def test_outages_last_as_long_as_told() -> None:
    found = chunks(quotes=200_000, gap_every_ns=600 * SECOND_NS, gap_length_ns=20 * SECOND_NS)
    for key, kind in ((WON.key, "quotes"), (PERPETUAL.key, "quotes"), ("usdt_krw", "rates")):
        steps = np.diff(joined(found, key, kind)["ts"]) / SECOND_NS
        outages = steps[steps > 2.5]
        hours = (steps.sum()) / 3_600
        assert len(outages) == pytest.approx(6 * hours, rel=0.35)
        assert outages.mean() == pytest.approx(22, rel=0.35)


def test_without_outages_every_spacing_has_a_quote() -> None:
    columns = joined(chunks(quotes=50_000, gap_every_ns=0), WON.key)
    assert len(columns["ts"]) == 25_000
    assert np.diff(columns["ts"]).max() < SECOND_NS


def test_a_third_venue_follows_the_first_of_its_currency() -> None:
    found = chunks([*PAIR, SPOT], quotes=300_000, gap_every_ns=0, basis_sd_bps=0.0, basis_mean_bps=-5.0)
    basis = np.log(middles(joined(found, PERPETUAL.key)) / middles(joined(found, SPOT.key))) * 1e4
    assert basis.mean() == pytest.approx(-5.0, abs=0.3)
    assert basis.std() == pytest.approx(2.0, rel=0.1)


@pytest.mark.parametrize(
    ("instruments", "rates", "quotes", "message"),
    [
        ([], RATES, 1, "needs instruments"),
        ([WON, WON], RATES, 1, "each once"),
        (PAIR, [], 1, r"won:BTCKRW is priced in KRW.*\n.*usdt_krw"),
        (PAIR, [Rate.named("usdt_jpy")], 1, "no rate converts USDT"),
        (PAIR, RATES, 0, "can't generate 0 quotes"),
    ],
)
def test_markets_that_can_not_be(instruments: list[object], rates: list[Rate], quotes: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(generate(instruments, rates, MarketParameters(), quotes=quotes, seed=1))  # type: ignore[arg-type]


def test_a_rate_may_be_quoted_the_other_way_round() -> None:
    found = list(generate(PAIR, [Rate.named("krw_usdt")], MarketParameters(rate_sd=0.0), quotes=1_000, seed=1))
    won, rate = middles(joined(found, WON.key)), middles(joined(found, "krw_usdt", "rates"))
    assert rate[0] == pytest.approx(1 / 1_380, rel=1e-4)
    assert won.mean() == pytest.approx(100_000 * 1_380, rel=0.01)


@pytest.mark.parametrize("name", ["usdt", "usdt_krw_x", "_krw", "usdt_"])
def test_rates_are_named_after_their_currencies(name: str) -> None:
    with pytest.raises(DataError, match="names no pair of currencies"):
        Rate.named(name)
