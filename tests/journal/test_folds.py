"""Projections: whole and step by step they agree, and what contradicts itself is told."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from arbcore.journal.folds import Fold, rebuild
from arbcore.journal.projections import OpenOrder, Projections, compare
from arbcore.model.events import (
    BalanceChanged,
    EngineModeChanged,
    EngineStarted,
    Envelope,
    Event,
    FeeCharged,
    FundingApplied,
    OrderCancelled,
    OrderIntended,
    OrderPlaced,
    OrderRejected,
    OrderUpdated,
    PnlReported,
    PositionChanged,
    TradeClosed,
    TradeExecuted,
    TradeExiting,
    TradeFrozen,
    TradeHedged,
    TradeOpened,
)
from arbcore.model.order import Liquidity, OrderRequest, OrderState, Side
from arbcore.model.state import EngineState
from arbcore.model.trade import Pnl, Trade, TradeLeg, TradeState

SPOT = "upbit:KRW-BTC"
FEE = Decimal("0.25")


class Story:
    """Tells a session on one spot market as an engine would, and keeps the books beside it."""

    def __init__(self, cash: Decimal) -> None:
        self.events: list[Envelope] = []
        self.cash = cash
        self.held = Decimal(0)
        self.spread = Decimal(0)
        self.fees = Decimal(0)
        self.tell(BalanceChanged(venue="upbit", currency="KRW", change=cash, after=cash, reason="opening"))

    def tell(self, event: Event) -> None:
        number = len(self.events) + 1
        self.events.append(Envelope(number, number * 1000, 0, "", event))

    def move_cash(self, change: Decimal, reason: str) -> None:
        self.cash += change
        self.tell(BalanceChanged(venue="upbit", currency="KRW", change=change, after=self.cash, reason=reason))

    def fill(self, trade: str, side: Side, quantity: Decimal, price: Decimal) -> None:
        order = f"o{len(self.events)}"
        request = OrderRequest(client_order_id=order, instrument=SPOT, side=side, quantity=quantity, price=price)
        self.tell(OrderIntended(order=request, venue="upbit", intent="i", leg=0, attempt=0))
        self.tell(OrderPlaced(client_order_id=order, venue_order_id=f"v{order}", venue_time=1))
        before, submitted = self.held, OrderState.ACKNOWLEDGED
        self.held += side.sign * quantity
        self.tell(
            TradeExecuted(
                fill_id=f"f{order}", client_order_id=order, venue_order_id=f"v{order}", trade=trade, instrument=SPOT,
                side=side, quantity=quantity, price=price, touch=price, liquidity=Liquidity.TAKER, rate=Decimal(1),
                rate_name="", venue_time=1,
            )
        )  # fmt: skip
        self.tell(FeeCharged(fill_id=f"f{order}", amount=FEE, currency="KRW", value=FEE))
        self.fees -= FEE
        self.move_cash(-side.sign * quantity * price, "fill")
        self.move_cash(-FEE, "fee")
        self.tell(PositionChanged(instrument=SPOT, before=before, after=self.held, trade=trade))
        self.tell(OrderUpdated(client_order_id=order, before=submitted, after=OrderState.FILLED, filled=quantity))

    def round_trip(self, name: str, quantity: Decimal, bought: Decimal, sold: Decimal) -> None:
        trade = a_trade(name)
        self.tell(TradeOpened(trade=trade))
        self.fill(name, Side.BUY, quantity, bought)
        self.tell(TradeHedged(trade=name, unhedged_ns=5))
        self.tell(TradeExiting(trade=name, reason="EDGE_REVERTED"))
        self.fill(name, Side.SELL, quantity, sold)
        leg = TradeLeg(
            instrument=SPOT, bought=quantity, sold=quantity, bought_value=quantity * bought, sold_value=quantity * sold
        )
        gain = quantity * (sold - bought)
        self.spread += gain
        pnl = Pnl(spread=gain, fees=-2 * FEE)
        self.tell(TradeClosed(trade=replace(trade, state=TradeState.CLOSED, legs=(leg,), pnl=pnl)))


def a_trade(name: str) -> Trade:
    return Trade(
        id=name, strategy="s", route="r", symbol="BTC", state=TradeState.OPEN, forward=True,
        legs=(TradeLeg(instrument=SPOT),), opened_at=1, notional=Decimal(10), entry_edge_bps=1.0,
    )  # fmt: skip


AMOUNTS = st.decimals("0.0001", "100000", places=4)
TRIPS = st.lists(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS), max_size=5)


def a_story(trips: list[tuple[Decimal, Decimal, Decimal]]) -> Story:
    story = Story(Decimal(1000))
    for number, (quantity, bought, sold) in enumerate(trips):
        story.round_trip(f"t{number}", quantity, bought, sold)
    return story


@given(TRIPS)
def test_a_session_adds_up(trips: list[tuple[Decimal, Decimal, Decimal]]) -> None:
    story = a_story(trips)
    change = story.cash - 1000
    story.tell(PnlReported(pnl=Pnl(spread=story.spread, fees=story.fees), ledger_change=change))
    fold = rebuild(story.events)
    assert fold.differences == []
    result = fold.projections
    assert result.sequence == len(story.events)
    assert result.balances == {("upbit", "KRW"): story.cash}
    assert result.positions.get(SPOT, 0) == story.held == 0
    assert result.pnl.total == change
    assert len(result.trades) == len(trips)
    assert result.open_trades() == []
    assert result.orders == {}
    assert result.finished[OrderState.FILLED] == 2 * len(trips)


@given(TRIPS, st.data())
def test_in_two_parts_it_is_the_same(trips: list[tuple[Decimal, Decimal, Decimal]], data: st.DataObject) -> None:
    events = a_story(trips).events
    cut = data.draw(st.integers(0, len(events)))
    whole, first = rebuild(events), rebuild(events[:cut])
    second = Fold(first.projections)
    for envelope in events[cut:]:
        second.apply(envelope)
    assert second.projections == whole.projections
    assert second.differences == whole.differences == []


def altered(event: Event) -> Event | None:
    """The event with a number in it changed, None where it holds none that is counted."""
    changed: Event | None = None
    match event:
        case BalanceChanged():
            changed = replace(event, change=event.change + 1)
        case PositionChanged():
            changed = replace(event, before=event.before + 1)
        case TradeExecuted():
            changed = replace(event, quantity=event.quantity + 1)
        case FeeCharged():
            changed = replace(event, value=event.value + 1)
        case TradeClosed():
            changed = replace(event, trade=replace(event.trade, pnl=Pnl(spread=Decimal(-7))))
        case PnlReported():
            changed = replace(event, ledger_change=event.ledger_change + 1)
    return changed


def test_one_wrong_number_anywhere_is_told() -> None:
    story = a_story([(Decimal(2), Decimal(10), Decimal(11)), (Decimal(1), Decimal(9), Decimal(8))])
    story.tell(PnlReported(pnl=Pnl(spread=story.spread, fees=story.fees), ledger_change=story.cash - 1000))
    wrong = 0
    # The first two events open an account and a position: nothing before them contradicts them.
    for place, envelope in enumerate(story.events):
        other = altered(envelope.event)
        if other is None or place == 0 or (isinstance(envelope.event, PositionChanged) and not envelope.event.before):
            continue
        wrong += 1
        fold = rebuild([*story.events[:place], replace(envelope, event=other), *story.events[place + 1 :]])
        assert fold.differences, envelope.event
        assert fold.differences[0].startswith("event ")
    assert wrong > 15


def test_the_life_of_an_order() -> None:
    request = OrderRequest(client_order_id="o", instrument=SPOT, side=Side.BUY, quantity=Decimal(2), price=Decimal(1))
    steps: list[tuple[Event, OrderState | None]] = [
        (OrderIntended(order=request, venue="upbit", intent="i", leg=0, attempt=0), OrderState.SUBMITTED),
        (OrderPlaced(client_order_id="o", venue_order_id="v", venue_time=1), OrderState.ACKNOWLEDGED),
        (
            OrderUpdated(
                client_order_id="o", before=OrderState.ACKNOWLEDGED, after=OrderState.CANCEL_SENT, filled=Decimal(0)
            ),
            OrderState.CANCEL_SENT,
        ),
        (OrderCancelled(client_order_id="o", state=OrderState.EXPIRED, filled=Decimal(0)), None),
    ]
    fold = Fold()
    for number, (event, state) in enumerate(steps, 1):
        fold.apply(Envelope(number, number, 0, "", event))
        known = fold.projections.orders.get("o")
        assert (known.state if known else None) == state
    assert fold.projections.finished == {OrderState.EXPIRED: 1}
    late = OrderUpdated(client_order_id="o", before=OrderState.EXPIRED, after=OrderState.FILLED, filled=Decimal(2))
    fold.apply(Envelope(5, 5, 0, "", late))
    assert +fold.projections.finished == {OrderState.FILLED: 1}


def test_a_refused_order_is_over() -> None:
    request = OrderRequest(client_order_id="o", instrument=SPOT, side=Side.BUY, quantity=Decimal(2))
    fold = Fold(Projections(orders={"o": OpenOrder(request=request, venue="upbit", state=OrderState.SUBMITTED)}))
    fold.apply(Envelope(1, 1, 0, "", OrderRejected(client_order_id="o", reason="ORDER_OFF_GRID")))
    assert fold.projections.orders == {}
    assert fold.projections.finished == {OrderState.REJECTED: 1}


def test_the_states_of_trade_and_engine() -> None:
    fold = Fold()
    funding = FundingApplied(
        payment_id="p", instrument=SPOT, amount=Decimal(2), currency="KRW", value=Decimal("1.5"), rate=Decimal(1),
        quantity=Decimal(1), shares={},
    )  # fmt: skip
    mode = EngineModeChanged(before=EngineState.RUNNING, after=EngineState.REDUCING, reason="r", source="cli")
    for number, (event, state) in enumerate(
        [
            (TradeOpened(trade=a_trade("t")), TradeState.OPEN),
            (TradeHedged(trade="t", unhedged_ns=1), TradeState.HEDGED),
            (TradeExiting(trade="t", reason="EXIT_STOP"), TradeState.EXITING),
            (TradeHedged(trade="t", unhedged_ns=1), TradeState.HEDGED),
            (TradeFrozen(trade="t", reason="LEG_ATTEMPTS_SPENT"), TradeState.FROZEN),
            (mode, TradeState.FROZEN),
            (funding, TradeState.FROZEN),
        ],
        1,
    ):
        fold.apply(Envelope(number, number * 10, 0, "", event))
        assert fold.projections.trades["t"].state is state
    trade = fold.projections.trades["t"]
    assert (trade.hedged_at, trade.exit_reason) == (20, "EXIT_STOP")
    assert fold.projections.state is EngineState.REDUCING
    assert fold.projections.pnl == Pnl(funding=Decimal("1.5"))
    assert fold.projections.open_trades() == [trade]


@pytest.mark.parametrize("other", ["state", "balances", "positions", "trades", "pnl"])
def test_summaries_are_compared_by_content(other: str) -> None:
    summary = rebuild(a_story([(Decimal(1), Decimal(2), Decimal(3))]).events).projections.summary()
    assert compare(summary, summary) == []
    changes = {
        "state": EngineState.HALTED,
        "balances": {},
        "positions": {SPOT: Decimal(1)},
        "trades": {**summary.trades, "t9": (TradeState.OPEN, Decimal(0))},
        "pnl": Pnl(fx=Decimal(1)),
    }
    found = compare(replace(summary, **{other: changes[other]}), summary)
    assert len(found) == 1
    assert found[0].startswith(other)


def test_events_that_nothing_counts_only_move_the_place() -> None:
    fold = Fold()
    started = EngineStarted(
        session="s", mode="paper", base_currency="KRW", config_hash="", strategies=(), instruments=()
    )
    fold.apply(Envelope(4, 9, 0, "", started))
    assert fold.projections == Projections(sequence=4, time=9)
