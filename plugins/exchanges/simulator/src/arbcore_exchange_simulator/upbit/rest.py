"""Upbit's quotation REST (Upbit developer centre, 2026-11): requests in, replies out."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from arbcore_exchange_simulator.market.coins import COINS
from arbcore_exchange_simulator.market.market import Market
from arbcore_exchange_simulator.market.numbers import ATOMS, decimals_of, text
from arbcore_exchange_simulator.market.world import World
from arbcore_exchange_simulator.upbit import rows
from arbcore_exchange_simulator.upbit.limits import UpbitLimits
from arbcore_exchange_simulator.wire import Answer, Query, Refused, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MINUTES: Final = (1, 3, 5, 10, 15, 30, 60, 240)
"""Lengths of minute candles."""

_CAUTIONS: Final = (
    "PRICE_FLUCTUATIONS",
    "TRADING_VOLUME_SOARING",
    "DEPOSIT_AMOUNT_SOARING",
    "GLOBAL_PRICE_DIFFERENCES",
    "CONCENTRATION_OF_SMALL_ACCOUNTS",
)
_LONG: Final = {"days": 1, "weeks": 7, "months": 30, "years": 365}


def refused(status: int, message: str) -> Refused:
    """Return an error of the quotation API: its name is the status, as a number."""
    return Refused(status, {"error": {"name": status, "message": message}})


class UpbitRest:
    """Answers requests under ``/v1``."""

    def __init__(self, world: World, limits: UpbitLimits) -> None:
        self._world = world
        self._limits = limits
        self._markets: Mapping[str, Market] = world.markets["upbit"]
        self._routes: dict[str, tuple[str, Callable[[Query], Any]]] = {
            "market/all": ("market", self._all),
            "ticker": ("ticker", self._tickers),
            "ticker/all": ("ticker", self._all_tickers),
            "orderbook": ("orderbook", self._books),
            "orderbook/instruments": ("orderbook", self._instruments),
            "orderbook/supported_levels": ("orderbook", self._levels),
            "trades/ticks": ("trade", self._trades),
        }

    def answer(self, method: str, path: str, query: Query, *, origin: bool = False) -> Answer:
        """Answer a request; the path is what follows ``/v1/``."""
        candles = re.fullmatch(r"candles/(seconds|minutes/\d+|days|weeks|months|years)", path)
        group, reply = self._routes.get(path, ("", None))
        try:
            if candles:
                headers = self._limits.spend("candle", self._world.now, origin=origin)
                return Answer(200, encode(self._candles(candles[1], query)), headers)
            if reply is None:
                raise self._unserved(path)
            if method != "GET":
                raise refused(405, "Method Not Allowed")
            headers = self._limits.spend(group, self._world.now, origin=origin)
            return Answer(200, encode(reply(query)), headers)
        except Refused as refusal:
            return refusal.answer

    @staticmethod
    def _unserved(path: str) -> Refused:
        private = ("accounts", "order", "orders", "withdraw", "deposit", "status", "api_keys", "pockets", "travel_rule")
        if path.split("/", maxsplit=1)[0] in private or path.startswith(("withdraws", "deposits")):
            return Refused(401, {"error": {"name": "no_authorization_token", "message": "Missing request token"}})
        return refused(404, "Not Found")

    def _wanted(self, query: Query, name: str = "markets") -> list[Market]:
        asked = query.get(name, "")
        if not asked:
            raise refused(400, f"{name} is missing, {name} does not have a valid value")
        found = [self._markets.get(code.strip().upper()) for code in asked.split(",")]
        if None in found:
            raise refused(404, "Code not found")
        return [one for one in found if one is not None]

    def _count(self, query: Query, default: int, most: int) -> int:
        given = query.get("count", str(default))
        if not given.isdecimal() or int(given) < 1:
            raise refused(400, "count does not have a valid value")
        return min(int(given), most)

    def _all(self, query: Query) -> list[rows.Row]:
        details = query.get("is_details", query.get("isDetails", "false")).lower() == "true"
        return [self._entry(one, details) for one in self._markets.values() if not self._is_gone(one)]

    def _is_gone(self, market: Market) -> bool:
        return 0 < market.delisting <= self._world.now

    @staticmethod
    def _entry(market: Market, details: bool) -> rows.Row:
        base = market.listing.base
        name = base.capitalize() if base in COINS else base
        row: rows.Row = {"market": market.listing.symbol, "korean_name": name, "english_name": name}
        if details:
            caution = dict.fromkeys(_CAUTIONS, False)
            row["market_event"] = {"warning": market.warned or market.delisting > 0, "caution": caution}
        return row

    def _tickers(self, query: Query) -> list[rows.Row]:
        return [rows.rest_ticker(one, self._world.time_ms) for one in self._wanted(query)]

    def _all_tickers(self, query: Query) -> list[rows.Row]:
        quotes = query.get("quote_currencies", "KRW,BTC,USDT").upper().split(",")
        now = self._world.time_ms
        return [rows.rest_ticker(one, now) for one in self._markets.values() if one.listing.quote in quotes]

    def _books(self, query: Query) -> list[rows.Row]:
        units = self._count(query, 30, 30)
        level = query.get("level", "0").removesuffix(".0")
        found = [one for one in self._wanted(query) if level in rows.levels(one)]
        return [
            {"market": one.listing.symbol, **rows.orderbook(one, units, int(level)), "level": int(level)}
            for one in found
        ]

    def _instruments(self, query: Query) -> list[rows.Row]:
        return [
            {
                "market": one.listing.symbol,
                "quote_currency": one.listing.quote,
                "tick_size": _plain(one.listing.grid.tick(one.trades[-1].price)),
                "supported_levels": rows.levels(one),
            }
            for one in self._wanted(query)
        ]

    def _levels(self, query: Query) -> list[rows.Row]:
        return [
            {"market": one.listing.symbol, "supported_levels": [float(level) for level in rows.levels(one)]}
            for one in self._wanted(query)
        ]

    def _trades(self, query: Query) -> list[rows.Row]:
        (market, *_) = self._wanted(query, "market")
        count = self._count(query, 1, 500)
        return [rows.rest_trade(market, one) for one in list(market.trades)[: -count - 1 : -1]]

    def _candles(self, kind: str, query: Query) -> list[rows.Row]:
        name, _, unit = kind.partition("/")
        if name == "minutes" and int(unit) not in MINUTES:
            raise refused(400, "unit does not have a valid value")
        seconds = 1 if name == "seconds" else 60 * int(unit) if name == "minutes" else 86_400 * _LONG[name]
        (market, *_) = self._wanted(query, "market")
        found = market.candles.of(seconds * 1000, self._count(query, 1, 200), _before(query.get("to", "")))
        extra = {"unit": int(unit)} if unit else {}
        if name in _LONG:
            extra = rows.day_change(market, market.trades[-1].price)
        return [{"market": market.listing.symbol, **rows.candle(one), **extra} for one in reversed(found)]


def _plain(step: int) -> str:
    return text(step, 0 if step % ATOMS == 0 else decimals_of(step))


def _before(told: str) -> int | None:
    if not told:
        return None
    try:
        moment = datetime.fromisoformat(told.replace(" ", "T"))
    except ValueError:
        raise refused(400, "to does not have a valid value") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
