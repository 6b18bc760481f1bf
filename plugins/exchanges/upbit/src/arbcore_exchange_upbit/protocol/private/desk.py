"""What is known of the account's orders, from replies and from the stream alike. Pure; shared by all connections."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from arbcore.errors import ExchangeRefused
from arbcore.model.order import TERMINAL, Fill, OrderOrigin, OrderRef, OrderReport, OrderState
from arbcore.model.reason import Reason
from arbcore_exchange_upbit.protocol.private.facts import Facts, facts_of_frame, facts_of_row, verdict
from arbcore_exchange_upbit.protocol.private.fees import fee_shares, fill_fee
from arbcore_exchange_upbit.protocol.private.fills import FillMaker
from arbcore_exchange_upbit.protocol.private.frames import OrderFrame
from arbcore_exchange_upbit.protocol.private.known import UNKNOWN, Known, Terms, value
from arbcore_exchange_upbit.protocol.private.order_replies import OrderRow

KEPT: Final = 2_048
"""Ended orders that are remembered, so that nothing late of them is told twice."""
KEPT_OPEN: Final = 16_384
"""Open orders that are remembered; the venue allows fewer."""
KEPT_FILLS: Final = 131_072
"""Fills that are remembered in all; beyond them ended orders are forgotten early."""

ABSENT_NS: Final = 30 * 10**9
"""Time after which an order that the venue does not know is taken to never have been."""

_OPEN: Final = frozenset({"wait", "watch"})
_ENDED: Final = frozenset({"done", "cancel"})

News = OrderReport | Fill


class OrderDesk:
    """Tells what is new of orders, each thing once and nothing backwards.

    Fills are known by the venue's id of the execution, which stream and replies share. An order is known by the
    venue's id and by its identifier, whichever comes first.

    Args:
        venue: Exchange instance id.
        prefix: Start of identifiers that are ours; of orders that this desk did not send, only those are.
    """

    def __init__(self, venue: str, prefix: str) -> None:
        self._venue: Final = venue
        self._prefix: Final = prefix
        self._maker: Final = FillMaker(venue)
        self._by_uuid: Final[dict[str, Known]] = {}
        self._by_id: Final[dict[str, Known]] = {}
        self._open: Final[dict[int, Known]] = {}
        self._ended: Final[dict[int, Known]] = {}
        self._fills = 0

    def __len__(self) -> int:
        """Return how many orders are remembered."""
        return len(self._open) + len(self._ended)

    def open(self) -> list[Known]:
        """Return the orders that are not known to be over, ours first."""
        return sorted(self._open.values(), key=lambda known: known.origin is not OrderOrigin.OURS)

    def missing(self, now: int) -> list[Known]:
        """Return the orders of which something is missing that is due to be looked up."""
        return [known for known in self._open.values() if known.uuid and known.look_at and known.look_at <= now]

    def find(self, order: OrderRef) -> Known | None:
        """Return an order that somebody names; one that is named by its identifier is ours from then on."""
        known = self._by_uuid.get(order.venue_order_id) or self._by_id.get(order.client_order_id)
        if known is not None and order.client_order_id and known.client_id == order.client_order_id:
            known.origin = OrderOrigin.OURS
        return known

    def sent(self, market: str, client_id: str, now: int, terms: Terms = UNKNOWN) -> Known:
        """Take an order that is about to be sent.

        Args:
            market: Market id.
            client_id: Its identifier.
            now: Time.
            terms: What is asked for, as far as it is known.

        Raises:
            ExchangeRefused: With ``ORDER_DUPLICATE_ID``: an order of that id is known.
        """
        if client_id in self._by_id:
            raise ExchangeRefused(
                f"{self._venue}: the id {client_id} was used before",
                "an id is never free again: take a new one",
                reason=Reason.ORDER_DUPLICATE_ID,
            )
        known = Known(market, client_id, OrderOrigin.OURS, now)
        known.volume, known.cost, known.life = terms.volume, terms.cost, terms.life
        self._keep(known)
        return known

    def unsent(self, known: Known) -> bool:
        """Take that an order did not reach the venue; tell whether that is so: the venue may have told otherwise."""
        if not known.uuid:
            self._drop(known)
        return not known.uuid

    def identified(self, known: Known, uuid: str, ts: int, now: int) -> OrderReport:
        """Take the id that the venue gave an order of ours; return what is known of it, which may be more."""
        stranger = self._by_uuid.get(uuid)
        if stranger is not None and stranger is not known:
            # The stream was quicker and did not say whose order it was.
            self._drop(known)
            stranger.client_id, stranger.origin, stranger.asked = known.client_id, known.origin, known.asked
            known = stranger
        known.uuid = uuid
        known.advance(OrderState.ACKNOWLEDGED, known.filled, ("", ""), ts)
        self._keep(known)
        return known.report(self._venue, now)

    def absent(self, known: Known, now: int) -> Iterator[OrderReport]:
        """Take that the venue knows no such order; one that was to replace another one is told as refused.

        One that the venue promised comes to be once the order that it replaces is cancelled, however long that takes.
        """
        if known.uuid and known.replaces and known.replaces.state not in TERMINAL:
            known.known_at = now
        seen = known.filled or known.state in TERMINAL or (known.uuid and not known.replaces)
        if seen or now - known.known_at < ABSENT_NS:
            return
        words = (
            Reason.ORDER_UNKNOWN,
            "the venue never made it: the order that it was to replace ended first, or the request was lost",
        )
        if known.replaces and known.advance(OrderState.REJECTED, known.filled, words, now):
            yield known.report(self._venue, now)
        self._drop(known)

    def on_row(self, row: OrderRow, now: int) -> list[News]:
        """Take what a reply says of an order; return what is new."""
        facts = facts_of_row(row)
        known = self._known(facts, now)
        news: list[News] = [*self._fills_of_row(known, row, now)]
        return self._close(known, facts, news, now)

    def on_frame(self, frame: OrderFrame, now: int) -> list[News]:
        """Take what the stream says of an order; return what is new.

        Numbers that a double may have rounded are left to a reply: the order is looked up.
        """
        facts = facts_of_frame(frame)
        known = self._known(facts, now)
        if not frame.exact:
            known.hint(facts.executed, end=facts.state in _ENDED)
            known.miss(now, at_once=True)
            return []
        news: list[News] = [*self._fill_of_frame(known, frame, now)]
        return self._close(known, facts, news, now)

    def view(self, row: OrderRow, now: int, *, ours: bool = False) -> list[News]:
        """Return an order as a reply states it, with every fill, whatever was told before; nothing is marked as told.

        What is told of the order afterwards never goes back behind this answer.

        Args:
            row: The order.
            now: Time.
            ours: Whether whoever asks calls it ours.
        """
        facts = facts_of_row(row)
        known = self._by_uuid.get(facts.uuid) or self._by_id.get(facts.client_id)
        if known is None and ours and facts.state in _OPEN:
            known = self._known(facts, now)  # what becomes of it from now on is told
        if known is None:
            known = Known(facts.market, facts.client_id, self._origin(facts.client_id), now)
        if ours:
            known.origin = OrderOrigin.OURS
        shown = Known(row.market, known.client_id, known.origin, now)
        shown.asked, shown.cost = known.asked, known.cost
        shown.advance(known.state, known.filled, (known.reason, known.detail), known.ts)
        shown.note(facts)
        state, *words = verdict(facts, asked=shown.asked, prevented=shown.prevented)
        shown.advance(state, facts.executed, (words[0], words[1]), facts.ts)
        fees = {**known.fees, **fee_shares(row.paid_fee, _funds(row), known.fees)}
        fills = [self._maker.of_trade(shown, row, trade, fees[trade.uuid], now) for trade in row.trades or ()]
        report = shown.report(self._venue, now)
        known.answer(report)
        return [*fills, report]

    def known_by(self, row: OrderRow, now: int) -> Known:
        """Return the order that a reply states, without telling anything of it yet."""
        return self._known(facts_of_row(row), now)

    def past(self, row: OrderRow, now: int) -> None:
        """Take an order that had ended before anything is to be told: it is known, and never told.

        One that was seen open is left as it is: it ended since, which is news.
        """
        facts = facts_of_row(row)
        if facts.uuid in self._by_uuid:
            return
        known = self._known(facts, now)
        state, reason, detail = verdict(facts, asked=False, prevented=False)
        known.advance(state, facts.executed, (reason, detail), facts.ts)
        known.quantity = known.filled
        self._keep(known)

    def origin_of(self, row: OrderRow) -> OrderOrigin:
        """Return who placed an order, as far as its id tells."""
        known = self._by_uuid.get(row.uuid) or self._by_id.get(row.identifier or "")
        return known.origin if known is not None else self._origin(row.identifier or "")

    def _known(self, facts: Facts, now: int) -> Known:
        known = self._by_uuid.get(facts.uuid) or (self._by_id.get(facts.client_id) if facts.client_id else None)
        if known is None or (known.uuid and known.uuid != facts.uuid):
            known = Known(facts.market, facts.client_id, self._origin(facts.client_id), now)
        known.note(facts)
        self._keep(known)
        return known

    def _origin(self, client_id: str) -> OrderOrigin:
        ours = bool(client_id) and client_id.startswith(self._prefix)
        return OrderOrigin.OURS if ours else OrderOrigin.FOREIGN

    def _close(self, known: Known, facts: Facts, news: list[News], now: int) -> list[News]:
        """Add the report that follows from facts, and plan what is missing."""
        funds = known.funds if known.quantity == facts.executed else facts.funds
        settled = replace(facts, funds=funds, cost=known.cost, volume=known.volume, life=known.life)
        state, reason, detail = verdict(settled, asked=known.asked, prevented=known.prevented)
        unsettled = state in TERMINAL and settled.by_cost and bool(settled.executed) and funds is None
        if unsettled:
            state = OrderState.PARTIALLY_FILLED  # whether the rest is a remainder is seen from the fills
        state, words = known.agreed(state, (reason, detail))
        if known.advance(state, facts.executed, words, facts.ts) and not known.outdated:
            news.append(known.report(self._venue, now))
        if unsettled or known.quantity < known.filled or known.behind or facts.state == "prevented":
            known.miss(now)
        else:
            known.complete()
        self._keep(known)
        return news

    def _fills_of_row(self, known: Known, row: OrderRow, now: int) -> Iterator[Fill]:
        fees = fee_shares(row.paid_fee, _funds(row), known.fees)
        for trade in row.trades or ():
            if trade.uuid in fees and trade.uuid not in known.fees:
                self._book(known, trade.uuid, trade.volume, trade.funds, fees[trade.uuid])
                yield self._maker.of_trade(known, row, trade, fees[trade.uuid], now)

    def _fill_of_frame(self, known: Known, frame: OrderFrame, now: int) -> Iterator[Fill]:
        number, price, quantity = frame.trade_uuid, frame.price, frame.volume
        if frame.state != "trade" or not number or price is None or quantity is None or frame.trade_fee is None:
            return
        if number in known.fees:
            return
        funds = value(price, quantity)
        fee = fill_fee(funds, frame.trade_fee)
        self._book(known, number, quantity, funds, fee)
        yield self._maker.of_frame(known, frame, price, quantity, fee, now)

    def _book(self, known: Known, number: str, quantity: Decimal, funds: Decimal, fee: Decimal) -> None:
        known.book(number, quantity, funds, fee)
        self._fills += 1

    def _keep(self, known: Known) -> None:
        """File an order where it belongs, and forget the oldest beyond what is kept."""
        if known.uuid:
            self._by_uuid[known.uuid] = known
        if known.client_id:
            self._by_id[known.client_id] = known
        place = id(known)
        if known.ended:
            self._open.pop(place, None)
            self._ended[place] = known
        else:
            self._ended.pop(place, None)
            self._open[place] = known
        while len(self._ended) > KEPT or (self._fills > KEPT_FILLS and self._ended):
            self._drop(next(iter(self._ended.values())))
        while len(self._open) > KEPT_OPEN:
            self._drop(next(iter(self._open.values())))

    def _drop(self, known: Known) -> None:
        self._fills -= len(known.fees)
        self._open.pop(id(known), None)
        self._ended.pop(id(known), None)
        if self._by_uuid.get(known.uuid) is known:
            del self._by_uuid[known.uuid]
        if self._by_id.get(known.client_id) is known:
            del self._by_id[known.client_id]


def _funds(row: OrderRow) -> list[tuple[str, Decimal]]:
    return [(trade.uuid, trade.funds) for trade in row.trades or ()]
