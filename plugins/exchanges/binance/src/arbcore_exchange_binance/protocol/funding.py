"""Mark prices and funding of USD-M perpetuals: estimates as they change, and every settlement exactly once. Pure.

A stream of mark prices tells the coming settlement's rate ``r`` and time ``T``. When ``T`` moves on after its time has
come, that settlement took place, and a request tells its final rate. Intervals come from ``fundingInfo``; they are per
symbol and change without notice. This outlives single connections, so that nothing is delivered twice over them.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from arbcore.model.market import FundingRate, MarkPrice
from arbcore.net.protocol import Fetch, Heard
from arbcore_exchange_binance.protocol.frames import Mark
from arbcore_exchange_binance.protocol.product import HOUR_NS, MINUTE_NS, USDM
from arbcore_exchange_binance.protocol.replies import Settlement
from arbcore_exchange_binance.protocol.requests import funding_info, funding_rate
from arbcore_exchange_binance.protocol.values import MS

SETTLED: Final = "settled:"
"""Tag of requests for settlements, followed by the symbol."""
INTERVALS: Final = "intervals"
"""Tag of requests for intervals."""

USUAL_INTERVAL_NS: Final = 8 * HOUR_NS
"""Interval of the symbols that ``fundingInfo`` does not list."""
TOLERANCE_NS: Final = MINUTE_NS
"""How far a settlement's stated time may lie from its planned one. Settlements are at least an hour apart."""

_FIRST_RETRY_NS: Final = 2 * 10**9
_LONGEST_RETRY_NS: Final = MINUTE_NS
_MOST_ATTEMPTS: Final = 20


class _Symbol:
    """What is known of one symbol's funding. Times in nanoseconds, 0 for none."""

    __slots__ = ("attempts", "due_at", "interval", "key", "newest", "next_ts", "rate", "settled", "since", "untold")

    def __init__(self, key: str) -> None:
        self.key: Final = key
        self.rate = 0.0
        self.next_ts = 0
        self.interval = 0
        self.newest = 0
        self.settled = 0
        """Time of the last settlement that was delivered, or from which on they are."""
        self.since = 0
        """Planned time of the settlement that is asked for."""
        self.due_at = 0
        self.untold = 0
        """Settlements at most that took place and were not delivered."""
        self.attempts = 0

    def estimate(self, now: int) -> FundingRate:
        return FundingRate(self.key, self.next_ts, now, self.rate, False, self.next_ts, self.interval)


class Funding:
    """Funding of the symbols of one group of connections that replace each other.

    Args:
        keys: Keys of the instruments by symbol.
        refresh: Time between readings of the intervals, nanoseconds.
    """

    def __init__(self, keys: Mapping[str, str], refresh: int) -> None:
        self._symbols: Final = {symbol: _Symbol(key) for symbol, key in keys.items()}
        self._refresh: Final = refresh
        self._read_at = 0

    def marked(self, mark: Mark, now: int) -> list[Heard]:
        """Take a mark price; one that is not newer than the one before says nothing."""
        one = self._symbols.get(mark.symbol)
        if one is None or mark.ms * MS <= one.newest:
            return []
        one.newest = mark.ms * MS
        heard: list[Heard] = []
        if mark.mark > 0 and mark.index > 0:
            heard.append(MarkPrice(one.key, one.newest, now, mark.mark, mark.index))
        if mark.next_ms > 0:
            heard += self._estimated(one, mark, now)
        return heard

    def tick(self, now: int) -> list[Heard]:
        """Ask for settlements and intervals that are due."""
        heard: list[Heard] = []
        if now >= self._read_at:
            self._read_at = now + self._refresh
            heard.append(Fetch(INTERVALS, funding_info(USDM)))
        for symbol, one in self._symbols.items():
            if one.due_at and now >= one.due_at:
                heard.append(self._ask(symbol, one, now))
        return heard

    def settlements(self, rows: Sequence[Settlement], now: int) -> list[Heard]:
        """Take settlements of a symbol, the oldest first; deliver those that are new.

        An answer that may lack some between the last one delivered and its first row is left alone: a request for
        more of them is under way or due.
        """
        one = self._symbols.get(rows[0].symbol) if rows else None
        if one is None or not one.settled:
            return []
        new = [
            row for row in rows if row.symbol == rows[0].symbol and row.funding_time * MS > one.settled + TOLERANCE_NS
        ]
        if len(new) == len(rows) < one.untold:
            return []
        heard: list[Heard] = []
        for row in new:
            ts = row.funding_time * MS
            if ts > one.settled + TOLERANCE_NS:
                one.settled = ts
                heard.append(FundingRate(one.key, ts, now, row.funding_rate, True, one.next_ts, one.interval))
        if new and one.settled >= one.since - TOLERANCE_NS:
            one.due_at = one.untold = 0
        return heard

    def intervals(self, stated: Mapping[str, int], now: int) -> list[Heard]:
        """Take the intervals; deliver the estimates whose interval changed."""
        heard: list[Heard] = []
        for symbol, one in self._symbols.items():
            interval = stated.get(symbol, USUAL_INTERVAL_NS)
            if interval != one.interval:
                one.interval = interval
                heard += [one.estimate(now)] if one.next_ts else []
        return heard

    def unanswered(self, now: int) -> None:
        """Note that the intervals were not told: ask again soon."""
        self._read_at = min(self._read_at, now + _LONGEST_RETRY_NS)

    def _estimated(self, one: _Symbol, mark: Mark, now: int) -> list[Heard]:
        next_ts, before = mark.next_ms * MS, one.next_ts
        if (next_ts, mark.rate) == (before, one.rate):
            return []
        heard: list[Heard] = []
        if before and next_ts != before:
            heard = self._moved(mark.symbol, one, before, next_ts, now)
        # What was settled before the first message is history; the settlement that it announces is not.
        one.settled = one.settled or min(one.newest, next_ts) - TOLERANCE_NS - 1
        one.next_ts, one.rate = next_ts, mark.rate
        return [one.estimate(now), *heard]

    def _moved(self, symbol: str, one: _Symbol, before: int, next_ts: int, now: int) -> list[Heard]:
        heard: list[Heard] = []
        if one.interval and next_ts - before != one.interval:
            self._read_at = now + self._refresh
            heard.append(Fetch(INTERVALS, funding_info(USDM)))
        if one.newest >= before and next_ts > before:
            # Over an outage the interval may have changed; an hour is the shortest one.
            one.untold += 1 if next_ts - before == one.interval else (next_ts - before) // HOUR_NS
            one.since, one.attempts = before, 0
            heard.append(self._ask(symbol, one, now))
        return heard

    def _ask(self, symbol: str, one: _Symbol, now: int) -> Fetch:
        """Return the request for a symbol's settlements, and plan the next one until they are told."""
        one.attempts += 1
        wait = min(_FIRST_RETRY_NS << min(one.attempts, 10), _LONGEST_RETRY_NS)
        one.due_at = now + wait if one.attempts < _MOST_ATTEMPTS else 0
        return Fetch(f"{SETTLED}{symbol}", funding_rate(USDM, symbol, max(one.untold + 1, 2)))
