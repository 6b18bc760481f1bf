"""Events of money: positions, balances, fees, funding, transfers."""

from decimal import Decimal
from typing import ClassVar

from arbcore.model.events.base import Event


class PositionChanged(Event, frozen=True):
    """A net position moved.

    Attributes:
        instrument: Key of the instrument.
        before: Signed quantity before.
        after: Signed quantity after.
        trade: Trade that moved it, empty for what belongs to none.
    """

    instrument: str
    before: Decimal
    after: Decimal
    trade: str = ""


class BalanceChanged(Event, frozen=True):
    """A balance moved.

    Attributes:
        venue: Exchange instance id.
        currency: Currency code.
        change: Signed change.
        after: Balance after it.
        reason: ``fill`` (fees and realised profit included), ``funding``, ``opening``; or, where it follows the
            venue's statement, ``transfer``, ``deposit``, ``withdrawal``, ``missed_funding`` or ``drift``.
        rate: Units of base currency for one unit of the currency at that moment; None where it was not known.
    """

    venue: str
    currency: str
    change: Decimal
    after: Decimal
    reason: str
    rate: Decimal | None = None


class FeeCharged(Event, frozen=True):
    """A fee was charged.

    Attributes:
        fill_id: Fill that it belongs to.
        amount: Amount charged, negative for a rebate.
        currency: Currency of the fee.
        value: Value in base currency at the fill's time.
    """

    KEY: ClassVar[str] = "`VENUE:FILL_ID`"
    fill_id: str
    amount: Decimal
    currency: str
    value: Decimal


class FundingApplied(Event, frozen=True):
    """A funding payment was booked.

    Attributes:
        payment_id: The venue's id of the payment.
        instrument: Key of the instrument.
        amount: Amount received, negative when paid.
        currency: Currency of the amount.
        value: Value in base currency at that time.
        rate: Funding rate.
        quantity: Signed position that it applied to.
        shares: Value by trade id, in proportion to their positions.
        rate_into_base: Units of base currency for one unit of the currency at that time.
    """

    KEY: ClassVar[str] = "`VENUE:PAYMENT_ID`"
    payment_id: str
    instrument: str
    amount: Decimal
    currency: str
    value: Decimal
    rate: Decimal
    quantity: Decimal
    shares: dict[str, Decimal]
    rate_into_base: Decimal | None = None


class InternalTransferRequested(Event, frozen=True):
    """Money is to move between wallets of one venue."""

    KEY: ClassVar[str] = "the transfer's id"
    transfer_id: str
    venue: str
    source: str
    target: str
    currency: str
    amount: Decimal


class InternalTransferCompleted(Event, frozen=True):
    """An internal transfer arrived."""

    KEY: ClassVar[str] = "the transfer's id"
    transfer_id: str


class InternalTransferFailed(Event, frozen=True):
    """An internal transfer did not happen."""

    KEY: ClassVar[str] = "the transfer's id"
    transfer_id: str
    reason: str


class DepositDetected(Event, frozen=True):
    """A deposit arrived on a venue."""

    KEY: ClassVar[str] = "`VENUE:DEPOSIT_TX_ID`"
    deposit_tx_id: str
    venue: str
    currency: str
    amount: Decimal


class WithdrawRequested(Event, frozen=True):
    """A withdrawal is to be sent."""

    KEY: ClassVar[str] = "the withdrawal's id"
    withdraw_id: str
    venue: str
    currency: str
    network: str
    amount: Decimal
    address: str


class WithdrawCompleted(Event, frozen=True):
    """A withdrawal left the venue."""

    KEY: ClassVar[str] = "the withdrawal's id"
    withdraw_id: str
    withdraw_tx_id: str


class WithdrawFailed(Event, frozen=True):
    """A withdrawal did not happen."""

    KEY: ClassVar[str] = "the withdrawal's id"
    withdraw_id: str
    reason: str
