"""Formats in which recordings of Binance are published, for `arb data import binance:NAME`.

The label of the perpetual market is ``binance``, that of spot ``binance_spot``: they use the same symbols.
"""

from typing import Final

from msgspec.structs import replace

from arbcore.ports.control import ImportProfile

_MINUTE_NS: Final = 60 * 10**9
_HOUR_NS: Final = 60 * _MINUTE_NS
_PRICES: Final = {"open": "open", "high": "high", "low": "low", "close": "close"}
_KST: Final = "+09:00"

_USDM: Final = ImportProfile(
    name="",
    kind="",
    columns={},
    venue="binance",
    symbol="BTCUSDT",
    exchange="binance",
    exchange_settings={"product": "usdm"},
    base="BTC",
)
_SPOT: Final = replace(_USDM, venue="binance_spot", exchange_settings={"product": "spot"})
_COINM: Final = replace(_USDM, venue="binance_coinm", symbol="BTCUSD_PERP", exchange="", exchange_settings={})

_COINM_NOTE: Final = "the coin-margined contract has no instrument here: its rows are for reading, not for trading"
_NO_VOLUME: Final = "the source has no volume of the perpetual: it is 0, so nothing fills"
_UNKNOWN_SIZES: Final = "last prices with a half-spread of 1 bp around them; sizes are unknown and 0: nothing fills"
_ASYNCHRONOUS: Final = "last prices polled every half hour or so; the venues and the rate were read seconds apart"
_DAILY_FUNDING: Final = (
    "daily funding means are paid as three equal payments at 00:00, 08:00 and 16:00 UTC; a mean is known only when its "
    "day is over, so it is paid and must not decide"
)
_FEED_BOOK: Final = "no book is rebuilt from the depth messages: quotes are the bookTicker stream"


def profiles() -> tuple[ImportProfile, ...]:
    """Return the profiles: candles, books, the raw feed, funding, and snapshots of last prices."""
    return (*_candles(), _books(), *_feed(), *_funding(), *_coin_margined(), *_snapshots())


def _candles() -> tuple[ImportProfile, ...]:
    bars = {"ts": "timestamp", **_PRICES, "volume": "volume"}
    klines = {"ts": "Open time", **{name: name.capitalize() for name in (*_PRICES, "volume")}}
    usdm = replace(
        _USDM,
        name="usdm-bars-5m",
        description="USD-M candles of 5 minutes, milliseconds",
        kind="bars",
        columns=bars,
        files="binance_usdm_5m/BTCUSDT_5m.csv*",
        time_unit="ms",
        interval_ns=5 * _MINUTE_NS,
    )
    spot = replace(
        _SPOT,
        name="spot-bars-5m",
        description="Spot candles of 5 minutes, naive times in UTC",
        kind="bars",
        columns=bars,
        files="binance_BTC_USDT_*.csv*",
        clock="UTC",
        interval_ns=5 * _MINUTE_NS,
    )
    twelve = replace(
        spot,
        name="spot-klines-5m",
        description="Spot klines of 5 minutes with all twelve columns, naive times in UTC",
        columns=klines,
        files="binance_spot_5m/BTCUSDT_5m.csv*",
    )
    hours = replace(
        spot,
        name="spot-bars-1h",
        description="Spot candles of an hour, times with their zone",
        columns={"ts": "open_time_utc", **_PRICES, "volume": "volume_btc"},
        files="binance_btcusdt_1h*.csv*",
        clock="",
        interval_ns=_HOUR_NS,
    )
    return usdm, spot, twelve, hours


def _books() -> ImportProfile:
    return replace(
        _SPOT,
        name="spot-books",
        description="Spot books as JSON lines with lists of price and size, naive times in KST",
        format="jsonl",
        kind="book",
        columns={"ts": "timestamp", "bids": "bids", "asks": "asks"},
        files="binance_BTC_USDT_*.jsonl*",
        clock=_KST,
    )


