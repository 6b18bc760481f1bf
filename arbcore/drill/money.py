"""Cards 4 to 6: balance, deposit, transfer. Money only moves between two wallets of the account, and back."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from arbcore.drill.news import Missed, Skip
from arbcore.drill.stage import Stage
from arbcore.errors import SafetyError
from arbcore.model.money import plain
from arbcore.model.treasury import Movement, MovementState, TransferRequest
from arbcore.ports.treasury import Treasury

_DAY: Final = 86_400 * 10**9
_PERIOD: Final = 30 * _DAY
_SLACK: Final = Decimal("1.02")


async def balance(stage: Stage) -> str:
    """Rest an order and cancel it: what it needs is locked, and is free again afterwards."""
    free = await stage.free()
    request = await stage.resting()
    placed = await stage.place(request)
    during = free

    async def locked() -> bool:
        nonlocal during
        during = await stage.free()
        return during < free

    await stage.sees("a smaller free balance under a resting order", locked)
    value = stage.value(request.quantity, request.price or Decimal(0))
    if free - during > value * _SLACK:
        raise Missed(f"{free - during} locked for an order worth {value}")
    await stage.cancel(placed)
    exact = not (await stage.venue.snapshot()).positions

    async def freed() -> bool:
        now = await stage.free()
        return now == free if exact else now > during

    await stage.sees("the free balance of before", freed)
    return (
        f"{plain(free - during)} {stage.instrument.settlement} locked by an order worth {plain(value)}, then free again"
    )


async def deposit(stage: Stage) -> str:
    """Read wallets and the deposits of a month."""
    treasury = _treasury(stage)
    coin = stage.instrument.base
    wallets = await treasury.wallets(coin)
    made = await treasury.deposits(stage.clock.now() - _PERIOD)
    _in_order(made)
    networks = ", ".join(f"{each.network or coin} {'open' if each.deposits else 'closed'}" for each in wallets)
    return f"{len(made)} deposits in 30 days; {coin} by {networks or 'no network'}"


async def transfer(stage: Stage) -> str:
    """Move a little between two wallets and back; where that is off, see it refused on our side."""
    treasury = _treasury(stage)
    made = await treasury.transfers(stage.clock.now() - _PERIOD)
    _in_order(made)
    told = f"{len(made)} transfers in 30 days"
    if not stage.moves_money:
        return f"{told}; {await _refused(stage, treasury)}"
    if stage.transfer is None:
        raise Skip(f"{told}; give --transfer FROM:TO:CURRENCY:AMOUNT to make one and reverse it")
    there = replace(stage.transfer, transfer_id=f"drill-{stage.clock.now() // 10**6}")
    await _done(stage, treasury, there)
    back = replace(there, transfer_id=f"{there.transfer_id}-b", source=there.target, target=there.source)
    await _done(stage, treasury, back)
    return f"{told}; {plain(there.amount)} {there.currency} from {there.source} to {there.target} and back"


async def _refused(stage: Stage, treasury: Treasury) -> str:
    if stage.real:
        return "move_money is off; not tried on the production exchange"
    nothing = TransferRequest(
        transfer_id="drill-refused",
        source="drill",
        target="drill",
        currency=stage.instrument.settlement,
        amount=stage.instrument.lot,
    )
    try:
        await treasury.transfer(nothing)
    except SafetyError:
        return "one was refused on our side, as move_money is off"
    raise Missed("a transfer passed although move_money is off")


async def _done(stage: Stage, treasury: Treasury, request: TransferRequest) -> None:
    moved = await treasury.transfer(request)

    async def done() -> bool:
        if moved.state is MovementState.DONE:
            return True
        told = await treasury.transfers(stage.clock.now() - _DAY)
        return any(each.movement_id == moved.movement_id and each.state is MovementState.DONE for each in told)

    await stage.sees(f"transfer {moved.movement_id} done", done)


def _treasury(stage: Stage) -> Treasury:
    if stage.treasury is None:
        raise Skip("the plugin opens no treasury here")
    return stage.treasury


def _in_order(movements: Sequence[Movement]) -> None:
    times = [movement.ts for movement in movements]
    if times != sorted(times):
        raise Missed("they are not told oldest first")
