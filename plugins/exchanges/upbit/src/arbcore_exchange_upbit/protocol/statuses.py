"""What Upbit says about markets beside their prices, put together from its listing and its tickers."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from arbcore.model.input import InstrumentStatus
from arbcore_exchange_upbit.protocol.decoding import MS
from arbcore_exchange_upbit.protocol.frames import TickerFrame
from arbcore_exchange_upbit.protocol.replies import Market

TRADED: Final = frozenset({"ACTIVE", "PREDELISTING"})
"""Market states in which orders are taken. In any other one, and in one not known here, nothing is opened."""

_SEOUL: Final = timezone(timedelta(hours=9))
_DATE: Final = re.compile(r"^(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
_YEARS: Final = range(2017, 2100)
_PARTS: Final = ("year", "month", "day")


class _Said(Struct, frozen=True):
    """What is known of one market.

    Attributes:
        listed: Whether the listing names it.
        cautions: Warnings of the listing.
        state: Market state of the ticker; empty where it says none.
        delisting_ts: When its trading ends; 0 where nothing is announced.
        unread: Whether an end is announced in a form that can't be read.
    """

    listed: bool = True
    cautions: tuple[str, ...] = ()
    state: str = ""
    delisting_ts: int = 0
    unread: bool = False

    def status(self, key: str, ts: int, now: int) -> InstrumentStatus:
        more = ["predelisting"] if self.state == "PREDELISTING" else []
        more += ["delisting_date_unread"] if self.unread else []
        return InstrumentStatus(
            instrument=key,
            trading=self.listed and (not self.state or self.state in TRADED),
            warnings=tuple(sorted({*self.cautions, *more})),
            delisting_ts=self.delisting_ts,
            ts=ts,
            recv_ts=now,
        )


class StatusBoard:
    """Statuses of some markets on one connection; each change is told once.

    Args:
        keys: Key of the instrument by market id.
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        self._keys: Final = keys
        self._said: Final[dict[str, _Said]] = {}
        self._told: Final[dict[str, InstrumentStatus]] = {}

    def on_listing(self, markets: Iterable[Market], now: int) -> Iterator[InstrumentStatus]:
        """Take the listing; a market that it does not name is no longer traded."""
        listed = {market.market: market.warnings for market in markets}
        for code in self._keys:
            said = self._said.get(code, _Said())
            cautions = listed.get(code, said.cautions)
            yield from self._note(code, replace(said, listed=code in listed, cautions=cautions), now, now)

    def on_ticker(self, frame: TickerFrame, now: int) -> Iterator[InstrumentStatus]:
        """Take a ticker."""
        said = self._said.get(frame.code, _Said())
        ends = delisting_time(frame.delisting_date)
        said = replace(said, state=frame.market_state, delisting_ts=ends or 0, unread=ends is None)
        yield from self._note(frame.code, said, frame.timestamp * MS, now)

    def _note(self, code: str, said: _Said, ts: int, now: int) -> Iterator[InstrumentStatus]:
        if self._said.get(code) == said:
            return
        self._said[code] = said
        status, before = said.status(self._keys[code], ts, now), self._told.get(code)
        if before is None or replace(before, ts=status.ts, recv_ts=status.recv_ts) != status:
            self._told[code] = status
            yield status


def delisting_time(value: Any) -> int | None:
    """Return the start of a date in Seoul, UTC nanoseconds; 0 for no date, None for one that can't be read.

    How the venue writes the date is unconfirmed: ``2026-12-01``, ``20261201`` and an object of year, month and day
    are read. The start of the day is the earliest time that can be meant. Years before the venue began, or beyond the
    century, are not believed.
    """
    if value is None or value == "":
        return 0
    try:
        if isinstance(value, Mapping):
            year, month, day = (value[part] for part in _PARTS)
        else:
            match = _DATE.match(str(value))
            year, month, day = (int(part) for part in match.groups()) if match else (0, 0, 0)
        moment = datetime(year, month, day, tzinfo=_SEOUL)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if moment.year not in _YEARS:
        return None  # no market's end is announced for such a year: this is no date
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 1000 * MS
