"""Sessions for tests of what shows them: statistics and events made to measure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from arbcore.model.events import Envelope, Event
from arbcore.model.trade import Pnl
from arbcore.runtime.stats import RateStats, RouteStats, SessionStats, TradeStats, VenueStats

SECOND = 10**9
STARTED = 1_767_254_400 * SECOND
"""2026-01-01T08:00:00Z."""

COINS = (
    "BTC",
    "ETH",
    "XRP",
    "SOL",
    "DOGE",
    "ADA",
    "TRX",
    "AVAX",
    "LINK",
    "DOT",
    "BCH",
    "NEAR",
    "LTC",
    "ATOM",
    "ETC",
    "HBAR",
    "SUI",
    "APT",
    "ARB",
    "OP",
)


def route(symbol: str, edge: float | None, obstacle: str = "") -> RouteStats:
    """Return a route whose forward edge is given; the others follow."""
    back = None if edge is None else -edge - 5
    paid = None if edge is None else -edge
    return RouteStats(
        strategy="premium",
        symbol=symbol,
        forward_bps=edge,
        backward_bps=back,
        premium_paid_bps=paid,
        premium_got_bps=back,
        obstacle=obstacle,
    )


def trade(number: int, state: str = "hedged", realised: str = "-0.9") -> TradeStats:
    """Return an open trade that is as many seconds old as its number."""
    return TradeStats(
        id=f"1{number}",
        strategy="premium",
        symbol=COINS[number % len(COINS)],
        state=state,
        forward=True,
        notional=Decimal("997.625"),
        opened_at=STARTED + (90 - number) * SECOND,
        realised=Decimal(realised),
    )


def venue(**changes: Any) -> VenueStats:
    """Return a healthy venue."""
    fields: dict[str, Any] = {
        "health": "healthy",
        "connections": {"market": "CONNECTED", "public": "CONNECTED"},
        "latency_ms": 12.34,
        "oldest_book_s": 0.25,
        "books": (20, 20),
    }
    return VenueStats(**{**fields, **changes})


def rate(value: float | None = 0.000722752241, source: str = "upbit:KRW-USDT", *, usable: bool = True) -> RateStats:
    """Return a conversion rate."""
    return RateStats(rate=value, source=source, age_s=None if value is None else 0.4, usable=usable)


def stats(**changes: Any) -> SessionStats:
    """Return the statistics of a session that has run for 90 s."""
    fields: dict[str, Any] = {
        "session": "kimchi",
        "mode": "paper",
        "pid": 4321,
        "time": STARTED + 90 * SECOND,
        "started": STARTED,
        "state": "RUNNING",
        "base_currency": "USDT",
        "quotes": 123_456,
        "quotes_per_second": 1_371.7,
        "inputs": 130_000,
        "conflated": 321,
        "dropped": 0,
        "unobserved": 0,
        "events": 987,
        "loop_avg_us": 35.2,
        "loop_p99_us": 180.9,
        "queue": 12,
        "cpu_percent": 23.4,
        "rss_mib": 120.5,
        "recorded": 129_000,
        "equity": Decimal("65123.456"),
        "pnl": Pnl(spread=Decimal("4.277"), fees=Decimal("-1.7996"), unrealised=Decimal("-0.25")),
        "fills": 8,
        "closed": 3,
        "won": 2,
        "guards": 1,
        "alerts": 0,
        "unhedged_s": 0.21,
        "venues": {"upbit": venue(), "binance": venue(latency_ms=8.0)},
        "rates": {"usdt_krw": rate()},
        "routes": {"premium/BTC/upbit-binance": route("BTC", 26.2)},
        "trades": (trade(1),),
    }
    return SessionStats(**{**fields, **changes})


def many_routes(count: int = 20) -> Mapping[str, RouteStats]:
    """Return routes of many coins; the edges rise with the number, and the first has none."""
    return {
        f"premium/{coin}/upbit-binance": route(
            coin, None if not number else float(number), "BOOK_STALE" if not number else ""
        )
        for number, coin in enumerate(COINS[:count])
    }


def envelopes(*events: Event, first: int = 1) -> list[Envelope]:
    """Return events with their places, a second apart."""
    return [Envelope(number, STARTED + number * SECOND, 0, "", event) for number, event in enumerate(events, first)]
