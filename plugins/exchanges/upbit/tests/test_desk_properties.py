"""Replies and frames of orders in any order, late, twice or lost: nothing told twice, nothing backwards, sums exact."""

from collections import Counter
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from arbcore.model.money import total
from arbcore.model.order import TERMINAL, Fill, OrderRef, OrderReport, OrderState, may_become
from arbcore_exchange_upbit.protocol.private.desk import OrderDesk
from arbcore_exchange_upbit.protocol.private.frames import OrderFrame, read_frame
from arbcore_exchange_upbit.protocol.private.order_replies import read_order
from plugins.exchanges.upbit.tests.private_samples import order_frame, order_row, trade_row
from plugins.exchanges.upbit.tests.samples import raw, reply

RATE = Decimal("0.0005")
NOW = 1_795_143_846 * 10**9
COST = Decimal(10) ** 15


class Truth(Struct, frozen=True):
    """An order as it happened: its fills, and how it ended (empty for not at all)."""

    number: int
    by_cost: bool
    fills: tuple[tuple[Decimal, Decimal], ...]
    end: str
    has_id: bool

    @property
    def uuid(self) -> str:
        return f"order-{self.number}"

    def executed(self, upto: int) -> Decimal:
        return total(quantity for _, quantity in self.fills[:upto])

    def funds(self, upto: int) -> Decimal:
        return total(price * quantity for price, quantity in self.fills[:upto])

    def base(self, upto: int) -> dict[str, Any]:
        whole = self.executed(len(self.fills)) + (1 if self.end != "done" else 0)
        return {
            "uuid": self.uuid,
            "identifier": f"ae-{self.number}" if self.has_id else None,
            "volume": None if self.by_cost else whole,
            "price": COST if self.by_cost else Decimal(10),
            "executed_volume": self.executed(upto),
            "paid_fee": self.funds(upto) * RATE,
        }

    def row(self, upto: int, *, ended: bool, trades: bool) -> dict[str, Any]:
        """What a reply says after some fills."""
        texts = {name: f"{one:f}" if isinstance(one, Decimal) else one for name, one in self.base(upto).items()}
        listed = [
            trade_row(uuid=self.fill_id(n), price=f"{price:f}", volume=f"{size:f}", funds=f"{price * size:f}")
            for n, (price, size) in enumerate(self.fills[:upto])
        ]
        return order_row(
            **texts,
            ord_type="price" if self.by_cost else "limit",
            state=self.end if ended and self.end else "wait",
            remaining_volume=None,
            trades=listed if trades else None,
        )

    def frame(self, index: int) -> dict[str, Any]:
        """What the stream says: one frame per fill, then the end."""
        last = index >= len(self.fills)
        upto = min(index + 1, len(self.fills))
        numbers = {name: float(one) if isinstance(one, Decimal) else one for name, one in self.base(upto).items()}
        given: dict[str, Any] = {
            **numbers,
            "order_type": "price" if self.by_cost else "limit",
            "state": (self.end or "wait") if last else "trade",
            "executed_funds": float(self.funds(upto)),
            "trade_uuid": None,
            "trade_fee": None,
        }
        if not last:
            price, size = self.fills[index]
            told = {"price": float(price), "volume": float(size), "trade_fee": float(price * size * RATE)}
            given |= {**told, "trade_uuid": self.fill_id(index)}
        return order_frame(**given)

    def fill_id(self, index: int) -> str:
        return f"fill-{self.number}-{index}"


fine = st.decimals(min_value="0.00000001", max_value="999999", places=8)
prices = st.one_of(fine, st.integers(1_000_000, 200_000_000).map(Decimal)).filter(bool)
sizes = st.decimals(min_value="0.00000001", max_value="90000000000", places=8).filter(bool)
fills_of_an_order = st.lists(st.tuples(prices, sizes).filter(lambda pair: pair[0] * pair[1] < COST / 10), max_size=4)


@st.composite
def truths(draw: st.DrawFn) -> list[Truth]:
    found = []
    for number in range(draw(st.integers(1, 3))):
        fills = tuple(draw(fills_of_an_order))
        end = draw(st.sampled_from(["done", "cancel", ""] if fills else ["cancel", ""]))
        by_cost = draw(st.booleans()) and end != "done"
        found.append(Truth(number, by_cost, fills, end, draw(st.booleans())))
    return found


