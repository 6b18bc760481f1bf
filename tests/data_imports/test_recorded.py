"""Every recorded source imports by its recipe, with the rows, times and clocks that its description states."""

import json
import os
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from arbcore.cli import main
from arbcore.cli._data_exchanges import instrument_of, profiles_named
from arbcore.data._frames import Columns, np
from arbcore.data.imports.recipe import source_files
from arbcore.data.imports.rows import RowChecks
from arbcore.data.imports.run import columns_of, run_imports
from arbcore.data.instant import iso
from arbcore.data.source import BarRule, open_source
from arbcore.data.verify import verify
from arbcore.errors import DataError

RECORDED = os.environ.get("ARBCORE_TEST_DATA", "")
pytestmark = pytest.mark.skipif(not RECORDED, reason="ARBCORE_TEST_DATA names no folder of recorded data")

DATA = Path(RECORDED)
HOUR = 3_600 * 10**9
COOKBOOK = Path(__file__).parents[2] / "cookbook"
RECIPES = sorted((COOKBOOK / "imports").glob("*.yaml"))

# Rows and first and last time in UTC of every kind, from the description of the recordings: KST and UTC+3 corrected,
# candles by their open time, daily rates by the end of their day.
EXPECTED = {
    "upbit-binance-2025": {
        "upbit:KRW-BTC bars": (5_200, "2025-05-28T18:10:00Z", "2025-08-23T23:25:00Z"),
        "binance_spot:BTCUSDT bars": (25_920, "2025-05-25T23:30:00Z", "2025-08-23T23:25:00Z"),
        "upbit:KRW-BTC book": (8, "2025-08-23T21:03:18.382Z", "2025-08-23T21:05:50.382Z"),
        "binance_spot:BTCUSDT book": (3, "2025-08-23T21:05:21.19289Z", "2025-08-23T21:05:39.91147Z"),
    },
    "binance-usdm": {
        # 51,840 candles of 5 minutes without a gap end one candle before the 180 days are over.
        "binance:BTCUSDT bars": (51_840, "2025-07-04T11:35:00Z", "2025-12-31T11:30:00Z"),
        "binance:BNBUSDT bars": (51_840, "2025-07-04T11:45:00Z", "2025-12-31T11:40:00Z"),
    },
    "bybit-linear": {
        "bybit:BTCUSDT bars": (25_920, "2025-04-03T17:05:00Z", "2025-07-02T17:00:00Z"),
        "bybit:BNBUSDT bars": (25_920, "2025-04-03T17:05:00Z", "2025-07-02T17:00:00Z"),
    },
    "binance-spot": {
        "binance_spot:BTCUSDT bars": (9_118, "2025-08-19T15:10:00Z", "2025-09-21T01:30:00Z"),
        "binance_spot:BNBUSDT bars": (9_118, "2025-08-19T15:10:00Z", "2025-09-21T01:30:00Z"),
    },
    "upbit-binance-hourly": {
        "upbit:KRW-BTC bars": (37_330, "2017-09-26T00:00:00Z", "2021-12-31T23:00:00Z"),
        "binance_spot:BTCUSDT bars": (38_221, "2017-08-17T04:00:00Z", "2021-12-31T23:00:00Z"),
        "rates:usd_krw fx": (1_934, "2017-01-03T00:00:00Z", "2024-05-31T00:00:00Z"),
    },
    "upbit-binance-snapshots": {
        f"{key} {kind}": (1_079, "2026-06-30T16:02:28Z", "2026-08-22T22:16:54Z")
        for kind, keys in {
            "quotes": [
                *(f"upbit:KRW-{base}" for base in ("BTC", "ETH", "XRP")),
                *(f"binance_spot:{base}USDT" for base in ("BTC", "ETH", "XRP")),
            ],
            "fx": ["rates:usdt_krw", "rates:usd_krw"],
        }.items()
        for key in keys
    },
    "daily-rates": {
        "rates:usd_krw fx": (3_020, "2017-09-26T00:00:00Z", "2026-01-01T00:00:00Z"),
        "rates:usdt_krw fx": (573, "2024-06-08T00:00:00Z", "2026-01-01T00:00:00Z"),
    },
    "link-books": {
        "binance_spot:LINKUSDT book": (3_600, "2021-08-20T00:00:00Z", "2021-08-20T00:59:59Z"),
        "huobi:linkusdt book": (3_600, "2021-08-20T00:00:00Z", "2021-08-20T00:59:59Z"),
    },
    "funding-btc": {
        "binance:BTCUSDT funding": (4_383, "2020-01-01T00:00:00Z", "2023-12-31T16:00:00Z"),
        "bybit:BTCUSDT funding": (3_285, "2021-01-01T00:00:00Z", "2023-12-31T16:00:00Z"),
        "gate:BTC_USDT funding": (4_290, "2020-01-01T00:00:00Z", "2023-12-31T16:00:00Z"),
        "htx:BTC-USDT funding": (3_284, "2021-01-01T00:00:00Z", "2023-12-31T16:00:00Z"),
        "kucoin:XBTUSDTM funding": (3_285, "2021-01-01T04:00:00Z", "2023-12-31T20:00:00Z"),
        "mexc:BTC_USDT funding": (3_285, "2021-01-01T00:00:00Z", "2023-12-31T16:00:00Z"),
    },
    "binance-coinm": {
        "binance_spot:BTCUSDT bars": (5_164, "2020-08-11T08:00:00Z", "2025-04-28T08:00:00Z"),
        "binance_coinm:BTCUSD_PERP bars": (5_164, "2020-08-11T08:00:00Z", "2025-04-28T08:00:00Z"),
        "binance_coinm:BTCUSD_PERP funding": (5_164, "2020-08-11T08:00:00Z", "2025-04-28T08:00:00Z"),
    },
    "bithumb-books": {
        "bithumb:KRW-BTC book": (3_840, "2024-04-28T09:42:28.485Z", "2024-04-28T14:59:58.174Z"),
    },
    "binance-feed-20240808": {
        "binance:BTCUSDT quotes": (66_089, "2024-08-08T23:54:16.364169167Z", "2024-08-09T00:00:00.715160683Z"),
        "binance:BTCUSDT trades": (21_313, "2024-08-08T23:54:16.364176367Z", "2024-08-08T23:59:59.648181179Z"),
        "binance_spot:BTCUSDT quotes": (28_040, "2024-08-08T23:54:15.363891268Z", "2024-08-09T00:00:01.275231384Z"),
        "binance_spot:BTCUSDT trades": (9_757, "2024-08-08T23:54:15.363896568Z", "2024-08-09T00:00:01.273948484Z"),
    },
}


