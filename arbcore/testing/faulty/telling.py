"""What the private stream of a faulty exchange tells, and what it leaves out, repeats, or tells too late."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from msgspec.structs import replace

from arbcore.model.money import ZERO
from arbcore.model.order import Fill, OrderReport, OrderState
from arbcore.testing.faulty.condition import Condition
from arbcore.testing.faulty.desk import News, VenueOrder
from arbcore.testing.faulty.line import Line
from arbcore.testing.faulty.plan import Fault, Trouble


class Telling:
    """The private stream.

    Args:
        line: What carries it.
        condition: Whether it is mute or gone.

    Attributes:
        missed: What it could not tell and a reconnection brings up.
    """

    def __init__(self, line: Line, condition: Condition) -> None:
        self._line: Final = line
        self._condition: Final = condition
        self._silent: Final[set[str]] = set()
        self._hidden: Final[dict[str, int]] = {}
        self.missed: Final[list[News]] = []

    def hidden(self, order: VenueOrder, now: int) -> bool:
        """Tell whether the venue does not count an order's fills yet."""
        return self._hidden.get(order.request.client_order_id, 0) > now

    def tell_order(self, news: list[News], faults: Mapping[Fault, Trouble], now: int) -> None:
        """Tell the news of an order that has just been taken, as its faults want it."""
        if Fault.SILENT in faults:
            self._silent.add(news[0].client_order_id)
        if Fault.LATE_FILL in faults and len(news) > 1:
            self._tell_late(news, faults[Fault.LATE_FILL].lasts_ns, now)
            return
        if Fault.SPLIT in faults:
            reports = [one for one in news if isinstance(one, OrderReport)]
            news = [*reports, *reversed([one for one in news if isinstance(one, Fill)])]
        self.tell(news, now)
        if Fault.TWICE in faults:
            self.tell([one for one in news if isinstance(one, Fill)], now)

    def tell(self, news: list[News], now: int) -> None:
        """Tell news by the stream, if it tells anything."""
        for one in news:
            if self._condition.disconnected(now):
                self.missed.append(one)
            elif not self._condition.mute(now) and one.client_order_id not in self._silent:
                self._line.at(self._line.stream_time(now), partial(self._arrive, one))

    def _arrive(self, one: News, now: int) -> None:
        if self._condition.disconnected(now):
            self.missed.append(one)
        else:
            self._line.arrive(one, now)

    def _tell_late(self, news: list[News], late_ns: int, now: int) -> None:
        """Tell an end without a fill, and the fills and the true end after a while: those even of a silent order."""
        first, rest = news[0], news[1:]
        assert isinstance(first, OrderReport)
        self._hidden[first.client_order_id] = now + late_ns
        self.tell([first, replace(first, state=OrderState.EXPIRED, filled=ZERO)], now)
        self._line.at(now + late_ns, partial(self._tell_at_last, rest))

    def _tell_at_last(self, news: list[News], now: int) -> None:
        self._silent.discard(news[0].client_order_id)
        self.tell(news, now)


def told_order(telling: Telling, order: VenueOrder, now: int) -> OrderReport:
    """Return what the venue says of an order when it is asked."""
    report = order.report(now)
    if telling.hidden(order, now):
        return replace(report, state=OrderState.EXPIRED, filled=ZERO)
    return report
