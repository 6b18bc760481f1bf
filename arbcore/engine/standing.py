"""Standing: our side of a venue and the venue's own, number by number under the same names.

Cash is compared as amounts, coins of spot markets as amounts too, perpetuals as net positions in order units.
"""

from decimal import Decimal, localcontext
from typing import Final

from arbcore.engine.accounts import Accounts
from arbcore.engine.market import Market
from arbcore.model.input import AccountSnapshot
from arbcore.model.instrument import InstrumentKind
from arbcore.model.money import EXACT, ZERO

CASH: Final = "balance"
COINS: Final = "coins"
POSITION: Final = "position"
KINDS: Final = frozenset({CASH, COINS, POSITION})

Standing = dict[str, Decimal]
"""Numbers by subject: ``balance VENUE:CURRENCY``, ``coins VENUE:CURRENCY`` or ``position VENUE:SYMBOL``."""


def kind_of(subject: str) -> str:
    """Return what a subject is: cash, coins, or a position."""
    return subject.partition(" ")[0]


def name_of(subject: str) -> str:
    """Return currency or symbol of a subject, without its venue."""
    return subject.partition(":")[2]


def our_side(venue: str, accounts: Accounts, market: Market) -> Standing:
    """Return what we count on a venue: every currency, coin and perpetual that the session's instruments use."""
    ours = {}
    with localcontext(EXACT):
        for state in market.instruments.values():
            instrument = state.instrument
            if instrument.venue != venue:
                continue
            held = accounts.lots.net.get(state.key, ZERO) + accounts.stock.get(state.key, ZERO)
            if instrument.kind is InstrumentKind.PERPETUAL:
                ours[f"{POSITION} {state.key}"] = held
            elif market.coins.get((venue, instrument.base)) is state:
                ours[f"{COINS} {venue}:{instrument.base}"] = held * instrument.unit
            for currency in (instrument.quote, instrument.settlement):
                if (venue, currency) not in market.coins:
                    ours[f"{CASH} {venue}:{currency}"] = accounts.cash.balances.get((venue, currency), ZERO)
        for (held_on, currency), amount in accounts.cash.balances.items():
            if held_on == venue:
                ours[f"{CASH} {venue}:{currency}"] = amount
    return ours


def their_side(snapshot: AccountSnapshot, subjects: Standing) -> Standing:
    """Return what the venue states of the same subjects; what it does not name is zero there."""
    theirs = dict.fromkeys(subjects, ZERO)
    for balance in snapshot.balances:
        for kind in (CASH, COINS):
            subject = f"{kind} {snapshot.venue}:{balance.currency}"
            if subject in theirs:
                theirs[subject] = balance.total
    for position in snapshot.positions:
        subject = f"{POSITION} {position.instrument}"
        if subject in theirs:
            theirs[subject] = position.quantity
    return theirs


def short(subject: str, ours: Decimal, theirs: Decimal) -> bool:
    """Tell whether a venue holds less of a coin or position than we count as ours: some of it is gone."""
    if kind_of(subject) == CASH or not ours:
        return False
    return theirs * (1 if ours > 0 else -1) < abs(ours)
