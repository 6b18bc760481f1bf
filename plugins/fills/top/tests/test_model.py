from decimal import Decimal
from math import nan

import pytest
from msgspec.structs import replace

from arbcore.errors import DataError
from arbcore.model.market import Book, BookInvalid, FxRate, PublicTrade
from arbcore.model.order import Liquidity, Side, TimeInForce
from arbcore.ports.fill import Execution
from arbcore.testing.samples import PERPETUAL, SPOT, closing, limit, market, opening, quote
from arbcore_fill_top.model import TopFill


def listed() -> TopFill:
    model = TopFill()
    model.list_instrument(SPOT)
    model.list_instrument(PERPETUAL)
    return model


def filled(model: TopFill, side: Side, quantity: str, price: str = "200", at: int = 1) -> Decimal:
    order = limit(SPOT, side, quantity, price if side is Side.BUY else "1")
    return sum((one.quantity for one in model.execute(order, Decimal(quantity), at) or ()), Decimal(0))


def test_a_new_quote_displays_anew() -> None:
    model = listed()
    model.on_market(quote(SPOT, 98.0, 99.0, 3.0))
    assert filled(model, Side.BUY, "5") == 3
    assert filled(model, Side.BUY, "5") == 0
    assert filled(model, Side.SELL, "2") == 2
    model.on_market(quote(SPOT, 98.0, 99.0, 3.0, at=2))
    assert filled(model, Side.BUY, "5") == 3
    assert filled(model, Side.SELL, "5") == 3


def test_the_size_is_exact_where_the_float_is_not() -> None:
    model = listed()
    model.on_market(quote(SPOT, 98.0, 99.0, 0.1 + 0.2))
    assert filled(model, Side.BUY, "5") == Decimal("0.3")


def test_a_bid_under_the_first_tick_buys_nothing() -> None:
    model = listed()
    model.on_market(quote(SPOT, 0.04, 99.0, 3.0))
    assert filled(model, Side.SELL, "1") == 0
    assert filled(model, Side.BUY, "1") == 1


def test_a_crossed_book_fills_nothing_and_has_no_touch() -> None:
    model = listed()
    model.on_market(quote(SPOT, 99.0, 98.0, 3.0))
    assert model.touch(SPOT.key) is None
    assert filled(model, Side.BUY, "1") == filled(model, Side.SELL, "1") == 0


@pytest.mark.parametrize(("ask", "expected"), [(97.0, 0), (96.95, 0), (96.8, 1)])
def test_a_resting_bid_fills_strictly_through_its_price(ask: float, expected: int) -> None:
    # 96.95 rounds up to the tick 97.0, which is the price itself.
    model = listed()
    model.rest(limit(SPOT, Side.BUY, "1", "97", TimeInForce.GTC), Decimal(1), 1)
    executions = model.on_market(quote(SPOT, 96.0, ask, 3.0))
    assert len(executions) == expected
    assert all(one.price == 97 for one in executions)


@pytest.mark.parametrize(("bid", "expected"), [(97.0, 0), (97.1, 1)])
def test_a_resting_offer_fills_strictly_through_its_price(bid: float, expected: int) -> None:
    model = listed()
    model.rest(limit(SPOT, Side.SELL, "1", "97", TimeInForce.GTC), Decimal(1), 1)
    assert len(model.on_market(quote(SPOT, bid, 99.0, 3.0))) == expected


def test_resting_orders_share_a_quote_by_price_and_then_time() -> None:
    model = listed()
    for name, price in (("late", "97"), ("best", "97.5"), ("later", "97")):
        model.rest(limit(SPOT, Side.BUY, "2", price, TimeInForce.GTC, name=name), Decimal(2), 1)
    executions = model.on_market(quote(SPOT, 90.0, 91.0, 3.0))
    assert executions == [
        Execution("best", Decimal("97.5"), Decimal(2), Liquidity.MAKER),
        Execution("late", Decimal(97), Decimal(1), Liquidity.MAKER),
    ]
    # What they took is gone for an order that takes at the same quote.
    assert filled(model, Side.BUY, "1") == 0
    again = model.on_market(quote(SPOT, 90.0, 91.0, 9.0, at=2))
    assert [(one.client_order_id, one.quantity) for one in again] == [("late", Decimal(1)), ("later", Decimal(2))]
    assert not model.on_market(quote(SPOT, 80.0, 81.0, 9.0, at=3))


def test_resting_offers_share_a_quote_by_price_and_then_time() -> None:
    model = listed()
    for name, price in (("far", "99"), ("near", "98")):
        model.rest(limit(SPOT, Side.SELL, "2", price, TimeInForce.GTC, name=name), Decimal(2), 1)
    executions = model.on_market(quote(SPOT, 99.5, 99.9, 3.0))
    assert [(one.client_order_id, one.quantity) for one in executions] == [("near", Decimal(2)), ("far", Decimal(1))]


