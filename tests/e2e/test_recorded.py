"""The main case on real recordings: what the run did, held against the raw files themselves."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import candles
from tests.e2e.candles import BAR, DAY, HOUR, Bars, day_of
from tests.e2e.commands import amount, exported
from tests.e2e.standard import KIMCHI, RECORDINGS, needs_recordings, run_recorded

pytestmark = needs_recordings

FOLDER = Path(RECORDINGS)
UPBIT, BINANCE = "upbit:KRW-BTC", "binance:BTCUSDT"
HALF_SPREADS = {UPBIT: Decimal("2.5e-4"), BINANCE: Decimal("0.5e-4")}
TICKS = {UPBIT: Decimal(1000), BINANCE: Decimal("0.1")}
FEES = {UPBIT: Decimal("0.0005"), BINANCE: Decimal("0.0005")}
START = Decimal(6_000_000), Decimal(6_000)
"""Won and USDT of the config."""

Events = list[dict[str, Any]]


@dataclass(frozen=True)
class Kept:
    """A run: its result and its events by type, each with its time."""

    told: dict[str, Any]
    events: Mapping[str, Events]


@pytest.fixture(scope="module")
def kept(kimchi_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """The documented run, with its journal."""
    out = tmp_path_factory.mktemp("kimchi") / "run"
    told = run_recorded(kimchi_data, "--journal", "--out", out).told()
    events: dict[str, Events] = {}
    for line in exported(out, KIMCHI / "arb.yaml").splitlines():
        body = json.loads(line)["body"]
        events.setdefault(body["event"]["type"], []).append({**body["event"], "time": body["time"]})
    return Kept(told, events)


@pytest.fixture(scope="module")
def bars() -> Mapping[str, Bars]:
    """The raw candles by instrument."""
    return {UPBIT: candles.upbit(FOLDER), BINANCE: candles.binance(FOLDER)}


def test_it_trades_and_adds_up(kept: Kept) -> None:
    told = kept.told
    assert told["trades"] >= 10
    assert told["pnl"]["remainder"] == "0"
    assert amount(told, "total") == amount(told, "ledger_change")
    assert len(kept.events["TradeExecuted"]) == 4 * told["trades"]
    assert told["unwinds"] == told["open_trades"] == 0


def test_the_report_states_its_conventions(kept: Kept) -> None:
    notes = "\n".join(kept.told["notes"])
    for text in (
        "daily rates are used one day late",
        "three equal payments at 00:00, 08:00 and 16:00 UTC",
        "half-spread 2.5 bps from the config",
        "half-spread 0.5 bps from the config",
        "nothing is decided before a gap",
        "accepted for entries up to 49h old",
    ):
        assert text in notes


def _touch_lies_at(price: Decimal, middle: Decimal, instrument: str, side: str) -> bool:
    """Tell whether a price is the touch around a middle, rounded by less than a tick against the taker."""
    sign = 1 if side == "buy" else -1
    raw = middle * (1 + sign * HALF_SPREADS[instrument])
    worse = sign * (price - raw)
    return -TICKS[instrument] / 10**6 <= worse < TICKS[instrument]


def test_every_fill_is_the_next_bars_open_and_no_gap_lies_between(kept: Kept, bars: Mapping[str, Bars]) -> None:
    for fill in kept.events["TradeExecuted"]:
        instrument, time = fill["instrument"], fill["time"]
        decided, filled = bars[instrument].get(time - BAR), bars[instrument].get(time)
        assert time % BAR == 0
        assert decided is not None
        assert filled is not None
        assert _touch_lies_at(Decimal(fill["price"]), filled[0], instrument, fill["side"])
        assert _touch_lies_at(Decimal(fill["touch"]), decided[1], instrument, fill["side"])


def test_orders_are_decided_at_a_close_and_never_wait(kept: Kept) -> None:
    intended = {event["order"]["client_order_id"]: event["time"] for event in kept.events["OrderIntended"]}
    assert len(intended) == len(kept.events["OrderIntended"])
    assert [intended[fill["client_order_id"]] for fill in kept.events["TradeExecuted"]] == [
        fill["time"] for fill in kept.events["TradeExecuted"]
    ]


def test_rates_are_those_of_the_day_before(kept: Kept) -> None:
    closes = candles.won_rates(FOLDER)
    fills = [fill for fill in kept.events["TradeExecuted"] if fill["instrument"] == UPBIT]
    used = [Decimal(fill["rate"]) for fill in fills]
    days = [day_of(fill["time"]) for fill in fills]
    assert used == [closes[day - timedelta(days=1)] for day in days]
    # The day's own close, which nobody knew yet, was another number on most of these days.
    assert sum(rate != closes[day] for rate, day in zip(used, days, strict=True)) > len(used) // 2


def test_funding_is_paid_on_what_was_held(kept: Kept, bars: Mapping[str, Bars]) -> None:
    means = candles.funding_means(FOLDER)
    moves = [
        (fill["time"], Decimal(fill["quantity"]) * (1 if fill["side"] == "buy" else -1))
        for fill in kept.events["TradeExecuted"]
        if fill["instrument"] == BINANCE
    ]
    paid = {event["time"]: event for event in kept.events["FundingApplied"]}
    first = kept.told["start"] // DAY * DAY
    expected = {}
    for time in range(first, kept.told["end"], 8 * HOUR):
        # What fills at the opening of a settlement's minute fills after it.
        held = sum((quantity for at, quantity in moves if at < time), Decimal(0))
        if held and time >= kept.told["start"]:
            expected[time] = -held * bars[BINANCE][time - BAR][1] * means[day_of(time)]
    assert paid.keys() == expected.keys()
    assert len(paid) >= 3
    for time, value in expected.items():
        assert float(paid[time]["amount"]) == pytest.approx(float(value), rel=1e-5)
    assert sum(Decimal(event["amount"]) for event in paid.values()) == amount(kept.told, "funding")


def test_the_total_is_what_the_accounts_hold_more(kept: Kept) -> None:
    """From fills, fee rates, funding and two rates alone: no number of arbcore's ledger is used."""
    with localcontext(prec=60):
        won = sum((_cash(fill) for fill in kept.events["TradeExecuted"] if fill["instrument"] == UPBIT), START[0])
        dollars = sum((_cash(fill) for fill in kept.events["TradeExecuted"] if fill["instrument"] == BINANCE), START[1])
        dollars += sum(Decimal(event["amount"]) for event in kept.events["FundingApplied"])
        closes = candles.won_rates(FOLDER)
        begin, end = (day_of(time) for time in (kept.told["start"], kept.told["end"] - 1))
        before, after = closes[begin - timedelta(days=1)], closes[end - timedelta(days=1)]
        total = won * after + dollars - START[0] * before - START[1]
    assert total == amount(kept.told, "total")


def _cash(fill: Mapping[str, Any]) -> Decimal:
    """Return what a fill moves in its quote currency, fee included; positions end flat, so nothing else does."""
    value = Decimal(fill["quantity"]) * Decimal(fill["price"])
    return (value if fill["side"] == "sell" else -value) - value * FEES[fill["instrument"]]


def test_positions_end_flat_or_are_reported(kept: Kept) -> None:
    left = {UPBIT: Decimal(0), BINANCE: Decimal(0)}
    for fill in kept.events["TradeExecuted"]:
        left[fill["instrument"]] += Decimal(fill["quantity"]) * (1 if fill["side"] == "buy" else -1)
    assert set(left.values()) == {Decimal(0)}
