"""Killed and recovered at every point of some trades: the venues end as in the run that nothing disturbed."""

import os
from collections.abc import Sequence
from decimal import Decimal

import pytest

from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.engine.output import Output
from arbcore.engine.parts import EngineSettings
from arbcore.journal.chain import verify
from arbcore.journal.memory import MemoryJournal
from arbcore.model.effect import Submit
from arbcore.model.events import EngineModeChanged, EngineStarted, OrderIntended, TradeClosed
from arbcore.model.state import EngineState
from arbcore.model.trade import Trade, TradeState
from arbcore.ports.policy import LegGap, Repair, RepairPlan
from arbcore.ports.strategy import Signal, Wish
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.recovery import keep, recover
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter, leave
from arbcore.testing.scripted_venue import ScriptedVenue
from arbcore.testing.stage import Stage
from tests.engine.world import BTC_ROUTE, DOLLARS, PERP, SPOT

TRADES = 50 if os.environ.get("ARBCORE_COUNTS") == "full" else 3
LONGEST = 400
"""Rounds of a second in which a run must have made its trades, and one more pair for each kill."""


class Killed(Exception):
    """The process is gone."""


class Rounds(ScriptedStrategy):
    """Makes a number of trades, one after the other; how many are done is its state."""

    def __init__(self, wanted: int) -> None:
        super().__init__(BTC_ROUTE)
        self._wanted = wanted
        self.done = 0

    def on_signal(self, signal: Signal, trades: Sequence[Trade]) -> Sequence[Wish]:
        if not trades:
            return (enter("500"),) if self.done < self._wanted else ()
        return (leave(trades[0].id),) if trades[0].state is TradeState.HEDGED else ()

    def on_trade(self, trade: Trade) -> None:
        self.done += trade.state is TradeState.CLOSED and any(leg.bought for leg in trade.legs)

    def state(self) -> bytes:
        return str(self.done).encode()

    def restore(self, state: bytes) -> None:
        self.done = int(state)


class Chasing:
    """Brings every trade to what was decided, so that a run that was disturbed ends like one that was not."""

    def decide(self, gap: LegGap) -> RepairPlan:
        return RepairPlan(repair=Repair.CHASE)

    def state(self) -> bytes:
        return b""

    def restore(self, state: bytes) -> None:
        pass


class Process(Stage):
    """A stage whose events are journaled before its effects, and that dies at a number of such points."""

    def __init__(self, venues: dict[str, ScriptedVenue], journal: MemoryJournal, start: int, dies_at: int) -> None:
        self.strategy = Rounds(TRADES)
        settings = EngineSettings(
            session="test",
            mode="backtest",
            base_currency="USDT",
            config_hash="",
            rates={},
            execution=ExecutionSettings(entry_policy="chasing", epoch=f"e{start}"),
            accepts_for={"cash": 2 * SECOND, "swap": 2 * SECOND},
        )
        super().__init__((SPOT, PERP), venues, {"s": self.strategy}, policies={"chasing": Chasing()}, settings=settings)
        recovered = recover(journal)
        if recovered is not None:
            self.engine.restore(recovered.kept.engine)
            self.engine.absorb(recovered.events)
        # One that never began to trade leaves nothing to go on with: its journal is put aside.
        self.journal = MemoryJournal() if recovered is None and journal.last() else journal
        self._log = EventLog(self.journal)
        self._left = dies_at
        self.points = 0

    def _point(self) -> None:
        self.points += 1
        if self.points == self._left:
            raise Killed

    def _perform(self, output: Output) -> None:
        if output.events:
            self._log.append(output.events)
            booted = any(
                isinstance(one.event, TradeClosed)
                or (isinstance(one.event, EngineModeChanged) and one.event.before is EngineState.BOOTING)
                for one in output.events
            )
            if booted:
                keep(self.journal, self.engine, {})
            self._point()
        for effect in output.effects:
            super()._perform(Output((), (effect,)))
            if isinstance(effect, Submit):
                self._point()
        self.events.extend(output.events)

    def live(self) -> bool:
        """Run until the trades are made and nothing is open; tell whether that came about."""
        self.begin()
        for _ in range(LONGEST):
            for instrument in (SPOT, PERP):
                self.quote(instrument, 100.0, 100.1)
            if self.strategy.done >= TRADES and not self.engine.parts.execution.trades:
                return True
            self.wait(SECOND)
        return False


def new_venues() -> dict[str, ScriptedVenue]:
    return {one.venue: ScriptedVenue(one.venue, [one], DOLLARS) for one in (SPOT, PERP)}


def run_through(dies_at: int) -> tuple[dict[str, ScriptedVenue], Process]:
    """Run a session, killed once; return its venues and its last process."""
    venues, journal = new_venues(), MemoryJournal()
    process = Process(venues, journal, 0, dies_at)
    try:
        assert process.live()
    except Killed:
        died = process.clock.now()
        process = Process(venues, journal, 1, 0)
        process.clock.move_to(died + 30 * SECOND)
        assert process.live(), f"the session that was killed at point {dies_at} never came to its end"
    return venues, process


UNDISTURBED = run_through(0)
POINTS = range(1, UNDISTURBED[1].points + 1)


def books(venues: dict[str, ScriptedVenue]) -> dict[str, tuple[dict[str, Decimal], dict[str, tuple[Decimal, Decimal]]]]:
    return {name: (venue.books.cash, venue.books.traded) for name, venue in venues.items()}


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_session_ends_as_if_nothing_had_happened(point: int) -> None:
    """A crash with an open pair is resumed, never forgotten (HB-api#243); no order is sent twice (HB#493, NT#3176)."""
    venues, process = run_through(point)
    assert books(venues) == books(UNDISTURBED[0])
    assert {name: len(venue.orders) for name, venue in venues.items()} == {
        name: len(venue.orders) for name, venue in UNDISTURBED[0].items()
    }
    ids = [order.client_order_id for venue in venues.values() for order in venue.orders]
    assert len(ids) == len(set(ids))
    accounts = process.engine.parts.accounts
    for venue in venues.values():
        for currency, total in venue.books.cash.items():
            if currency == "USDT":
                held_on = next(name for name, one in venues.items() if one is venue)
                assert accounts.cash.balances[held_on, currency] == total
    assert all(not quantity for quantity in accounts.lots.net.values())
    assert verify(process.journal.read()).ok


def test_nothing_is_sent_before_everything_is_answered() -> None:
    venues, journal = new_venues(), MemoryJournal()
    first = Process(venues, journal, 0, UNDISTURBED[1].points // 3)
    with pytest.raises(Killed):
        first.live()
    second = Process(venues, journal, 1, 0)
    second.clock.move_to(first.clock.now() + 30 * SECOND)
    second.mute.add("swap")
    arrived = {name: len(venue.orders) for name, venue in venues.items()}
    second.begin()
    for _ in range(60):
        second.wait(SECOND)
        for instrument in (SPOT, PERP):
            second.quote(instrument, 100.0, 100.1)
    assert {name: len(venue.orders) for name, venue in venues.items()} == arrived
    assert second.told(EngineStarted)[-1].resumed
    assert second.engine.parts.switches.state is EngineState.BOOTING
    second.mute.clear()
    for _ in range(LONGEST):
        if second.strategy.done == TRADES:
            break
        second.wait(SECOND)
        for instrument in (SPOT, PERP):
            second.quote(instrument, 100.0, 100.1)
    assert second.strategy.done == TRADES
    assert second.told(OrderIntended)
