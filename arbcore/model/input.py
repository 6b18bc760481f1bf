"""Inputs of the engine other than market data. Together with market data they determine everything it does."""

from decimal import Decimal

from msgspec import Struct

from arbcore.model.command import CommandRequest
from arbcore.model.market import MarketInput
from arbcore.model.order import Fill, OrderReport
from arbcore.model.position import Balance, PositionReport


class TimerFired(Struct, frozen=True):
    """A timer that the engine had set.

    Attributes:
        timer: Name that the engine gave it.
        recv_ts: Time at which it fires.
    """

    timer: str
    recv_ts: int


class FundingPayment(Struct, frozen=True, kw_only=True):
    """Funding that a venue booked on a position.

    Attributes:
        payment_id: The venue's id of the payment; the dedup key together with the venue.
        instrument: Key of the instrument.
        amount: Amount received, negative when paid.
        currency: Currency of the amount.
        rate: Funding rate of the settlement.
        quantity: Signed position that it applied to.
        ts: Venue time.
        recv_ts: Receive time.
    """

    payment_id: str
    instrument: str
    amount: Decimal
    currency: str
    rate: Decimal
    quantity: Decimal
    ts: int
    recv_ts: int


class AccountSnapshot(Struct, frozen=True, kw_only=True):
    """Balances and net positions as a venue states them.

    Attributes:
        venue: Exchange instance id.
        balances: Every balance that is not zero.
        positions: Every net position that is not zero. Spot holdings are balances.
        ts: Venue time.
        recv_ts: Receive time.
    """

    venue: str
    balances: tuple[Balance, ...]
    positions: tuple[PositionReport, ...]
    ts: int
    recv_ts: int


class SessionControl(Struct, frozen=True, kw_only=True):
    """The runtime starts or stops the engine.

    Attributes:
        start: True to start, False to stop.
        reason: Why it stops.
        recv_ts: Engine time.
    """

    start: bool
    reason: str = ""
    recv_ts: int


VenueReport = OrderReport | Fill | FundingPayment | AccountSnapshot
"""What a venue may report."""

Input = MarketInput | VenueReport | TimerFired | CommandRequest | SessionControl
"""Everything that may enter the engine."""
