"""The accounts that a simulator is told to have."""

from decimal import Decimal
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from arbcore.settings import Duration

WalletState = Literal["working", "withdraw_only", "deposit_only", "paused", "unsupported"]
"""Whether a coin's wallet takes deposits and withdrawals."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class KeySettings(_Part):
    """A key of an account.

    Attributes:
        key: What a client shows.
        secret: What it signs with.
        public_key: PEM of an RSA or Ed25519 key, in place of the secret.
        permissions: What it may do, in the venue's words; empty for everything.
        ips: Addresses that may use it; empty for all.
        expires_in: Time from the simulator's start to its end; a year on Upbit. None for never.
    """

    key: str
    secret: SecretStr = SecretStr("")
    public_key: str = ""
    permissions: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    expires_in: Duration | None = None


class AccountSettings(_Part):
    """An account on one venue; on Upbit, one pocket.

    Attributes:
        name: Its name here; on Upbit, that of the pocket too.
        venue: ``upbit``, ``usdm`` or ``spot``.
        owner: Accounts of one owner can send each other money; its own name where empty. The first account of an owner
            on Upbit is the main pocket.
        keys: Its keys. One key may stand in an account of ``usdm`` and in one of ``spot``.
        balances: Free money by currency.
        stock: Worth in USDT, at the start's prices, of every listed coin that it owns besides.
        maker_fee: In place of the venue's.
        taker_fee: In place of the venue's.
        options: What a venue knows besides.
    """

    name: str
    venue: Literal["upbit", "usdm", "spot"]
    owner: str = ""
    keys: tuple[KeySettings, ...] = ()
    balances: dict[str, Decimal] = Field(default_factory=dict)
    stock: float = Field(0.0, ge=0)
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None
    options: dict[str, Any] = Field(default_factory=dict)


class Deposit(_Part):
    """Money that arrives at an account from outside.

    Attributes:
        account: Its name.
        currency: Of the money.
        amount: How much.
    """

    account: str
    currency: str
    amount: Decimal = Field(gt=0)


class Control(_Part):
    """What ``POST /control/accounts`` takes.

    Attributes:
        set: Free money by account and currency.
        add: Accounts to open.
        deposit: Money that arrives, and shows among the deposits where the venue lists them.
        wallets: State of coins' wallets on Upbit.
    """

    set: dict[str, dict[str, Decimal]] = Field(default_factory=dict)
    add: tuple[AccountSettings, ...] = ()
    deposit: tuple[Deposit, ...] = ()
    wallets: dict[str, WalletState] = Field(default_factory=dict)


UPBIT_KEY: Final = KeySettings(key="sim-upbit-key", secret=SecretStr("sim-upbit-secret-0123456789abcdef0123"))
"""Key of the account on Upbit that is there where none is told."""

BINANCE_KEY: Final = KeySettings(
    key="sim-binance-key",
    secret=SecretStr("sim-binance-secret-0123456789abcdef01"),
    permissions=("spot", "futures", "universalTransfer"),
)
"""Key of the accounts on Binance that are there where none are told. It may trade and transfer, and not withdraw."""

BINANCE_MONEY_KEY: Final = KeySettings(
    key="sim-binance-money-key", secret=SecretStr("sim-binance-money-secret-0123456789abc")
)
"""A second key of those accounts, which may withdraw too."""

DEFAULT_ACCOUNTS: Final = (
    AccountSettings(
        name="upbit",
        venue="upbit",
        keys=(UPBIT_KEY,),
        balances={"KRW": Decimal(5_000_000_000), "USDT": Decimal(1_000_000)},
        stock=500_000,
    ),
    AccountSettings(
        name="usdm",
        venue="usdm",
        owner="binance",
        keys=(BINANCE_KEY, BINANCE_MONEY_KEY),
        balances={"USDT": Decimal(2_000_000)},
    ),
    AccountSettings(
        name="spot",
        venue="spot",
        owner="binance",
        keys=(BINANCE_KEY, BINANCE_MONEY_KEY),
        balances={"USDT": Decimal(2_000_000)},
        stock=500_000,
    ),
)
"""One rich account on each venue."""
