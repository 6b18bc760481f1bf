"""The port that moves money. Apart from trading on purpose: what trades can't reach it."""

from collections.abc import Sequence
from typing import Protocol, Self, runtime_checkable

from arbcore.model.treasury import Movement, TransferRequest, WalletStatus, WithdrawalRequest


@runtime_checkable
class Treasury(Protocol):
    """Wallets, deposits and withdrawals of one account. An async context manager.

    Reading is always allowed. `withdraw` and `transfer` are refused unless the instance's setting ``move_money`` is
    true, which it is not by default. Calls that change something end as those of `arbcore.ports.trading.Venue` do.
    """

    async def __aenter__(self) -> Self:
        """Open.

        Raises:
            ExchangeError: The venue can't be reached, or refuses the key.
        """
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Close."""
        ...

    async def wallets(self, currency: str = "") -> Sequence[WalletStatus]:
        """Return whether coins can be moved, by network; of one coin, or of all.

        Raises:
            ExchangeError: The venue did not tell.
        """
        ...

    async def deposits(self, since: int) -> Sequence[Movement]:
        """Return deposits since a time, the oldest first.

        Raises:
            ExchangeError: The venue did not tell.
        """
        ...

    async def withdrawals(self, since: int) -> Sequence[Movement]:
        """Return withdrawals since a time, the oldest first.

        Raises:
            ExchangeError: The venue did not tell.
        """
        ...

    async def transfers(self, since: int) -> Sequence[Movement]:
        """Return transfers between wallets since a time, the oldest first.

        Raises:
            ExchangeError: The venue did not tell.
        """
        ...

    async def withdraw(self, request: WithdrawalRequest) -> Movement:
        """Withdraw to a registered address.

        Raises:
            SafetyError: Moving money is switched off.
            ExchangeError: As `arbcore.ports.trading.Venue.submit`.
        """
        ...

    async def transfer(self, request: TransferRequest) -> Movement:
        """Move money between two wallets.

        Raises:
            SafetyError: Moving money is switched off.
            ExchangeError: As `arbcore.ports.trading.Venue.submit`.
        """
        ...
