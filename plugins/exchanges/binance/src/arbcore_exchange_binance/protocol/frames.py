"""Frames of the market streams, as messages. Source: Binance developer documentation, market streams, 2026-11.

A frame of a combined stream names its stream: ``{"stream": "btcusdt@bookTicker", "data": {...}}``. Frames without it
are the same messages on raw streams, answers to subscriptions, errors, or notices.
"""

from typing import Final

import msgspec

from arbcore.errors import ExchangeError, ExchangeRefused
from arbcore_exchange_binance.protocol.values import MS, Amount, Fraction, Levels, Millis, UpdateId

COIN_M: Final = 2
"""``st`` of coin-margined symbols, which share the USD-M streams since 2026-06-30."""


class Ticker(
    msgspec.Struct, gc=False, rename={"symbol": "s", "bid": "b", "ask": "a", "bid_size": "B", "ask_size": "A"}
):
    """``bookTicker``: the touch. Spot states neither event name nor times."""

    symbol: str
    u: UpdateId
    bid: Amount
    ask: Amount
    bid_size: Amount
    ask_size: Amount
    e: str = "bookTicker"
    T: Millis = 0
    st: int = 1


class Depth(
    msgspec.Struct, rename={"symbol": "s", "first": "U", "last": "u", "previous": "pu", "bids": "b", "asks": "a"}
):
    """``depthUpdate``: changed levels with absolute quantities, or on a partial stream the whole top of the book.

    Attributes:
        first: First update id that it covers.
        last: Last one.
        previous: ``last`` of the event before; spot has none.
    """

    symbol: str
    first: UpdateId
    last: UpdateId
    bids: Levels
    asks: Levels
    previous: UpdateId | None = None
    e: str = "depthUpdate"
    E: Millis = 0
    T: Millis = 0
    st: int = 1

    @property
    def ts(self) -> int:
        """Venue time in nanoseconds, 0 where it states none."""
        return (self.T or self.E) * MS


class Partial(msgspec.Struct, rename="camel"):
    """The top of a spot book on a partial stream. Neither symbol nor time: the stream's name tells the symbol."""

    last_update_id: UpdateId
    bids: Levels
    asks: Levels


class Mark(
    msgspec.Struct, gc=False, rename={"symbol": "s", "mark": "p", "index": "i", "rate": "r", "next_ms": "T", "ms": "E"}
):
    """``markPriceUpdate``: mark and index price, the coming settlement's estimated rate and time."""

    symbol: str
    mark: Amount
    index: Amount
    rate: Fraction
    next_ms: Millis
    ms: Millis
    e: str = "markPriceUpdate"
    st: int = 1


class Trade(msgspec.Struct, gc=False, rename={"symbol": "s", "price": "p", "size": "q", "ms": "T", "seller_took": "m"}):
    """``aggTrade``, or spot's ``trade``."""

    symbol: str
    price: Amount
    size: Amount
    ms: Millis
    seller_took: bool
    e: str = "aggTrade"
    st: int = 1


class Shutdown(msgspec.Struct):
    """``serverShutdown``: the venue is about to close the connection."""


class Ignored(msgspec.Struct):
    """A frame that matters to nobody here: an acknowledgement, a coin-margined symbol, another event."""


Message = Ticker | Depth | Partial | Mark | Trade | Shutdown | Ignored


class Framed(msgspec.Struct, gc=False):
    """A message with the name of its stream, empty on raw streams."""

    stream: str
    message: Message


_NOTHING: Final = msgspec.Raw()


class _Envelope(msgspec.Struct):
    stream: str | None = None
    data: msgspec.Raw = _NOTHING
    e: str | None = None
    u: int | None = None
    code: int | None = None
    msg: str | None = None
    error: msgspec.Raw = _NOTHING
    result: msgspec.Raw = _NOTHING
    id: int | str | None = None


class _Kind(msgspec.Struct):
    e: str = ""


_SHUTDOWN: Final = "serverShutdown"
_IGNORED: Final = Ignored()
_Decoder = (
    msgspec.json.Decoder[Ticker]
    | msgspec.json.Decoder[Depth]
    | msgspec.json.Decoder[Mark]
    | msgspec.json.Decoder[Trade]
)
_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_KIND: Final = msgspec.json.Decoder(_Kind)
_PARTIAL: Final = msgspec.json.Decoder(Partial, strict=False)
_TICKER: Final = msgspec.json.Decoder(Ticker, strict=False)
_DEPTH: Final = msgspec.json.Decoder(Depth, strict=False)
_MARK: Final = msgspec.json.Decoder(Mark, strict=False)
_TRADE: Final = msgspec.json.Decoder(Trade, strict=False)
_BY_EVENT: Final[dict[str, _Decoder]] = {
    "bookTicker": _TICKER,
    "depthUpdate": _DEPTH,
    "markPriceUpdate": _MARK,
    "aggTrade": _TRADE,
    "trade": _TRADE,
}
_BY_STREAM: Final = {
    "bookTicker": "bookTicker",
    "aggTrade": "aggTrade",
    "trade": "trade",
    "markPrice": "markPriceUpdate",
}
_SHOWN: Final = 200


def read_frame(frame: bytes) -> Framed:
    """Return what a frame says.

    Raises:
        ExchangeRefused: The frame is the venue's error message.
        ExchangeError: The frame is nothing that the venue may send.
    """
    try:
        found = _ENVELOPE.decode(frame)
        if found.stream is not None and found.data != _NOTHING:
            return Framed(found.stream, _of_stream(found.stream, found.data))
        return Framed("", _unnamed(found, frame))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ExchangeError(
            f"Binance stream: a frame that can't be read ({error}): {frame[:_SHOWN]!r}",
            "the connection is opened anew; where it happens again, compare with the venue's documentation",
        ) from error


def _of_stream(stream: str, data: msgspec.Raw) -> Message:
    """Return the message of a named stream, whose name settles the kind where the message does not."""
    kind = stream.partition("@")[2].partition("@")[0]
    if kind.startswith("depth"):
        # Spot's partial books state no event.
        return _kept(_DEPTH, data, "depthUpdate") if _KIND.decode(data).e else _PARTIAL.decode(data)
    event = _BY_STREAM.get(kind)
    if event is None:
        return Shutdown() if _KIND.decode(data).e == _SHUTDOWN else _IGNORED
    return _kept(_BY_EVENT[event], data, event)


def _unnamed(found: _Envelope, frame: bytes) -> Message:
    if found.e == _SHUTDOWN:
        return Shutdown()
    if found.e in _BY_EVENT:
        return _kept(_BY_EVENT[found.e], frame, found.e)
    if found.error != _NOTHING or found.code is not None:
        raise ExchangeRefused(
            f"Binance stream: the venue refuses: {frame[:_SHOWN]!r}",
            "compare the stream's names with its documentation",
        )
    if found.e is None and found.u is not None:
        return _kept(_TICKER, frame, "bookTicker")
    if found.e is None and found.id is None and found.result == _NOTHING:
        raise ExchangeError(
            f"Binance stream: a frame of no known kind: {frame[:_SHOWN]!r}", "the connection is renewed"
        )
    return _IGNORED


def _kept(decoder: _Decoder, data: bytes | msgspec.Raw, event: str) -> Message:
    """Return the message, unless it is of another event or a coin-margined symbol."""
    message = decoder.decode(data)
    return _IGNORED if message.e != event or message.st == COIN_M else message
