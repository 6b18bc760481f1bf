"""Opening: the session's part of the accounts, before trading begins and at the moment when it does."""

from typing import Final

from arbcore.engine.accounts import Accounts
from arbcore.engine.drifts import Drifts
from arbcore.engine.others import Others
from arbcore.engine.output import Outbox, tell_moves
from arbcore.model.input import AccountSnapshot


class Opening:
    """Opens accounts.

    Args:
        accounts: Take the session's part over.
        others: Tells which part that is.
        drifts: Learn what the rest is.
        outbox: Where events go.
    """

    def __init__(self, accounts: Accounts, others: Others, drifts: Drifts, outbox: Outbox) -> None:
        self._accounts: Final = accounts
        self._others: Final = others
        self._drifts: Final = drifts
        self._outbox: Final = outbox

    def take(self, snapshot: AccountSnapshot) -> None:
        """Book the session's part of what a venue states; a later statement replaces an earlier one."""
        tell_moves(self._outbox, self._accounts.restate(self._others.ours(snapshot)))
        self._drifts.opened(snapshot)

    def begin(self) -> None:
        """Let results count from now on."""
        self._accounts.open_stock()
        self._accounts.cash.start()