def test_a_book_with_an_empty_side_has_no_touch() -> None:
    model = listed()
    model.on_market(Book(SPOT.key, 1, 1, ((98.0, 1.0),), ()))
    assert model.touch(SPOT.key) is None
    assert filled(model, Side.SELL, "1") == 0


def test_a_repair_at_the_opening_fills_from_what_is_left_of_it() -> None:
    model = listed()
    model.on_market(closing(SPOT, 98.0, 99.0, 3.0, at=10))
    model.on_market(opening(SPOT, 97.0, 98.0, 3.0, at=10))
    assert filled(model, Side.BUY, "2", at=10) == 2
    assert filled(model, Side.BUY, "2", at=10) == 1


def test_resting_orders_fill_at_openings_only() -> None:
    model = listed()
    model.on_market(closing(SPOT, 98.0, 99.0, 3.0, at=10))
    model.rest(limit(SPOT, Side.BUY, "1", "97", TimeInForce.GTC), Decimal(1), 10)
    assert not model.on_market(closing(SPOT, 90.0, 91.0, 3.0, at=20))
    assert len(model.on_market(opening(SPOT, 90.0, 91.0, 3.0, at=20))) == 1


def test_a_gap_takes_the_touch_away_until_the_next_close() -> None:
    model = listed()
    model.on_market(closing(SPOT, 98.0, 99.0, 3.0, at=10))
    model.on_market(opening(SPOT, 97.0, 98.0, 3.0, at=20))
    assert model.touch(SPOT.key) is None
    model.on_market(closing(SPOT, 98.0, 99.0, 3.0, at=30))
    assert model.touch(SPOT.key) == (98.0, 99.0)
    assert model.execute(market(SPOT, Side.BUY, "1"), Decimal(1), 30) is None


def test_an_opening_before_any_close_fills_nothing() -> None:
    model = listed()
    model.on_market(opening(SPOT, 97.0, 98.0, 3.0, at=20))
    assert model.execute(market(SPOT, Side.BUY, "1"), Decimal(1), 20) == ()


def test_quotes_end_the_bars() -> None:
    model = listed()
    model.on_market(closing(SPOT, 98.0, 99.0, 3.0, at=10))
    model.on_market(quote(SPOT, 98.0, 99.0, 3.0, at=11))
    assert filled(model, Side.BUY, "1", at=12) == 1
    model.on_market(quote(SPOT, 97.0, 98.0, 3.0, at=13))
    assert model.touch(SPOT.key) == (97.0, 98.0)


def test_trades_alone_are_named_when_an_order_comes() -> None:
    model = listed()
    model.on_market(PublicTrade(SPOT.key, 1, 1, 98.0, 1.0, True))
    with pytest.raises(DataError, match=r"sim:CASH-COIN has public trades and no quotes"):
        filled(model, Side.BUY, "1")
    model.on_market(quote(SPOT, 98.0, 99.0, 3.0))
    model.on_market(BookInvalid(SPOT.key, 2, 2, "DATA_GAP"))
    assert filled(model, Side.BUY, "1") == 0


def test_what_it_cannot_do_is_named() -> None:
    model = listed()
    with pytest.raises(DataError, match="can't read market data of type str"):
        model.on_market("quote")  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"sim:NONE is not listed"):
        model.execute(replace(market(SPOT, Side.BUY, "1"), instrument="sim:NONE"), Decimal(1), 1)
    with pytest.raises(DataError, match="has no price to rest at"):
        model.rest(market(SPOT, Side.BUY, "1"), Decimal(1), 1)
    model.on_market(quote(SPOT, 98.0, 99.0, 3.0))
    with pytest.raises(DataError, match="has no price"):
        model.execute(replace(limit(SPOT, Side.BUY, "1", "99"), price=None), Decimal(1), 1)


def test_rates_are_passed_over() -> None:
    assert listed().on_market(FxRate("cash_coin", 1, 1, 1.0, 1.0, "test")) == ()


def test_restore_keeps_bars_sizes_and_what_was_printed() -> None:
    model = listed()
    model.on_market(PublicTrade(PERPETUAL.key, 1, 1, 98.0, 1.0, True))
    model.on_market(closing(SPOT, 98.0, 99.0, 3.0, at=10))
    model.on_market(opening(SPOT, 97.0, 98.0, 3.0, at=10))
    assert filled(model, Side.BUY, "2", at=10) == 2
    twin = TopFill()
    twin.restore(model.state())
    assert twin.state() == model.state()
    assert filled(twin, Side.BUY, "2", at=10) == 1
    with pytest.raises(DataError, match="public trades"):
        twin.execute(market(PERPETUAL, Side.BUY, "1"), Decimal(1), 10)


def test_restore_keeps_a_book_that_cannot_be_trusted() -> None:
    model = listed()
    model.on_market(quote(SPOT, nan, 99.0, 3.0))
    twin = TopFill()
    twin.restore(model.state())
    assert twin.touch(SPOT.key) is None
