"""The import profiles: the suite of their kind, and a few rows of each format."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from arbcore.data.instant import iso
from arbcore.ports.control import ImportProfile
from arbcore.testing.profiles import ImportProfileSuite, Known, read_profile
from arbcore_exchange_binance import plugin
from arbcore_exchange_binance.settings import BinanceSettings

PROFILES = {profile.name: profile for profile in plugin.import_profiles()}


class TestProfiles(ImportProfileSuite):
    @pytest.fixture
    def profiles(self) -> Sequence[ImportProfile]:
        return plugin.import_profiles()

    @pytest.fixture
    def known(self) -> Known:
        return lambda profile: plugin.reference_instruments(
            BinanceSettings.model_validate({"use": profile.exchange, **profile.exchange_settings}),
            profile.venue,
            [profile.base],
        )


def test_coin_margined_rows_have_no_instrument() -> None:
    apart = {profile.name for profile in PROFILES.values() if not profile.exchange}
    assert apart == {"coinm-bars-8h", "coinm-funding-8h"}


def test_products_have_labels_of_their_own() -> None:
    products = {(profile.venue, profile.exchange_settings.get("product", "coinm")) for profile in PROFILES.values()}
    assert products == {("binance", "usdm"), ("binance_spot", "spot"), ("binance_coinm", "coinm")}


def test_klines_without_their_later_columns_are_read(tmp_path: Path) -> None:
    text = (
        "Open time,Open,High,Low,Close,Volume,Close time,Number of trades\n"
        "2025-08-19 15:10:00,113782.3,113831.64,113633.69,113652.0,181.00846,1755616499999.0,26760.0\n"
        "2025-08-19 15:15:00,113652.0,113869.73,113640.01,113790.01,110.43836,,\n"
    )
    columns = read_profile(PROFILES["spot-klines-5m"], tmp_path, text)
    assert iso(int(columns["ts"][1])) == "2025-08-19T15:15:00Z"
    assert columns["volume"].tolist() == [181.00846, 110.43836]


FEED = (
    '1723161256364169167 {"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":5123107839020,"s":"BTCUSDT",'
    '"b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":1723161256313,"E":1723161256313}}\n'
    '1723161256364176367 {"stream":"btcusdt@trade","data":{"e":"trade","E":1723161256322,"T":1723161256322,'
    '"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false}}\n'
    '1723161256364176368 {"lastUpdateId":5123107852948,"bids":[["61800.20","2.909"]],"asks":[]}\n'
)


def test_the_feed_is_taken_apart_by_stream(tmp_path: Path) -> None:
    quotes, trades = (
        read_profile(PROFILES["usdm-feed-quotes"], tmp_path, FEED),
        read_profile(PROFILES["usdm-feed-trades"], tmp_path, FEED),
    )
    assert (quotes["ts"].tolist(), quotes["recv_ts"].tolist()) == ([1723161256313000000], [1723161256364169167])
    assert [quotes[name].tolist() for name in ("bid", "ask", "bid_size", "ask_size")] == [
        [61800.2],
        [61800.3],
        [2.507],
        [2.51],
    ]
    assert trades["buyer_took"].tolist() == [True]
    assert trades["price"].tolist() == [61800.3]


def test_the_spot_feed_states_no_time_of_its_quotes(tmp_path: Path) -> None:
    text = (
        '1723161254087891268 {"stream":"btcusdt@bookTicker","data":{"u":50093239212,"s":"BTCUSDT",'
        '"b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}}\n'
    )
    columns = read_profile(PROFILES["spot-feed-quotes"], tmp_path, text)
    assert columns["ts"].tolist() == columns["recv_ts"].tolist() == [1723161254087891268]


def test_funding_stamps_are_three_hours_ahead(tmp_path: Path) -> None:
    text = "Symbol,Date,Funding Rate\nBTC-USDT,2020-01-01 03:00:00.000,-0.00012359\n"
    columns = read_profile(PROFILES["funding-8h"], tmp_path, text)
    assert iso(int(columns["ts"][0])) == "2020-01-01T00:00:00Z"
    assert columns["rate"].tolist() == [-0.00012359]


def test_a_daily_mean_is_three_equal_payments(tmp_path: Path) -> None:
    columns = read_profile(
        PROFILES["funding-daily-mean"], tmp_path, "date,funding_mean,funding_abs\n2025-07-03,4.487e-05,4.487e-05\n"
    )
    assert [iso(time) for time in columns["ts"].tolist()] == [
        "2025-07-03T00:00:00Z",
        "2025-07-03T08:00:00Z",
        "2025-07-03T16:00:00Z",
    ]
    assert columns["rate"].tolist() == [4.487e-05] * 3
    assert columns["settled"].all()
    assert any("three equal payments" in note for note in PROFILES["funding-daily-mean"].notes)
