"""What the venue remembers of orders, so that it can be asked about them."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from arbcore.model.input import VenueReport
from arbcore.model.order import TERMINAL, Fill, OrderReport
from arbcore.model.reason import Reason

ENDED: Final = 500
"""Ended orders remembered, the latest ones."""


class Remembered(Struct):
    """What was last said of an order.

    Attributes:
        report: Its latest state; None before there is one.
        fills: Every fill.
    """

    report: OrderReport | None
    fills: list[Fill]


class OrderMemory(Struct):
    """Remembers every open order, and the latest ended ones.

    Attributes:
        open: Open orders, by client order id.
        ended: Ended orders, the earliest first.
    """

    open: dict[str, Remembered]
    ended: dict[str, Remembered]

    def note(self, reports: Sequence[VenueReport]) -> None:
        """Learn what the venue says."""
        for report in reports:
            if isinstance(report, Fill):
                self._of(report.client_order_id).fills.append(report)
            elif isinstance(report, OrderReport) and report.reason != Reason.ORDER_DUPLICATE_ID:
                self._of(report.client_order_id).report = report
                if report.state in TERMINAL:
                    self._end(report.client_order_id)

    def look_up(self, client_order_id: str, now: int) -> Sequence[OrderReport | Fill]:
        """Return an order's fills and then its state, as told now; empty where it is not remembered."""
        found = self.open.get(client_order_id) or self.ended.get(client_order_id)
        if found is None or found.report is None:
            return ()
        return (*(replace(fill, recv_ts=now) for fill in found.fills), replace(found.report, recv_ts=now))

    def _of(self, client_order_id: str) -> Remembered:
        found = self.open.get(client_order_id)
        if found is None:
            found = self.open[client_order_id] = Remembered(None, [])
        return found

    def _end(self, client_order_id: str) -> None:
        self.ended[client_order_id] = self.open.pop(client_order_id)
        if len(self.ended) > ENDED:
            del self.ended[next(iter(self.ended))]
