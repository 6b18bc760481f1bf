"""Whether the stream tells what replies know: a stream that is silent about a fill is mute, however alive it looks."""

from collections.abc import Iterable
from typing import Final

from arbcore.model.order import TERMINAL, Fill, OrderReport, OrderState
from arbcore_exchange_upbit.protocol.private.frames import OrderFrame

KEPT: Final = 4_096
"""What the stream told last; more of it is forgotten, the oldest first."""

_END: Final = "end"
_ENDS: Final = frozenset({"done", "cancel"})
_TOLD: Final = TERMINAL - {OrderState.REJECTED}
"""Ends that the stream tells; of an order that never came to be it has nothing to tell."""
_Event = tuple[str, str]
"""The venue's id of an order, and the id of a fill or the word for its end."""


class StreamProof:
    """Compares, on one connection, what replies told first with what the stream tells after it."""

    def __init__(self) -> None:
        self._heard: Final[dict[_Event, None]] = {}
        self._owed: Final[dict[_Event, int]] = {}

    def heard(self, frame: OrderFrame) -> None:
        """Take what the stream tells."""
        if frame.state == "trade" and frame.trade_uuid:
            self._hear((frame.uuid, frame.trade_uuid))
        elif frame.state in _ENDS:
            self._hear((frame.uuid, _END))

    def learnt(self, news: Iterable[object], now: int) -> None:
        """Take what a reply told that was new."""
        for item in news:
            if isinstance(item, Fill):
                self._owe((item.venue_order_id, item.fill_id), now)
            elif isinstance(item, OrderReport) and item.state in _TOLD:
                self._owe((item.venue_order_id, _END), now)

    def overdue(self, now: int, grace: int) -> str:
        """Return what the stream should have told long ago, in words; empty for nothing."""
        for (order, event), since in self._owed.items():
            if now - since > grace:
                what = "the end" if event == _END else "a fill"
                return f"a reply knows {what} of the order {order[:64]}, and the stream is silent about it"
        return ""

    def _hear(self, event: _Event) -> None:
        self._owed.pop(event, None)
        self._heard[event] = None
        if len(self._heard) > KEPT:
            del self._heard[next(iter(self._heard))]

    def _owe(self, event: _Event, now: int) -> None:
        if event not in self._heard and len(self._owed) < KEPT:
            self._owed.setdefault(event, now)
