"""Replies to public requests, as values. Source: Binance developer documentation, REST market data, 2026-11."""

from collections.abc import Container, Sequence
from typing import Final, TypeVar

import msgspec

from arbcore.errors import ArbcoreError, ExchangeError
from arbcore.model.instrument import FeeSchedule, Instrument
from arbcore.net.request import Reply
from arbcore_exchange_binance.exchange_info import Symbol, instruments_of, read_listing
from arbcore_exchange_binance.protocol.failures import require_answer
from arbcore_exchange_binance.protocol.product import HOUR_NS
from arbcore_exchange_binance.protocol.values import MS, Amount, Fraction, Levels, Millis, UpdateId

T = TypeVar("T")

_REGULAR: Final = ("", "Regular")
_FIX: Final = "it is asked again; where it happens again, compare with the venue's documentation"


class Snapshot(msgspec.Struct, rename={"last": "lastUpdateId"}):
    """``depth``: the best levels of a book and the id of the last update in them. Spot states no times."""

    last: UpdateId
    bids: Levels
    asks: Levels
    E: Millis = 0
    T: Millis = 0

    @property
    def ts(self) -> int:
        """Venue time in nanoseconds, 0 where it states none."""
        return (self.T or self.E) * MS


class Touch(msgspec.Struct, rename="camel"):
    """One row of ``bookTicker``: the touch. Spot states no time; ``lastUpdateId`` is not always there."""

    symbol: str
    bid_price: Amount
    bid_qty: Amount
    ask_price: Amount
    ask_qty: Amount
    time: Millis = 0
    last_update_id: UpdateId = 0


class Premium(msgspec.Struct, rename="camel"):
    """One row of ``premiumIndex``: mark and index price, and the coming settlement."""

    symbol: str
    mark_price: Amount
    index_price: Amount
    last_funding_rate: Fraction
    next_funding_time: Millis
    time: Millis


class Settlement(msgspec.Struct, rename="camel"):
    """One row of ``fundingRate``: a settlement that took place."""

    symbol: str
    funding_rate: Fraction
    funding_time: Millis
    rate_type: str = ""


class _Time(msgspec.Struct, rename="camel"):
    server_time: Millis


class _Named(msgspec.Struct):
    symbol: str


class _Interval(msgspec.Struct, rename="camel"):
    symbol: str
    funding_interval_hours: int


_TIME: Final = msgspec.json.Decoder(_Time)
_SNAPSHOT: Final = msgspec.json.Decoder(Snapshot, strict=False)
_TOUCH: Final = msgspec.json.Decoder(Touch, strict=False)
_TOUCHES: Final = msgspec.json.Decoder(list[Touch], strict=False)
_PREMIUM: Final = msgspec.json.Decoder(Premium, strict=False)
_NAME: Final = msgspec.json.Decoder(_Named)
_ROWS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_SETTLEMENTS: Final = msgspec.json.Decoder(list[Settlement], strict=False)
_INTERVALS: Final = msgspec.json.Decoder(list[_Interval], strict=False)


def read_time(reply: Reply) -> int:
    """Return the venue's time in UTC nanoseconds. It tells whole milliseconds: the beginning of the one named.

    Raises:
        ExchangeError: The reply is a refusal, or nothing that the venue may send.
    """
    return _read(reply, _TIME, "time").server_time * MS


def read_depth(reply: Reply) -> Snapshot:
    """Return the snapshot of a book.

    Raises:
        ExchangeError: The reply is a refusal, or nothing that the venue may send.
    """
    return _read(reply, _SNAPSHOT, "depth")


def read_touches(reply: Reply) -> Sequence[Touch]:
    """Return the touch of one symbol or of all.

    Raises:
        ExchangeError: The reply is a refusal, or nothing that the venue may send.
    """
    if _is_list(reply):
        return _read(reply, _TOUCHES, "bookTicker")
    return [_read(reply, _TOUCH, "bookTicker")]


def read_premiums(reply: Reply, wanted: Container[str]) -> Sequence[Premium]:
    """Return mark price and funding of the wanted symbols. Others are not looked at: dated futures state no rate.

    Args:
        reply: The answer, about one symbol or about all.
        wanted: Symbols.

    Raises:
        ExchangeError: The reply is a refusal, or nothing that the venue may send.
    """
    if not _is_list(reply):
        return [_read(reply, _PREMIUM, "premiumIndex")]
    rows = _read(reply, _ROWS, "premiumIndex")
    return [
        _decoded(row, _PREMIUM, "premiumIndex") for row in rows if _decoded(row, _NAME, "premiumIndex").symbol in wanted
    ]


def read_settlements(reply: Reply) -> Sequence[Settlement]:
    """Return the regular settlements, the oldest first.

    Raises:
        ExchangeError: The reply is a refusal, or nothing that the venue may send.
    """
    rows = _read(reply, _SETTLEMENTS, "fundingRate")
    return sorted((row for row in rows if row.rate_type in _REGULAR), key=lambda row: row.funding_time)


def read_intervals(reply: Reply) -> dict[str, int]:
    """Return the time between settlements in nanoseconds of the symbols that state one.

    Raises:
        ExchangeError: The reply is a refusal, or nothing that the venue may send.
    """
    rows = _read(reply, _INTERVALS, "fundingInfo")
    if any(not 0 < row.funding_interval_hours <= 168 for row in rows):
        raise ExchangeError("Binance fundingInfo: an interval that is none", _FIX)
    return {row.symbol: row.funding_interval_hours * HOUR_NS for row in rows}


def read_symbols(reply: Reply) -> Sequence[Symbol]:
    """Return the listing, whatever state its symbols are in.

    Raises:
        ExchangeError: The reply is a refusal, or nothing that the venue may send.
    """
    require_answer(reply, "exchangeInfo")
    try:
        return read_listing(reply.body)
    except (ArbcoreError, ValueError, ArithmeticError, RecursionError) as error:
        raise ExchangeError(f"Binance exchangeInfo: can't be read: {error}", _FIX) from error


def read_instruments(symbols: Sequence[Symbol], *, venue: str, product: str, fees: FeeSchedule) -> Sequence[Instrument]:
    """Return the instruments of a listing that are trading.

    Raises:
        ExchangeError: A symbol has no usable grid.
    """
    try:
        return instruments_of(symbols, venue=venue, product=product, fees=fees)
    except (ArbcoreError, ValueError, ArithmeticError) as error:
        raise ExchangeError(f"Binance exchangeInfo: {error}", _FIX) from error


def _read(reply: Reply, decoder: "msgspec.json.Decoder[T]", what: str) -> T:
    require_answer(reply, what)
    return _decoded(reply.body, decoder, what)


def _decoded(body: bytes | msgspec.Raw, decoder: "msgspec.json.Decoder[T]", what: str) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ExchangeError(f"Binance {what}: a reply that can't be read ({error})", _FIX) from error


def _is_list(reply: Reply) -> bool:
    return reply.body.lstrip()[:1] == b"["
