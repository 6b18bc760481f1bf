"""Tidying up after scenarios: what is open is cancelled, what was bought is sold again."""

from decimal import Decimal

from arbcore.drill.news import Missed
from arbcore.drill.orders import Placed
from arbcore.drill.stage import Stage
from arbcore.errors import ArbcoreError, ExchangeRefused
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.money import ZERO
from arbcore.model.order import Fill, Side
from arbcore.model.reason import Reason
from arbcore.ports.trading import LeveragedVenue


async def tidy(stage: Stage) -> list[str]:
    """Cancel what is open and close what was bought; return what could not be done."""
    stage.faults.calm()
    troubles = []
    for placed in stage.placed:
        if not placed.ended:
            try:
                await _end(stage, placed)
            except (ArbcoreError, Missed) as error:
                troubles.append(f"{placed.id} may be open: {error}")
    try:
        await _level(stage)
    except (ArbcoreError, Missed) as error:
        troubles.append(f"{stage.instrument.key} may hold more than before: {error}")
    try:
        await _restore_leverage(stage)
    except ArbcoreError as error:
        troubles.append(f"the leverage may not be {stage.terms.leverage}x: {error}")
    return troubles


async def _end(stage: Stage, placed: Placed) -> None:
    if not stage.news.ends(placed.id):
        try:
            await stage.venue.cancel(placed.ref)
        except ExchangeRefused as error:
            if error.reason != Reason.ORDER_UNKNOWN:
                raise

    async def gone() -> bool:
        return not await stage.is_open(placed)

    await stage.sees(f"{placed.id} gone from the open orders", gone)
    placed.ended = True


async def _level(stage: Stage) -> None:
    """Trade back what the drill's own orders bought or sold, as far as the account still has it and the venue takes it.

    What else changed on the account meanwhile is somebody else's and stays.
    """
    own = await _own(stage)
    over = stage.held(await stage.venue.snapshot()) - stage.held(stage.before)
    if not own or (own > 0) != (over > 0):
        return
    quantity = to_grid(min(abs(own), abs(over)), stage.instrument.lot, Rounding.DOWN)
    price = stage.price((await stage.market.quote()).bid, Rounding.DOWN)
    waived = stage.is_perpetual or stage.value(quantity, price) >= stage.terms.min_notional
    if quantity > 0 and quantity >= stage.instrument.min_quantity and waived:
        await stage.trade(stage.closing(Side.SELL if own > 0 else Side.BUY, quantity))


async def _own(stage: Stage) -> Decimal:
    """Return what the drill's orders add up to, by what the stream told and, where that is not whole, by asking."""
    fills: dict[str, Fill] = {}
    for placed in stage.placed:
        told = [item for item in stage.news.items if isinstance(item, Fill) and item.client_order_id == placed.id]
        if not stage.is_told(placed):
            told += [item for item in await stage.venue.look_up(placed.ref) if isinstance(item, Fill)]
        fills |= {fill.fill_id: fill for fill in told}
    total = ZERO
    for fill in fills.values():
        total += fill.side.sign * fill.quantity
        if not stage.is_perpetual and fill.fee_currency == stage.instrument.base:
            total -= fill.fee
    return total


async def _restore_leverage(stage: Stage) -> None:
    if stage.leverage_changed and isinstance(stage.venue, LeveragedVenue):
        await stage.venue.set_leverage(stage.instrument.key, stage.terms.leverage)
        stage.leverage_changed = False
