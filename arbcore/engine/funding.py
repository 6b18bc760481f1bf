"""Funding: what venues pay for open positions, booked to the trades that hold them."""

from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from arbcore.engine.accounts import Accounts, Posting
from arbcore.engine.execution import Execution
from arbcore.engine.life import Life
from arbcore.engine.market import Market
from arbcore.engine.others import Others
from arbcore.engine.output import Outbox, tell_moves
from arbcore.model.events import FundingApplied
from arbcore.model.input import FundingPayment


class Funding:
    """Books payments, each once.

    Args:
        market: Instruments.
        accounts: Cash of the session.
        others: Whose part of a payment is not booked.
        execution: Trades in flight.
        life: Takes what is paid before trading begins.
        outbox: Where events go.
    """

    def __init__(
        self, market: Market, accounts: Accounts, others: Others, execution: Execution, life: Life, outbox: Outbox
    ) -> None:
        self._market: Final = market
        self._accounts: Final = accounts
        self._others: Final = others
        self._execution: Final = execution
        self._life: Final = life
        self._outbox: Final = outbox

    def on_payment(self, payment: FundingPayment) -> None:
        """Take a payment on an instrument of the session; one that was taken before changes nothing."""
        venue = self._market.instruments[payment.instrument].instrument.venue
        if not self._accounts.first_time(venue, payment.payment_id):
            return
        if not self._life.began:
            self._life.pay_before_start(venue, payment)
            return
        part = self._others.shared(payment.instrument, payment.amount)
        if part or not payment.amount:
            self._book(venue, replace(payment, amount=part))

    def _book(self, venue: str, payment: FundingPayment) -> None:
        posting, shares = self._accounts.funding(payment)
        self._outbox.emit(_event(payment, posting, shares), f"{venue}:{payment.payment_id}")
        tell_moves(self._outbox, posting.moves)
        for trade in shares:
            if trade in self._execution.trades:
                self._execution.trades[trade].touched()


def _event(payment: FundingPayment, posting: Posting, shares: dict[str, Decimal]) -> FundingApplied:
    return FundingApplied(
        payment_id=payment.payment_id,
        instrument=payment.instrument,
        amount=payment.amount,
        currency=payment.currency,
        value=posting.value,
        rate=payment.rate,
        quantity=payment.quantity,
        shares=shares,
        rate_into_base=posting.rate,
    )
