"""The recordings of the cookbook's main case, read with nothing but the standard library."""

import csv
import gzip
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

MINUTE = 60 * 10**9
BAR = 5 * MINUTE
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Bars = dict[int, tuple[Decimal, Decimal]]
"""Open and close by opening time, UTC nanoseconds."""


def upbit(folder: Path) -> Bars:
    """Return the candles of Upbit, whose naive times are UTC."""
    (file,) = (folder / "upbit_binance_2025").glob("upbit_BTC_KRW_*.csv.gz")
    return {_utc(row["timestamp"]): _ends(row) for row in _rows(file)}


def binance(folder: Path) -> Bars:
    """Return the candles of the perpetual, whose times are milliseconds."""
    return {
        int(row["timestamp"]) * 10**6: _ends(row) for row in _rows(folder / "binance_usdm_5m" / "BTCUSDT_5m.csv.gz")
    }


def won_rates(folder: Path) -> dict[date, Decimal]:
    """Return base currency for a won by day, from the close of KRW-USDT on that day, at twelve decimals."""
    rows = _rows(folder / "upbit_daily_fx_2017" / "daily_to_2025.csv")
    prices = {date.fromisoformat(row["date"]): row["usdt_price"] for row in rows}
    return {
        day: (1 / Decimal(price)).quantize(Decimal("1e-12"), ROUND_HALF_EVEN) for day, price in prices.items() if price
    }


def funding_means(folder: Path) -> dict[date, Decimal]:
    """Return the mean of a day's three fundings by day."""
    rows = _rows(folder / "funding_btc" / "daily_mean" / "funding_rates.csv")
    return {date.fromisoformat(row["date"]): Decimal(row["funding_mean"]) for row in rows}


def day_of(time: int) -> date:
    """Return the UTC day of a time."""
    return datetime.fromtimestamp(time // 10**9, UTC).date()


def _utc(naive: str) -> int:
    return int(datetime.fromisoformat(naive).replace(tzinfo=UTC).timestamp()) * 10**9


def _ends(row: dict[str, str]) -> tuple[Decimal, Decimal]:
    return Decimal(row["open"]), Decimal(row["close"])


def _rows(path: Path) -> list[dict[str, str]]:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(text.decode().splitlines()))
