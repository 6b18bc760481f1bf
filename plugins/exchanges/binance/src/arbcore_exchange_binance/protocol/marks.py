"""The mark price streams of one connection: muteness, polling while it is down, and what they say of funding. Pure."""

from collections.abc import Iterable
from typing import Final

from arbcore.net.protocol import Fetch, Heard, Reconnect
from arbcore.net.quiet import Quiet
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.frames import Mark
from arbcore_exchange_binance.protocol.funding import INTERVALS, SETTLED, Funding
from arbcore_exchange_binance.protocol.product import USDM
from arbcore_exchange_binance.protocol.replies import Premium, read_intervals, read_premiums, read_settlements
from arbcore_exchange_binance.protocol.requests import premium_index

POLL_MARKS: Final = "premium"
"""Tag of the requests for mark prices while the connection is down."""

_OK: Final = 200


class Marks:
    """Mark prices of one connection. They come once a second each, so that silence is muteness.

    Args:
        symbols: Symbols.
        funding: What is known of their funding, for longer than a connection lives.
        mute_after: Silence after which a stream is mute, nanoseconds.
        poll_interval: Time between requests while the connection is down, nanoseconds.
    """

    def __init__(self, symbols: Iterable[str], funding: Funding, *, mute_after: int, poll_interval: int) -> None:
        self._symbols: Final = tuple(symbols)
        self._funding: Final = funding
        self._poll_interval: Final = poll_interval
        self._quiet: Final = Quiet(mute_after, mute_after)
        self._missing: Final = set(self._symbols)
        self._polled = 0

    @property
    def streams(self) -> list[str]:
        """Names of the streams."""
        return [f"{symbol.lower()}@markPrice@1s" for symbol in self._symbols]

    @property
    def whole(self) -> bool:
        """Whether every stream has delivered."""
        return not self._missing

    def received(self, mark: Mark, now: int) -> list[Heard]:
        """Take a mark price."""
        self._quiet.touched(mark.symbol, now)
        self._missing.discard(mark.symbol)
        return self._funding.marked(mark, now)

    def fetched(self, tag: str, reply: Reply | None, now: int) -> list[Heard]:
        """Take an answer; one that failed is asked for again later.

        Raises:
            ExchangeError: The answer is nothing that the venue may send.
        """
        if reply is None or reply.status != _OK:
            if tag == INTERVALS:
                self._funding.unanswered(now)
            return []
        if tag == INTERVALS:
            return self._funding.intervals(read_intervals(reply), now)
        if tag.startswith(SETTLED):
            return self._funding.settlements(read_settlements(reply), now)
        heard: list[Heard] = []
        for row in read_premiums(reply, self._symbols):
            heard += self._funding.marked(_mark(row), now)
        return heard

    def tick(self, now: int, *, connected: bool) -> list[Heard]:
        """Ask for what is due, and find mute streams."""
        heard = self._funding.tick(now)
        if not connected:
            return [*heard, *self._poll(now)]
        mute = self._quiet.mute(now)
        return [*heard, Reconnect(f"the mark price of {mute[0]} is mute", mute=True)] if mute else heard

    def _poll(self, now: int) -> list[Heard]:
        self._polled = self._polled or now
        if now - self._polled < self._poll_interval:
            return []
        self._polled = now
        symbol = self._symbols[0] if len(self._symbols) == 1 else ""
        return [Fetch(POLL_MARKS, premium_index(USDM, symbol))]


def is_of_marks(tag: str) -> bool:
    """Tell whether a request's tag is one of the mark prices'."""
    return tag in {INTERVALS, POLL_MARKS} or tag.startswith(SETTLED)


def _mark(row: Premium) -> Mark:
    return Mark(
        symbol=row.symbol,
        mark=row.mark_price,
        index=row.index_price,
        rate=row.last_funding_rate,
        next_ms=row.next_funding_time,
        ms=row.time,
    )
