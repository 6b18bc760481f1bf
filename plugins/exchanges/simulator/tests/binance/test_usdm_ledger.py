"""Money of futures accounts is conserved, whatever is traded."""

from decimal import Decimal
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from arbcore_exchange_simulator.binance.trader import BinanceTrader
from arbcore_exchange_simulator.binance.usdm.brackets import brackets_of, maintenance
from arbcore_exchange_simulator.binance.usdm.positions import Position
from arbcore_exchange_simulator.memory import make_venues

TICK, LOT = 10_000_000, 100_000
TRADES = st.lists(
    st.tuples(st.booleans(), st.integers(500_000, 1_500_000), st.integers(1, 400)), min_size=1, max_size=30
)


@given(TRADES)
def test_realised_and_unrealised_profit_are_what_the_trades_paid(trades: list[tuple[bool, int, int]]) -> None:
    one, paid, held = Position("BTCUSDT", "BOTH"), Decimal(0), 0
    for buy, price, lots in trades:
        one.trade(buy=buy, price=price * TICK, quantity=lots * LOT)
        value = Decimal(price * lots) / 10_000
        paid += -value if buy else value
        held += lots if buy else -lots
        assert one.quantity == held * LOT
        assert one.realised - one.cost == paid
        assert held or one.cost == 0
        assert held * one.cost >= 0
    assert one.realised + one.unrealised(Decimal(100_000)) == paid + one.size * 100_000


@given(TRADES)
def test_the_entry_lies_among_the_prices_that_were_paid(trades: list[tuple[bool, int, int]]) -> None:
    one = Position("BTCUSDT", "BOTH")
    for buy, price, lots in trades:
        one.trade(buy=buy, price=price * TICK, quantity=lots * LOT)
        if one.quantity:
            low = min(price for _, price, _ in trades)
            high = max(price for _, price, _ in trades)
            assert Decimal(low) / 10 - 1 <= one.entry <= Decimal(high) / 10 + 1


@given(st.decimals(0, 2_000_000_000, places=2), st.decimals(0, 1_000_000, places=2))
def test_more_value_never_needs_less_margin(value: Decimal, more: Decimal) -> None:
    for symbol in ("BTCUSDT", "XRPUSDT"):
        assert maintenance(symbol, value) <= maintenance(symbol, value + more)
        assert maintenance(symbol, value) <= value * brackets_of(symbol)[-1].ratio


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["market", "limit", "closing", "cancel", "wait", "amend"]),
        st.booleans(),
        st.integers(1, 60),
        st.integers(-30, 30),
    ),
    min_size=1,
    max_size=15,
)


def _act(usdm: BinanceTrader, kind: str, buy: bool, lots: int, ticks: int) -> None:
    (bid, _), (ask, _) = usdm.venues.world.markets["usdm"]["BTCUSDT"].book.touch
    terms: dict[str, Any] = {"symbol": "BTCUSDT", "side": "BUY" if buy else "SELL", "quantity": f"{lots / 1000:.3f}"}
    price = f"{((bid + ask) // 2 // TICK + ticks * 3) / 10:.1f}"
    if kind == "market":
        usdm.ask("POST", "fapi/v1/order", type="MARKET", **terms)
    elif kind in {"limit", "closing"}:
        usdm.ask("POST", "fapi/v1/order", type="LIMIT", timeInForce="GTC", price=price,
                 reduceOnly="true" if kind == "closing" else "false", **terms)  # fmt: skip
    elif kind == "wait":
        usdm.step(lots / 20)
    else:
        listed = usdm.done("GET", "fapi/v1/openOrders", symbol="BTCUSDT")
        for row in listed[:1]:
            terms |= {"orderId": row["orderId"], "side": row["side"], "price": price}
            usdm.ask("DELETE" if kind == "cancel" else "PUT", "fapi/v1/order", **terms)


@given(ACTS)
@example([("market", True, 1, 0), ("closing", False, 1, 0), ("amend", False, 2, 0)])
def test_the_wallet_is_what_trades_fees_and_income_say(acts: list[tuple[str, bool, int, int]]) -> None:
    usdm = BinanceTrader(make_venues(symbols=("BTC",)), "usdm")
    for act in acts:
        _act(usdm, *act)
        one = usdm.venues.usdm.ledger.of(usdm.venues.accounts.of("usdm")[0]).position("BTCUSDT")
        for order in usdm.venues.usdm.ledger.of(usdm.venues.accounts.of("usdm")[0]).open_orders():
            assert not order.reduce_only or order.remaining <= one.closes(buy=order.buy)
    trades = usdm.done("GET", "fapi/v1/userTrades", symbol="BTCUSDT", limit=1000)
    paid = sum((Decimal(row["quoteQty"]) * (-1 if row["buyer"] else 1) for row in trades), Decimal(0))
    held = sum((Decimal(row["qty"]) * (1 if row["buyer"] else -1) for row in trades), Decimal(0))
    fees = sum((Decimal(row["commission"]) for row in trades), Decimal(0))
    income = usdm.done("GET", "fapi/v1/income", limit=1000)
    wallet = Decimal(usdm.done("GET", "fapi/v3/balance")[0]["balance"])
    assert wallet == 2_000_000 + sum((Decimal(row["income"]) for row in income), Decimal(0))
    assert wallet == 2_000_000 + paid - fees + one.cost
    assert one.size == held
