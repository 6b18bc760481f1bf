"""Closing what a session left, with nothing running: the session itself, which asks a person before it sends anything.

It goes on with the journal as any start does: takes the leases, folds, asks the venues for everything. Then it waits,
instead of trading: what it would send is shown, and once that is agreed to it closes every trade and ends. So there is
one way to the venues only, and the journal tells all of it to the next start.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Final

import anyio

from arbcore.config import Config
from arbcore.engine.parts import Parts
from arbcore.engine.prospect import Prospect, prospect
from arbcore.model.command import CommandRequest, StopSession
from arbcore.model.trade import TradeState
from arbcore.plugins import Plugins
from arbcore.runtime.clock import WallClock
from arbcore.runtime.result import SessionResult
from arbcore.runtime.session import Ending
from arbcore.session import Wish, require_ready, run_checked

NOT_AGREED: Final = "nothing was sent: it was not agreed to"
FROZEN: Final = "what is left can't be closed now"
SILENT: Final = "nothing was sent: the venues did not tell everything in time"

Ask = Callable[[Prospect], Awaitable[bool]]
"""Shows what would be sent, and tells whether it may be."""


class Agreement:
    """Asks a person once the session knows everything, and gives the command that closes its trades.

    Args:
        ask: Asks.
        issued_by: Who it is, for the journal.
        patience_s: Time that the venues have to tell everything.

    Attributes:
        given: Whether it was agreed to.
    """

    def __init__(self, ask: Ask, issued_by: str, patience_s: float) -> None:
        self._ask: Final = ask
        self._issued_by: Final = issued_by
        self._patience_s: Final = patience_s
        self._known: Final = anyio.Event()
        self._prospect = Prospect()
        self._ending = Ending()
        self.given = False

    def rest(self, parts: Parts) -> None:
        """Look at the engine between two steps."""
        if not self._known.is_set():
            if parts.resumption.known():
                self._prospect = prospect(parts)
                self._known.set()
        elif self.given and not parts.resumption.pending:
            trades = parts.execution.trades.values()
            if trades and all(trade.state is TradeState.FROZEN for trade in trades):
                self._ending.ask(FROZEN)

    async def run(self, put: Callable[[CommandRequest], None], ending: Ending) -> None:
        """Ask once everything is known, and have the session close its trades, or end.

        Args:
            put: Takes the command.
            ending: Asks the session to end.
        """
        self._ending = ending
        with anyio.move_on_after(self._patience_s):
            await self._known.wait()
        if not self._known.is_set():
            ending.ask(SILENT)
        elif not await self._ask(self._prospect):
            ending.ask(NOT_AGREED)
        else:
            self.given = True
            put(self._command())
        await anyio.sleep_forever()

    def _command(self) -> CommandRequest:
        return CommandRequest(
            id=f"offline-{secrets.token_hex(8)}",
            command=StopSession(flatten=True),
            issued_by=self._issued_by,
            recv_ts=WallClock().now(),
        )


async def flatten_offline(config: Config, plugins: Plugins, wish: Wish) -> SessionResult:
    """Close what a session left. The consents to real orders are not asked for: it opens nothing.

    Args:
        config: The checked config of the session.
        plugins: Its plugins.
        wish: What is asked of it, with its agreement.

    Raises:
        SafetyError: The session lives, or another one trades on its accounts.
        ArbcoreError: Config, plugins, venues or journal are wrong; the message says what to do.
    """
    require_ready(config)
    return await run_checked(config, plugins, wish)
