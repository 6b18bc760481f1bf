"""The import profiles: the suite of their kind, and a few rows of each format."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from arbcore.data.instant import iso
from arbcore.ports.control import ImportProfile
from arbcore.testing.profiles import ImportProfileSuite, Known, read_profile
from arbcore_exchange_upbit import plugin
from arbcore_exchange_upbit.settings import UpbitSettings

PROFILES = {profile.name: profile for profile in plugin.import_profiles()}


class TestProfiles(ImportProfileSuite):
    @pytest.fixture
    def profiles(self) -> Sequence[ImportProfile]:
        return plugin.import_profiles()

    @pytest.fixture
    def known(self) -> Known:
        return lambda profile: plugin.reference_instruments(
            UpbitSettings.model_validate({"use": profile.exchange, **profile.exchange_settings}),
            profile.venue,
            [profile.base],
        )


def test_candles_are_on_utc(tmp_path: Path) -> None:
    text = (
        "timestamp,open,high,low,close,volume\n"
        "2025-05-28 18:10:00,150362000.0,150399000.0,150362000.0,150389000.0,1.0798105\n"
    )
    columns = read_profile(PROFILES["bars-5m"], tmp_path, text)
    assert iso(int(columns["ts"][0])) == "2025-05-28T18:10:00Z"
    assert columns["close"].tolist() == [150_389_000.0]


def test_books_are_on_the_clock_of_seoul(tmp_path: Path) -> None:
    text = (
        '{"timestamp":"2025-08-24T06:03:18.382000","exchange":"upbit","symbol":"BTC/KRW",'
        '"bids":[[159508000.0,0.02069352]],"asks":[[159523000.0,0.00057]]}\n'
    )
    columns = read_profile(PROFILES["books"], tmp_path, text)
    assert iso(int(columns["ts"][0])) == "2025-08-23T21:03:18.382Z"
    assert columns["bid_size_0"].tolist() == [0.02069352]


def test_the_daily_rate_is_known_when_its_day_is_over(tmp_path: Path) -> None:
    text = "date,usdt_price\n2025-04-30,\n2025-05-01,1441.5\n"
    columns = read_profile(PROFILES["usdt-daily"], tmp_path, text)
    assert iso(int(columns["ts"][0])) == "2025-05-01T00:00:00Z"
    assert iso(int(columns["recv_ts"][0])) == "2025-05-02T00:00:00Z"
    assert columns["bid"].tolist() == columns["ask"].tolist() == [1441.5]
    assert any("one day late" in note for note in PROFILES["usdt-daily"].notes)
