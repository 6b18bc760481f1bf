"""The conformance suite finds models that are wrong: faults put in on purpose, one at a time."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from arbcore.model.instrument import Instrument
from arbcore.model.market import ClosingQuote, OpeningQuote
from arbcore.model.order import OrderRequest, Side
from arbcore.ports.fill import Execution
from arbcore.testing._fill_trial import FillTrial, steps
from arbcore.testing.fill import FillModelSuite
from arbcore.testing.samples import PERPETUAL, SPOT
from arbcore_fill_top.bars import Bar
from arbcore_fill_top.level import Level, Levels
from arbcore_fill_top.model import TopFill
from arbcore_fill_top.resting import Resting, RestingOrders

quickly = settings(phases=[Phase.generate], max_examples=500, database=None, suppress_health_check=list(HealthCheck))
_execute, _facing = TopFill.execute, Levels.facing


def uses_nothing_up(self: Levels, side: Side, instrument: Instrument) -> Level | None:
    level = _facing(self, side, instrument)
    return None if level is None else Level(level.price, level.left)


def forgets_the_worst_price(self: TopFill, order: OrderRequest, quantity: Decimal, now: int) -> object:
    from msgspec.structs import replace

    worst = Decimal(10**6) if order.side is Side.BUY else Decimal("0.1")
    return _execute(self, replace(order, price=worst), quantity, now)


def fills_better_than_the_touch(self: TopFill, order: OrderRequest, quantity: Decimal, now: int) -> object:
    executions: Sequence[Execution] = _execute(self, order, quantity, now) or ()
    better = Decimal("-0.1") if order.side is Side.BUY else Decimal("0.1")
    return [Execution(one.client_order_id, one.price + better, one.quantity, one.liquidity) for one in executions]


def touched_is_through(self: Resting, opposite: Decimal) -> bool:
    return True


def removes_nothing(self: RestingOrders, client_order_id: str) -> str | None:
    return None


@pytest.mark.parametrize(
    ("owner", "name", "fault"),
    [
        (Levels, "facing", uses_nothing_up),
        (TopFill, "execute", forgets_the_worst_price),
        (TopFill, "execute", fills_better_than_the_touch),
        (Resting, "is_through", touched_is_through),
        (RestingOrders, "remove", removes_nothing),
    ],
)
def test_a_fault_is_found_in_random_markets(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, fault: Callable[..., object]
) -> None:
    monkeypatch.setattr(owner, name, fault)

    @quickly
    @given(steps())
    def holds(plan: list[object]) -> None:
        trial = FillTrial(TopFill(), SPOT)
        for step in plan:
            trial.play(step)

    with pytest.raises((AssertionError, KeyError, ExceptionGroup)):
        holds()


def model() -> TopFill:
    fresh = TopFill()
    for instrument in (SPOT, PERPETUAL):
        fresh.list_instrument(instrument)
    return fresh


def test_a_fill_across_a_gap_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def opens_anyway(self: Bar, item: OpeningQuote) -> bool:
        self.open_at = item.recv_ts
        return True

    monkeypatch.setattr(Bar, "open", opens_anyway)
    with pytest.raises(AssertionError):
        FillModelSuite().test_bars_fill_nothing_across_a_gap(model(), (ClosingQuote, OpeningQuote))


def test_a_model_that_watches_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TopFill, "watches", lambda *_: False)

    @quickly
    @given(steps())
    def holds(plan: list[object]) -> None:
        every, sparing = FillTrial(TopFill(), SPOT), FillTrial(TopFill(), SPOT, sparing=True)
        for step in plan:
            assert every.play(step) == sparing.play(step)

    with pytest.raises((AssertionError, ExceptionGroup)):
        holds()


def test_a_fill_on_a_number_that_is_none_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arbcore_fill_top.level.is_sound", lambda _: True)
    with pytest.raises((AssertionError, ValueError)):
        FillModelSuite().test_numbers_that_are_none_fill_nothing(model(), -1.0)
