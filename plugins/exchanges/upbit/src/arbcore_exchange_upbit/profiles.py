"""Formats in which recordings of Upbit are published, for `arb data import upbit:NAME`."""

from typing import Final

from arbcore.ports.control import ImportProfile

_MINUTE_NS: Final = 60 * 10**9
_DAY_NS: Final = 24 * 60 * _MINUTE_NS
_BARS: Final = {"open": "open", "high": "high", "low": "low", "close": "close"}
_KST: Final = "+09:00"

_ASYNCHRONOUS: Final = "last prices polled every half hour or so; the venues and the rate were read seconds apart"
_UNKNOWN_SIZES: Final = "last prices with a half-spread of 2 bps around them; sizes are unknown and 0: nothing fills"


def profiles() -> tuple[ImportProfile, ...]:
    """Return the profiles: candles, books, the USDT market by day, and snapshots of last prices."""
    return (*_candles(), _books(), _usdt_daily(), *_snapshots(), _usdt_snapshots())


def _candles() -> tuple[ImportProfile, ...]:
    five_minutes = ImportProfile(
        name="bars-5m",
        description="Candles of 5 minutes, naive times in UTC",
        kind="bars",
        columns={"ts": "timestamp", **_BARS, "volume": "volume"},
        files="upbit_BTC_KRW_*.csv*",
        clock="UTC",
        interval_ns=5 * _MINUTE_NS,
        venue="upbit",
        symbol="KRW-BTC",
        exchange="upbit",
        base="BTC",
    )
    hours = ImportProfile(
        name="bars-1h",
        description="Candles of an hour, times with their zone",
        kind="bars",
        columns={"ts": "open_time_utc", **_BARS, "volume": "volume_btc"},
        files="upbit_krw_btc_1h*.csv*",
        interval_ns=60 * _MINUTE_NS,
        venue="upbit",
        symbol="KRW-BTC",
        exchange="upbit",
        base="BTC",
    )
    return five_minutes, hours


def _books() -> ImportProfile:
    return ImportProfile(
        name="books",
        description="Books as JSON lines with lists of price and size, naive times in KST",
        format="jsonl",
        kind="book",
        columns={"ts": "timestamp", "bids": "bids", "asks": "asks"},
        files="upbit_BTC_KRW_*.jsonl*",
        clock=_KST,
        venue="upbit",
        symbol="KRW-BTC",
        exchange="upbit",
        base="BTC",
    )


def _usdt_daily() -> ImportProfile:
    return ImportProfile(
        name="usdt-daily",
        description="Daily closes of KRW-USDT as the rate usdt_krw, known when their UTC day is over",
        kind="fx",
        columns={"ts": "date", "price": "usdt_price"},
        files="daily_to_*.csv*",
        clock="UTC",
        delay_ns=_DAY_NS,
        skip_empty=True,
        rate="usdt_krw",
        notes=("daily rates are used one day late: the close of a UTC day is known when that day is over",),
    )


def _snapshots() -> list[ImportProfile]:
    return [
        ImportProfile(
            name=f"snapshots-{base.lower()}",
            description=f"Last prices of KRW-{base}",
            kind="quotes",
            columns={"ts": "timestamp_utc", "price": f"upbit_krw_{base.lower()}", "bid_size": "=0", "ask_size": "=0"},
            files="snapshots_*.csv*",
            half_spread_bps=2.0,
            venue="upbit",
            symbol=f"KRW-{base}",
            exchange="upbit",
            base=base,
            notes=(_UNKNOWN_SIZES, _ASYNCHRONOUS),
        )
        for base in ("BTC", "ETH", "XRP")
    ]


def _usdt_snapshots() -> ImportProfile:
    return ImportProfile(
        name="snapshots-usdt",
        description="Last prices of KRW-USDT as the rate usdt_krw",
        kind="fx",
        columns={"ts": "timestamp_utc", "price": "upbit_krw_usdt"},
        files="snapshots_*.csv*",
        rate="usdt_krw",
        notes=(_ASYNCHRONOUS,),
    )
