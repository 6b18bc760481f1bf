"""Winding down: what a session does with its orders before it ends, and what it leaves at the venues."""

from collections.abc import Callable
from typing import Final

import anyio

from arbcore.context import Clock
from arbcore.engine.parts import Parts
from arbcore.model.input import SessionControl
from arbcore.model.money import plain

WIND_S: Final = 10.0
"""Time that orders have to end once the session is to."""

_LOOK_S: Final = 0.02


async def wind_down(
    parts: Parts, put: Callable[[SessionControl], None], clock: Clock, patience_s: float = WIND_S
) -> None:
    """Have the engine cancel what rests, and wait until no order is in flight or the time is over.

    Strategies do nothing any more meanwhile; fills are hedged and unknown orders are looked up as ever.

    Args:
        parts: The engine's parts, for reading.
        put: Takes inputs.
        clock: The session's clock.
        patience_s: How long it may take.
    """
    put(SessionControl(start=False, winds_down=True, recv_ts=clock.now()))
    with anyio.move_on_after(patience_s, shield=True):
        while True:
            await anyio.sleep(_LOOK_S)  # the engine takes it at the next turn of the event loop
            if not parts.execution.in_flight():
                return


def left_behind(parts: Parts) -> str:
    """Return what an end now leaves at venues, for people; empty where nothing is open."""
    orders = [
        f"{order.id}, {order.request.side} {plain(order.request.quantity)} {order.request.instrument}, {order.state}"
        for order in parts.execution.in_flight()
    ]
    trades = [f"{trade.id} ({trade.intent.symbol}, {trade.state})" for trade in parts.execution.trades.values()]
    lines = [f"may rest at its venue: {order}" for order in orders]
    if trades:
        lines.append(f"open trades keep their positions: {', '.join(trades)}")
    if lines:
        lines.append("`arb run --live --resume` goes on with them, `arb flatten --offline` closes them")
    return "\n".join(lines)
