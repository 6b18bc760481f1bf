"""The matrix' columns: what goes wrong at the request that a situation names, by a name for each."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from arbcore.model.reason import Reason
from arbcore.testing.faulty.plan import LASTING, SECOND, Fault, Trouble

_F = Fault
_REST_NS: Final = 7 * SECOND


class Column(Struct, frozen=True, kw_only=True):
    """A fault of the matrix.

    Attributes:
        troubles: What goes wrong, at once.
        away_ns: How long the venue, or what it would tell, is away: time that nobody could use.
        unknown: Whether an outcome stays open for a while.
        lies: Whether the venue tells something that turns out to be wrong, so that too much may be held for a moment.
        silent: Whether look-ups are not answered in between.
    """

    troubles: tuple[Trouble, ...]
    away_ns: int = 0
    unknown: bool = False
    lies: bool = False
    silent: bool = False

    @property
    def kills(self) -> bool:
        """Whether the engine's process dies."""
        return any(one.fault is Fault.RESTART for one in self.troubles)

    @property
    def rest_ns(self) -> int:
        """Time after which everything is over that lasts for a while."""
        lasting = LASTING | {Fault.LATE_ARRIVAL, Fault.LATE_FILL, Fault.RESTART}
        return max((one.lasts_ns for one in self.troubles if one.fault in lasting), default=0) + _REST_NS


def _one(*faults: Fault, **more: Any) -> tuple[Trouble, ...]:
    return tuple(Trouble(fault=fault, **more) for fault in faults)


LATE: Final = 10 * SECOND
"""How late an order arrives that nothing bounds."""

DOWN: Final = 3 * SECOND
"""How long the engine's process is away."""

COLUMNS: Final[Mapping[str, Column]] = {
    "none": Column(troubles=()),
    "timeout, told by the stream": Column(troubles=_one(_F.TIMEOUT), unknown=True),
    "timeout and silence": Column(troubles=_one(_F.TIMEOUT, _F.SILENT), unknown=True),
    "503, accepted": Column(troubles=_one(_F.ERROR_DONE), unknown=True),
    "503, not accepted": Column(troubles=_one(_F.ERROR_REFUSED)),
    "503, unknown and not accepted": Column(troubles=_one(_F.ERROR_OPEN), unknown=True),
    "request lost": Column(troubles=_one(_F.LOST), unknown=True),
    "request late": Column(troubles=_one(_F.LATE_ARRIVAL, lasts_ns=SECOND * 3 // 2), unknown=True),
    "request very late": Column(troubles=_one(_F.LATE_ARRIVAL, lasts_ns=LATE), unknown=True, lies=True, away_ns=SECOND),
    "fill, then silence": Column(troubles=_one(_F.SILENT), unknown=True),
    "works until cancelled": Column(troubles=_one(_F.HELD)),
    "fill during cancel": Column(troubles=_one(_F.FILL_ON_CANCEL), unknown=True),
    "part fills during cancel": Column(troubles=_one(_F.PART_ON_CANCEL)),
    "cancel refused": Column(troubles=_one(_F.CANCEL_REFUSED), unknown=True),
    "cancel lost": Column(troubles=_one(_F.CANCEL_LOST), unknown=True),
    "rejected": Column(troubles=_one(_F.REJECT)),
    "rejected by the bracket (-2027)": Column(troubles=_one(_F.REJECT, reason=Reason.ORDER_POSITION_LIMIT)),
    "rejected by the percent price": Column(troubles=_one(_F.REJECT, reason=Reason.ORDER_PRICE_BAND)),
    "rejected as crossing": Column(troubles=_one(_F.REJECT, reason=Reason.ORDER_WOULD_TAKE)),
    "self-match prevented": Column(troubles=_one(_F.SELF_MATCH)),
    "expired without a fill": Column(troubles=_one(_F.NO_FILL)),
    "partial fill, then expiry": Column(troubles=_one(_F.PARTIAL)),
    "partial fill below a minimum": Column(troubles=_one(_F.PARTIAL, quantity=Decimal("0.02"))),
    "all but dust filled": Column(troubles=_one(_F.PARTIAL, quantity=Decimal("4.975"))),
    "late fill": Column(troubles=_one(_F.LATE_FILL), lies=True, away_ns=2 * SECOND),
    "fill told twice": Column(troubles=_one(_F.TWICE)),
    "fills split, out of order": Column(troubles=_one(_F.SPLIT)),
    "timeout, look-ups fail": Column(
        troubles=_one(_F.TIMEOUT, _F.SILENT, _F.LOOK_UPS_FAIL, lasts_ns=4 * SECOND),
        unknown=True,
        away_ns=4 * SECOND,
        silent=True,
    ),
    "request lost, look-ups fail": Column(
        troubles=_one(_F.LOST, _F.LOOK_UPS_FAIL, lasts_ns=4 * SECOND), unknown=True, away_ns=4 * SECOND, silent=True
    ),
    "timeout, looked up too early": Column(
        troubles=_one(_F.TIMEOUT, _F.SILENT, _F.LOOK_UPS_BLIND, lasts_ns=SECOND * 3 // 2), unknown=True
    ),
    "stream mute": Column(troubles=_one(_F.MUTE, lasts_ns=60 * SECOND), unknown=True),
    "stream disconnected": Column(troubles=_one(_F.DISCONNECT, lasts_ns=10 * SECOND), unknown=True),
    "venue away, order lost": Column(
        troubles=_one(_F.OUTAGE, lasts_ns=10 * SECOND), unknown=True, away_ns=10 * SECOND, silent=True
    ),
    "venue away, order taken": Column(
        troubles=_one(_F.OUTAGE, lasts_ns=10 * SECOND, after=True), unknown=True, away_ns=10 * SECOND, silent=True
    ),
    "market closed for a while": Column(troubles=_one(_F.CLOSED, lasts_ns=20 * SECOND)),
    "rate limited": Column(
        troubles=_one(_F.RATE_LIMITED, lasts_ns=10 * SECOND), unknown=True, away_ns=10 * SECOND, silent=True
    ),
    "liquidation": Column(troubles=_one(_F.LIQUIDATION, after=True)),
    "ADL": Column(troubles=_one(_F.ADL, after=True)),
    # A chase is refused three times, with the pauses between, before its policy gives way.
    "margin call": Column(troubles=_one(_F.MARGIN_CALL), away_ns=3 * SECOND + SECOND // 8),
    "delisting": Column(troubles=_one(_F.DELISTING, after=True)),
    "restart, request sent": Column(
        troubles=_one(_F.RESTART, lasts_ns=DOWN, after=True), unknown=True, away_ns=DOWN, silent=True
    ),
    "restart, request not sent": Column(
        troubles=_one(_F.RESTART, lasts_ns=DOWN), unknown=True, away_ns=DOWN, silent=True
    ),
}
"""Every fault, by its name."""


def of_venue(troubles: Sequence[Trouble]) -> bool:
    """Tell whether troubles concern a venue as a whole, not one order."""
    account = {_F.LIQUIDATION, _F.ADL, _F.MARGIN_CALL, _F.DELISTING, _F.RESTART}
    return all(one.fault in LASTING | account for one in troubles)
