"""Causes: what most likely made a venue's number differ from ours. A guess for people; no money depends on it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from arbcore.engine.market import InstrumentState, Market
from arbcore.engine.standing import CASH, POSITION, Standing, kind_of, name_of
from arbcore.engine.strangers import Strangers
from arbcore.model.drift import CauseClass
from arbcore.model.instrument import InstrumentKind

_HOUR_NS: Final = 3600 * 10**9
"""Venues settle funding at full hours."""

_ROUNDED: Final = Decimal("1e-7")
"""Share of a balance up to which a difference is taken for digits that a venue rounds."""


class Causes:
    """Classifies differences.

    Args:
        market: Instruments.
        strangers: What others were seen to do on the account.
    """

    def __init__(self, market: Market, strangers: Strangers) -> None:
        self._market: Final = market
        self._strangers: Final = strangers

    def of(self, venue: str, subject: str, ours: Standing, change: Decimal, matched: int, now: int) -> CauseClass:
        """Return the likely cause of a difference.

        Args:
            venue: Exchange instance id.
            subject: What differs.
            ours: Our side of the venue.
            change: The venue's number minus ours.
            matched: When the two were last compared, in UTC nanoseconds.
            now: Engine time.
        """
        name = name_of(subject)
        if kind_of(subject) == POSITION:
            return self._strangers.cause(f"{venue}:{name}") or CauseClass.UNKNOWN
        touched = [state for state in self._market.instruments.values() if _moves(state, venue, subject, name)]
        seen = next((cause for state in touched if (cause := self._strangers.cause(state.key))), None)
        if seen is not None:
            return seen
        if kind_of(subject) == CASH:
            return _of_cash(touched, ours, ours[subject], change, passed_an_hour=matched // _HOUR_NS != now // _HOUR_NS)
        return CauseClass.DEPOSIT if change > 0 else CauseClass.WITHDRAWAL


def _of_cash(
    touched: Iterable[InstrumentState], ours: Standing, balance: Decimal, change: Decimal, *, passed_an_hour: bool
) -> CauseClass:
    used = list(touched)
    if abs(change) <= abs(balance) * _ROUNDED or (not used and change < 0):
        return CauseClass.FEE
    if passed_an_hour and any(ours.get(f"{POSITION} {state.key}") for state in used):
        return CauseClass.FUNDING
    return CauseClass.DEPOSIT if change > 0 else CauseClass.WITHDRAWAL


def _moves(state: InstrumentState, venue: str, subject: str, name: str) -> bool:
    """Tell whether trading an instrument moves a balance."""
    instrument = state.instrument
    if instrument.venue != venue:
        return False
    if kind_of(subject) == CASH:
        return name in {instrument.quote, instrument.settlement}
    return instrument.kind is InstrumentKind.SPOT and instrument.base == name
