"""Travel time: order of messages, and a loop that calls late."""

from decimal import Decimal

import msgspec

from arbcore.model.market import FundingRate
from arbcore.model.order import Fill, OrderReport, OrderRequest, OrderState, Side, TimeInForce
from arbcore.model.reason import Reason
from arbcore.testing.samples import BALANCES, PERPETUAL, SPOT, limit, quote
from arbcore_exchange_paper.delayed import DelayedVenue
from arbcore_exchange_paper.venue import PaperVenue
from arbcore_fill_top.model import TopFill


class Fixed:
    """The same delays every time."""

    def __init__(self, entry: int, response: int) -> None:
        self._delays = entry, response

    def entry(self, order: OrderRequest, now: int) -> int:
        return self._delays[0]

    def response(self, order: OrderRequest, now: int) -> int:
        return self._delays[1]

    def state(self) -> bytes:
        return msgspec.msgpack.encode(self._delays)

    def restore(self, state: bytes) -> None:
        self._delays = msgspec.msgpack.decode(state, type=tuple[int, int])


def opened(entry: int, response: int) -> DelayedVenue:
    venue = DelayedVenue(PaperVenue("sim", TopFill(), BALANCES), Fixed(entry, response))
    for instrument in (SPOT, PERPETUAL):
        venue.list_instrument(instrument)
        venue.on_market(quote(instrument, 98.0, 99.0, 5.0))
    return venue


def test_an_order_meets_the_market_of_its_arrival() -> None:
    venue = opened(10, 5)
    assert venue.submit(limit(SPOT, Side.BUY, "1", "99"), 100) == []
    assert venue.next_time() == 110
    venue.on_market(quote(SPOT, 97.0, 98.0, 5.0, at=109))
    assert venue.advance(110) == []
    assert venue.next_time() == 115
    reports = venue.advance(115)
    assert [(one.ts, one.recv_ts) for one in reports if isinstance(one, (Fill, OrderReport))] == [(110, 115)] * 3
    assert [one.price for one in reports if isinstance(one, Fill)] == [98]
    assert venue.next_time() is None


def test_work_of_the_same_nanosecond_comes_after_the_market() -> None:
    venue = opened(10, 0)
    venue.submit(limit(SPOT, Side.BUY, "1", "99"), 100)
    assert venue.on_market(quote(SPOT, 97.0, 98.0, 5.0, at=110)) == []
    assert [one.price for one in venue.advance(110) if isinstance(one, Fill)] == [98]


def test_a_loop_that_calls_late_changes_no_outcome() -> None:
    venue = opened(10, 5)
    venue.submit(limit(SPOT, Side.BUY, "1", "99"), 100)
    reports = venue.on_market(quote(SPOT, 90.0, 91.0, 5.0, at=500))
    assert [(one.price, one.recv_ts) for one in reports if isinstance(one, Fill)] == [(Decimal(99), 115)]


def test_an_order_may_expire_on_its_way() -> None:
    venue = opened(10, 0)
    venue.submit(limit(SPOT, Side.BUY, "1", "99", expires_at=109), 100)
    (report,) = venue.advance(110)
    assert isinstance(report, OrderReport)
    assert report.reason == Reason.ORDER_EXPIRED


def test_a_cancel_never_overtakes_its_order() -> None:
    venue = opened(10, 0)
    venue.submit(limit(SPOT, Side.BUY, "1", "90", TimeInForce.GTC), 100)
    assert venue.cancel("a", 100) == []
    states = [one.state for one in venue.advance(110) if isinstance(one, OrderReport)]
    assert states == [OrderState.ACKNOWLEDGED, OrderState.CANCELLED]
    assert venue.cancel("a", 200) == ()


def test_a_cancel_that_comes_too_late_says_nothing() -> None:
    venue = opened(10, 10)
    venue.submit(limit(SPOT, Side.BUY, "1", "90", TimeInForce.GTC), 100)
    venue.advance(120)
    venue.cancel("a", 130)
    # It fills before the cancel arrives.
    assert venue.on_market(quote(SPOT, 80.0, 81.0, 5.0, at=135)) == []
    reports = venue.advance(1000)
    assert [type(one) for one in reports] == [Fill, OrderReport]
    assert venue.next_time() is None


def test_funding_is_not_delayed() -> None:
    venue = opened(0, 0)
    venue.submit(limit(PERPETUAL, Side.BUY, "1", "99"), 100)
    slow = opened(0, 1000)
    slow.submit(limit(PERPETUAL, Side.BUY, "1", "99"), 100)
    assert len(slow.on_market(FundingRate(PERPETUAL.key, 110, 110, 0.01))) == 1


def test_messages_on_their_way_survive_a_restore() -> None:
    venue = opened(10, 5)
    venue.submit(limit(SPOT, Side.BUY, "1", "99"), 100)
    venue.submit(limit(SPOT, Side.BUY, "1", "90", TimeInForce.GTC, name="b"), 104)
    venue.advance(112)
    venue.cancel("b", 112)
    twin = DelayedVenue(PaperVenue("sim", TopFill(), {}), Fixed(0, 0))
    twin.restore(venue.state())
    assert twin.state() == venue.state()
    assert twin.advance(10**6) == venue.advance(10**6)
    assert twin.snapshot(1) == venue.snapshot(1)
