"""Commands that only a venue can carry out: leverage, transfers, withdrawals. And what its history says of them."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from arbcore.errors import ExchangeRefused
from arbcore.model.command import AnyCommand, InternalTransfer, SetLeverage, Withdraw
from arbcore.model.input import ActionState
from arbcore.model.treasury import Movement, MovementState, TransferRequest, WithdrawalRequest
from arbcore.ports.trading import LeveragedVenue, Venue
from arbcore.ports.treasury import Treasury

Outcome = tuple[ActionState, str]
"""How an action ended, with the venue's id of it or its words."""

_CLOCK_NS: Final = 2 * 10**9
"""How far the venue's clock may be behind ours when a movement without an id of ours is taken for ours."""


async def act(venue: Venue, treasury: Treasury | None, command: AnyCommand) -> Outcome:
    """Carry out a command, once.

    Raises:
        ArbcoreError: As the ports say.
    """
    if isinstance(command, SetLeverage):
        if not isinstance(venue, LeveragedVenue):
            raise ExchangeRefused("the venue has no leverage to set")
        await venue.set_leverage(command.instrument, command.leverage)
        return ActionState.DONE, f"leverage {command.leverage}"
    purse = _purse(treasury)
    if isinstance(command, InternalTransfer):
        return _outcome(await purse.transfer(_transfer(command)))
    if isinstance(command, Withdraw):
        return _outcome(await purse.withdraw(_withdrawal(command)))
    raise ExchangeRefused(f"{type(command).__name__} is nothing that a venue carries out")


async def trace(treasury: Treasury | None, command: AnyCommand, since: int) -> Outcome:
    """Look for a transfer or withdrawal in the venue's history.

    Where the venue keeps our id, the id decides. Where it keeps none, a movement of the same amount between the same
    places at or after the request is taken for it.

    Raises:
        ArbcoreError: The venue did not tell.
    """
    purse, ours = _purse(treasury), None
    if isinstance(command, InternalTransfer):
        movements = await purse.transfers(since - _CLOCK_NS)
        ours = _ours(movements, command.transfer_id, since, partial(_is_transfer, command))
    elif isinstance(command, Withdraw):
        movements = await purse.withdrawals(since - _CLOCK_NS)
        ours = _ours(movements, command.withdraw_id, since, partial(_is_withdrawal, command))
    return (ActionState.ABSENT, "the venue's history does not hold it") if ours is None else _outcome(ours)


def _ours(movements: Sequence[Movement], id_: str, since: int, alike: Callable[[Movement], bool]) -> Movement | None:
    for one in movements:
        if one.client_id == id_ or (not one.client_id and one.ts >= since - _CLOCK_NS and alike(one)):
            return one
    return None


def _is_transfer(wanted: InternalTransfer, one: Movement) -> bool:
    there = (one.currency, one.amount, one.source, one.target)
    return there == (wanted.currency, wanted.amount, wanted.source, wanted.target)


def _is_withdrawal(wanted: Withdraw, one: Movement) -> bool:
    return (one.currency, one.amount, one.network) == (wanted.currency, wanted.amount, wanted.network)


def _outcome(movement: Movement) -> Outcome:
    """Tell what a movement means: one that is under way was carried out, however long it takes to arrive."""
    if movement.state is MovementState.FAILED:
        return ActionState.REFUSED, movement.detail or f"{movement.movement_id} failed"
    return ActionState.DONE, movement.movement_id


def _purse(treasury: Treasury | None) -> Treasury:
    if treasury is None:
        raise ExchangeRefused("the venue's plugin moves no money")
    return treasury


def _transfer(command: InternalTransfer) -> TransferRequest:
    return TransferRequest(
        transfer_id=command.transfer_id,
        source=command.source,
        target=command.target,
        currency=command.currency,
        amount=command.amount,
    )


def _withdrawal(command: Withdraw) -> WithdrawalRequest:
    return WithdrawalRequest(
        withdraw_id=command.withdraw_id,
        currency=command.currency,
        network=command.network,
        amount=command.amount,
        address=command.address,
    )
