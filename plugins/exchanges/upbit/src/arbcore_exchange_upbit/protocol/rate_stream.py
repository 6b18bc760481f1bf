"""A conversion rate from the touch of one market, as a protocol layer around that market's stream."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from arbcore.model.input import InstrumentStatus
from arbcore.model.market import Book, BookInvalid, FxRate, MarketInput
from arbcore.net.protocol import Heard, StreamProtocol
from arbcore.net.request import Reply

REPEAT_NS: Final = 750_000_000
"""Time after which an unchanged rate is told again: with the ticks between, at least once a second."""


class RateStream:
    """Turns the books of a market into a rate (`StreamProtocol`).

    An unchanged rate is repeated while the book below it is confirmed: a frame or a request's answer has said not
    long ago what it is. So a rate grows stale when its source does.

    Args:
        market: The market's stream.
        name: Name of the rate.
        source: Id of the source, as the rate tells it.
        trusted_for: How long a book counts as confirmed, nanoseconds.
    """

    def __init__(self, market: StreamProtocol, name: str, source: str, trusted_for: int) -> None:
        self._market: Final = market
        self._name: Final = name
        self._source: Final = source
        self._trusted_for: Final = trusted_for
        self._rate: FxRate | None = None
        self._confirmed_at = 0

    @property
    def url(self) -> str:
        """Where to connect to."""
        return self._market.url

    def opened(self, now: int) -> Sequence[Heard]:
        """Return the market's subscription."""
        return self._converted(self._market.opened(now))

    def received(self, frame: bytes, now: int) -> Sequence[Heard]:
        """Take one frame.

        Raises:
            ExchangeError: The frame is nothing that the venue may send.
        """
        return self._converted(self._market.received(frame, now))

    def fetched(self, tag: str, reply: Reply | None, now: int) -> Sequence[Heard]:
        """Take the answer to a request."""
        return self._converted(self._market.fetched(tag, reply, now))

    def tick(self, now: int, *, connected: bool) -> Sequence[Heard]:
        """Let the market's stream do what is due, and repeat the rate."""
        heard = self._converted(self._market.tick(now, connected=connected))
        rate = self._rate
        if rate is None or now - rate.recv_ts < REPEAT_NS or now - self._confirmed_at > self._trusted_for:
            return heard
        self._rate = replace(rate, recv_ts=now)
        return [*heard, self._rate]

    def closed(self, now: int) -> Sequence[MarketInput]:
        """Tell nothing: a rate has no message for its end, it is told no longer."""
        self._rate = None
        self._market.closed(now)
        return ()

    def delivering(self) -> bool:
        """Tell whether the market's stream does."""
        return self._market.delivering()

    def _converted(self, heard: Sequence[Heard]) -> list[Heard]:
        found: list[Heard] = []
        for item in heard:
            if isinstance(item, Book):
                bid, ask = item.bids[0][0], item.asks[0][0]
                self._confirmed_at = max(self._confirmed_at, item.recv_ts)
                self._rate = FxRate(self._name, item.ts, item.recv_ts, bid, ask, self._source)
                found.append(self._rate)
            elif isinstance(item, BookInvalid):
                self._rate = None
            elif not isinstance(item, InstrumentStatus):
                found.append(item)
        return found
