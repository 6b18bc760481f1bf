"""Cards 7 to 10: market orders, a resting limit order, cancel, partial fill."""

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from arbcore.drill.news import Missed, Skip
from arbcore.drill.stage import Stage
from arbcore.errors import ExchangeRefused
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.money import ZERO, plain
from arbcore.model.order import Fill, OrderReport, OrderState, Side, TimeInForce
from arbcore.model.reason import Reason

if TYPE_CHECKING:
    from arbcore.model.account import OpenOrder

_TRIES: Final = 5
_CUT_SHORT: Final = frozenset({OrderState.CANCELLED, OrderState.EXPIRED})


async def market(stage: Stage) -> str:
    """Buy the smallest quantity at the market and sell it again."""
    before = stage.held(await stage.venue.snapshot())
    bought, fills = await stage.trade(await stage.buying())
    got = stage.kept(fills)

    async def arrived() -> bool:
        return stage.held(await stage.venue.snapshot()) > before

    await stage.sees("what was bought on the account", arrived)
    _, sales = await stage.trade(stage.closing(Side.SELL, got))
    paid, earned = _value(stage, fills), _value(stage, sales)
    told = await stage.venue.look_up(bought.ref)
    known = {item.fill_id for item in told if not isinstance(item, OrderReport)}
    if not {fill.fill_id for fill in fills} <= known:
        raise Missed("looking the order up tells other fills than the stream")
    return f"bought {plain(got)} for {plain(paid)}, sold for {plain(earned)} {stage.instrument.quote} before fees"


def _value(stage: Stage, fills: list[Fill]) -> Decimal:
    return sum((stage.value(fill.quantity, fill.price) for fill in fills), ZERO)


async def limit(stage: Stage) -> str:
    """Rest a limit order and see it listed as it was sent."""
    request = await stage.resting()
    placed = await stage.place(request)
    listed: list[OpenOrder] = []

    async def seen() -> bool:
        listed[:] = [
            each for each in await stage.venue.open_orders(stage.instrument.key) if each.client_order_id == placed.id
        ]
        return bool(listed)

    await stage.sees("the order among the open ones", seen)
    told = listed[0]
    sent = (request.side, request.quantity, request.price)
    if (told.side, told.quantity, told.price) != sent or told.filled:
        raise Missed(f"sent {sent}, listed {(told.side, told.quantity, told.price)} with {told.filled} filled")
    await stage.cancel(placed)
    return f"buy {plain(told.quantity)} at {told.price} rested and was listed as sent"


async def cancel(stage: Stage) -> str:
    """Cancel a resting order; cancel it again and be told that there is none."""
    placed = await stage.place(await stage.resting())
    end = await stage.cancel(placed)
    if end.state is not OrderState.CANCELLED or end.filled:
        raise Missed(f"it ended {end.state} with {end.filled} filled")
    try:
        await stage.venue.cancel(placed.ref)
    except ExchangeRefused as error:
        if error.reason != Reason.ORDER_UNKNOWN:
            raise Missed(f"the second cancel was refused as {error.reason or error.code}: {error.what}") from error
    else:
        raise Missed("the second cancel was taken")
    told = [item for item in await stage.venue.look_up(placed.ref) if isinstance(item, OrderReport)]
    if [item.state for item in told] != [OrderState.CANCELLED]:
        raise Missed(f"looking it up tells {[str(item.state) for item in told]}")
    return "cancelled by one request; the second was refused as unknown; looking it up agrees"


async def partial(stage: Stage) -> str:
    """Ask for more than the touch offers, so that a part fills and the rest ends."""
    if TimeInForce.IOC not in stage.capabilities.times_in_force:
        raise Skip("the venue has no immediate-or-cancel orders")
    for _ in range(_TRIES):
        quote = await stage.market.next_quote()
        ask = stage.price(quote.ask, Rounding.UP)
        offered = to_grid(quote.ask_size, stage.instrument.lot, Rounding.UP)
        quantity = offered + stage.least(ask)
        await _affordable(stage, stage.value(quantity, ask))
        placed = await stage.place(stage.limit(Side.BUY, quantity, ask, TimeInForce.IOC))
        end = await stage.end_of(placed)
        if ZERO < end.filled < quantity:
            return await _judged(stage, placed.id, end, quantity)
        await _sell(stage, end.filled)
    raise Skip(f"the book gave all or nothing {_TRIES} times")


async def _affordable(stage: Stage, value: Decimal) -> None:
    free = await stage.free() * max(stage.terms.leverage, 1)
    most = min(free, stage.most) if stage.most is not None else free
    if value > most * Decimal("0.95"):
        raise Skip(f"the touch offers {value:.0f}, and {most:.0f} {stage.instrument.quote} may be spent")


async def _judged(stage: Stage, identity: str, end: OrderReport, quantity: Decimal) -> str:
    if end.state not in _CUT_SHORT:
        raise Missed(f"{end.filled} of {quantity} filled, and it ended {end.state}")
    count = len(stage.news.fills(identity))
    await _sell(stage, end.filled)
    return f"{plain(end.filled)} of {plain(quantity)} filled in {count} fills, then {end.state}"


async def _sell(stage: Stage, filled: Decimal) -> None:
    if filled:
        over = stage.held(await stage.venue.snapshot()) - stage.held(stage.before)
        quantity = to_grid(min(over, filled), stage.instrument.lot, Rounding.DOWN)
        if quantity > 0:
            await stage.trade(stage.closing(Side.SELL, quantity))
