"""The private side of the doctor's round: questions to an account and its wallets. None of them changes anything."""

from collections.abc import Iterable
from functools import partial

import anyio

from arbcore.doctor.rows import attempt, trouble
from arbcore.doctor.seen import Seen
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.opening import in_time
from arbcore.pipeline import Pipeline
from arbcore.ports.trading import Venue


async def look_at_account(pipeline: Pipeline, seen: Seen, planned: anyio.Event, patience_s: float) -> None:
    """Ask an exchange what it tells of the account.

    Args:
        pipeline: Builds venue and treasury.
        seen: Takes what is learned.
        planned: Set once the instruments that routes trade are known.
        patience_s: Time for each question.
    """
    can = pipeline.capabilities(seen.name)
    seen.has_perpetuals = InstrumentKind.PERPETUAL in can.kinds
    seen.trades = can.trading and not can.simulated
    if not seen.trades or seen.needs_key:
        return
    async with anyio.create_task_group() as group:
        group.start_soon(_look, pipeline, seen, planned, patience_s)
        if can.treasury:
            group.start_soon(_look_at_wallets, pipeline, seen, planned, patience_s)


async def _look(pipeline: Pipeline, seen: Seen, planned: anyio.Event, patience_s: float) -> None:
    try:
        venue = pipeline.real_venue(seen.name)
        async with in_time(f"exchanges.{seen.name}", venue, patience_s):
            await _ask(venue, seen, planned, patience_s)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other exchanges go on
        seen.opened = trouble(error)


async def _ask(venue: Venue, seen: Seen, planned: anyio.Event, patience_s: float) -> None:
    seen.facts = await attempt(venue.facts, patience_s)
    seen.snapshot = await attempt(venue.snapshot, patience_s)
    seen.orders = await attempt(venue.open_orders, patience_s)
    await planned.wait()
    for instrument in seen.instruments:
        seen.terms[instrument.key] = await attempt(partial(venue.terms, instrument.key), patience_s)


async def _look_at_wallets(pipeline: Pipeline, seen: Seen, planned: anyio.Event, patience_s: float) -> None:
    coins: list[str] = []
    try:
        treasury = pipeline.treasury(seen.name)
        async with in_time(f"exchanges.{seen.name}", treasury, patience_s):
            await planned.wait()
            coins = _coins(seen.instruments)
            for coin in coins:
                seen.wallets[coin] = await attempt(partial(treasury.wallets, coin), patience_s)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other questions go on
        for coin in coins or [""]:
            seen.wallets.setdefault(coin, trouble(error))


def _coins(instruments: Iterable[Instrument]) -> list[str]:
    """Return the coins that must move to close what stays open: those bought on spot, and what perpetuals settle in."""
    return list(
        dict.fromkeys(item.base if item.kind is InstrumentKind.SPOT else item.settlement for item in instruments)
    )
