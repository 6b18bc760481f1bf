"""Several strategies and symbols in one config: each symbol has its own results, and they add up."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import Ran, amount, arb

MORE = """
strategies:
  premium:
    routes:
      - {spot: upbit, perpetual: binance, symbols: [BTC, ETH]}
  patient:
    use: spread
    routes:
      - {spot: upbit, perpetual: binance, symbols: [ETH]}
    rate: usdt_krw
    reference: {kind: rolling_median, window: 1h, sample: 10s, min_samples: 60}
    enter_bps: 35
    exit_bps: 5
    notional: 700
    max_holding: 10m
risk:
  portfolio: {open_trades: 10}
"""


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of two strategies and two coins, the second file merged onto the first."""
    folder = tmp_path_factory.mktemp("several")
    assert arb("init", cwd=folder).code == 0
    (folder / "more.yaml").write_text(MORE, encoding="utf-8")
    made = arb(
        "data", "generate", "-c", "arb.yaml", "-c", "more.yaml", "--quotes", 60_000, "--seed", 3, "--out", "data",
        cwd=folder,
    )  # fmt: skip
    assert made.code == 0, made.err
    return folder


@pytest.fixture(scope="module")
def result(several: Path) -> dict[str, Any]:
    """What the backtest of both told."""
    run = ("backtest", "arb.yaml", "more.yaml", "--json", "--journal", "--out", "run")
    return arb(*run, cwd=several).told()


def test_the_data_has_what_the_strategies_name(several: Path) -> None:
    listed = arb("data", "list", "--json", cwd=several).told()
    markets = {f"{each['venue']}:{each['symbol']}" for each in listed["datasets"]}
    assert markets == {"upbit:KRW-BTC", "upbit:KRW-ETH", "binance:BTCUSDT", "binance:ETHUSDT", "rates:usdt_krw"}


def test_results_per_symbol_add_up(result: dict[str, Any]) -> None:
    symbols = result["symbols"]
    assert set(symbols) == {"BTC", "ETH"}
    assert all(symbol["exits"] > 0 for symbol in symbols.values())
    assert sum(symbol["exits"] for symbol in symbols.values()) == result["trades"]
    assert sum(symbol["entries"] for symbol in symbols.values()) == result["trades"] + result["open_trades"]
    assert result["open_trades"] == 0
    realised = sum(Decimal(symbol["pnl"]) for symbol in symbols.values())
    parts = sum(amount(result, part) for part in ("spread", "slippage", "fees", "funding"))
    assert realised == parts
    assert amount(result, "total") == parts + amount(result, "fx")
    assert result["pnl"]["remainder"] == "0"


def test_every_instance_trades_its_own_routes(
    several: Path, result: dict[str, Any], arb_here: Callable[..., Ran]
) -> None:
    events = arb_here("events", "--journal", several / "run", "--type", "TradeClosed", "--limit", "0", "--json").told()
    trades = [event["event"]["trade"] for event in events["events"]]
    assert len(trades) == result["trades"]
    assert {(trade["strategy"], trade["symbol"]) for trade in trades} == {
        ("premium", "BTC"),
        ("premium", "ETH"),
        ("patient", "ETH"),
    }
    for trade in trades:
        assert trade["route"] == f"{trade['strategy']}/{trade['symbol']}/upbit-binance"
    for symbol, told in result["symbols"].items():
        own = [_profit(trade) for trade in trades if trade["symbol"] == symbol]
        assert sum(own) == Decimal(told["pnl"])
        assert sum(profit > 0 for profit in own) / len(own) == told["win_rate"]


def _profit(trade: dict[str, Any]) -> Decimal:
    return sum((Decimal(part) for part in trade["pnl"].values()), Decimal(0))


def test_legs_of_closed_trades_match(several: Path, result: dict[str, Any], arb_here: Callable[..., Ran]) -> None:
    """What a trade bought it sold, on both legs, and both legs moved the same quantity."""
    assert result["trades"] > 0
    events = arb_here("events", "--journal", several / "run", "--type", "TradeClosed", "--limit", "0", "--json")
    for event in json.loads(events.out)["events"]:
        spot, perpetual = event["event"]["trade"]["legs"]
        assert Decimal(spot["bought"]) == Decimal(spot["sold"]) == Decimal(perpetual["bought"])
        assert Decimal(perpetual["bought"]) == Decimal(perpetual["sold"]) > 0
