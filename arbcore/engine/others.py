"""Others: what of an account is not the session's, under the names by which numbers are compared.

A session owns what is allotted to it, and what it buys with that. Everything else on the account stays its owner's: it
is neither counted nor valued nor sold, and when it changes, that is told and never adopted.
"""

from collections.abc import Mapping
from decimal import Context, Decimal, localcontext
from typing import Final

from msgspec.structs import replace

from arbcore.engine.accounts import Accounts
from arbcore.engine.market import Market
from arbcore.engine.standing import CASH, COINS, POSITION, kind_of, name_of, our_side, their_side
from arbcore.model.input import AccountSnapshot
from arbcore.model.money import EXACT, ZERO
from arbcore.model.position import Balance, PositionReport

_STEP: Final = Decimal("1e-12")
_SHARES: Final = Context(prec=60)
"""The session's part of a payment is rounded; others' part takes the remainder, so that their sum is exact."""

Limits = Mapping[str, Mapping[str, Decimal]]
"""What a session may use, by exchange instance id and currency; an exchange that is not named is wholly its own."""


class Others:
    """What of the accounts belongs to others.

    Args:
        accounts: What the session owns.
        market: Instruments.
        limits: What is allotted to the session.

    Attributes:
        amounts: Amount by subject (see `arbcore.engine.standing`): cash less the entry value of others' positions.
    """

    def __init__(self, accounts: Accounts, market: Market, limits: Limits) -> None:
        self._accounts: Final = accounts
        self._market: Final = market
        self._limits: Final = limits
        self.amounts: Final[dict[str, Decimal]] = {}

    def share(self, venue: str) -> bool:
        """Tell whether others may own a part of a venue's account."""
        return venue in self._limits

    def of(self, subject: str) -> Decimal:
        """Return how much of a number is others'."""
        return self.amounts.get(subject, ZERO)

    def position(self, instrument: str) -> Decimal:
        """Return the net position that others hold of an instrument at its venue."""
        return self.of(f"{POSITION} {instrument}")

    def add(self, subject: str, change: Decimal) -> None:
        """Note that others own more or less of something."""
        self.amounts[subject] = EXACT.add(self.of(subject), change)

    def ours(self, snapshot: AccountSnapshot) -> AccountSnapshot:
        """Return the session's part of what a venue states before trading begins.

        That is at most what is allotted, of each currency that is; positions there are before are others'.
        """
        limits = self._limits.get(snapshot.venue)
        if limits is None:
            return snapshot
        held = {balance.currency: balance for balance in snapshot.balances}
        ours = [
            replace(held[currency], total=min(held[currency].total, limit))
            for currency, limit in limits.items()
            if currency in held
        ]
        return replace(snapshot, balances=tuple(ours), positions=())

    def learn(self, snapshot: AccountSnapshot) -> None:
        """Take the rest of what a venue states for others', once the session's part was booked."""
        venue = snapshot.venue
        for subject in [one for one in self.amounts if _of_venue(one, venue)]:
            del self.amounts[subject]
        ours = our_side(venue, self._accounts, self._market)
        for balance in snapshot.balances:
            kind = COINS if (venue, balance.currency) in self._market.coins else CASH
            ours.setdefault(f"{kind} {venue}:{balance.currency}", ZERO)
        theirs = their_side(snapshot, ours, self._market, self.amounts).compared
        with localcontext(EXACT):
            self.amounts.update({one: theirs[one] - ours[one] for one in ours if theirs[one] != ours[one]})

    def shared(self, instrument: str, amount: Decimal) -> Decimal:
        """Return the session's part of a payment on the venue's net position in an instrument.

        The rest is noted as others'. A payment is shared by the quantities that are held when it arrives.
        """
        state = self._market.instruments[instrument]
        theirs = self.position(instrument)
        ours = self._accounts.lots.net.get(instrument, ZERO)
        if not theirs:
            return amount
        net = EXACT.add(ours, theirs)
        share = _SHARES.divide(ours, net) if net else Decimal(bool(ours))
        part = _SHARES.quantize(_SHARES.multiply(amount, share), _STEP)
        self.add(f"{CASH} {state.instrument.venue}:{state.instrument.settlement}", EXACT.subtract(amount, part))
        return part

    def whole(self, venue: str, now: int) -> AccountSnapshot:
        """Return what a venue holds: by the session's ledger, and by what others own there."""
        stated = self._accounts.statement(venue, now)
        balances = {one.currency: one for one in stated.balances}
        positions = {one.instrument: one for one in stated.positions}
        with localcontext(EXACT):
            for subject, amount in self.amounts.items():
                if not _of_venue(subject, venue):
                    continue
                name = name_of(subject)
                if kind_of(subject) != POSITION:
                    before = balances.get(name, Balance(venue=venue, currency=name, total=ZERO))
                    balances[name] = replace(before, total=before.total + amount)
                    continue
                key = f"{venue}:{name}"
                held = positions.get(key, PositionReport(instrument=key, quantity=ZERO, entry_value=ZERO))
                # What others' positions have cost is taken off their cash already.
                positions[key] = replace(held, quantity=held.quantity + amount)
        return replace(stated, balances=tuple(balances.values()), positions=tuple(positions.values()))


def _of_venue(subject: str, venue: str) -> bool:
    return subject.partition(" ")[2].partition(":")[0] == venue
