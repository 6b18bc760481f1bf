"""A venue as the engine sees it through the gateway: requests go out, answers and news come back later, or never."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from random import Random
from typing import Final

from arbcore.model.account import OpenOrder
from arbcore.model.input import AccountSnapshot, Input, LookedUp, VenueStatement
from arbcore.model.instrument import Instrument
from arbcore.model.market import Quote
from arbcore.model.money import ZERO
from arbcore.model.order import TERMINAL, OrderOrigin, OrderReport, OrderRequest, OrderState
from arbcore.model.reason import Reason
from arbcore.testing.faulty.condition import Condition
from arbcore.testing.faulty.desk import Desk, News, VenueOrder, Way
from arbcore.testing.faulty.ledger import TrueLedger
from arbcore.testing.faulty.line import Line
from arbcore.testing.faulty.plan import ACCOUNT, LASTING, SECOND, Fault, Request, Trouble
from arbcore.testing.faulty.telling import Telling, told_order

_HELD: Final = frozenset(
    {Fault.HELD, Fault.FILL_ON_CANCEL, Fault.PART_ON_CANCEL, Fault.CANCEL_REFUSED, Fault.CANCEL_LOST}
)
_NEVER_TAKEN: Final = frozenset({Fault.LOST, Fault.ERROR_OPEN, Fault.ERROR_REFUSED, Fault.REJECT})
_ANSWER_LOST: Final = frozenset({Fault.TIMEOUT, Fault.LOST, Fault.LATE_ARRIVAL})
_BY_VENUE: Final = {
    Fault.LIQUIDATION: OrderOrigin.LIQUIDATION,
    Fault.ADL: OrderOrigin.ADL,
    Fault.DELISTING: OrderOrigin.SETTLEMENT,
}


class FaultyExchange:
    """An exchange that behaves like a real one seen through the gateway, and fails as it is told.

    It keeps the contract of `arbcore.ports.trading.Venue` as the gateway turns it into inputs: a submit is answered
    by a report, one of unknown outcome included; a cancel by nothing or a report of unknown outcome; a look-up by
    news and `LookedUp`; a question for everything by news and `VenueStatement`. Its ledger and its orders are the
    truth, whatever is told of them.

    Args:
        name: Exchange instance id.
        instruments: What it lists.
        balances: Opening balances by currency.
        accepts_for_ns: How long after its sending it takes an order in; None where nothing bounds it.
        delay_ns: Time that a message takes one way.
        timeout_ns: Time after which a request without an answer has an unknown outcome.
        random: Makes delays differ; None for equal ones.
        sums: Whether its answer to an order tells what filled at once, by its sum; else only that it was taken.

    Attributes:
        plan: What goes wrong; may be added to.
        desk: The orders.
        ledger: The account.
        sent: Every order that the engine sent, in order.
        condition: What lasts of faults.
    """

    def __init__(
        self,
        name: str,
        instruments: Sequence[Instrument],
        balances: Mapping[str, Decimal],
        *,
        accepts_for_ns: int | None = None,
        delay_ns: int = 20 * 10**6,
        timeout_ns: int = SECOND,
        random: Random | None = None,
        sums: bool = False,
    ) -> None:
        self._name: Final = name
        self._instruments: Final = {one.key: one for one in instruments}
        self._accepts_for: Final = accepts_for_ns
        self._timeout: Final = timeout_ns
        self._sums: Final = sums
        self._counts: Final = dict.fromkeys(Request, 0)
        self._line: Final = Line(delay_ns, random)
        self.ledger: Final = TrueLedger(balances)
        self.desk: Final = Desk(self._instruments, self.ledger)
        self.condition: Final = Condition(name, tuple(self._instruments), self._line, self.snapshot)
        self._telling: Final = Telling(self._line, self.condition)
        self.plan: Final[list[Trouble]] = []
        self.sent: Final[list[OrderRequest]] = []
        self._owed: Final[dict[str, list[Fault]]] = {}

    def next_time(self) -> int:
        """Return when something happens next."""
        return self._line.next_time()

    def advance(self, now: int) -> list[Input]:
        """Let everything happen that is due; return what reaches the engine, in order."""
        return self._line.advance(now)

    def quote(self, quote: Quote, now: int) -> None:
        """Take a touch: orders that rest may fill."""
        self._tell(self.desk.quote(quote, now), now)

    def submit(self, order: OrderRequest, now: int) -> None:
        """Send an order."""
        self.sent.append(order)
        troubles = self._struck(Request.SUBMIT)
        if self.condition.unreachable(now):
            self._answer(self._unsent(order), now, now)
            return
        if any(one.fault in _ANSWER_LOST for one in troubles):
            self._answer(_unknown(order.client_order_id, "no answer in time"), now, now + self._timeout)
        late = sum(one.lasts_ns for one in troubles if one.fault is Fault.LATE_ARRIVAL)
        self._line.at(now + self._line.delay() + late, partial(self._arrive, order, now, troubles))

    def cancel(self, client_order_id: str, now: int) -> None:
        """Send a cancel."""
        troubles = self._struck(Request.CANCEL)
        if self.condition.unreachable(now):
            self._answer(_unknown(client_order_id, "not sent"), now, now)
            return
        self._line.at(now + self._line.delay(), partial(self._cancel, client_order_id, now, troubles))

    def look_up(self, client_order_id: str, now: int) -> None:
        """Ask what became of an order."""
        troubles = self._struck(Request.LOOK_UP)
        self._line.at(now + self._line.delay(), partial(self._look, client_order_id, now, troubles))

    def ask(self, since: int, now: int) -> None:
        """Ask for everything: orders and fills since a time, open orders, balances and positions."""
        self._line.at(now + self._line.delay(), partial(self._state, since, now))

    def strike(self, trouble: Trouble, now: int) -> None:
        """Let a fault of the venue begin now."""
        if trouble.fault in LASTING:
            news = self._telling.missed if trouble.fault in {Fault.DISCONNECT, Fault.OUTAGE} else []
            self.condition.begin(trouble.fault, trouble.lasts_ns, now, news)
        elif trouble.fault in ACCOUNT:
            self._strike_account(trouble, now)

    def made(self, kind: Request) -> int:
        """Return how many requests of a kind were made."""
        return self._counts[kind]

    def reached(self, trouble: Trouble) -> bool:
        """Tell whether the request at which a trouble begins was made."""
        return self._counts[trouble.at] > trouble.nth

    def snapshot(self, now: int) -> AccountSnapshot:
        """Return balances and positions as they are."""
        return AccountSnapshot(
            venue=self._name,
            balances=self.ledger.balances(self._name),
            positions=self.ledger.positions(self._instruments),
            ts=now,
            recv_ts=now,
        )

    def _struck(self, kind: Request) -> list[Trouble]:
        number = self._counts[kind]
        self._counts[kind] += 1
        return [one for one in self.plan if one.at is kind and one.nth == number]

    def _arrive(self, order: OrderRequest, sent_at: int, troubles: list[Trouble], now: int) -> None:
        self._begin(troubles, now, after=False)
        faults = {one.fault for one in troubles}
        if self.condition.away(now):
            self._answer(_unknown(order.client_order_id, "lost on its way"), sent_at, sent_at + self._timeout)
            return
        if self.condition.unreachable(now):
            self._answer(self._unsent(order), sent_at, now + self._line.delay())
            return
        report = self._worked_on(order, sent_at, troubles, now)
        if not faults & _ANSWER_LOST:
            self._answer(report, sent_at, now + self._line.delay())
        self._begin(troubles, now, after=True)

    def _worked_on(self, order: OrderRequest, sent_at: int, troubles: list[Trouble], now: int) -> OrderReport:
        """Do what the venue does with an order that has arrived; return its answer."""
        faults = {one.fault: one for one in troubles}
        if Fault.REJECT in faults:
            return self.desk.refuse(order, faults[Fault.REJECT].reason, now)
        if Fault.ERROR_REFUSED in faults:
            return self._unsent(order)
        too_late = self._accepts_for is not None and now > sent_at + self._accepts_for
        if faults.keys() & _NEVER_TAKEN or too_late:
            return _unknown(order.client_order_id, "503")
        refusal = Reason.MARKET_CLOSED if self.condition.closed(now) else self.desk.refusal(order)
        if refusal:
            return self.desk.refuse(order, refusal, now)
        news = self.desk.take(order, now, _way(faults))
        self._owed[order.client_order_id] = [one for one in faults if one in _HELD]
        self._telling.tell_order(news, faults, now)
        if Fault.ERROR_DONE in faults:
            return _unknown(order.client_order_id, "503")
        return told_order(self._telling, self.desk.orders[order.client_order_id], now) if self._sums else _taken(news)

    def _cancel(self, client_order_id: str, sent_at: int, troubles: list[Trouble], now: int) -> None:
        self._begin(troubles, now, after=False)
        order, owed = self.desk.orders.get(client_order_id), self._owed.get(client_order_id, [])
        fault = owed.pop() if owed else None
        lost = any(one.fault is Fault.CANCEL_LOST for one in troubles) or fault is Fault.CANCEL_LOST
        if lost or self.condition.unreachable(now):
            self._answer(_unknown(client_order_id, "the cancel was lost"), sent_at, sent_at + self._timeout)
            return
        if order is not None and order.open and fault in {Fault.FILL_ON_CANCEL, Fault.PART_ON_CANCEL}:
            share = Decimal(1) if fault is Fault.FILL_ON_CANCEL else Decimal("0.4")
            self._tell(self.desk.fill_held(order, share, now), now)
        if order is None or not order.open or fault is Fault.CANCEL_REFUSED or self.condition.blind(now):
            self._answer(_unknown(client_order_id, "no such order is open"), sent_at, now + self._line.delay())
        else:
            self._tell([self.desk.cancel(order, now)], now)
        self._begin(troubles, now, after=True)

    def _look(self, client_order_id: str, sent_at: int, troubles: list[Trouble], now: int) -> None:
        self._begin(troubles, now, after=False)
        if self.condition.look_ups_fail(now):
            answer = LookedUp(
                venue=self._name, client_order_id=client_order_id, answered=False, detail="no answer", recv_ts=now
            )
            self._line.at(max(sent_at + self._timeout, now), partial(self._line.arrive, answer))
            return
        order = self.desk.orders.get(client_order_id)
        found = order is not None and not self.condition.blind(now)
        back = now + self._line.delay()
        for one in self._known(order, now) if found and order is not None else ():
            self._line.at(back, partial(self._line.arrive, one))
        answer = LookedUp(venue=self._name, client_order_id=client_order_id, answered=True, found=found, recv_ts=now)
        self._line.at(back, partial(self._line.arrive, answer))
        self._begin(troubles, now, after=True)

    def _known(self, order: VenueOrder, now: int) -> Iterator[News]:
        """Return what questions bring up about an order: one report, then every fill."""
        yield told_order(self._telling, order, now)
        if not self._telling.hidden(order, now):
            yield from order.fills

    def _state(self, since: int, sent_at: int, now: int) -> None:
        back = now + self._line.delay()
        if self.condition.look_ups_fail(now):
            failed = VenueStatement(venue=self._name, answered=False, asked=sent_at, detail="no answer", recv_ts=now)
            self._line.at(max(sent_at + self._timeout, now), partial(self._line.arrive, failed))
            return
        for order in self.desk.orders.values():
            touched = max([order.taken_at, *(fill.ts for fill in order.fills)])
            if touched >= since or order.open:
                for one in self._known(order, now):
                    self._line.at(back, partial(self._line.arrive, one))
        statement = VenueStatement(
            venue=self._name,
            answered=True,
            asked=sent_at,
            snapshot=self.snapshot(now),
            orders=tuple(_listed(order) for order in self.desk.resting()),
            recv_ts=now,
        )
        self._line.at(back, partial(self._line.arrive, statement))

    def _begin(self, troubles: list[Trouble], now: int, *, after: bool) -> None:
        for one in troubles:
            if one.after is after:
                self.strike(one, now)

    def _strike_account(self, trouble: Trouble, now: int) -> None:
        if trouble.fault is Fault.MARGIN_CALL:
            self.desk.reducing_only = True
            return
        if trouble.fault is Fault.DELISTING:
            self._tell([self.desk.cancel(order, now) for order in self.desk.resting()], now)
        for key in [key for key in self._instruments if self.ledger.position(key)]:
            share = trouble.share if trouble.fault is Fault.ADL else Decimal(1)
            self._tell(self.desk.take_off(key, share, _BY_VENUE[trouble.fault], now), now)
        if trouble.fault is Fault.DELISTING:
            self.condition.delist(now)

    def _tell(self, news: list[News], now: int) -> None:
        self._telling.tell(news, now)

    def _answer(self, report: OrderReport, sent_at: int, at: int) -> None:
        """Answer a request at a time; an answer that an outage swallows leaves the outcome open."""
        self._line.at(at, partial(self._answered, report, sent_at))

    def _answered(self, report: OrderReport, sent_at: int, now: int) -> None:
        swallowed = self.condition.away(now) and report.reason != Reason.ORDER_NOT_SENT
        if swallowed and report.state is not OrderState.UNKNOWN:
            report = _unknown(report.client_order_id, "the answer was lost")
            self._line.at(max(sent_at + self._timeout, now), partial(self._line.arrive, report))
        else:
            self._line.arrive(report, now)

    def _unsent(self, order: OrderRequest) -> OrderReport:
        return self.desk.refuse(order, Reason.ORDER_NOT_SENT, 0)


def _way(faults: Mapping[Fault, Trouble]) -> Way:
    share, quantity, pieces = Decimal(1), None, 1
    if Fault.PARTIAL in faults:
        share, quantity = faults[Fault.PARTIAL].share, faults[Fault.PARTIAL].quantity
        share = share if quantity is None else Decimal(1)
    if Fault.NO_FILL in faults:
        share = ZERO
    if Fault.SPLIT in faults:
        pieces = faults[Fault.SPLIT].pieces
    held, prevented = bool(faults.keys() & _HELD), Fault.SELF_MATCH in faults
    return Way(share=share, quantity=quantity, pieces=pieces, held=held, prevented=prevented)


def _unknown(client_order_id: str, detail: str) -> OrderReport:
    return OrderReport(client_order_id=client_order_id, state=OrderState.UNKNOWN, detail=detail, ts=0, recv_ts=0)


def _taken(news: Sequence[News]) -> OrderReport:
    """Return the acknowledgement, which news begin with."""
    first = news[0]
    assert isinstance(first, OrderReport)
    assert first.state not in TERMINAL
    return first


def _listed(order: VenueOrder) -> OpenOrder:
    request = order.request
    return OpenOrder(
        client_order_id=request.client_order_id,
        venue_order_id=order.id,
        instrument=request.instrument,
        side=request.side,
        type=request.type,
        quantity=request.quantity,
        filled=order.filled,
        price=request.price,
        origin=order.origin,
        ts=order.taken_at,
    )
