"""Sessions on disk for tests of the commands that read them: a story in events, written by a real store."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import anyio
from msgspec.structs import replace

from arbcore.journal.chain import GENESIS, seal
from arbcore.model.events import (
    BalanceChanged,
    EngineModeChanged,
    EngineStarted,
    EngineStopped,
    Event,
    FeeCharged,
    PnlReported,
    PositionChanged,
    TradeClosed,
    TradeExecuted,
    TradeExiting,
    TradeHedged,
    TradeOpened,
)
from arbcore.model.order import Liquidity, Side
from arbcore.model.state import EngineState
from arbcore.model.trade import Pnl, Trade, TradeLeg, TradeState
from arbcore.ports.journal import RunMetadata
from arbcore.testing.stores import store_context
from arbcore_sink_sqlite.journal import SqliteJournal
from arbcore_sink_sqlite.settings import SqliteSettings
from tests.cli.pictures import SECOND, STARTED, envelopes

CONFIG = """
schema_version: 1
session: {name: kimchi, mode: paper, environment: simulator}
strategies:
  premium: {use: gone, routes: [a]}     # no such plugin is installed
fills: {book: {use: gone}}
paper: {use: gone, fill: book}
journal: {use: sqlite}
"""
SPOT, PERP = "upbit:KRW-BTC", "binance:BTCUSDT"

RUN = RunMetadata(
    session="kimchi", mode="paper", started_wall="2026-01-01T08:00:00Z", python="3", plugins={}, config_hash=""
)


def opened(number: int) -> Trade:
    """Return a trade at its entry."""
    return Trade(
        id=f"{number}",
        strategy="premium",
        route="premium/BTC/upbit-binance",
        symbol="BTC",
        state=TradeState.OPEN,
        forward=True,
        legs=(TradeLeg(instrument=SPOT), TradeLeg(instrument=PERP)),
        opened_at=STARTED + number * SECOND,
        notional=Decimal("997.625"),
        entry_edge_bps=26.23,
        entry_premium=-0.00397,
        entry_reason="EDGE_ENTER",
    )


def closed(trade: Trade) -> Trade:
    """Return a trade as it was closed, filled both ways."""
    one, won, usdt = Decimal("0.01"), Decimal(1400000), Decimal(1000)
    legs = (
        TradeLeg(instrument=SPOT, bought=one, sold=one, bought_value=won, sold_value=won),
        TradeLeg(instrument=PERP, bought=one, sold=one, bought_value=usdt, sold_value=usdt),
    )
    return replace(
        trade,
        state=TradeState.CLOSED,
        legs=legs,
        hedged_at=trade.opened_at,
        closed_at=trade.opened_at + 75 * SECOND,
        exit_reason="EDGE_REVERTED",
        pnl=Pnl(spread=Decimal("4.277"), fees=Decimal("-1.8")),
    )


def _fill(trade: str, instrument: str, side: Side, price: str) -> Iterator[Event]:
    one = Decimal("0.01")
    yield TradeExecuted(
        fill_id=f"{trade}-{instrument}-{side}",
        client_order_id="o",
        venue_order_id="v",
        trade=trade,
        instrument=instrument,
        side=side,
        quantity=one,
        price=Decimal(price),
        touch=Decimal(price),
        liquidity=Liquidity.TAKER,
        rate=Decimal(1),
        rate_name="",
        venue_time=STARTED,
    )
    enters = side is (Side.BUY if instrument == SPOT else Side.SELL)
    sign = 1 if side is Side.BUY else -1
    before = Decimal(0) if enters else -sign * one
    yield PositionChanged(instrument=instrument, before=before, after=before + sign * one, trade=trade)


def _trade(number: int, *, closes: bool) -> Iterator[Event]:
    trade = opened(number)
    yield TradeOpened(trade=trade)
    yield from _fill(trade.id, SPOT, Side.BUY, "140000000")
    yield from _fill(trade.id, PERP, Side.SELL, "100000")
    yield FeeCharged(fill_id=f"{number}", amount=Decimal(700), currency="KRW", value=Decimal("0.5"))
    yield TradeHedged(trade=trade.id, unhedged_ns=210_000_000)
    if closes:
        yield TradeExiting(trade=trade.id, reason="EDGE_REVERTED")
        yield from _fill(trade.id, SPOT, Side.SELL, "140000000")
        yield from _fill(trade.id, PERP, Side.BUY, "100000")
        yield TradeClosed(trade=closed(trade))


def story(*, ends: bool) -> list[Event]:
    """Return the events of a session: a closed trade, a hedged one, and one whose legs are missing."""
    events: list[Event] = [
        EngineStarted(
            session="kimchi",
            mode="paper",
            base_currency="USDT",
            config_hash="",
            strategies=("premium",),
            instruments=(PERP, SPOT),
        ),
        BalanceChanged(venue="upbit", currency="KRW", change=Decimal(50), after=Decimal(50000000), reason="opening"),
        BalanceChanged(venue="binance", currency="USDT", change=Decimal(3), after=Decimal("30000.5"), reason="opening"),
        EngineModeChanged(before=EngineState.BOOTING, after=EngineState.RUNNING, reason="", source="engine"),
        *_trade(1, closes=True),
        *_trade(2, closes=False),
        TradeOpened(trade=opened(3)),
    ]
    if ends:
        spread, fees = Decimal("4.277"), Decimal("-1.0")
        pnl = Pnl(spread=spread, fees=fees, unrealised=Decimal("0.25"))
        events += [PnlReported(pnl=pnl, ledger_change=pnl.total), EngineStopped(reason="SIGINT was received")]
    return events


@contextmanager
def writing(folder: Path, events: Sequence[Event]) -> Iterator[SqliteJournal]:
    """Write a session's events and keep its journal open."""
    journal = SqliteJournal(SqliteSettings(use="sqlite"), store_context(folder, session="kimchi"))
    anyio.run(journal.__aenter__)
    try:
        journal.start_run(RUN)
        journal.append(seal(GENESIS, envelopes(*events)))
        yield journal
    finally:
        anyio.run(journal.__aexit__, None, None, None)


def hold(folder: Path) -> None:
    """Be the process of a session: write, say so, and stay until a line comes, which ends it as it should."""
    with writing(folder, story(ends=False)) as journal:
        print("open", flush=True)
        sys.stdin.readline()
        before = journal.last()
        assert before is not None
        end = envelopes(EngineStopped(reason="asked to"), first=before.sequence + 1)
        journal.append(seal(before.hash, end))