class Seen:
    """What was told, held to its rules as it comes."""

    def __init__(self) -> None:
        self.states: dict[str, tuple[OrderState, Decimal]] = {}
        self.fills: dict[str, list[Fill]] = {}
        self.ids: Counter[str] = Counter()
        self.answers: dict[str, tuple[OrderState, Decimal]] = {}

    def answered(self, view: list[Any]) -> None:
        """Remember what an answer stated: nothing earlier is told after it."""
        for item in view:
            if isinstance(item, OrderReport):
                self.answers[item.venue_order_id] = (item.state, item.filled)

    def take(self, news: list[Any]) -> None:
        for item in news:
            if isinstance(item, Fill):
                self.ids[item.fill_id] += 1
                self.fills.setdefault(item.venue_order_id, []).append(item)
                continue
            assert isinstance(item, OrderReport)
            state, filled = self.states.get(item.venue_order_id, (OrderState.SUBMITTED, Decimal(0)))
            assert state is item.state or may_become(state, item.state)
            assert item.filled >= filled
            stated, most = self.answers.get(item.venue_order_id, (OrderState.SUBMITTED, Decimal(0)))
            assert stated is item.state or may_become(stated, item.state)
            assert item.filled >= most
            assert (item.state, item.filled) != (state, filled)
            self.states[item.venue_order_id] = (item.state, item.filled)
        assert set(self.ids.values()) <= {1}


@given(truths(), st.data())
def test_any_interleaving_tells_the_truth_once(orders: list[Truth], data: st.DataObject) -> None:
    desk, seen, progress = OrderDesk("upbit", "ae"), Seen(), [0] * len(orders)
    for _ in range(data.draw(st.integers(0, 25), "steps")):
        number = data.draw(st.integers(0, len(orders) - 1), "order")
        truth, most = orders[number], progress[number]
        match data.draw(st.sampled_from(["happens", "frame", "row", "view", "sent", "look"]), "what"):
            case "happens":
                progress[number] = min(most + 1, len(truth.fills) + 1)
            case "frame" if most:
                frame = read_frame(raw(truth.frame(data.draw(st.integers(0, most - 1), "frame"))))
                assert isinstance(frame, OrderFrame)
                seen.take(desk.on_frame(frame, NOW))
            case "row":
                tell(desk, seen, truth, data.draw(st.integers(0, most), "upto"), trades=data.draw(st.booleans()))
            case "view":
                ended = most > len(truth.fills)
                row = read_order(reply(truth.row(min(most, len(truth.fills)), ended=ended, trades=True)))
                assert row is not None
                is_known = desk.find(OrderRef(instrument="upbit:KRW-BTC", venue_order_id=truth.uuid)) is not None
                view = desk.view(row, NOW)
                if is_known:
                    seen.answered(view)
                assert total(fill.fee for fill in view if isinstance(fill, Fill)) == row.paid_fee
            case "look":
                for known in desk.missing(NOW + 10**15):
                    known.looked(NOW)
            case _:
                continue
    for truth in orders:
        tell(desk, seen, truth, len(truth.fills) + 1, trades=True)
        tell(desk, seen, truth, len(truth.fills) + 1, trades=True)
        check_end(seen, truth)
    assert {known.uuid for known in desk.open()} == {truth.uuid for truth in orders if not truth.end}


def tell(desk: OrderDesk, seen: Seen, truth: Truth, upto: int, *, trades: bool) -> None:
    row = read_order(reply(truth.row(min(upto, len(truth.fills)), ended=upto > len(truth.fills), trades=trades)))
    assert row is not None
    seen.take(desk.on_row(row, NOW))


def check_end(seen: Seen, truth: Truth) -> None:
    count = len(truth.fills)
    told = seen.fills.get(truth.uuid, [])
    assert sorted(fill.fill_id for fill in told) == sorted(truth.fill_id(n) for n in range(count))
    assert total(fill.quantity for fill in told) == truth.executed(count)
    assert total(fill.fee for fill in told) == truth.funds(count) * RATE
    assert {(fill.price, fill.quantity) for fill in told} == set(truth.fills)
    state, filled = seen.states[truth.uuid]
    assert filled == truth.executed(count)
    assert (state in TERMINAL) is bool(truth.end)
    if truth.end == "done":
        assert state is OrderState.FILLED
