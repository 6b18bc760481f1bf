"""Events as sentences: what people read while a session runs."""

from decimal import Decimal

import pytest
from hypothesis import given

from arbcore.cli._sentences import MAX_TEXT, MAX_TRADES, Sentences
from arbcore.cli._words import code_words, harmless, pnl_parts, signed, span
from arbcore.model.events import (
    AlertRaised,
    EngineModeChanged,
    EngineStarted,
    EngineStopped,
    Envelope,
    Event,
    FeeCharged,
    FxStateChanged,
    InstrumentStatusChanged,
    IntentApproved,
    IntentEnded,
    OrderRejected,
    TradeClosed,
    TradeFrozen,
    TradeHedged,
    TradeOpened,
    WebSocketDisconnected,
    WebSocketReconnected,
    WebSocketStateChanged,
)
from arbcore.model.intent import Intent, IntentKind, IntentLeg, IntentState
from arbcore.model.order import Side
from arbcore.model.state import ConnectionState, EngineState, Severity
from arbcore.model.trade import Pnl, Trade, TradeLeg, TradeState
from arbcore.testing.events import journals
from tests.cli.pictures import SECOND, STARTED, envelopes

START = EngineStarted(
    session="kimchi",
    mode="paper",
    base_currency="USDT",
    config_hash="",
    strategies=("premium",),
    instruments=("a", "b"),
)
NOTHING = Pnl()
LEGS = (
    IntentLeg(instrument="upbit:KRW-BTC", side=Side.BUY, quantity=Decimal("0.010"), price=Decimal(1), touch=Decimal(1)),
    IntentLeg(
        instrument="binance:BTCUSDT", side=Side.SELL, quantity=Decimal("0.01"), price=Decimal(1), touch=Decimal(1)
    ),
)


def intent(kind: IntentKind, reason: str = "EDGE_ENTER") -> IntentApproved:
    wish = Intent(
        id="1a", trade="1", strategy="premium", route="r", symbol="BTC", kind=kind, forward=True, legs=LEGS,
        edge_bps=26.23, notional=Decimal("997.625"), reason=reason, decided_at=STARTED,
    )  # fmt: skip
    return IntentApproved(intent=wish, asked_notional=Decimal(1000))


def trade(number: int = 1, *, filled: bool = True, pnl: Pnl = NOTHING, reason: str = "") -> Trade:
    bought = Decimal(1) if filled else Decimal(0)
    return Trade(
        id=str(number), strategy="premium", route="r", symbol="BTC", state=TradeState.CLOSED, forward=True,
        legs=(TradeLeg(instrument="upbit:KRW-BTC", bought=bought),), opened_at=STARTED,
        closed_at=STARTED + 75 * SECOND, notional=Decimal(1), entry_edge_bps=1.0, exit_reason=reason, pnl=pnl,
    )  # fmt: skip


def told(*events: Event) -> list[str]:
    return [sentence.text for sentence in Sentences().tell(envelopes(START, *events))][1:]


