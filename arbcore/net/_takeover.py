"""What a second connection heard before it took over. Pure."""

from typing import Any, Final

import msgspec

from arbcore.model.account import AccountUpdate
from arbcore.model.input import AccountSnapshot, FundingPayment, InstrumentStatus
from arbcore.model.market import Book, BookInvalid, FundingRate, FxRate, MarkPrice, Quote
from arbcore.model.order import Fill, OrderReport
from arbcore.net.protocol import Take

_KEPT = (Quote, Book, MarkPrice, FundingRate, FxRate, InstrumentStatus)
"""What stands until the next of its kind. Public trades are not kept: the old connection delivers them."""

_ACCOUNT = (OrderReport, Fill, FundingPayment, AccountUpdate, AccountSnapshot)
"""What is delivered by whichever connection hears it first; the protocol layer tells nothing twice."""

_Key = tuple[type, str]
_Kept = Quote | Book | MarkPrice | FundingRate | FxRate | InstrumentStatus


class Takeover:
    """The latest item of each kind and instrument from either connection, for as long as both are open.

    A change that only the second one heard would else be missing until the next change of that instrument.

    Args:
        deliver: Takes what the old connection hears meanwhile.
    """

    def __init__(self, deliver: Take) -> None:
        self._deliver: Final = deliver
        self._told: Final[dict[_Key, int]] = {}
        self._held: Final[dict[_Key, _Kept]] = {}

    def forward(self, item: Any) -> None:
        """Deliver an item of the old connection."""
        if isinstance(item, _KEPT):
            self._told[_key(item)] = item.ts
        elif isinstance(item, BookInvalid):
            # Only the second connection makes this book whole again.
            self._told.pop((Quote, item.instrument), None)
            self._told.pop((Book, item.instrument), None)
        self._deliver(item)

    def hold(self, item: Any) -> None:
        """Keep an item of the second connection."""
        if isinstance(item, _KEPT):
            self._held[_key(item)] = item
        elif isinstance(item, _ACCOUNT):
            self._deliver(item)

    def held(self, now: int) -> list[_Kept]:
        """Return what only the second connection heard, received now: items of one instrument stay in order."""
        return [
            msgspec.structs.replace(item, recv_ts=now)
            for key, item in self._held.items()
            if item.ts > self._told.get(key, -1)
        ]


def _key(item: _Kept) -> _Key:
    return type(item), item.name if isinstance(item, FxRate) else item.instrument
