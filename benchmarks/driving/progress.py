"""Watches a driver: tells now and then how far it is, and ends it with a message where nothing moves any more."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio

from benchmarks.driving.driver import Driver

logger = logging.getLogger(__name__)

_LOOK_S: Final = 10.0
_PATIENCE_S: Final = 180.0  # longer than an order is asked for, and than a venue's first ban
_SHOWN: Final = 10


class Stalled(Exception):
    """A driver got no further; the message tells what it waited for."""


@asynccontextmanager
async def watched(driver: Driver, *, look: float = _LOOK_S, patience: float = _PATIENCE_S) -> AsyncIterator[None]:
    """Watch a driver while the body runs.

    Args:
        driver: The driver.
        look: Seconds between two lines in the log.
        patience: Seconds in which something must have been sent or settled.

    Raises:
        Stalled: Nothing was; the body was cancelled.
    """
    why = ""

    async def watch() -> None:
        nonlocal why
        before, still = driver.moved, 0.0
        while still < patience:
            await anyio.sleep(look)
            now = driver.moved
            still = still + look if now == before else 0.0
            before = now
            logger.info("%s", progress(driver))
        why = f"nothing was sent or settled for {still:.0f} s: {progress(driver)}\n{waiting(driver)}"
        logger.error("%s", why)  # told even where what is stuck does not let itself be cancelled
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        yield
        group.cancel_scope.cancel()
    if why:
        raise Stalled(why)


def progress(driver: Driver) -> str:
    """Return in a line how far a driver is."""
    sent = driver.books.sent
    counts = ", ".join(f"{name} {count}" for name, count in sorted(driver.counts.items()))
    return f"{len(sent)} sent, {sum(one.settled for one in sent.values())} settled; {counts}"


def waiting(driver: Driver) -> str:
    """Return what a driver is doing, the orders that are not settled, and the last errors."""
    rows = [f"doing for {seconds:.1f} s: {what}" for what, seconds in driver.under_way]
    unsettled = [one for one in driver.books.sent.values() if not one.settled]
    rows += [
        f"not settled: {one.order.client_order_id} ({one.shape.name}): {one.outcome} {one.report}, filled {one.filled}"
        for one in unsettled[:_SHOWN]
    ]
    return "\n".join([*rows, *(f"error: {error}" for error in driver.errors[-_SHOWN:])])