def test_a_trade_from_start_to_end() -> None:
    pnl = Pnl(spread=Decimal("4.277"), fees=Decimal("-1.8"))
    assert told(
        TradeOpened(trade=trade()),
        intent(IntentKind.ENTRY),
        TradeHedged(trade="1", unhedged_ns=210_000_000),
        intent(IntentKind.EXIT, "EXIT_TIME"),
        TradeClosed(trade=trade(pnl=pnl, reason="EXIT_TIME")),
    ) == [
        "BTC trade 1 enters 997.62 USDT at 26.2 bps: buy 0.01 upbit:KRW-BTC, sell 0.01 binance:BTCUSDT",
        "BTC trade 1 hedged after 0.21 s",
        "BTC trade 1 exits (exit time): buy 0.01 upbit:KRW-BTC, sell 0.01 binance:BTCUSDT",
        "BTC trade 1 closed +2.48 USDT (spread +4.28, fees -1.80) after 0:01:15: exit time",
    ]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (TradeClosed(trade=trade(filled=False)), "BTC trade 1 ended without a fill"),
        (TradeHedged(trade="9", unhedged_ns=0), "trade 9 hedged after 0.00 s"),
        (TradeFrozen(trade="1", reason="LEG_ATTEMPTS_SPENT"), "trade 1 FROZEN, it waits for you: leg attempts spent"),
        (EngineStopped(reason="SIGINT was received"), "session ended: SIGINT was received"),
        (
            EngineModeChanged(before=EngineState.RUNNING, after=EngineState.HALTED, reason="RISK_KILL", source="x"),
            "engine HALTED: risk kill",
        ),
        (
            AlertRaised(rule="frozen", severity=Severity.P0, source="upbit", text="look\n\x1b[31mnow"),
            "P0 frozen (upbit): look ?[31mnow",
        ),
        (
            OrderRejected(client_order_id="a-1", reason="ORDER_OFF_GRID", detail="tick 0.1"),
            "order a-1 refused: order off grid tick 0.1",
        ),
        (
            IntentEnded(
                intent="1a", kind=IntentKind.ENTRY, state=IntentState.FAILED, filled=(), reason="ORDER_EXPIRED"
            ),
            "entry of intent 1a failed: order expired",
        ),
        (WebSocketDisconnected(venue="upbit", connection="m", reason=""), "upbit m disconnected"),
        (
            WebSocketReconnected(venue="upbit", connection="m", attempts=2, outage_ns=1_500_000_000),
            "upbit m is back after 1.5 s, attempt 2",
        ),
        (
            WebSocketStateChanged(venue="upbit", connection="m", state=ConnectionState.MUTE, reason="30 s"),
            "upbit m mute: 30 s",
        ),
        (
            FxStateChanged(name="usdt_krw", usable=False, reason="RATE_STALE"),
            "rate usdt_krw is unusable for entries: rate stale",
        ),
        (
            InstrumentStatusChanged(instrument="upbit:KRW-BTC", trading=False, warnings=("CAUTION",), delisting_ts=5),
            "upbit:KRW-BTC may not be traded, warnings CAUTION, its delisting is announced",
        ),
    ],
)
def test_what_is_said(event: Event, text: str) -> None:
    assert told(event) == [text]


def test_what_nobody_wants_to_hear_of_is_left_out() -> None:
    filled = IntentEnded(intent="1a", kind=IntentKind.ENTRY, state=IntentState.FILLED, filled=())
    assert told(filled, FeeCharged(fill_id="f", amount=Decimal(1), currency="USDT", value=Decimal(1))) == []


@given(journals(max_size=8))
def test_any_event_of_the_catalogue_makes_a_harmless_line_or_none(events: list[Envelope]) -> None:
    for sentence in Sentences().tell(events):
        assert sentence.text
        assert sentence.text.isprintable()


def test_a_reason_that_quotes_a_whole_frame_is_cut() -> None:
    (text,) = told(EngineStopped(reason="x" * 10_000))
    assert len(text) == MAX_TEXT
    assert text.endswith("x…")


def test_events_that_are_missing_are_counted() -> None:
    sentences = Sentences()
    list(sentences.tell(envelopes(START)))
    after = list(sentences.tell(envelopes(EngineStopped(reason="x"), first=7)))
    assert [sentence.text for sentence in after] == [
        "5 events went by too fast to be told; the journal has them",
        "session ended: x",
    ]


def test_memory_of_open_trades_is_bounded() -> None:
    sentences = Sentences()
    opened = [TradeOpened(trade=trade(number)) for number in range(MAX_TRADES + 50)]
    list(sentences.tell(envelopes(START, *opened)))
    assert len(sentences._symbols) == MAX_TRADES
    hedged = [TradeHedged(trade=str(number), unhedged_ns=0) for number in (0, MAX_TRADES)]
    texts = [sentence.text for sentence in sentences.tell(envelopes(*hedged, first=MAX_TRADES + 52))]
    assert texts == ["trade 0 hedged after 0.00 s", f"BTC trade {MAX_TRADES} hedged after 0.00 s"]


def test_words() -> None:
    assert harmless("a\tb\r\nc\x1b[0m\x07") == "a b c?[0m?"
    assert code_words("BOOK_STALE") == "book stale"
    assert code_words("SIGINT was received") == "SIGINT was received"
    assert [span(seconds) for seconds in (-1.0, 0.9, 3_661.0)] == ["0:00:00", "0:00:00", "1:01:01"]
    assert [signed(Decimal(text), "USDT") for text in ("1.239", "-1.2", "0", "-0.001")] == [
        "+1.24 USDT", "-1.20 USDT", "0.00 USDT", "0.00 USDT",
    ]  # fmt: skip
    assert pnl_parts(Pnl(spread=Decimal(1000), fx=Decimal(-2)), "KRW") == "spread +₩1,000, fx -₩2"
