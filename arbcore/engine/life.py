"""Life cycle: start, opening of accounts, the moment from which results count, and the end."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from arbcore.engine.opening import Opening
from arbcore.engine.output import Outbox
from arbcore.engine.switches import Switches
from arbcore.engine.valuation import Valuation
from arbcore.model.events import EngineStarted, EngineStopped, ManualOverrideExecuted, PnlReported
from arbcore.model.input import AccountSnapshot, FundingPayment, RuleOverridden, SessionControl
from arbcore.model.money import EXACT, ZERO, add
from arbcore.model.position import Balance
from arbcore.model.state import Severity


class LifeState(Struct, frozen=True):
    """What `Life` holds: the latest statement of every venue, and what all of it was worth at the start."""

    statements: dict[str, AccountSnapshot]
    start_value: Decimal | None


class Life:
    """Start and end of a session.

    Args:
        started: The event that tells the start.
        opening: Opens the accounts by the venues' statements.
        valuation: Values start and end.
        switches: The engine's state.
        outbox: Where events go.
        on_start: Called when the session starts, with whether it waits for a person.
        on_running: Called once everything owned can be valued and trading may begin.
        on_stop: Called before the end is told.
    """

    def __init__(
        self,
        started: EngineStarted,
        opening: Opening,
        valuation: Valuation,
        switches: Switches,
        outbox: Outbox,
        on_start: Callable[[bool], None],
        on_running: Callable[[], None],
        on_stop: Callable[[], None],
    ) -> None:
        self._started: Final = started
        self._opening: Final = opening
        self._valuation: Final = valuation
        self._switches: Final = switches
        self._outbox: Final = outbox
        self._on_start: Final = on_start
        self._on_running: Final = on_running
        self._on_stop: Final = on_stop
        self._statements: Final[dict[str, AccountSnapshot]] = {}
        self._start_value: Decimal | None = None

    def on_control(self, control: SessionControl) -> None:
        """Start or stop. A session that trades already, by what it took over, is resumed."""
        if control.start:
            self._outbox.emit(replace(self._started, resumed=self._start_value is not None))
            self._on_start(control.waits)
        elif control.winds_down:
            self._switches.wind_down()
        else:
            self._stop(control.reason)

    def on_override(self, override: RuleOverridden) -> None:
        """Record what an operator overrode before the session began: no command led to it."""
        self._outbox.emit(
            ManualOverrideExecuted(
                command_id="", issued_by=override.issued_by, rule=override.rule, reason=override.reason
            )
        )

    def on_snapshot(self, snapshot: AccountSnapshot) -> None:
        """Open a venue's account with what it states before trading begins; keep the latest statement for the end."""
        self._statements[snapshot.venue] = snapshot
        if self._start_value is None:
            self._opening.take(snapshot)

    def pay_before_start(self, venue: str, payment: FundingPayment) -> None:
        """Add a payment on a stock to what its venue stated: before trading begins it is no result."""
        stated = self._statements.get(venue)
        if stated is None:
            return
        owned = {balance.currency: balance for balance in stated.balances}
        before = owned.get(payment.currency, Balance(venue=venue, currency=payment.currency, total=ZERO))
        owned[payment.currency] = replace(before, total=add(before.total, payment.amount))
        self.on_snapshot(replace(stated, balances=tuple(owned.values())))

    @property
    def began(self) -> bool:
        """Whether trading began, so that from then on payments are results."""
        return self._start_value is not None

    def stated(self, venue: str) -> bool:
        """Tell whether a venue has stated its account."""
        return venue in self._statements

    def try_boot(self) -> bool:
        """Begin to trade if everything owned can be valued; results count from this moment."""
        value = self._valuation.account_value(self._statements.values())
        if value is None:
            return False
        self._opening.begin()
        self._start_value = value
        self._outbox.begin(0)
        self._on_running()
        self._switches.start("everything owned can be valued")
        return True

    def state(self) -> LifeState:
        """Return all of it."""
        return LifeState(dict(self._statements), self._start_value)

    def restore(self, state: LifeState) -> None:
        """Take over what an earlier `state` returned."""
        self._statements.update(state.statements)
        self._start_value = state.start_value

    def _stop(self, reason: str) -> None:
        self._on_stop()
        self._report()
        self._outbox.emit(EngineStopped(reason=reason))

    def _report(self) -> None:
        pnl, end = self._valuation.pnl(), self._valuation.result_value(self._statements.values())
        if self._start_value is None or pnl is None or end is None:
            text = "the session never traded: no price or rate arrived that values every balance; check data and rates"
            self._switches.alert("never_started", Severity.P1, "engine", text)
            return
        self._outbox.emit(PnlReported(pnl=pnl, ledger_change=EXACT.subtract(end, self._start_value)))
