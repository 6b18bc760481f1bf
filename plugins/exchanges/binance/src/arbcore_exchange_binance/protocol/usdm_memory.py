"""What the connections of one venue object share. Pure."""

from typing import Final

from arbcore.net.offset import ClockOffset
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.usdm_account import Wealth
from arbcore_exchange_binance.protocol.usdm_news import News
from arbcore_exchange_binance.protocol.usdm_payments import Payments
from arbcore_exchange_binance.protocol.usdm_values import OrderRow

_HINTS: Final = 1000


class Memory:
    """Orders, fills, balances, positions and funding of the account, and up to when they are known to be whole.

    Args:
        news: Orders and fills.
        wealth: Balances and positions.
        payments: Funding.
        offset: The venue's clock.
        now: Time: what happens from now on is of interest.
    """

    def __init__(self, news: News, wealth: Wealth, payments: Payments, offset: ClockOffset, now: int) -> None:
        self.news: Final = news
        self.wealth: Final = wealth
        self.payments: Final = payments
        self.offset: Final = offset
        self.instruments: tuple[str, ...] = ()
        self.whole_until = self.venue_time(now)
        """Venue time up to which nothing is missing."""
        self.hints: list[tuple[int, OrderRow]] = []
        """What answers to placing and cancelling said of an order, and when: told unless the stream tells it first."""

    def hint(self, row: OrderRow, now: int) -> None:
        """Keep what an answer says of an order that ended or filled."""
        self.hints.append((now, row))
        del self.hints[:-_HINTS]

    @property
    def symbols(self) -> list[str]:
        """Symbols of the instruments."""
        return [key.partition(":")[2] for key in self.instruments]

    def venue_time(self, now: int) -> int:
        """Return the venue's time."""
        return now + self.offset.value

    def asked_at(self, reply: Reply) -> int:
        """Return the venue's time when a question was sent: its answer knows everything before."""
        return reply.sent_ts + self.offset.value
