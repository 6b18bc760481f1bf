"""Isolation: what one strategy or symbol does wrong ends neither the session nor any other."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from math import inf, nan
from typing import Any

import pytest

from arbcore.model.events import AlertRaised, StrategyStopped
from arbcore.model.state import EngineState, Severity
from arbcore.model.trade import Trade
from arbcore.ports.strategy import Enter, Exit, RouteSpec, Signal, Trigger, Wish
from arbcore.testing.scripted import ScriptedStrategy, enter, leave, pair
from arbcore.testing.scripted_venue import NONE
from tests.engine.world import BTC_ROUTE, ETH, ETH_PERP, ETH_ROUTE, PERP, SPOT, World


class Faulty(ScriptedStrategy):
    """A strategy with a defect that a test switches on.

    Args:
        route: Its route.
        where: Method that misbehaves.
        answer: What the method answers, or the exception that it raises.
    """

    def __init__(self, route: RouteSpec, where: str, answer: Any) -> None:
        super().__init__(route)
        self.where = where
        self.answer = answer
        self.on = False

    def _answer_of(self, where: str, usual: Any) -> Any:
        if not self.on or where != self.where:
            return usual
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def trigger(self, route: str) -> Trigger | None:
        result: Trigger | None = self._answer_of("trigger", super().trigger(route))
        return result

    def on_signal(self, signal: Signal, trades: Sequence[Trade]) -> Sequence[Wish]:
        result: Sequence[Wish] = self._answer_of("on_signal", super().on_signal(signal, trades))
        return result

    def on_trade(self, trade: Trade) -> None:
        self._answer_of("on_trade", super().on_trade(trade))


def raising() -> Iterator[Wish]:
    yield enter()
    raise RuntimeError("in the middle")


def wish(**changes: object) -> Enter:
    fields: dict[str, object] = {
        "notional": Decimal(300),
        "slippage_bps": 1.0,
        "edge_bps": 0.0,
        "reason": "X",
        "depth_share": 1.0,
    }
    return Enter(**(fields | changes))  # type: ignore[arg-type]


def closing(**changes: object) -> Exit:
    fields: dict[str, object] = {"trade": "1", "slippage_bps": 1.0, "reason": "X"}
    return Exit(**(fields | changes))  # type: ignore[arg-type]


FAULTS: list[tuple[str, Any]] = [
    ("on_signal", RuntimeError("boom")),
    ("on_signal", None),
    ("on_signal", 7),
    ("on_signal", raising()),
    ("on_signal", ["buy"]),
    ("on_signal", [None]),
    ("on_signal", [wish(notional=300.0)]),
    ("on_signal", [wish(notional=Decimal(0))]),
    ("on_signal", [wish(notional=Decimal(-1))]),
    ("on_signal", [wish(notional=Decimal("NaN"))]),
    ("on_signal", [wish(notional=Decimal("Infinity"))]),
    ("on_signal", [wish(slippage_bps=nan)]),
    ("on_signal", [wish(slippage_bps=-1.0)]),
    ("on_signal", [wish(slippage_bps=10_000.0)]),
    ("on_signal", [wish(slippage_bps=None)]),
    ("on_signal", [wish(depth_share=nan)]),
    ("on_signal", [wish(depth_share=0.0)]),
    ("on_signal", [wish(depth_share=1.5)]),
    ("on_signal", [closing(share=Decimal(0))]),
    ("on_signal", [closing(share=Decimal("NaN"))]),
    ("on_signal", [closing(share=1)]),
    ("on_signal", [closing(slippage_bps=inf)]),
    ("trigger", RuntimeError("boom")),
    ("trigger", 0.5),
    ("on_trade", RuntimeError("boom")),
]


@pytest.mark.parametrize(("where", "answer"), FAULTS)
def test_a_strategy_that_misbehaves_stops_itself_alone(where: str, answer: Any) -> None:
    faulty, sound = Faulty(BTC_ROUTE, where, answer), ScriptedStrategy(ETH_ROUTE)
    world = World(SPOT, PERP, ETH, ETH_PERP, strategies={"s": faulty, "t": sound}).begin()
    faulty.leave(enter("300"))
    sound.leave(enter("300"))
    world.quote()
    assert len(world.trades) == 2
    faulty.on = True
    faulty.leave(leave("1", "0.5"))
    world.quote()
    (stopped,) = world.stage.told(StrategyStopped)
    assert (stopped.strategy, stopped.reason) == ("s", "STRATEGY_ERROR")
    (alert,) = world.stage.told(AlertRaised)
    assert (alert.severity, alert.source, alert.rule) == (Severity.P1, "s", "strategy_error")
    asked = len(faulty.signals)
    for _ in range(3):
        sound.leave(enter("200"))
        world.quote()
    assert len(faulty.signals) == asked
    assert len([trade for trade in world.trades.values() if trade.strategy == "t"]) == 4
    assert world.state() is EngineState.RUNNING
    world.check_books()


def test_trades_of_a_strategy_that_raised_are_still_repaired() -> None:
    faulty, sound = Faulty(BTC_ROUTE, "on_trade", RuntimeError("boom")), ScriptedStrategy(ETH_ROUTE)
    world = World(SPOT, PERP, ETH, ETH_PERP, strategies={"s": faulty, "t": sound}).begin()
    world.venues["swap"].script.append(NONE)
    faulty.on = True
    faulty.leave(enter("300"))
    world.quote()
    assert not world.trades
    assert world.venue_net(SPOT) == 0
    world.check_books()


def test_an_invalid_book_rests_its_symbol_alone() -> None:
    first, second = ScriptedStrategy(BTC_ROUTE), ScriptedStrategy(ETH_ROUTE)
    world = World(SPOT, PERP, ETH, ETH_PERP, strategies={"s": first, "t": second}).begin()
    world.stage.invalid(PERP)
    first.leave(enter("300"))
    second.leave(enter("300"))
    world.stage.quote(SPOT, 100.0, 100.1)
    world.stage.quote(ETH, 100.0, 100.1)
    assert [trade.symbol for trade in world.trades.values()] == ["ETH"]


def test_two_strategies_share_an_instrument_and_keep_their_own_trades() -> None:
    first = ScriptedStrategy(pair(SPOT, PERP, name="first"))
    second = ScriptedStrategy(pair(PERP, SPOT, name="second"))
    balances = {"cash": {"USDT": Decimal(10**6), "BTC": Decimal(20)}}
    world = World(SPOT, PERP, strategies={"s": first, "t": second}, balances=balances).begin()
    first.leave(enter("400"))
    second.leave(enter("300"))
    world.quote()
    assert {trade.strategy: [leg.quantity for leg in trade.legs] for trade in world.trades.values()} == {
        "s": [Decimal("3.996"), Decimal("-3.996")],
        "t": [Decimal("2.997"), Decimal("-2.997")],
    }
    assert world.net(PERP) == world.venue_net(PERP) == Decimal("-0.999")
    assert world.net(SPOT) == world.venue_net(SPOT) == Decimal("20.999")
    assert [trade.strategy for trade in first.shown] in ([], ["s"])
    first.leave(leave("1"))
    world.quote()
    assert [trade.strategy for trade in world.trades.values()] == ["t"]
    assert world.net(PERP) == Decimal("2.997")
    assert world.remainder() == 0


def test_a_strategy_sees_and_closes_nothing_but_its_own() -> None:
    first, second = ScriptedStrategy(pair(SPOT, PERP, name="a")), ScriptedStrategy(pair(SPOT, PERP, name="b"))
    world = World(SPOT, PERP, strategies={"s": first, "t": second}).begin()
    first.leave(enter("300"))
    world.quote()
    second.leave(leave("1"))
    world.quote()
    assert list(world.trades) == ["1"]
    assert [trade.id for trade in first.shown] == ["1"]
    assert second.shown == ()
    assert {trade.id for trade in first.told} == {"1"}
    assert second.told == []


def test_a_wish_for_a_trade_that_is_gone_is_passed_over() -> None:
    strategy = ScriptedStrategy(BTC_ROUTE)
    world = World(SPOT, PERP, strategies=strategy).begin()
    strategy.leave(leave("9"), enter("300"))
    world.quote()
    assert list(world.trades) == ["1"]


def test_a_trade_that_is_being_closed_is_not_closed_twice() -> None:
    strategy = ScriptedStrategy(BTC_ROUTE)
    world = World(SPOT, PERP, strategies=strategy).begin()
    strategy.leave(enter("300"))
    world.quote()
    strategy.leave(leave("1"), leave("1"))
    world.quote()
    assert len(world.venues["swap"].orders) == 2
    assert not world.trades
    world.check_books()