def test_every_recipe_is_expected() -> None:
    assert [path.stem for path in RECIPES] == sorted(EXPECTED)


def summary(recipe: str, number: int) -> tuple[str, tuple[int, str, str]]:
    """Return what an import of a recipe makes: data set and kind, and its rows, first and last time."""
    profile = profiles_named(str(COOKBOOK / recipe))[number]
    key = f"rates:{profile.rate}" if profile.rate else f"{profile.venue}:{profile.symbol}"
    rows = columns(recipe, number)
    clock = rows["ts" if profile.kind == "bars" else "recv_ts"]
    return f"{key} {profile.kind}", (len(clock), iso(int(clock[0])), iso(int(clock[-1])))


@pytest.mark.parametrize("name", EXPECTED)
def test_rows_and_times_are_those_of_the_description(name: str) -> None:
    recipe = f"imports/{name}.yaml"
    found = dict(summary(recipe, number) for number in range(len(profiles_named(str(COOKBOOK / recipe)))))
    assert found == EXPECTED[name]


def test_what_plugins_know_has_its_instrument() -> None:
    profiles = [profile for path in RECIPES for profile in profiles_named(str(path)) if not profile.rate]
    without = {f"{each.venue}:{each.symbol}" for each in profiles if instrument_of(each) is None}
    # The coin-margined contract, and venues without a plugin of which only funding is there.
    assert without == {
        "binance_coinm:BTCUSD_PERP",
        "bybit:BTCUSDT",
        "gate:BTC_USDT",
        "htx:BTC-USDT",
        "kucoin:XBTUSDTM",
        "mexc:BTC_USDT",
    }


@pytest.mark.parametrize(
    "name",
    ["binance-feed-20240808", "binance-spot", "bithumb-books", "bybit-linear", "link-books", "upbit-binance-2025"],
)
def test_what_is_imported_passes_its_own_checks(tmp_path: Path, name: str) -> None:
    infos = run_imports(profiles_named(str(COOKBOOK / "imports" / f"{name}.yaml")), [DATA], tmp_path, instrument_of)
    written = {f"{info.key} {kind}": rows.rows for info in infos for kind, rows in info.kinds.items()}
    assert written == {key: rows for key, (rows, _, _) in EXPECTED[name].items()}
    assert [record for record in verify(tmp_path) if record.verdict == "error"] == []


@cache
def columns(recipe: str, number: int = 0) -> Columns:
    """Return all rows of one import of a recipe, or of a profile."""
    profile = profiles_named(recipe if ":" in recipe else str(COOKBOOK / recipe))[number]
    files = source_files(profile, [DATA], alone=False)
    chunks = list(columns_of(profile, files, RowChecks(profile)))
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def test_the_candle_clocks_agree() -> None:
    """Returns of the two venues correlate at the same time and at no other."""
    upbit, spot = columns("imports/upbit-binance-2025.yaml", 0), columns("imports/upbit-binance-2025.yaml", 1)
    _, left, right = np.intersect1d(upbit["ts"], spot["ts"], return_indices=True)
    assert len(left) == 5_200
    together = np.diff(upbit["ts"][left]) == 300 * 10**9
    returns = np.diff(np.log(upbit["close"][left]))[together]
    at_lag = {}
    for lag in (-1, 0, 1):
        index = np.clip(right + lag, 1, len(spot["ts"]) - 1)
        moves = np.log(spot["close"][index[1:]] / spot["close"][index[1:] - 1])[together]
        at_lag[lag] = float(np.corrcoef(returns, moves)[0, 1])
    assert at_lag[0] == pytest.approx(0.79, abs=0.03)
    assert max(abs(at_lag[-1]), abs(at_lag[1])) < 0.2


