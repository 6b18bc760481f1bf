"""Cards 14 to 16: an answer that is lost, a 429, a stream that breaks. All are made on our side of the wire."""

from typing import Final

import anyio

from arbcore.drill.access import back
from arbcore.drill.news import Missed, Skip
from arbcore.drill.orders import Placed
from arbcore.drill.stage import Stage
from arbcore.errors import ExchangeUnavailable, OutcomeUnknown, RateLimited
from arbcore.model.order import OrderReport

RETRY_AFTER_S: Final = 1
"""Seconds that the refusals ask to wait."""
_HEADERS: Final = {"retry-after": str(RETRY_AFTER_S)}


async def timeout(stage: Stage) -> str:
    """Lose the answer to an order; find it by its id, once, and cancel it."""
    placed = Placed(await stage.resting())
    stage.placed.append(placed)
    happened = stage.faults.happened
    stage.faults.lose_answer()
    try:
        placed.venue_order_id = (await stage.venue.submit(placed.request)).venue_order_id
        told = "settled by the plugin itself"
    except OutcomeUnknown:
        told = "told as unknown"
    if stage.faults.happened == happened:
        raise Skip("the plugin's requests don't pass where answers can be lost")
    report = await stage.found(placed)
    listed = await stage.venue.open_orders(stage.instrument.key)
    count = sum(each.client_order_id == placed.id for each in listed)
    if count != 1:
        raise Missed(f"{count} open orders of that id; looking it up told {report.state}")
    await stage.cancel(placed)
    return f"the outcome was {told}; looked up: {report.state}, one order, cancelled"


async def too_many(stage: Stage) -> str:
    """Answer a read and an order with 429: the read is repeated later, the order did not happen."""
    seen = [await _read(stage), await _order(stage)]
    if not any(seen):
        raise Skip("the plugin's requests don't pass where they can be refused")
    await anyio.sleep(RETRY_AFTER_S)
    placed = await stage.place(await stage.resting())
    await stage.cancel(placed)
    return "; ".join([*filter(None, seen), "afterwards an order passed"])


async def _read(stage: Stage) -> str:
    happened, started = stage.faults.happened, stage.clock.now()
    stage.faults.refuse(429, _HEADERS, "GET")
    try:
        await stage.venue.snapshot()
        told = f"a read was answered after {(stage.clock.now() - started) / 1e9:.1f} s"
    except RateLimited:
        told = "a read was given up as limited"
    if stage.faults.happened == happened:
        return ""
    if stage.clock.now() - started < RETRY_AFTER_S * 10**9 and told.startswith("a read was answered"):
        raise Missed(f"{told}, although the venue asked for {RETRY_AFTER_S} s")
    return told


async def _order(stage: Stage) -> str:
    await anyio.sleep(RETRY_AFTER_S)
    happened = stage.faults.happened
    placed = Placed(await stage.resting())
    stage.placed.append(placed)
    stage.faults.refuse(429, _HEADERS, "POST")
    try:
        placed.venue_order_id = (await stage.venue.submit(placed.request)).venue_order_id
    except RateLimited:
        placed.ended = True
    if stage.faults.happened == happened:
        stage.faults.calm()
        if not placed.ended:
            await stage.cancel(placed)
        return "orders go over a socket, where nothing was refused"
    if not placed.ended:
        raise Missed("an order that the venue never got was told as taken")
    if any(isinstance(item, OrderReport) for item in await stage.venue.look_up(placed.ref)):
        raise Missed("the venue knows an order that was refused")
    return "an order was refused, and the venue does not know it"


async def stream_loss(stage: Stage) -> str:
    """Break the stream while an order rests, cancel the order, and be told of its end once."""
    placed = await stage.place(await stage.resting())
    mark = stage.news.mark
    count = stage.faults.cut()
    if not count:
        raise Skip("the venue has no socket open that can be cut")
    await _cancelled(stage, placed)
    await back(stage, mark)
    end = await stage.end_of(placed)
    times = len(stage.news.ends(placed.id))
    if times != 1:
        raise Missed(f"the end of the order was reported {times} times")
    return f"{count} sockets cut, the order cancelled meanwhile, its end ({end.state}) told once, then a snapshot"


async def _cancelled(stage: Stage, placed: Placed) -> None:
    """Ask for the cancel until it is taken: over a socket that is down it can't be sent."""

    async def taken() -> bool:
        try:
            await stage.venue.cancel(placed.ref)
        except (ExchangeUnavailable, OutcomeUnknown):
            return not await stage.is_open(placed)
        return True

    await stage.sees("the cancel taken", taken)
