"""Inputs of the engine other than market data. Together with market data they determine everything it does."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from arbcore.model.account import AccountUpdate, OpenOrder, TradingTerms
from arbcore.model.command import CommandRequest
from arbcore.model.market import MarketInput
from arbcore.model.order import Fill, OrderReport
from arbcore.model.position import Balance, PositionReport
from arbcore.model.state import ConnectionState, HealthState


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
        waits: Whether a start that goes on with earlier trades sends nothing until a `StopSession` says so, although
            it knows what became of everything: a person looks at it first.
        winds_down: Of a stop, that it is to come: from now on no strategy opens or closes anything, and orders that
            rest to open something are cancelled.
        recv_ts: Engine time.
    """

    start: bool
    reason: str = ""
    waits: bool = False
    winds_down: bool = False
    recv_ts: int


class VenueHealth(Struct, frozen=True, kw_only=True):
    """A venue's health changed, as the runtime judges it from latency, errors, staleness and gaps.

    Attributes:
        venue: Exchange instance id.
        state: Its health from now on.
        reason: What decided, in words.
        recv_ts: Engine time.
    """

    venue: str
    state: HealthState
    reason: str
    recv_ts: int


class ConnectionChanged(Struct, frozen=True, kw_only=True):
    """A connection of a venue or rate source took another state.

    Attributes:
        venue: Exchange instance id, or name of the rate.
        connection: Name of the connection, unique within the venue, such as ``public-1``.
        state: Its state from now on. ``CONNECTED`` means that it delivers data, not that a socket is open.
        reason: What led to it, in words.
        attempts: Attempts that a reconnection took; 0 for other changes.
        outage_ns: How long no data came before a reconnection; 0 for other changes.
        recv_ts: Receive time.
    """

    venue: str
    connection: str
    state: ConnectionState
    reason: str = ""
    attempts: int = 0
    outage_ns: int = 0
    recv_ts: int


class InstrumentStatus(Struct, frozen=True, kw_only=True):
    """What a venue says about an instrument beside its prices. Told at the start of a feed and whenever it changes.

    Attributes:
        instrument: Key of the instrument.
        trading: Whether the venue lets it be traded now.
        warnings: The venue's own names of warnings in force, sorted.
        delisting_ts: When its trading ends, 0 where nothing is announced.
        ts: Venue time.
        recv_ts: Receive time.
    """

    instrument: str
    trading: bool
    warnings: tuple[str, ...] = ()
    delisting_ts: int = 0
    ts: int
    recv_ts: int


class LookedUp(Struct, frozen=True, kw_only=True):
    """A look-up of an order is over; what the venue told of it came before, as a report and fills.

    Attributes:
        venue: Exchange instance id.
        client_order_id: Our id of the order.
        answered: Whether the venue told anything; False where it did not, for the reason in ``detail``.
        found: Whether it knows the order.
        detail: Why it did not answer, in words.
        recv_ts: Receive time.
    """

    venue: str
    client_order_id: str
    answered: bool
    found: bool = False
    detail: str = ""
    recv_ts: int


class TermsStated(Struct, frozen=True, kw_only=True):
    """On which terms a venue lets an account trade an instrument. Told at the start and whenever it is asked.

    Attributes:
        terms: The terms.
        hedge_mode: Whether the venue keeps long and short positions apart; None on spot.
        multi_assets: Whether several currencies stand for margin together; None on spot.
        recv_ts: Receive time.
    """

    terms: TradingTerms
    hedge_mode: bool | None = None
    multi_assets: bool | None = None
    recv_ts: int


class VenueStatement(Struct, frozen=True, kw_only=True):
    """A venue's side of everything, to be held against ours. What it knew of orders and funding came before.

    Attributes:
        venue: Exchange instance id.
        answered: Whether it told; False where a question failed, for the reason in ``detail``.
        asked: When the first question of it was sent: what happened since may be missing in it.
        snapshot: Balances and net positions; None where it did not answer.
        orders: Orders that it lists as open, whoever placed them.
        detail: Why it did not answer, in words.
        recv_ts: Receive time.
    """

    venue: str
    answered: bool
    asked: int
    snapshot: AccountSnapshot | None = None
    orders: tuple[OpenOrder, ...] = ()
    detail: str = ""
    recv_ts: int


class ActionState(StrEnum):
    """How a venue's action ended."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Nothing settles it yet: it is matched in the venue's history, never repeated by itself."""
    ABSENT = "absent"
    """The venue's history was read and does not hold it."""


class ActionEnded(Struct, frozen=True, kw_only=True):
    """What became of an `arbcore.model.effect.Act`.

    Attributes:
        command_id: Id of the command.
        state: How it ended.
        detail: The venue's id of it, or its words.
        recv_ts: Receive time.
    """

    command_id: str
    state: ActionState
    detail: str = ""
    recv_ts: int


class RuleOverridden(Struct, frozen=True, kw_only=True):
    """An operator overrode a rule before the session began, and said why.

    Attributes:
        rule: The rule, such as a key of the config.
        issued_by: Who did.
        reason: The typed reason.
        recv_ts: Engine time.
    """

    rule: str
    issued_by: str
    reason: str
    recv_ts: int


class Standstill(Struct, frozen=True, kw_only=True):
    """The session stood still for too long to know what happened meanwhile, or may send again after that.

    Attributes:
        over: False when nothing may be sent for now, True when the right to send is back.
        reason: What was noticed, in words.
        recv_ts: Engine time.
    """

    over: bool
    reason: str = ""
    recv_ts: int


VenueReport = OrderReport | Fill | FundingPayment | AccountSnapshot | AccountUpdate
"""What a venue may report."""

VenueAnswer = LookedUp | VenueStatement | TermsStated | ActionEnded
"""What ends a question to a venue, or an action."""

Condition = VenueHealth | ConnectionChanged | InstrumentStatus | RuleOverridden | Standstill
"""What surrounds the market data of a running session. A data set holds none of it."""

Input = MarketInput | Condition | VenueReport | VenueAnswer | TimerFired | CommandRequest | SessionControl
"""Everything that may enter the engine."""