def _feed() -> list[ImportProfile]:
    """Return the raw feed: each line the receiver's nanoseconds and a message of the combined stream."""
    touch = {"bid": "data.b", "ask": "data.a", "bid_size": "data.B", "ask_size": "data.A"}
    trade = {"price": "data.p", "size": "data.q", "buyer_took": "!data.m"}
    profiles = []
    for product, market in (("usdm", _USDM), ("spot", _SPOT)):
        feed = replace(market, format="stamped-jsonl", files=f"{product}/btcusdt_*.gz", time_unit="ms")
        # The spot bookTicker carries no event time, so its rows have the receiver's.
        stamps = {"recv_ts": "@"} if product == "spot" else {"recv_ts": "@", "ts": "data.T"}
        quotes = replace(
            feed,
            name=f"{product}-feed-quotes",
            description=f"{_TITLES[product]} raw feed: best bid and ask",
            kind="quotes",
            columns={**stamps, **touch},
            where={"stream": "*@bookTicker"},
            notes=(_FEED_BOOK,),
        )
        trades = replace(
            feed,
            name=f"{product}-feed-trades",
            description=f"{_TITLES[product]} raw feed: trades",
            kind="trades",
            columns={"recv_ts": "@", "ts": "data.T", **trade},
            where={"stream": "*@trade"},
        )
        profiles += [quotes, trades]
    return profiles


_TITLES: Final = {"usdm": "USD-M", "spot": "Spot"}


def _funding() -> tuple[ImportProfile, ...]:
    single = replace(
        _USDM,
        name="funding-8h",
        description="Settled funding rates of USD-M, naive times in UTC+3",
        kind="funding",
        columns={"ts": "Date", "rate": "Funding Rate"},
        files="BTC-USDT_binance_*_funding_history.csv*",
        clock="+03:00",
    )
    daily = replace(
        _USDM,
        name="funding-daily-mean",
        description="Daily means of funding as three equal payments at 00:00, 08:00 and 16:00 UTC",
        kind="funding",
        columns={"ts": "date", "rate": "funding_mean"},
        files="daily_mean/funding_rates.csv*",
        clock="UTC",
        repeat=3,
        repeat_every_ns=8 * _HOUR_NS,
        notes=(_DAILY_FUNDING,),
    )
    return single, daily


def _coin_margined() -> tuple[ImportProfile, ...]:
    spot = replace(
        _SPOT,
        name="coinm-file-spot-bars-8h",
        description="Spot candles of 8 hours beside the coin-margined perpetual's, naive times in UTC",
        kind="bars",
        columns={"ts": "Timestamp", **{name: f"{name.capitalize()}_spot" for name in _PRICES}, "volume": "Volume"},
        files="Binance_BTC_8h*.csv*",
        clock="UTC",
        interval_ns=8 * _HOUR_NS,
    )
    perpetual = replace(
        _COINM,
        name="coinm-bars-8h",
        description="Candles of 8 hours of the coin-margined perpetual, naive times in UTC",
        kind="bars",
        columns={"ts": "Timestamp", **{name: f"{name.capitalize()}_futures" for name in _PRICES}, "volume": "=0"},
        files=spot.files,
        clock="UTC",
        interval_ns=8 * _HOUR_NS,
        notes=(_NO_VOLUME, _COINM_NOTE),
    )
    funding = replace(
        perpetual,
        name="coinm-funding-8h",
        description="Settled funding rates of the coin-margined perpetual, naive times in UTC",
        kind="funding",
        columns={"ts": "Timestamp", "rate": "Funding Rate"},
        interval_ns=0,
        notes=(_COINM_NOTE,),
    )
    return spot, perpetual, funding


def _snapshots() -> list[ImportProfile]:
    return [
        replace(
            _SPOT,
            name=f"snapshots-{base.lower()}",
            description=f"Last prices of {base}USDT spot",
            kind="quotes",
            columns={
                "ts": "timestamp_utc",
                "price": f"binance_{base.lower()}usdt",
                "bid_size": "=0",
                "ask_size": "=0",
            },
            files="snapshots_*.csv*",
            half_spread_bps=1.0,
            symbol=f"{base}USDT",
            base=base,
            notes=(_UNKNOWN_SIZES, _ASYNCHRONOUS),
        )
        for base in ("BTC", "ETH", "XRP")
    ]
