"""Standing: our side of a venue and the venue's own, number by number under the same names.

Cash is compared as amounts, coins of spot markets as amounts too, perpetuals as net positions in order units.

A position that is closed in part pays out against the entry price of what is closed: a venue takes the average of the
whole position, we take the lots of the trade. So what has been paid out differs as long as anything is open, and only
cash less the entry value of what is open is the same number on both sides.
"""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Final

from msgspec import Struct

from arbcore.engine.accounts import Accounts
from arbcore.engine.market import Market
from arbcore.model.input import AccountSnapshot
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.money import EXACT, ZERO

CASH: Final = "balance"
COINS: Final = "coins"
POSITION: Final = "position"
KINDS: Final = frozenset({CASH, COINS, POSITION})

_ROUNDED: Final = Decimal("1e-9")
"""Share of a balance up to which it may differ by digits that a venue rounds at each payment."""

_ENTRY_ROUNDED: Final = Decimal("1e-6")
"""Share of an entry value likewise: venues state the average price of a position with few digits."""

Standing = dict[str, Decimal]
"""Numbers by subject: ``balance VENUE:CURRENCY``, ``coins VENUE:CURRENCY`` or ``position VENUE:SYMBOL``."""


def kind_of(subject: str) -> str:
    """Return what a subject is: cash, coins, or a position."""
    return subject.partition(" ")[0]


def name_of(subject: str) -> str:
    """Return currency or symbol of a subject, without its venue."""
    return subject.partition(":")[2]


class Statement(Struct, frozen=True):
    """A venue's side.

    Attributes:
        compared: Numbers to hold against ours.
        stated: The same as the venue words them: cash with what open positions have cost still in it.
        blurred: Cash that can't be compared now, since a position that it pays for differs.
        inexact: How far cash may differ by digits that a venue rounds, by subject.
    """

    compared: Standing
    stated: Standing
    blurred: frozenset[str]
    inexact: Standing


def our_side(venue: str, accounts: Accounts, market: Market) -> Standing:
    """Return what we count on a venue: every currency, coin and perpetual that the session's instruments use."""
    ours = {f"{CASH} {key[0]}:{key[1]}": amount for key, amount in accounts.cash.balances.items() if key[0] == venue}
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
                    ours.setdefault(f"{CASH} {venue}:{currency}", ZERO)
            if instrument.kind is InstrumentKind.PERPETUAL:
                ours[f"{CASH} {venue}:{instrument.settlement}"] -= _entry_value(accounts, state.key, instrument)
    return ours


def their_side(snapshot: AccountSnapshot, ours: Standing, market: Market, others: Mapping[str, Decimal]) -> Statement:
    """Return what the venue states of the same subjects; what it does not name is zero there.

    Args:
        snapshot: What it states.
        ours: Our side.
        market: Instruments.
        others: What of the account is known not to be ours, by subject.
    """
    stated = dict.fromkeys(ours, ZERO)
    for balance in snapshot.balances:
        for kind in (CASH, COINS):
            if (subject := f"{kind} {snapshot.venue}:{balance.currency}") in stated:
                stated[subject] = balance.total
    known = [one for one in snapshot.positions if f"{POSITION} {one.instrument}" in stated]
    stated |= {f"{POSITION} {one.instrument}": one.quantity for one in known}
    compared, inexact = dict(stated), {}
    with localcontext(EXACT):
        for subject in (subject for subject in stated if kind_of(subject) == CASH):
            costs = [one.entry_value for one in known if _pays(subject, one.instrument, market)]
            compared[subject] -= sum(costs, ZERO)
            inexact[subject] = abs(stated[subject]) * _ROUNDED + sum(map(abs, costs), ZERO) * _ENTRY_ROUNDED
    with localcontext(EXACT):
        known_net = {key: ours[key] + others.get(key, ZERO) for key in ours if kind_of(key) == POSITION}
    differing = [key.partition(" ")[2] for key, net in known_net.items() if stated[key] != net]
    blurred = {key for key in inexact if any(_pays(key, instrument, market) for instrument in differing)}
    return Statement(compared, stated, frozenset(blurred), inexact)


def _pays(subject: str, key: str, market: Market) -> bool:
    """Tell whether what a perpetual wins is paid in a currency."""
    instrument = market.instruments[key].instrument
    return subject == f"{CASH} {instrument.venue}:{instrument.settlement}"


def _entry_value(accounts: Accounts, key: str, instrument: Instrument) -> Decimal:
    dust = accounts.lots.dust.get(key)
    value = sum((lot.quantity * lot.price for lot in accounts.lots.of(key)), ZERO if dust is None else dust.value)
    return value * instrument.contract_size


def short(subject: str, ours: Decimal, theirs: Decimal) -> bool:
    """Tell whether a venue holds less of a coin or position than we count as ours: some of it is gone."""
    if kind_of(subject) == CASH or not ours:
        return False
    return theirs * (1 if ours > 0 else -1) < abs(ours)
