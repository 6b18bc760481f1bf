"""A treasury in memory that is honest, or lies in one way."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Self

from msgspec.structs import replace

from arbcore.errors import ExchangeRefused, OutcomeUnknown, SafetyError
from arbcore.model.treasury import Movement, MovementState, TransferRequest, WalletStatus, WithdrawalRequest
from arbcore.ports.venue import Capabilities
from arbcore.testing.trading import Faults, Operation
from arbcore.testing.treasury import Moves

SECRET = "s3cret-of-the-wallet"
CAPABILITIES = Capabilities(treasury=True)
WALLETS = (
    WalletStatus(currency="COIN", network="COIN", deposits=True, withdrawals=True, fee=Decimal("0.1")),
    WalletStatus(currency="COIN", network="SIDE", deposits=False, withdrawals=True),
    WalletStatus(currency="CASH", network="", deposits=True, withdrawals=False),
)


class Bank:
    """The far side."""

    def __init__(self) -> None:
        self.movements: list[Movement] = [_movement("d1", 3), _movement("d2", 5)]
        self.loses = False

    async def count(self) -> int:
        """Return how many movements there are."""
        return len(self.movements)

    @property
    def moves(self) -> Moves:
        """What could be moved."""
        return Moves(
            withdrawal=WithdrawalRequest(
                withdraw_id="w", currency="COIN", network="COIN", amount=Decimal(1), address="there"
            ),
            transfer=TransferRequest(
                transfer_id="t", source="spot", target="futures", currency="CASH", amount=Decimal(1)
            ),
            count=self.count,
        )

    @property
    def faults(self) -> Faults:
        """The one fault."""

        async def lose_reply(operation: Operation) -> None:
            self.loses = True

        return Faults(lose_reply=lose_reply)


class Vault:
    """A treasury on a bank.

    Args:
        bank: The far side.
        lie: Which lie; empty for none.
        moves_money: The switch.
    """

    def __init__(self, bank: Bank, lie: str, *, moves_money: bool) -> None:
        self._bank = bank
        self._lie = lie
        self._moves_money = moves_money

    def __repr__(self) -> str:
        return f"Vault({SECRET if self._lie == 'secret in repr' else '...'})"

    async def __aenter__(self) -> Self:
        """Open."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close."""

    async def wallets(self, currency: str = "") -> Sequence[WalletStatus]:
        """Tell the wallets."""
        if self._lie == "tells every wallet":
            return WALLETS
        twice = WALLETS[:1] if self._lie == "a wallet twice" else ()
        return [one for one in (*WALLETS, *twice) if currency in {"", one.currency}]

    async def deposits(self, since: int) -> Sequence[Movement]:
        """Tell deposits."""
        return self._listed("d", since)

    async def withdrawals(self, since: int) -> Sequence[Movement]:
        """Tell withdrawals."""
        return self._listed("w", since)

    async def transfers(self, since: int) -> Sequence[Movement]:
        """Tell transfers."""
        return self._listed("t", since)

    async def withdraw(self, request: WithdrawalRequest) -> Movement:
        """Withdraw."""
        return self._move(f"w{len(self._bank.movements)}", request)

    async def transfer(self, request: TransferRequest) -> Movement:
        """Transfer."""
        return self._move(f"t{len(self._bank.movements)}", request)

    def _listed(self, kind: str, since: int) -> Sequence[Movement]:
        told = [one for one in self._bank.movements if one.movement_id.startswith(kind)]
        if self._lie == "newest first":
            told.reverse()
        if self._lie == "a movement of nothing":
            told = [replace(one, amount=Decimal(0)) for one in told]
        return [one for one in told if one.ts >= since or self._lie == "tells the past"]

    def _move(self, name: str, request: WithdrawalRequest | TransferRequest) -> Movement:
        if not self._moves_money and self._lie != "moves though it is off":
            if self._lie == "asks the venue first":
                self._bank.movements.append(_movement("x", 9))
            raise SafetyError("sim: money does not move", "set move_money: true")
        made = replace(_movement(name, 9), currency=request.currency, amount=request.amount)
        self._bank.movements.append(made)
        if self._lie == "forgets what it moved":
            self._bank.movements[-1] = replace(made, movement_id="x")
        if self._bank.loses:
            self._lose(made)
        return made

    def _lose(self, made: Movement) -> None:
        self._bank.loses = False
        if self._lie == "sends a timed-out movement again":
            self._bank.movements.append(made)
        if self._lie == "a timeout is a refusal":
            raise ExchangeRefused("sim: no answer")
        if self._lie == "secret in an error":
            raise OutcomeUnknown(f"sim: no answer to {SECRET}")
        if self._lie != "a timeout is done":
            raise OutcomeUnknown("sim: no answer", "look it up")


def _movement(name: str, ts: int) -> Movement:
    return Movement(movement_id=name, currency="COIN", amount=Decimal(2), state=MovementState.DONE, ts=ts, done_ts=ts)
