"""Binance's records: levels, tickers, marks and candles, with numbers as text (Binance API documentation, 2026-11)."""

from collections.abc import Iterable
from typing import Any

from arbcore_exchange_simulator.market.candles import Candle
from arbcore_exchange_simulator.market.market import Market, Trade
from arbcore_exchange_simulator.market.numbers import text

Row = dict[str, Any]
"""A JSON object."""


def price(market: Market, atoms: int) -> str:
    """Return a price as text with the decimals of the tick."""
    return text(atoms, market.price_decimals)


def quantity(market: Market, atoms: int) -> str:
    """Return a quantity as text with the decimals of the lot."""
    return text(atoms, market.quantity_decimals)


def near(market: Market, value: float) -> str:
    """Return a mark or index price: two decimals finer than the tick."""
    return f"{value:.{min(market.price_decimals + 2, 8)}f}"


def levels(market: Market, side: dict[int, int], prices: Iterable[int]) -> list[tuple[str, str]]:
    """Return levels as pairs of text; a price without a level has quantity zero."""
    whole, part = market.price_decimals, market.quantity_decimals
    return [(text(one, whole), text(side.get(one, 0), part)) for one in prices]


def best(market: Market, count: int) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the best bids and asks, at most so many."""
    book = market.book
    return levels(market, book.bids, list(book.bids)[:count]), levels(market, book.asks, list(book.asks)[:count])


def touch(market: Market) -> tuple[str, str, str, str]:
    """Return bid, its quantity, ask, its quantity."""
    (bid, bought), (ask, sold) = market.book.touch
    return price(market, bid), quantity(market, bought), price(market, ask), quantity(market, sold)


def marked(row: Row, market: Market) -> Row:
    """Return a futures event with pair and ``st``: 1 is a USDT-margined symbol."""
    return {**row, "ps": market.listing.symbol, "st": 1} if market.listing.venue == "usdm" else row


def kline(market: Market, one: Candle, length: int) -> list[Any]:
    """Return a candle as REST lists it."""
    bought = sum(market.day[:1]) / (sum(market.day[:2]) or 1)
    prices = [price(market, atoms) for atoms in (one.open, one.high, one.low, one.close)]
    whole, value = f"{one.volume:.8f}", f"{one.value:.8f}"
    shares = [f"{one.volume * bought:.8f}", f"{one.value * bought:.8f}"]
    return [one.start, *prices, whole, one.start + length - 1, value, one.count, *shares, "0"]


def stream_kline(market: Market, one: Candle, length: int, interval: str, now: int) -> Row:
    """Return a candle as the stream tells it; time in ms."""
    listed = kline(market, one, length)
    first = market.trades[-1].number - one.count + 1
    names = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")
    inner = {**dict(zip(names, listed, strict=True)), "s": market.listing.symbol, "i": interval}
    inner |= {"f": first, "L": market.trades[-1].number, "x": now >= one.start + length}
    return marked({"e": "kline", "E": now, "s": market.listing.symbol, "k": inner}, market)


def agg_trade(market: Market, one: Trade) -> Row:
    """Return a trade as REST lists it among aggregated ones."""
    row = {
        "a": one.number,
        "p": price(market, one.price),
        "q": quantity(market, one.quantity),
        "f": one.number,
        "l": one.number,
        "T": one.time // 1_000_000,
        "m": not one.buyer,
    }
    return row if market.listing.venue == "usdm" else {**row, "M": True}


def stream_agg_trade(market: Market, one: Trade, now: int) -> Row:
    """Return a trade as the stream tells it; time in ms."""
    row = {"e": "aggTrade", "E": now, "s": market.listing.symbol, **agg_trade(market, one)}
    if market.listing.venue == "usdm":
        row["nq"] = row["q"]
    return marked(row, market)


def mark(market: Market, now: int) -> Row:
    """Return ``markPriceUpdate``; time in ms."""
    funding = market.funding
    if funding is None:
        raise TypeError(f"{market.listing.symbol} on {market.listing.venue} is no perpetual")
    row = {
        "e": "markPriceUpdate",
        "E": now,
        "s": market.listing.symbol,
        "p": near(market, funding.mark),
        "ap": near(market, funding.average),
        "i": near(market, funding.index),
        "P": near(market, funding.mark),
        "r": f"{funding.rate:.8f}",
        "T": funding.next // 1_000_000,
    }
    return {**row, "st": 1}


def day(market: Market) -> dict[str, str]:
    """Return change, prices and volumes since the start, as text by REST's names."""
    last, before = market.trades[-1], market.day_open
    volume = market.day[0] + market.day[1]
    return {
        "priceChange": price(market, last.price - before)
        if last.price >= before
        else f"-{price(market, before - last.price)}",
        "priceChangePercent": f"{(last.price / before - 1) * 100:.3f}",
        "weightedAvgPrice": near(market, market.day[2] / volume if volume else last.price / 1e8),
        "lastPrice": price(market, last.price),
        "lastQty": quantity(market, last.quantity),
        "openPrice": price(market, before),
        "highPrice": price(market, market.day_high),
        "lowPrice": price(market, market.day_low),
        "volume": f"{volume:.{market.quantity_decimals}f}",
        "quoteVolume": f"{market.day[2]:.8f}",
    }


_MINI = {"c": "lastPrice", "o": "openPrice", "h": "highPrice", "l": "lowPrice", "v": "volume", "q": "quoteVolume"}
_FULL = {"p": "priceChange", "P": "priceChangePercent", "w": "weightedAvgPrice", "Q": "lastQty", **_MINI}


def stream_ticker(market: Market, now: int, *, mini: bool) -> Row:
    """Return ``24hrTicker`` or ``24hrMiniTicker``; time in ms."""
    known = day(market)
    row: Row = {"e": "24hrMiniTicker" if mini else "24hrTicker", "E": now, "s": market.listing.symbol}
    row |= {key: known[name] for key, name in (_MINI if mini else _FULL).items()}
    if mini:
        return marked(row, market)
    first, last = market.trades[0].number, market.trades[-1].number
    row |= {"O": now - 86_400_000, "C": now, "F": first, "L": last, "n": last - first + 1}
    if market.listing.venue == "spot":
        bid, bought, ask, sold = touch(market)
        row |= {"x": price(market, market.day_open), "b": bid, "B": bought, "a": ask, "A": sold}
    return marked(row, market)
