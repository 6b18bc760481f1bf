from decimal import Decimal

import pytest

from arbcore_exchange_upbit.listing import codes, exceptions
from arbcore_exchange_upbit.protocol.replies import Market, OrderbookInstrument, Ticker

MARKETS = [Market(name) for name in ("KRW-BTC", "BTC-ETH", "USDT-BTC", "KRW-1INCH", "KRW-", "KRW-A,B", "KRWX-BTC")]


@pytest.mark.parametrize(
    ("quote", "found"), [("KRW", ["KRW-BTC", "KRW-1INCH"]), ("BTC", ["BTC-ETH"]), ("USDT", ["USDT-BTC"])]
)
def test_markets_of_a_quote_currency(quote: str, found: list[str]) -> None:
    assert codes(MARKETS, quote) == found


@pytest.mark.parametrize(
    ("market", "price", "tick", "excepted"),
    [
        ("KRW-BTC", 148_961_000.0, "1000", False),
        ("KRW-USDT", 1_400.0, "0.5", True),
        ("KRW-USDT", 1_400.0, "1", False),
        ("KRW-USDT", 1_400.0, "1.0", False),
        # Near the end of a band the price may have crossed it between the two requests.
        ("KRW-XRP", 4_990.0, "5", False),
        ("KRW-XRP", 5_010.0, "1", False),
        ("KRW-XRP", 4_000.0, "5", True),
        ("BTC-ETH", 0.03, "0.00000001", False),
        ("BTC-ETH", 0.03, "0.000001", True),
        ("USDT-BTC", 100_000.0, "0.01", False),
        ("SGD-BTC", 100_000.0, "7", False),
    ],
)
def test_ticks_that_differ_from_the_table(market: str, price: float, tick: str, excepted: bool) -> None:
    found = exceptions([Ticker(market, price)], [OrderbookInstrument(market, Decimal(tick))])
    assert found == ({market: Decimal(tick)} if excepted else {})


def test_without_a_price_the_table_holds() -> None:
    assert exceptions([], [OrderbookInstrument("KRW-USDT", Decimal("0.5"))]) == {}
