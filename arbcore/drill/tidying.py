"""Tidying up after scenarios: what is open is cancelled, what was bought is sold again."""

from arbcore.drill.news import Missed
from arbcore.drill.orders import Placed
from arbcore.drill.stage import Stage
from arbcore.errors import ArbcoreError, ExchangeRefused
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.order import Side
from arbcore.model.reason import Reason


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
    """Trade back to what was held before, as far as the venue takes it."""
    over = stage.held(await stage.venue.snapshot()) - stage.held(stage.before)
    quantity = to_grid(abs(over), stage.instrument.lot, Rounding.DOWN)
    side = Side.SELL if over > 0 else Side.BUY
    if not over:
        return
    price = stage.price((await stage.market.quote()).bid, Rounding.DOWN)
    too_small = quantity < stage.instrument.min_quantity or (
        not stage.is_perpetual and stage.value(quantity, price) < stage.terms.min_notional
    )
    if not quantity or too_small or (side is Side.BUY and not stage.is_perpetual):
        return
    await stage.trade(stage.closing(side, quantity))
