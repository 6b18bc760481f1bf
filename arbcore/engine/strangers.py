"""Strangers: orders and fills of an account that are not this session's. Each is told once, and none is adopted."""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore.engine.output import Outbox
from arbcore.model.account import OpenOrder
from arbcore.model.drift import CauseClass
from arbcore.model.events import DriftDetected
from arbcore.model.order import Fill, OrderOrigin, OrderReport

_MEMORY: Final = 2_000
"""Orders and fills remembered, so that none is told twice."""

_ORDERS: Final = {
    OrderOrigin.OURS: CauseClass.UNKNOWN_ORDER,
    OrderOrigin.FOREIGN: CauseClass.FOREIGN_ORDER,
    OrderOrigin.LIQUIDATION: CauseClass.LIQUIDATION,
    OrderOrigin.ADL: CauseClass.ADL,
    OrderOrigin.SETTLEMENT: CauseClass.SETTLEMENT,
}

_FILLS: Final = {**_ORDERS, OrderOrigin.FOREIGN: CauseClass.FOREIGN_TRADE}


_CLASSES: Final = frozenset(_ORDERS.values()) | frozenset(_FILLS.values())


class StrangersState(Struct, frozen=True, kw_only=True):
    """What `Strangers` remembers: orders and fills that were told, and the last class of drift by instrument."""

    told: list[str]
    causes: dict[str, str]


class Strangers:
    """Recognises what somebody else did on an account: a person, another program, or the venue itself.

    Args:
        outbox: Where drift is told.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox: Final = outbox
        self._told: Final[dict[str, None]] = {}
        self._causes: Final[dict[str, CauseClass]] = {}

    def tell(self, item: OrderReport | Fill | OpenOrder, venue: str = "") -> bool:
        """Tell of an order or fill that is not ours, unless that was done; return whether it was news.

        Args:
            item: What a venue reported, or lists.
            venue: Exchange instance id; taken from the instrument where it is not given.
        """
        drift = self.meet(item, venue)
        if drift is not None:
            self._outbox.emit(drift, _key(item, drift.venue))
        return drift is not None

    def meet(self, item: OrderReport | Fill | OpenOrder, venue: str = "") -> DriftDetected | None:
        """Return the drift that an order or fill is; None where it was told before."""
        venue = venue or item.instrument.partition(":")[0]
        key = _key(item, venue)
        if key in self._told:
            return None
        self._told[key] = None
        if len(self._told) > _MEMORY:
            del self._told[next(iter(self._told))]
        cause = (_FILLS if isinstance(item, Fill) else _ORDERS)[item.origin]
        if item.instrument:
            self._blame(item.instrument, cause)
        return DriftDetected(
            subject=_subject(item), expected="none", actual=_seen(item), cause_class=cause, venue=venue
        )

    def cause(self, instrument: str) -> CauseClass | None:
        """Return the class of what was last met on an instrument."""
        return self._causes.get(instrument)

    def state(self) -> StrangersState:
        """Return what is remembered."""
        return StrangersState(told=list(self._told), causes={key: str(cause) for key, cause in self._causes.items()})

    def restore(self, state: StrangersState) -> None:
        """Take over what an earlier `state` returned."""
        self._told.update(dict.fromkeys(state.told))
        self._causes.update({key: CauseClass(cause) for key, cause in state.causes.items()})

    def absorb(self, event: DriftDetected, key: str) -> None:
        """Take over an order or fill that a journal tells of, so that it is not told again."""
        if key:
            self._told[key] = None
        instrument = event.subject.rpartition(" of ")[2]
        if event.cause_class in _CLASSES and ":" in instrument:
            self._blame(instrument, CauseClass(event.cause_class))

    def _blame(self, instrument: str, cause: CauseClass) -> None:
        self._causes[instrument] = CauseClass.FOREIGN_TRADE if cause is CauseClass.FOREIGN_ORDER else cause


def _order_id(item: OrderReport | Fill | OpenOrder) -> str:
    return item.client_order_id or item.venue_order_id


def _key(item: OrderReport | Fill | OpenOrder, venue: str) -> str:
    return f"{venue}:{item.fill_id}" if isinstance(item, Fill) else f"{venue}:{_order_id(item)}"


def _subject(item: OrderReport | Fill | OpenOrder) -> str:
    order = f"order {_order_id(item)}" + (f" of {item.instrument}" if item.instrument else "")
    return f"fill {item.fill_id} of {order}" if isinstance(item, Fill) else order


def _seen(item: OrderReport | Fill | OpenOrder) -> str:
    match item:
        case Fill():
            return f"{item.side} {_plain(item.quantity)} at {_plain(item.price)}"
        case OpenOrder():
            return f"{item.side} {_plain(item.quantity)}"
        case OrderReport():
            return f"{item.state}, {_plain(item.filled)} filled"


def _plain(amount: Decimal) -> str:
    return f"{amount:f}"
