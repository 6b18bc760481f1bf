"""Every fault in all the ways in which it may strike a session on the field."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from arbcore.model.reason import Reason
from arbcore.testing.faulty.plan import ACCOUNT, LASTING, SECOND, Fault, Request, Trouble
from tests.matrix.faults import DOWN
from tests.matrix.field import SEOUL, SWAP

Aim = tuple[str, Trouble]
"""A venue with a trouble; its ``nth`` counts from the venue's next request of the kind."""

_WAYS: Final[dict[Fault, list[dict[str, Any]]]] = {
    Fault.REJECT: [
        {"reason": reason}
        for reason in (Reason.ORDER_INSUFFICIENT_BALANCE, Reason.ORDER_POSITION_LIMIT, Reason.ORDER_TOO_MANY)
    ],
    Fault.PARTIAL: [{"share": Decimal(share)} for share in ("0.1", "0.4", "0.9")]
    + [{"quantity": Decimal(quantity)} for quantity in ("0.02", "0.05", "1.98")],
    Fault.LATE_ARRIVAL: [{"lasts_ns": lasts} for lasts in (SECOND // 2, 3 * SECOND, 9 * SECOND)],
    Fault.LATE_FILL: [{"lasts_ns": lasts} for lasts in (SECOND // 20, SECOND, 4 * SECOND)],
}


def _aims(fault: Fault) -> Iterator[Aim]:
    for venue in (SEOUL, SWAP):
        if fault in ACCOUNT and venue == SEOUL:
            continue  # a venue takes nothing off a spot market, and one that ends leaves coins that nobody can sell
        if fault is Fault.RESTART:
            yield from (
                (venue, Trouble(fault=fault, at=at, nth=nth, lasts_ns=DOWN, after=after))
                for at in Request
                for nth in (0, 1)
                for after in (False, True)
            )
        elif fault in LASTING | ACCOUNT:
            yield from (
                (venue, Trouble(fault=fault, at=at, lasts_ns=lasts, after=after))
                for at in Request
                for lasts in (2 * SECOND, 7 * SECOND)
                for after in (False, True)
            )
        else:
            ways = _WAYS.get(fault, [{}])
            yield from ((venue, Trouble(fault=fault, nth=nth, **way)) for nth in (0, 1) for way in ways)


FAULTS: Final = sorted(Fault)
"""Every fault that strikes at random."""

SPOILING: Final = [one for one in FAULTS if one in LASTING]
"""Those of a venue, which may begin at any time."""

AIMS: Final = {fault: list(_aims(fault)) for fault in FAULTS}
"""Every way in which a fault may strike, by the fault."""

LIES: Final = frozenset({Fault.LATE_FILL, Fault.LATE_ARRIVAL})
"""Faults after which a leg may have two orders at its venue, because that did not tell the truth of the first."""
