"""The session as risk tiers see it."""

from collections import deque
from decimal import Decimal, localcontext
from typing import Final

from msgspec import Struct

from arbcore.engine.accounts import Accounts
from arbcore.engine.execution import Execution
from arbcore.engine.output import Outbox
from arbcore.engine.valuation import Valuation
from arbcore.model.money import EXACT
from arbcore.model.trade import Trade

_KEPT_NS: Final = 2 * 86_400 * 10**9


class ViewState(Struct, frozen=True):
    """What `SessionView` holds: when trades were opened, and the equity at the start."""

    opened: list[int]
    start: Decimal | None


class SessionView:
    """Read side of the engine for risk tiers (`arbcore.ports.risk.RiskView`).

    Args:
        outbox: Engine time.
        accounts: Profit of trades.
        valuation: Equity.
        execution: Trades.
    """

    def __init__(self, outbox: Outbox, accounts: Accounts, valuation: Valuation, execution: Execution) -> None:
        self._outbox: Final = outbox
        self._accounts: Final = accounts
        self._valuation: Final = valuation
        self._execution: Final = execution
        self._opened: Final[deque[int]] = deque()
        self._start: Decimal | None = None

    @property
    def now(self) -> int:
        """Engine time."""
        return self._outbox.now

    def start(self) -> None:
        """Note the equity of this moment as the start of the session."""
        self._start = self._valuation.equity()

    def equity(self) -> Decimal | None:
        """Return balances and open lots at the touch; None while a rate or touch is missing or stale."""
        return self._valuation.equity() if self._valuation.fresh(self._outbox.now) else None

    def start_equity(self) -> Decimal | None:
        """Return the equity at the start of the session, None before it."""
        return self._start

    def fx(self) -> Decimal | None:
        """Return what rate changes did to the balances since the session's start; None where `equity` is."""
        if not self._valuation.fresh(self._outbox.now):
            return None
        with localcontext(EXACT):
            return self._accounts.cash.fx()

    def open_trades(self) -> list[Trade]:
        """Return the trades that are not closed, oldest first."""
        return [trade.view(self._accounts) for trade in self._execution.trades.values()]

    def trades_opened_since(self, time: int) -> int:
        """Return how many trades were opened at or after an engine time within the last two days."""
        return sum(1 for opened in self._opened if opened >= time)

    def note_opened(self) -> None:
        """Count a trade that is opened now; those of more than two days ago are forgotten."""
        while self._opened and self._opened[0] < self._outbox.now - _KEPT_NS:
            self._opened.popleft()
        self._opened.append(self._outbox.now)

    def state(self) -> ViewState:
        """Return all of it."""
        return ViewState(list(self._opened), self._start)

    def restore(self, state: ViewState) -> None:
        """Take over what an earlier `state` returned."""
        self._opened.extend(state.opened)
        self._start = state.start
