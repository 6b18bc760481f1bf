"""Bugs planted into the engine, one at a time: each turns the matrix red, so that the matrix is known to see them."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from msgspec.structs import replace

from arbcore.engine.accounts import Accounts
from arbcore.engine.booking import Booking
from arbcore.engine.execution import Execution
from arbcore.engine.followers import Followers
from arbcore.engine.inquiry import Inquiries
from arbcore.engine.orders import LiveIntent, LiveOrder
from arbcore.engine.repair import Repairs
from arbcore.model.effect import Submit
from arbcore.model.input import LookedUp
from arbcore.model.intent import IntentLeg
from arbcore.model.order import Fill, OrderReport, OrderState
from arbcore.model.state import ALLOWED, Action, EngineState
from tests.matrix.cells import Cell, run
from tests.matrix.table import read_expected
from tests.matrix.test_matrix import complaint

Patch = pytest.MonkeyPatch

_on_report, _on_fill, _cancel = Execution.on_report, Execution.on_fill, Execution.cancel
_book, _leg = Booking.book, Followers._leg


def _nothing(*_: object) -> None:
    """Do nothing."""


def late_fill_dropped(patch: Patch) -> None:
    patch.setattr(Execution, "_book_late", _nothing)


def fill_behind_the_end_dropped(patch: Patch) -> None:
    def on_fill(self: Execution, fill: Fill) -> None:
        order = self.known(fill.client_order_id)
        if order is not None and not order.over:
            _on_fill(self, fill)

    patch.setattr(Execution, "on_fill", on_fill)


def fee_counted_twice(patch: Patch) -> None:
    def book(self: Booking, fill: Fill, order: LiveOrder) -> None:
        _book(self, replace(fill, fee=2 * fill.fee), order)

    patch.setattr(Booking, "book", book)


def cancelled_leg_ignored(patch: Patch) -> None:
    def on_report(self: Execution, report: OrderReport) -> None:
        if report.state is not OrderState.CANCELLED:
            _on_report(self, report)

    patch.setattr(Execution, "on_report", on_report)
    patch.setattr(Inquiries, "look", _nothing)


def unknown_treated_as_rejected(patch: Patch) -> None:
    def on_report(self: Execution, report: OrderReport) -> None:
        rejected = report.state is OrderState.UNKNOWN
        _on_report(self, replace(report, state=OrderState.REJECTED) if rejected else report)

    patch.setattr(Execution, "on_report", on_report)


def unknown_sent_again(patch: Patch) -> None:
    def on_report(self: Execution, report: OrderReport) -> None:
        order = self.known(report.client_order_id)
        if order is not None and report.state is OrderState.UNKNOWN:
            self._outbox.effect(Submit(order.venue, order.request))
        else:
            _on_report(self, report)

    patch.setattr(Execution, "on_report", on_report)


def cancel_treated_as_final(patch: Patch) -> None:
    def cancel(self: Execution, order: LiveOrder) -> None:
        _cancel(self, order)
        order.state = OrderState.CANCELLED
        self._conclude(order)

    patch.setattr(Execution, "cancel", cancel)


def duplicate_fill_counted(patch: Patch) -> None:
    patch.setattr(LiveOrder, "first_time", lambda *_: True)


def hedge_sized_by_the_wish(patch: Patch) -> None:
    def leg(
        self: Followers, live: LiveIntent, index: int, leg: IntentLeg, owed: Decimal
    ) -> Iterator[tuple[int, IntentLeg]]:
        return _leg(self, live, index, leg, leg.quantity - live.tried(index) if owed > 0 else owed)

    patch.setattr(Followers, "_leg", leg)


def look_up_answer_ignored(patch: Patch) -> None:
    def on_looked_up(self: Execution, answer: LookedUp) -> None:
        """Do nothing with it."""

    patch.setattr(Execution, "on_looked_up", on_looked_up)


def reservation_never_released(patch: Patch) -> None:
    patch.setattr(Inquiries, "free", _nothing)


def stop_of_entries_blocks_exits(patch: Patch) -> None:
    patch.setitem(ALLOWED, EngineState.REDUCING, frozenset({Action.REPAIR}))


def time_to_live_never_ends(patch: Patch) -> None:
    patch.setattr(Execution, "on_timeout", _nothing)


def gap_left_alone(patch: Patch) -> None:
    patch.setattr(Repairs, "_repair", lambda *_, **__: None)


def absence_is_taken_at_its_first_word(patch: Patch) -> None:
    patch.setattr(Inquiries, "_absent", lambda *_: True)


def fee_not_booked(patch: Patch) -> None:
    patch.setattr(Accounts, "_fee", lambda self, fill, instrument, posting, own: fill.quantity)


BUGS: dict[Callable[[Patch], None], Cell] = {
    late_fill_dropped: Cell("entry sent, perpetual leg", "late fill", "plain"),
    fill_behind_the_end_dropped: Cell("entry sent, won leg", "fills split, out of order", "chase"),
    fee_counted_twice: Cell("entry sent, won leg", "none", "plain"),
    cancelled_leg_ignored: Cell("entry sent, perpetual leg", "works until cancelled", "plain"),
    unknown_treated_as_rejected: Cell("entry sent, perpetual leg", "timeout and silence", "plain"),
    unknown_sent_again: Cell("entry sent, won leg", "timeout and silence", "plain"),
    cancel_treated_as_final: Cell("entry sent, perpetual leg", "fill during cancel", "plain"),
    duplicate_fill_counted: Cell("exit sent, won leg", "fill told twice", "plain"),
    hedge_sized_by_the_wish: Cell("entry, leading leg", "partial fill, then expiry", "plain"),
    look_up_answer_ignored: Cell("entry sent, perpetual leg", "request lost", "plain"),
    reservation_never_released: Cell("entry sent, won leg", "none", "plain"),
    stop_of_entries_blocks_exits: Cell("hedged, won leg", "none", "plain"),
    time_to_live_never_ends: Cell("entry sent, perpetual leg", "works until cancelled", "chase"),
    gap_left_alone: Cell("entry sent, perpetual leg", "rejected", "plain"),
    absence_is_taken_at_its_first_word: Cell("entry sent, perpetual leg", "timeout, looked up too early", "plain"),
    fee_not_booked: Cell("exit sent, perpetual leg", "none", "plain"),
}
"""Every planted bug, with a cell that sees it."""


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_turns_the_matrix_red(bug: Callable[[Patch], None], monkeypatch: Patch) -> None:
    cell = BUGS[bug]
    assert cell in read_expected()
    assert complaint(cell, run(cell)) == ""
    bug(monkeypatch)
    assert complaint(cell, run(cell)) != ""
