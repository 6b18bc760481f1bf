"""The countdown: venues that have one cancel our open orders by themselves once they no longer hear from us."""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

import anyio

from arbcore.errors import ExchangeError
from arbcore.ports.trading import DeadMansSwitch

WINDOW_NS: Final = 60 * 10**9
"""Silence after which a venue cancels the open orders of an instrument. It never closes a position."""

_RENEWALS: Final = 3
_PATIENCE_S: Final = 10.0

logger = logging.getLogger("arbcore.countdown")


class Countdown:
    """Keeps the countdowns of a session's instruments from ending while it lives.

    A venue that fails to take one keeps the orders that it has; the log says so once, and again when it takes it.

    Args:
        venues: Venues that have a countdown, by exchange id.
        instruments: Keys of the instruments traded on each.
        window_ns: Silence after which a venue cancels; it is told anew three times within.
    """

    def __init__(
        self,
        venues: Mapping[str, DeadMansSwitch],
        instruments: Mapping[str, Sequence[str]],
        window_ns: int = WINDOW_NS,
    ) -> None:
        self._switches: Final = [(venues[name], key) for name in venues for key in instruments[name]]
        self._window: Final = window_ns
        self._failing: Final[set[str]] = set()

    async def run(self) -> None:
        """Arm all of them, and renew them until cancelled."""
        while True:
            await self._tell(self._window)
            await anyio.sleep(self._window / 1e9 / _RENEWALS)

    async def disarm(self) -> None:
        """Switch all of them off: the session ends in good order, and what rests may rest."""
        with anyio.move_on_after(_PATIENCE_S, shield=True):
            await self._tell(0)

    async def _tell(self, after_ns: int) -> None:
        async with anyio.create_task_group() as group:
            for venue, key in self._switches:
                group.start_soon(self._tell_one, venue, key, after_ns)

    async def _tell_one(self, venue: DeadMansSwitch, key: str, after_ns: int) -> None:
        try:
            await venue.cancel_all_after(key, after_ns)
        except ExchangeError as error:
            if key not in self._failing:
                logger.warning("%s: its countdown was not renewed: %s", key, error.what)
            self._failing.add(key)
        else:
            if key in self._failing:
                logger.info("%s: its countdown runs again", key)
            self._failing.discard(key)
