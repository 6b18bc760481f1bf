"""What the venue's own listing says: its markets, and which of them have another tick than the table. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from arbcore.model.instrument import TickTable
from arbcore_exchange_upbit.instruments import TICKS
from arbcore_exchange_upbit.protocol.replies import Market, OrderbookInstrument, Ticker

_CODE: Final = re.compile(r"^[A-Z0-9]+-[A-Z0-9]+$")
_NEAR: Final = (Decimal("0.95"), Decimal(1), Decimal("1.05"))


def codes(markets: Sequence[Market], quote: str) -> list[str]:
    """Return the ids of the markets in a quote currency, in the order of the listing."""
    named = (market.market for market in markets)
    return [code for code in named if code.startswith(f"{quote}-") and _CODE.match(code)]


def exceptions(tickers: Sequence[Ticker], listed: Sequence[OrderbookInstrument]) -> dict[str, Decimal]:
    """Return the ticks of markets whose tick is not what the table says at their price.

    The venue tells the tick at the current price only, so that an excepted market gets it at every price.

    Args:
        tickers: Last prices.
        listed: Ticks at the current prices.
    """
    prices = {ticker.market: Decimal(repr(ticker.trade_price)) for ticker in tickers}
    return dict(_differing(prices, listed))


def _differing(prices: Mapping[str, Decimal], listed: Sequence[OrderbookInstrument]) -> Iterator[tuple[str, Decimal]]:
    for one in listed:
        table, price = TICKS.get(one.market.partition("-")[0]), prices.get(one.market)
        if table is not None and price is not None and not _agrees(table, price, one.tick_size):
            yield one.market, one.tick_size


def _agrees(table: TickTable, price: Decimal, tick: Decimal) -> bool:
    # Price and tick were asked for one after the other, so near the end of a band either neighbour's tick is right.
    return tick in {table.tick_at(price * factor) for factor in _NEAR}
