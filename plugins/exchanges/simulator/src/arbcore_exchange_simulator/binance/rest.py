"""Binance's public REST, futures and spot (Binance API documentation, 2026-11): requests in, replies out."""

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final

from arbcore_exchange_simulator.binance import info, rows
from arbcore_exchange_simulator.binance.limits import BinanceLimits
from arbcore_exchange_simulator.binance.refusals import refused
from arbcore_exchange_simulator.market.market import Market
from arbcore_exchange_simulator.market.world import World
from arbcore_exchange_simulator.wire import Answer, Query, Refused, encode

INTERVALS: Final = {
    "1s": 1000, "1m": 60_000, "3m": 180_000, "5m": 300_000, "15m": 900_000, "30m": 1_800_000, "1h": 3_600_000,
    "2h": 7_200_000, "4h": 14_400_000, "6h": 21_600_000, "8h": 28_800_000, "12h": 43_200_000, "1d": 86_400_000,
}  # fmt: skip
"""Lengths of candles in ms."""

_USDM_DEPTHS: Final = {5: 2, 10: 2, 20: 2, 50: 2, 100: 5, 500: 10, 1000: 20}


class BinanceRest:
    """Answers requests of one product: ``usdm`` or ``spot``.

    Attributes:
        limits: Weight by address, which private requests share.

    Args:
        venue: The product.
        world: The markets.
        limits: Weight by address.
        skew: Returns how many ns the venue's clock is ahead.
    """

    def __init__(self, venue: str, world: World, limits: BinanceLimits, skew: Callable[[], int] = lambda: 0) -> None:
        self._venue = venue
        self._usdm = venue == "usdm"
        self._world = world
        self.limits: Final = limits
        self._markets: Mapping[str, Market] = world.markets[venue]
        prefix = "fapi/v1/" if self._usdm else "api/v3/"
        both: dict[str, Callable[[Query], Any]] = {
            "ping": lambda _query: {},
            "time": lambda _query: {"serverTime": (world.now + skew()) // 1_000_000},
            "exchangeInfo": self._info,
            "depth": self._depth,
            "ticker/bookTicker": self._touches,
            "ticker/price": self._prices,
            "ticker/24hr": self._days,
            "klines": self._klines,
            "aggTrades": self._agg_trades,
            "trades": self._trades,
        }
        self._routes = {prefix + path: reply for path, reply in both.items()}
        if self._usdm:
            self._routes |= {
                "fapi/v2/ticker/price": self._prices,
                prefix + "premiumIndex": self._premium,
                prefix + "fundingRate": self._funding,
                prefix + "fundingInfo": self._intervals,
                prefix + "openInterest": self._interest,
            }

    def answer(self, method: str, path: str, query: Query) -> Answer:
        """Answer a request; the path starts with ``fapi/`` or ``api/``."""
        now = self._world.now
        reply = self._routes.get(path)
        try:
            if reply is None:
                raise self._unserved(path)
            if method != "GET":
                raise refused(-1000, f"Request method '{method}' not supported", 405)
            name = path.split("/", 2)[2]
            self.limits.spend(self._weight(name, query), now, funding=name in {"fundingRate", "fundingInfo"})
            answer = Answer(200, encode(reply(query)))
        except Refused as refusal:
            answer = refusal.answer
        return Answer(answer.status, answer.body, {**answer.headers, **self.limits.headers(now)})

    @staticmethod
    def _unserved(path: str) -> Refused:
        return Refused(404, {"code": -5000, "msg": f"Path /{path}, Method GET is invalid"})

    def _weight(self, name: str, query: Query) -> int:
        single = "symbol" in query
        if name == "depth":
            limit = int(query["limit"]) if query.get("limit", "").isdecimal() else 500 if self._usdm else 100
            if self._usdm:
                return _USDM_DEPTHS.get(limit, 20)
            return next(weight for most, weight in ((100, 5), (500, 25), (1000, 50), (10**9, 250)) if limit <= most)
        if not self._usdm:
            fixed = {"ping": 1, "time": 1, "exchangeInfo": 20, "klines": 2, "aggTrades": 4, "trades": 25}
            many = {"ticker/bookTicker": (2, 4), "ticker/price": (2, 4), "ticker/24hr": (2, 80)}
        else:
            fixed = {"aggTrades": 20, "trades": 5, "klines": 2}
            many = {
                "ticker/bookTicker": (2, 5),
                "ticker/price": (1, 2),
                "ticker/24hr": (1, 40),
                "premiumIndex": (1, 10),
            }
        return many[name][0 if single else 1] if name in many else fixed.get(name, 1)

    def _one(self, query: Query) -> Market:
        if not query.get("symbol"):
            raise refused(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
        market = self._markets.get(query["symbol"])
        if market is None:
            raise refused(-1121, "Invalid symbol.")
        return market

    def _each(self, query: Query, row: Callable[[Market], rows.Row]) -> Any:
        """Return one symbol's row, or a list of all."""
        if "symbol" in query:
            return row(self._one(query))
        markets = self._markets.values()
        if "symbols" in query and not self._usdm:
            asked = query["symbols"].strip("[]").replace('"', "").split(",")
            markets = [self._one({"symbol": symbol}) for symbol in asked]  # type: ignore[assignment]
        return [row(market) for market in markets]

    @staticmethod
    def _limit(query: Query, default: int, most: int) -> int:
        given = query.get("limit", str(default))
        if not given.isdecimal() or int(given) < 1:
            raise refused(-1130, "Data sent for parameter 'limit' is not valid.")
        return min(int(given), most)

    def _info(self, query: Query) -> rows.Row:
        symbol = info.usdm_symbol if self._usdm else info.spot_symbol
        listed = self._each(query, lambda market: symbol(market, self._world.now))
        head = {"timezone": "UTC", "serverTime": self._world.time_ms, "exchangeFilters": []}
        limits = info.rate_limits(self._venue, self.limits.limit)
        found: rows.Row = {**head, "rateLimits": limits, "symbols": listed if isinstance(listed, list) else [listed]}
        if self._usdm:
            found |= {"futuresType": "U_MARGINED", "assets": [{"asset": "USDT", "marginAvailable": True}]}
        return found

    def _depth(self, query: Query) -> rows.Row:
        market = self._one(query)
        limit = self._limit(query, 500 if self._usdm else 100, 5000)
        if self._usdm and limit not in _USDM_DEPTHS:
            raise refused(-4021, f"{limit} is not valid depth limit.")
        bids, asks = rows.best(market, limit)
        ms = market.time // 1_000_000
        stamps = {"E": self._world.time_ms, "T": ms} if self._usdm else {}
        return {"lastUpdateId": market.book.update_id, **stamps, "bids": bids, "asks": asks}

    def _touches(self, query: Query) -> Any:
        def row(market: Market) -> rows.Row:
            names = ("bidPrice", "bidQty", "askPrice", "askQty")
            found: rows.Row = {"symbol": market.listing.symbol, **dict(zip(names, rows.touch(market), strict=True))}
            return {**found, "time": market.time // 1_000_000} if self._usdm else found

        return self._each(query, row)

    def _prices(self, query: Query) -> Any:
        def row(market: Market) -> rows.Row:
            last = market.trades[-1]
            found: rows.Row = {"symbol": market.listing.symbol, "price": rows.price(market, last.price)}
            return {**found, "time": last.time // 1_000_000} if self._usdm else found

        return self._each(query, row)

    def _days(self, query: Query) -> Any:
        def row(market: Market) -> rows.Row:
            first, last = market.trades[0].number, market.trades[-1].number
            found: rows.Row = {"symbol": market.listing.symbol, **rows.day(market)}
            if not self._usdm:
                names = ("bidPrice", "bidQty", "askPrice", "askQty")
                found |= dict(zip(names, rows.touch(market), strict=True))
                found["prevClosePrice"] = found["openPrice"]
            now = self._world.time_ms
            times = {"openTime": now - 86_400_000, "closeTime": now}
            return {**found, **times, "firstId": first, "lastId": last, "count": last - first + 1}

        return self._each(query, row)

    def _klines(self, query: Query) -> list[list[Any]]:
        market = self._one(query)
        length = INTERVALS.get(query.get("interval", ""))
        if length is None or (length == 1000 and self._usdm):
            raise refused(-1120, "Invalid interval.")
        end = int(query["endTime"]) + 1 if query.get("endTime", "").isdecimal() else None
        found = market.candles.of(length, self._limit(query, 500, 1500 if self._usdm else 1000), end)
        start = int(query["startTime"]) if query.get("startTime", "").isdecimal() else 0
        return [rows.kline(market, one, length) for one in found if one.start >= start]

    def _agg_trades(self, query: Query) -> list[rows.Row]:
        market = self._one(query)
        return [rows.agg_trade(market, one) for one in list(market.trades)[-self._limit(query, 500, 1000) :]]

    def _trades(self, query: Query) -> list[rows.Row]:
        market = self._one(query)
        return [
            {
                "id": one.number,
                "price": rows.price(market, one.price),
                "qty": rows.quantity(market, one.quantity),
                "quoteQty": f"{one.price * one.quantity / 1e16:.8f}",
                "time": one.time // 1_000_000,
                "isBuyerMaker": not one.buyer,
                **({} if self._usdm else {"isBestMatch": True}),
            }
            for one in list(market.trades)[-self._limit(query, 500, 1000) :]
        ]

    def _premium(self, query: Query) -> Any:
        def row(market: Market) -> rows.Row:
            told = rows.mark(market, self._world.time_ms)
            return {
                "symbol": market.listing.symbol,
                "markPrice": told["p"],
                "indexPrice": told["i"],
                "estimatedSettlePrice": told["P"],
                "lastFundingRate": told["r"],
                "interestRate": "0.00010000",
                "nextFundingTime": told["T"],
                "time": told["E"],
            }

        return self._each(query, row)

    def _funding(self, query: Query) -> list[rows.Row]:
        markets = [self._one(query)] if "symbol" in query else list(self._markets.values())
        start = int(query["startTime"]) if query.get("startTime", "").isdecimal() else 0
        end = int(query["endTime"]) if query.get("endTime", "").isdecimal() else 10**15
        found = [
            {
                "symbol": market.listing.symbol,
                "fundingRate": f"{rate:.8f}",
                "fundingTime": at // 1_000_000,
                "markPrice": rows.near(market, mark),
                "rateType": "Regular",
            }
            for market in markets
            for at, rate, mark in (market.funding.past if market.funding else ())
            if start <= at // 1_000_000 <= end
        ]
        found.sort(key=itemgetter("fundingTime"))
        limit = self._limit(query, 100, 1000)
        return found[:limit] if start else found[-limit:]

    def _intervals(self, _query: Query) -> list[rows.Row]:
        """Only symbols whose interval is not eight hours are listed, as the documents say; parts of hours round up."""
        hour = 3600 * 1_000_000_000
        return [
            {
                "symbol": symbol,
                "adjustedFundingRateCap": "0.02",
                "adjustedFundingRateFloor": "-0.02",
                "fundingIntervalHours": -(-market.listing.funding_ns // hour),
                "disclaimer": False,
            }
            for symbol, market in self._markets.items()
            if market.listing.funding_ns != 8 * hour
        ]

    def _interest(self, query: Query) -> rows.Row:
        market = self._one(query)
        held = sum(market.book.bids.values()) * 100
        return {
            "symbol": market.listing.symbol,
            "openInterest": rows.quantity(market, held),
            "time": self._world.time_ms,
        }
