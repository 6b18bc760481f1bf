"""Cards 11 to 13: stop, take profit, leverage."""

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from arbcore.drill.news import Missed, Skip
from arbcore.drill.stage import Stage
from arbcore.model.grid import Rounding
from arbcore.model.money import plain
from arbcore.model.order import OrderRequest, OrderState, OrderType, Side, TimeInForce
from arbcore.ports.trading import LeveragedVenue

if TYPE_CHECKING:
    from arbcore.model.account import OpenOrder

FAR: Final = Decimal("0.05")
"""How far from the touch a trigger lies, as a share of the price: it must not be reached meanwhile."""


async def stop(stage: Stage) -> str:
    """Protect a small position by a stop below the market."""
    return await _protect(stage, OrderType.STOP_MARKET, -FAR)


async def take_profit(stage: Stage) -> str:
    """Give a small position a target above the market."""
    return await _protect(stage, OrderType.TAKE_PROFIT_MARKET, FAR)


async def _protect(stage: Stage, kind: OrderType, away: Decimal) -> str:
    if kind not in stage.capabilities.order_types:
        raise Skip(f"the venue takes no {kind} orders")
    if not stage.is_perpetual:
        raise Skip("only positions of perpetuals are protected so")
    _, fills = await stage.trade(await stage.buying())
    got = stage.kept(fills)
    trigger = stage.price((await stage.market.quote()).bid, Rounding.DOWN, away)
    request = OrderRequest(
        client_order_id=stage.new_id(),
        instrument=stage.instrument.key,
        side=Side.SELL,
        type=kind,
        quantity=got,
        time_in_force=TimeInForce.GTC,
        reduce_only=stage.capabilities.reduce_only,
        trigger_price=trigger,
    )
    placed = await stage.place(request)
    listed: list[OpenOrder] = []

    async def seen() -> bool:
        told = await stage.venue.open_orders(stage.instrument.key)
        listed[:] = [each for each in told if each.client_order_id == placed.id]
        return bool(listed)

    await stage.sees("the triggered order among the open ones", seen)
    if (listed[0].type, listed[0].trigger_price) != (kind, trigger):
        raise Missed(f"listed as {listed[0].type} at {listed[0].trigger_price}, sent as {kind} at {trigger}")
    end = await stage.cancel(placed)
    if end.state is not OrderState.CANCELLED:
        raise Missed(f"it ended {end.state}")
    await stage.trade(stage.closing(Side.SELL, got))
    return f"{kind} of {plain(got)} at {plain(trigger)} waited, was listed and cancelled; the position was closed"


async def leverage(stage: Stage) -> str:
    """Change the leverage, state it a second time, and put it back."""
    venue = stage.venue
    if not stage.capabilities.leverage or not isinstance(venue, LeveragedVenue):
        raise Skip("the venue has no leverage")
    key, before = stage.instrument.key, stage.terms.leverage
    other = before - 1 if before > 1 else 2
    # Whatever happens from here on, tidying up puts it back.
    stage.leverage_changed = True
    await venue.set_leverage(key, other)
    await _stands(stage, other)
    await venue.set_leverage(key, other)
    await venue.set_leverage(key, before)
    await _stands(stage, before)
    stage.leverage_changed = False
    return f"{before}x, then {other}x, stated twice without an error, then {before}x again"


async def _stands(stage: Stage, wanted: int) -> None:
    async def stands() -> bool:
        return (await stage.venue.terms(stage.instrument.key)).leverage == wanted

    await stage.sees(f"a leverage of {wanted}x", stands)
