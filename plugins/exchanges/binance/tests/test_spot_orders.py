"""Orders of spot against the simulator where the venue says no, or tells in pages: found by review."""

from decimal import Decimal

import pytest

from arbcore_exchange_binance.protocol import spot_lookups
from arbcore_exchange_binance.protocol.spot_lookups import OrderTrades
from arbcore_exchange_binance.protocol.spot_values import OrderRow, TradeRow
from plugins.exchanges.binance.tests.samples import START

MS = START // 10**6


def trade(number: int, order_id: int = 28) -> TradeRow:
    return TradeRow(
        symbol="BTCUSDT",
        id=number,
        order_id=order_id,
        price=Decimal(100),
        qty=Decimal(1),
        commission=Decimal(0),
        commission_asset="BNB",
        time=MS,
        is_buyer=True,
        is_maker=False,
    )


def test_every_fill_of_an_order_is_found_though_a_page_tells_the_latest_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spot_lookups, "MOST_ROWS", 3)
    row = OrderRow(symbol="BTCUSDT", order_id=28, status="FILLED", executed_qty=Decimal(5), time=MS)
    every = [trade(1), trade(2), trade(3, 99), trade(4), trade(5, 99), trade(6), trade(7), trade(8, 99)]
    pages = OrderTrades(row)
    first = pages.take([trade(4), trade(6), trade(7)])
    assert first is not None
    assert f"startTime={MS}" in first.query
    second = pages.take(every[:3])
    assert second is None
    assert [one.id for one in pages.rows] == [1, 2, 4, 6, 7]


def test_pages_are_followed_until_the_order_is_whole_or_nothing_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spot_lookups, "MOST_ROWS", 2)
    row = OrderRow(symbol="BTCUSDT", order_id=28, status="FILLED", executed_qty=Decimal(9), time=MS)
    pages = OrderTrades(row)
    assert pages.take([trade(8), trade(9)]) is not None
    following = pages.take([trade(1), trade(2, 99)])
    assert following is not None
    assert "fromId=3" in following.query
    assert pages.take([trade(3)]) is None
    assert [one.id for one in pages.rows] == [1, 3, 8, 9]
