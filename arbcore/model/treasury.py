"""Moving money: wallets of a venue, deposits, withdrawals and transfers inside it."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct


class MovementState(StrEnum):
    """How far a deposit, withdrawal or transfer has come."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    """Refused, rejected, cancelled or returned."""
    HELD = "held"
    """The venue waits for a person, such as for the sender's identity (travel rule)."""


class WalletStatus(Struct, frozen=True, kw_only=True):
    """Whether a coin can be moved over a network now.

    Attributes:
        currency: Coin.
        network: The venue's id of the network.
        deposits: Whether deposits are taken.
        withdrawals: Whether withdrawals are made.
        fee: Fee of a withdrawal, None where it is not told here.
        minimum: Smallest withdrawal, None where it is not told here.
        step: Step of a withdrawal's amount, None where it is not told here.
        detail: The venue's own words.
        ts: Time of the statement, 0 where it has none.
    """

    currency: str
    network: str
    deposits: bool
    withdrawals: bool
    fee: Decimal | None = None
    minimum: Decimal | None = None
    step: Decimal | None = None
    detail: str = ""
    ts: int = 0


class Movement(Struct, frozen=True, kw_only=True):
    """A deposit, or a withdrawal, or a transfer between wallets, as the venue states it.

    Attributes:
        movement_id: The venue's id.
        client_id: Our id of it; empty where the venue keeps none.
        currency: Currency.
        amount: Amount that arrives or leaves, without the fee.
        fee: Fee beside the amount.
        state: How far it has come.
        network: The venue's id of the network; empty for money and for transfers inside the venue.
        tx_id: Id on the network; empty as long as there is none.
        source: Wallet that it leaves; empty where it comes from outside.
        target: Wallet that it reaches; empty where it leaves the venue.
        detail: The venue's own word for the state.
        ts: When it was made, venue time.
        done_ts: When it was done, 0 before.
    """

    movement_id: str
    client_id: str = ""
    currency: str
    amount: Decimal
    fee: Decimal = Decimal(0)
    state: MovementState
    network: str = ""
    tx_id: str = ""
    source: str = ""
    target: str = ""
    detail: str = ""
    ts: int
    done_ts: int = 0


class WithdrawalRequest(Struct, frozen=True, kw_only=True):
    """A withdrawal to an address that the account has registered with the venue.

    Attributes:
        withdraw_id: Our id of it.
        currency: Coin.
        network: The venue's id of the network.
        amount: Amount.
        address: Address.
        tag: Second part of the address; empty where the network has none.
    """

    withdraw_id: str
    currency: str
    network: str
    amount: Decimal
    address: str
    tag: str = ""


class TransferRequest(Struct, frozen=True, kw_only=True):
    """A transfer between two wallets of a venue.

    Attributes:
        transfer_id: Our id of it.
        source: Wallet that it leaves, by the venue's own word.
        target: Wallet that it reaches.
        currency: Currency.
        amount: Amount.
    """

    transfer_id: str
    source: str
    target: str
    currency: str
    amount: Decimal
