"""Upbit's records: order books, trades, tickers and candles.

Source: Upbit developer centre, quotation API and WebSocket, 2026-11.
"""

from typing import Any, Final

from arbcore_exchange_simulator.market.candles import Candle
from arbcore_exchange_simulator.market.market import Market, Trade
from arbcore_exchange_simulator.market.numbers import ATOMS, number
from arbcore_exchange_simulator.upbit.clock import KST, iso, iso_kst, moment

Row = dict[str, Any]
"""A JSON object."""

DAY: Final = 86_400_000
"""Milliseconds in a day."""

UNITS: Final = (1, 5, 15, 30)
"""Numbers of levels that the WebSocket offers."""


def levels(market: Market) -> list[str]:
    """Return the price groups that a market offers, ``0`` for none; only won markets have others."""
    if market.listing.quote != "KRW":
        return ["0"]
    (bid, _), _ = market.book.touch
    tick = market.listing.grid.tick(bid)
    return ["0", *(str(size // ATOMS) for size in (tick * 10, tick * 100) if size % ATOMS == 0)]


def orderbook(market: Market, units: int, level: int) -> Row:
    """Return a book: the best levels in pairs of ask and bid, and the sizes of the whole book."""
    book = market.book
    asks, bids = list(book.asks.items()), list(book.bids.items())
    if level:
        asks, bids = grouped(asks, level * ATOMS, up=True), grouped(bids, level * ATOMS, up=False)
    return {
        "timestamp": market.time // 1_000_000,
        "total_ask_size": sum(book.asks.values()) / ATOMS,
        "total_bid_size": sum(book.bids.values()) / ATOMS,
        "orderbook_units": [
            {"ask_price": ask / ATOMS, "bid_price": bid / ATOMS, "ask_size": more / ATOMS, "bid_size": less / ATOMS}
            for (ask, more), (bid, less) in zip(asks[:units], bids[:units], strict=False)
        ],
    }


def grouped(side: list[tuple[int, int]], step: int, *, up: bool) -> list[tuple[int, int]]:
    """Return levels put together at multiples of a step: asks go up to the next one, bids down."""
    found: dict[int, int] = {}
    for price, quantity in side:
        place = -(-price // step) * step if up else price // step * step
        found[place] = found.get(place, 0) + quantity
    return list(found.items())


def day_change(market: Market, price: int) -> Row:
    """Return the change of a price against the previous day's close, which is the first price of the run."""
    before = market.day_open
    away = price - before
    return {
        "prev_closing_price": number(before),
        "change": "RISE" if away > 0 else "FALL" if away < 0 else "EVEN",
        "change_price": number(abs(away)),
    }


def trade(market: Market, one: Trade) -> Row:
    """Return what REST and WebSocket tell alike about a trade."""
    return {
        "trade_price": number(one.price),
        "trade_volume": one.quantity / ATOMS,
        "ask_bid": "BID" if one.buyer else "ASK",
        "timestamp": one.time // 1_000_000,
        "sequential_id": one.number,
        **day_change(market, one.price),
    }


def rest_trade(market: Market, one: Trade) -> Row:
    """Return a trade as ``/trades/ticks`` shows it."""
    row = trade(market, one)
    at = moment(one.time // 1_000_000)
    signed = one.price - market.day_open
    del row["change"]
    return {
        "market": market.listing.symbol,
        "trade_date_utc": f"{at:%Y-%m-%d}",
        "trade_time_utc": f"{at:%H:%M:%S}",
        **row,
        "change_price": number(signed),
    }


def stream_trade(market: Market, one: Trade) -> Row:
    """Return a trade as the WebSocket tells it, with the touch after it."""
    ms = one.time // 1_000_000
    (bid, bid_size), (ask, ask_size) = market.book.touch
    return {
        **trade(market, one),
        "trade_date": f"{moment(ms):%Y-%m-%d}",
        "trade_time": f"{moment(ms):%H:%M:%S}",
        "trade_timestamp": ms,
        "best_ask_price": number(ask),
        "best_ask_size": ask_size / ATOMS,
        "best_bid_price": number(bid),
        "best_bid_size": bid_size / ATOMS,
    }


def ticker(market: Market, now: int) -> Row:
    """Return what REST and WebSocket tell alike about a market's day; time in ms."""
    last = market.trades[-1]
    ms = last.time // 1_000_000
    before = market.day_open
    bought, sold, value = market.day
    away = last.price - before
    day = {"highest_52_week_date": f"{moment(ms):%Y-%m-%d}", "lowest_52_week_date": f"{moment(ms):%Y-%m-%d}"}
    return {
        "trade_date": f"{moment(ms):%Y%m%d}",
        "trade_time": f"{moment(ms):%H%M%S}",
        "trade_timestamp": ms,
        "opening_price": number(before),
        "high_price": number(market.day_high),
        "low_price": number(market.day_low),
        "trade_price": number(last.price),
        **day_change(market, last.price),
        "change_rate": abs(away) / before,
        "signed_change_price": number(away),
        "signed_change_rate": away / before,
        "trade_volume": last.quantity / ATOMS,
        "acc_trade_price": value,
        "acc_trade_price_24h": value,
        "acc_trade_volume": bought + sold,
        "acc_trade_volume_24h": bought + sold,
        "highest_52_week_price": number(market.day_high),
        "lowest_52_week_price": number(market.day_low),
        **day,
        "timestamp": now,
    }


def rest_ticker(market: Market, now: int) -> Row:
    """Return a ticker as REST shows it."""
    korean = moment(market.trades[-1].time // 1_000_000).astimezone(KST)
    dates = {"trade_date_kst": f"{korean:%Y%m%d}", "trade_time_kst": f"{korean:%H%M%S}"}
    return {"market": market.listing.symbol, **ticker(market, now), **dates}


def stream_ticker(market: Market, now: int) -> Row:
    """Return a ticker as the WebSocket tells it."""
    bought, sold, _ = market.day
    leaving = market.delisting // 1_000_000
    state = "ACTIVE" if not leaving else "DELISTED" if now >= leaving else "PREDELISTING"
    return {
        **ticker(market, now),
        "ask_bid": "BID" if market.trades[-1].buyer else "ASK",
        "acc_ask_volume": sold,
        "acc_bid_volume": bought,
        "market_state": state,
        "is_trading_suspended": state == "DELISTED",
        "delisting_date": {"year": moment(leaving).year, "month": moment(leaving).month, "day": moment(leaving).day}
        if leaving
        else None,
        "market_warning": "CAUTION" if market.warned else "NONE",
    }


def candle(one: Candle) -> Row:
    """Return what REST and WebSocket tell alike about a candle."""
    return {
        "candle_date_time_utc": iso(one.start),
        "candle_date_time_kst": iso_kst(one.start),
        "opening_price": number(one.open),
        "high_price": number(one.high),
        "low_price": number(one.low),
        "trade_price": number(one.close),
        "timestamp": one.last,
        "candle_acc_trade_price": one.value,
        "candle_acc_trade_volume": one.volume,
    }