def test_books_in_kst_lie_where_the_candles_of_their_hour_would() -> None:
    """The books are of 2025-08-24 06:03 in Seoul, so of 21:03 the day before in UTC."""
    book, candles = columns("imports/upbit-binance-2025.yaml", 2), columns("imports/upbit-binance-2025.yaml", 0)
    row = int(np.searchsorted(candles["ts"], book["recv_ts"][0], side="right")) - 1
    assert candles["low"][row] <= book["bid_0"][0] < book["ask_0"][0] <= candles["high"][row]
    assert sum(name.startswith("bid_size_") for name in book) == 20


def test_daily_funding_means_are_the_means_of_the_settlements() -> None:
    daily, single = columns("binance:funding-daily-mean"), columns("imports/funding-btc.yaml", 0)
    hours = (single["ts"] + HOUR // 2) // HOUR * HOUR  # stamps are a few milliseconds late
    common, left, right = np.intersect1d(daily["ts"], hours, return_indices=True)
    assert len(common) == 4_383
    paid, settled = daily["rate"][left].reshape(-1, 3), single["rate"][right].reshape(-1, 3)
    assert (paid == paid[:, :1]).all()
    assert np.allclose(paid[:, 0], settled.mean(axis=1), atol=2e-8)


def test_the_feeds_clock_is_behind_and_its_correction_leaves_no_latency_negative() -> None:
    corrected = columns("imports/binance-feed-20240808.yaml", 1)
    latency = corrected["recv_ts"] - corrected["ts"]
    assert 0 < latency.min() < 5_000_000
    assert np.median(latency) < 20_000_000


def test_the_feed_is_refused_without_that_correction(tmp_path: Path) -> None:
    profiles = profiles_named("binance:usdm-feed-trades")
    with pytest.raises(DataError, match=r"received 1\.2\d+ s before it happened"):
        run_imports(profiles, [DATA], tmp_path, instrument_of)


def test_trades_of_the_feed_lie_at_its_quotes() -> None:
    """A taker who buys pays the ask: this holds only where the side of trades is read the right way round."""
    quotes, trades = columns("imports/binance-feed-20240808.yaml", 0), columns("imports/binance-feed-20240808.yaml", 1)
    before = np.searchsorted(quotes["ts"], trades["ts"], side="right") - 1
    known = before >= 0
    middle = (quotes["bid"][before] + quotes["ask"][before])[known] / 2
    above = trades["price"][known] > middle
    # Several trades of one millisecond move the touch, so not all of them lie at the quote before.
    assert (above == trades["buyer_took"][known]).mean() > 0.7


def test_the_main_pair_streams_in_order(tmp_path: Path) -> None:
    recipe = COOKBOOK / "kimchi-2025" / "import.yaml"
    infos = run_imports(profiles_named(str(recipe)), [DATA], tmp_path, instrument_of)
    assert {info.key: sorted(info.kinds) for info in infos} == {
        "upbit:KRW-BTC": ["bars"],
        "binance:BTCUSDT": ["bars", "funding"],
        "rates:usdt_krw": ["fx"],
    }
    source = open_source(tmp_path, bars=BarRule(half_spread_bps={"upbit": 2.5, "binance": 0.5}))
    last = 0
    for chunk in source.chunks():
        times = [item.recv_ts for item in chunk]
        assert times == sorted(times)
        assert times[0] >= last
        last = times[-1]
    assert any("one day late" in note for note in source.notes)
    assert any("three equal payments" in note for note in source.notes)


def test_the_cookbook_run_adds_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The two commands of the recipe's page: tens of trades, parts that sum to the ledger, and notes that say so."""
    folder = COOKBOOK / "kimchi-2025"
    out = tmp_path / "data"
    assert main(["data", "import", str(folder / "import.yaml"), RECORDED, "--out", str(out)]) == 0
    capsys.readouterr()
    arguments = ["--data", str(out), "--out", str(tmp_path / "results"), "--json"]
    assert main(["backtest", str(folder / "arb.yaml"), *arguments]) == 0
    result = json.loads(capsys.readouterr().out)
    pnl = {name: Decimal(text) for name, text in result["pnl"].items() if name != "currency"}
    parts = ("spread", "fx", "funding", "fees", "slippage", "unrealised")
    assert result["trades"] >= 20
    assert sum(pnl[part] for part in parts) == pnl["total"] == pnl["ledger_change"]
    assert pnl["remainder"] == 0
    for text in ("one day late", "three equal payments", "half-spread 2.5 bps", "half-spread 0.5 bps"):
        assert any(text in note for note in result["notes"]), text
