"""Key figures of a session: stable names, units, and nothing that is not known."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from arbcore.model.events import FeeCharged, InputsRejected, OpportunitySkipped, TradeHedged, TradeOpened
from arbcore.model.trade import Trade, TradeState
from arbcore.runtime.kpi import kpis
from arbcore.runtime.tally import Tally
from tests.cli.pictures import SECOND, STARTED, envelopes, rate, stats, trade, venue

PAGE = Path(__file__).parents[2] / "docs" / "reading-a-session.md"


def tally() -> Tally:
    found = Tally()
    opened = Trade(
        id="1", strategy="s", route="r", symbol="BTC", state=TradeState.OPEN, forward=True, legs=(), opened_at=STARTED,
        notional=Decimal(1), entry_edge_bps=1.0,
    )  # fmt: skip
    skip: dict[str, Any] = {"strategy": "s", "route": "r", "first": 0, "last": 0, "best_edge_bps": 1.0}
    found.watch(
        envelopes(
            TradeOpened(trade=opened),
            TradeHedged(trade="1", unhedged_ns=200_000_000),
            TradeHedged(trade="1", unhedged_ns=200_000_000),
            FeeCharged(fill_id="f", amount=Decimal("1.5"), currency="USDT", value=Decimal("1.5")),
            OpportunitySkipped(reason="BOOK_STALE", count=70, **skip),
            OpportunitySkipped(reason="BOOK_STALE", count=1, **skip),
            InputsRejected(source="a", reason="BOOK_CROSSED", first=0, last=0, count=9, sample=""),
        )
    )
    return found


def test_the_core_figures() -> None:
    found = kpis(stats(), tally())
    wanted = {
        "schema_version": 1,
        "session": "kimchi",
        "uptime_s": 90.0,
        "pnl_total": Decimal("2.2274"),
        "win_rate": 2 / 3,
        "trades_per_hour": 120.0,
        "loop_latency_avg_us": 35.2,
        "loop_latency_p99_us": 180.9,
        "websocket_latency_ms": 12.34,
        "cpu_percent": 23.4,
        "memory_mib": 120.5,
        "open_positions": 1,
        "guard_triggers_per_hour": 40.0,
        "quotes_per_s": 1371.7,
        "unhedged_median_s": 0.2,
        "fees": {"USDT": Decimal("1.5")},
        "skipped_opportunities": {"BOOK_STALE": 2},
        "refused_inputs": {"BOOK_CROSSED": 9},
        "fx": {"usdt_krw": {"source": "upbit:KRW-USDT", "usable": True, "rate": 0.000722752241, "age_s": 0.4}},
    }
    assert {name: found[name] for name in wanted} == wanted
    assert found["venues"]["binance"]["connections_connected"] == 2
    assert json.decode(json.encode(found))["pnl_parts"]["fees"] == "-1.7996"


def test_what_is_not_known_is_null_or_left_out() -> None:
    unknown: dict[str, Any] = {
        "time": STARTED, "closed": 0, "won": 0, "pnl": None, "equity": None, "loop_avg_us": None, "loop_p99_us": None,
        "rss_mib": None, "rates": {"usdt_krw": rate(None)}, "venues": {"upbit": venue(latency_ms=None)},
    }  # fmt: skip
    found = kpis(stats(**unknown))
    for name in ("pnl_total", "equity", "win_rate", "trades_per_hour", "guard_triggers_per_hour", "memory_mib",
                 "loop_latency_avg_us", "websocket_latency_ms"):  # fmt: skip
        assert found[name] is None, name
    assert found["fx"]["usdt_krw"]["rate"] is None
    for name in ("pnl_1h", "pnl_24h", "rollbacks", "snapshot_success_rate"):
        assert name not in found


@pytest.mark.parametrize(
    ("hours", "told"), [(0.5, {"pnl_1h", "pnl_24h"}), (1.5, {"pnl_24h"}), (24.0, {"pnl_24h"}), (25.0, set())]
)
def test_the_profit_of_a_time_is_told_where_the_session_lies_within_it(hours: float, told: set[str]) -> None:
    found = kpis(stats(time=STARTED + int(hours * 3600) * SECOND))
    assert {name for name in found if re.fullmatch(r"pnl_\d+h", name)} == told


def test_the_page_lists_every_figure_and_no_other() -> None:
    found = kpis(stats(trades=(trade(1),)), tally())
    nested = {f"venues.NAME.{name}" for name in found["venues"]["upbit"]}
    nested |= {f"fx.NAME.{name}" for name in found["fx"]["usdt_krw"]}
    section = PAGE.read_text(encoding="utf-8").partition("## Key figures")[2]
    listed = set(re.findall(r"^\| `([a-z0-9_.NAME]+)` \|", section, re.MULTILINE))
    assert listed == (set(found) - {"venues", "fx"}) | nested
