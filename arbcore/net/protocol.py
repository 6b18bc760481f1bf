"""What a protocol layer of a streaming connection looks like. No I/O: frames and times in, items and actions out."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from msgspec import Struct

from arbcore.model.account import AccountUpdate
from arbcore.model.input import AccountSnapshot, FundingPayment, InstrumentStatus
from arbcore.model.market import MarketInput
from arbcore.model.order import Fill, OrderReport
from arbcore.net.request import Reply, Request


class Send(Struct, frozen=True):
    """Send a text frame; dropped where the connection is not open."""

    data: str


class Fetch(Struct, frozen=True):
    """Make a request, also while the connection is down; its answer comes back under the tag.

    A second one with a tag that is still under way is dropped.
    """

    tag: str
    request: Request


class Reconnect(Struct, frozen=True):
    """Give this connection up and open another one.

    Attributes:
        reason: Why, in words.
        mute: Whether data should have come and did not: the connection passes through the state MUTE.
    """

    reason: str
    mute: bool = False


class Resyncing(Struct, frozen=True):
    """A book of an open connection is being rebuilt (state RESYNCING); the next change of `delivering` ends it."""

    reason: str


Action = Send | Fetch | Reconnect | Resyncing
"""What a protocol layer may ask its shell to do."""

AccountItem = OrderReport | Fill | FundingPayment | AccountUpdate | AccountSnapshot
"""What a user stream tells of orders and the account."""

Heard = MarketInput | InstrumentStatus | AccountItem | Action
"""What a protocol layer may answer."""

Take = Callable[[Any], None]
"""Takes what a connection delivers: market data of a feed, or the account's items of a venue."""


class StreamProtocol(Protocol):
    """One connection from its opening to its end; the next connection is another object.

    All methods are synchronous, do no I/O and read no clock: ``now`` is the time of receipt in UTC nanoseconds. What
    the venue sends never raises anything but `ExchangeError`: the shell then reconnects, with the message as reason.
    """

    @property
    def url(self) -> str:
        """Where to connect to; empty as long as that is not known, such as before a key for the address was fetched.

        Until then the shell only ticks.
        """
        ...

    def opened(self, now: int) -> Sequence[Heard]:
        """Return what to send once the socket is open, such as subscriptions, and what to fetch."""
        ...

    def received(self, frame: bytes, now: int) -> Sequence[Heard]:
        """Take one frame.

        Raises:
            ExchangeError: The frame is nothing that the venue may send.
        """
        ...

    def fetched(self, tag: str, reply: Reply | None, now: int) -> Sequence[Heard]:
        """Take the answer to a `Fetch`; None where none came.

        Raises:
            ExchangeError: The answer is nothing that the venue may send.
        """
        ...

    def tick(self, now: int, *, connected: bool) -> Sequence[Heard]:
        """Be called several times a second, also before the socket is open and while it can't be opened.

        Here quiet books are confirmed by a request, books are polled while the connection is down, and streams that
        have gone mute are found.
        """
        ...

    def closed(self, now: int) -> Sequence[MarketInput]:
        """Return what no longer holds: `BookInvalid` for every book that was whole; nothing for a user stream."""
        ...

    def delivering(self) -> bool:
        """Tell whether every subscribed stream has delivered since the socket was opened and every book is whole.

        A subscription that was merely acknowledged does not count.
        """
        ...
