"""Life cycle: start, opening of accounts, the moment from which results count, and the end."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from arbcore.engine.accounts import Accounts
from arbcore.engine.output import Outbox, tell_moves
from arbcore.engine.switches import Switches
from arbcore.engine.valuation import Valuation
from arbcore.model.events import EngineStarted, EngineStopped, PnlReported
from arbcore.model.input import AccountSnapshot, SessionControl
from arbcore.model.money import EXACT
from arbcore.model.state import EngineState, Severity

if TYPE_CHECKING:
    from decimal import Decimal


class Life:
    """Start and end of a session.

    Args:
        started: The event that tells the start.
        accounts: Opened by the first statement of each venue.
        valuation: Values start and end.
        switches: The engine's state.
        outbox: Where events go.
        on_start: Called when the session starts.
        on_running: Called once everything owned can be valued and trading may begin.
        on_stop: Called before the end is told.
    """

    def __init__(
        self,
        started: EngineStarted,
        accounts: Accounts,
        valuation: Valuation,
        switches: Switches,
        outbox: Outbox,
        on_start: Callable[[], None],
        on_running: Callable[[], None],
        on_stop: Callable[[], None],
    ) -> None:
        self._started: Final = started
        self._accounts: Final = accounts
        self._valuation: Final = valuation
        self._switches: Final = switches
        self._outbox: Final = outbox
        self._on_start: Final = on_start
        self._on_running: Final = on_running
        self._on_stop: Final = on_stop
        self._statements: Final[dict[str, AccountSnapshot]] = {}
        self._start_value: Decimal | None = None

    def on_control(self, control: SessionControl) -> None:
        """Start or stop."""
        if control.start:
            self._outbox.emit(self._started)
            self._on_start()
        else:
            self._stop(control.reason)

    def on_snapshot(self, snapshot: AccountSnapshot) -> None:
        """Open a venue's account with its first statement; keep later ones for the end."""
        first = snapshot.venue not in self._statements
        self._statements[snapshot.venue] = snapshot
        if first:
            tell_moves(self._outbox, self._accounts.open_account(snapshot))

    def try_boot(self) -> bool:
        """Begin to trade if everything owned can be valued; results count from this moment."""
        if not self._statements or not self._valuation.ready():
            return False
        self._accounts.open_stock()
        self._accounts.cash.start()
        self._start_value = self._valuation.account_value(self._statements.values())
        self._outbox.begin(0)
        self._on_running()
        self._switches.move(EngineState.RUNNING, "everything owned can be valued", "engine")
        return True

    def _stop(self, reason: str) -> None:
        self._on_stop()
        self._report()
        self._outbox.emit(EngineStopped(reason=reason))

    def _report(self) -> None:
        pnl, end = self._valuation.pnl(), self._valuation.account_value(self._statements.values())
        if self._start_value is None or pnl is None or end is None:
            text = "the session never traded: no price or rate arrived that values every balance; check data and rates"
            self._switches.alert("never_started", Severity.P1, "engine", text)
            return
        self._outbox.emit(PnlReported(pnl=pnl, ledger_change=EXACT.subtract(end, self._start_value)))
