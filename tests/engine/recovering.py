"""What tests of recovery share: a session of random happenings, every input of it kept, and its state at every step."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from hypothesis import strategies as st

from arbcore.engine import state as engine_state
from arbcore.engine.engine import Engine
from arbcore.engine.output import NOTHING, Output
from arbcore.engine.state import EngineSnapshot
from arbcore.model.command import (
    AnyCommand,
    ClosePosition,
    DisableSymbol,
    EnableSymbol,
    Flatten,
    PauseEngine,
    ResumeEngine,
    StartStrategy,
    StopEntry,
    StopStrategy,
)
from arbcore.model.effect import Effect
from arbcore.model.events import Envelope
from arbcore.model.grid import Rounding, to_grid
from arbcore.model.input import FundingPayment, Input, VenueHealth
from arbcore.model.instrument import Instrument
from arbcore.model.intent import Intent
from arbcore.model.order import Fill, OrderOrigin, Side
from arbcore.model.reason import Reason
from arbcore.model.state import HealthState
from arbcore.model.trade import Trade, TradeState
from arbcore.ports.policy import LegGap, Repair, RepairPlan
from arbcore.ports.risk import ALLOW, RiskView, Verdict, VerdictKind
from arbcore.ports.strategy import RouteSpec, Signal, Trigger, Wish
from arbcore.testing.scripted import SECOND, enter, leave
from arbcore.testing.scripted_venue import NONE, REFUSED, SILENT, TWICE, WHOLE, Outcome, part
from tests.engine.world import BTC_ROUTE, PERP, SPOT, WON, WON_ROUTE, World

OUTCOMES: Final = (
    WHOLE,
    WHOLE,
    WHOLE,
    NONE,
    REFUSED,
    SILENT,
    TWICE,
    part("0.4"),
    Outcome(rests=True),
    Outcome(delay_ns=SECOND),
    Outcome(share=Decimal("0.7"), late_ns=2 * SECOND),
    Outcome(late_ns=20 * SECOND),
)
COMMANDS: Final[tuple[AnyCommand, ...]] = (
    PauseEngine(),
    ResumeEngine(),
    ResumeEngine(),
    StopEntry(),
    Flatten(),
    Flatten(symbol="BTC"),
    ClosePosition(trade="1"),
    ClosePosition(trade="none"),
    DisableSymbol(symbol="BTC", reason="test"),
    EnableSymbol(symbol="BTC"),
    StopStrategy(strategy="won", reason="test"),
    StartStrategy(strategy="won"),
)
TAKINGS: Final = (OrderOrigin.LIQUIDATION, OrderOrigin.ADL, OrderOrigin.SETTLEMENT)
HAPPENINGS: Final = st.one_of(
    st.tuples(st.just("price"), st.integers(990, 1010)),
    st.tuples(st.just("price"), st.integers(990, 1010)),
    st.tuples(st.just("rate"), st.integers(1390, 1410)),
    st.tuples(st.just("wait"), st.sampled_from((SECOND // 10, SECOND, 7 * SECOND, 40 * SECOND))),
    st.tuples(st.just("outcome"), st.tuples(st.sampled_from(("cash", "swap", "seoul")), st.sampled_from(OUTCOMES))),
    st.tuples(st.just("outcome"), st.tuples(st.sampled_from(("cash", "swap", "seoul")), st.sampled_from(OUTCOMES))),
    st.tuples(st.just("command"), st.sampled_from(COMMANDS)),
    st.tuples(st.just("funding"), st.integers(-5, 5)),
    st.tuples(st.just("health"), st.sampled_from((HealthState.HEALTHY, HealthState.DEGRADED, HealthState.DOWN))),
    st.tuples(st.just("learn"), st.just(0)),
    st.tuples(st.just("taken"), st.tuples(st.sampled_from(TAKINGS), st.sampled_from(("0.3", "1")))),
)
"""What may happen in a session."""


class Counting:
    """A strategy that acts by the number of its signals and trades: its state decides what it does next."""

    def __init__(self, route: RouteSpec) -> None:
        self._route = route
        self._signals = 0
        self._told = 0

    def plan(self, instruments: Sequence[Instrument]) -> Sequence[RouteSpec]:
        return (self._route,)

    def trigger(self, route: str) -> Trigger | None:
        return None if self._told % 4 else Trigger(forward=-1.0, at=0)

    def on_signal(self, signal: Signal, trades: Sequence[Trade]) -> Sequence[Wish]:
        self._signals += 1
        hedged = [trade for trade in trades if trade.state is TradeState.HEDGED]
        if len(trades) < 2 and self._signals % 3 == 1:
            return (enter("500"),)
        if hedged and self._signals % 5 == 2:
            return (leave(hedged[0].id, "1" if self._told % 2 else "0.5"),)
        return ()

    def on_trade(self, trade: Trade) -> None:
        self._told += 1

    def state(self) -> bytes:
        return f"{self._signals} {self._told}".encode()

    def restore(self, state: bytes) -> None:
        self._signals, self._told = map(int, state.split())


class Tired:
    """A tier that cools down after some entries, and wants everything flat after some reviews."""

    def __init__(self) -> None:
        self.review_interval_ns = 30 * SECOND
        self._assessed = 0
        self._reviewed = 0

    def assess(self, intent: Intent, view: RiskView) -> Verdict:
        self._assessed += 1
        if self._assessed % 7 == 6:
            return Verdict(kind=VerdictKind.COOL_DOWN, reason="TIRED", until=view.now + SECOND)
        return ALLOW

    def review(self, view: RiskView) -> Verdict:
        self._reviewed += 1
        return Verdict(kind=VerdictKind.FLATTEN, reason="ENOUGH") if self._reviewed % 9 == 8 else ALLOW

    def state(self) -> bytes:
        return f"{self._assessed} {self._reviewed}".encode()

    def restore(self, state: bytes) -> None:
        self._assessed, self._reviewed = map(int, state.split())


class Turning:
    """A leg policy that goes through all that a policy may choose."""

    def __init__(self) -> None:
        self._asked = 0

    def decide(self, gap: LegGap) -> RepairPlan:
        self._asked += 1
        repair = (Repair.CHASE, Repair.UNWIND, Repair.HOLD, Repair.REVERSE)[self._asked % 4]
        return RepairPlan(repair=repair, wait_ns=SECOND if self._asked % 3 else 0)

    def state(self) -> bytes:
        return str(self._asked).encode()

    def restore(self, state: bytes) -> None:
        self._asked = int(state)


def new_world() -> World:
    """Return a session that has not begun."""
    from arbcore.engine.execution_settings import ExecutionSettings

    return World(
        SPOT,
        PERP,
        WON,
        strategies={"btc": Counting(BTC_ROUTE), "won": Counting(WON_ROUTE)},
        tiers=[("tired", Tired())],
        policies={"turning": Turning()},
        execution=ExecutionSettings(entry_policy="turning"),
        accepts_for={"cash": 5 * SECOND},
    )


class Taped:
    """A session with every input, every output, the state after every step, and where its books were learned anew.

    Args:
        happenings: What happens, in order.
    """

    def __init__(self, happenings: Sequence[tuple[str, object]]) -> None:
        self.world = new_world()
        self.tape: list[tuple[Input, Output]] = []
        self.states: list[EngineSnapshot] = []
        self.learned: list[int] = []
        self._price, self._rate = 100.0, 1400.0
        engine = self.world.stage.engine
        self._parts = engine.parts
        self._plain = engine.step
        engine.step = self._step  # type: ignore[method-assign]  # every input passes here
        self.world.stage.begin()
        self.world.stage.rate("bnb_usdt", 500.0)
        self._learn(clear=False)
        for kind, value in happenings:
            self._happen(kind, value)

    def _step(self, item: Input) -> Output:
        output = self._plain(item)
        self.tape.append((item, output))
        self.states.append(engine_state.state_of(self._parts))
        return output

    def _happen(self, kind: str, value: object) -> None:
        stage = self.world.stage
        match kind, value:
            case "price", int(tenths):
                self._price = tenths / 10
                self._quote()
            case "rate", int(won):
                self._rate = float(won)
                stage.rate("usdt_krw", self._rate)
            case "wait", int(duration):
                stage.wait(duration)
            case "outcome", (str(venue), Outcome() as outcome):
                self.world.venues[venue].script.append(outcome)
            case "funding", int(amount):
                self._fund(amount)
            case "health", HealthState() as health:
                stage.give(VenueHealth(venue="swap", state=health, reason="test", recv_ts=stage.clock.now()))
            case "taken", (OrderOrigin() as origin, str(share)):
                self._take(origin, Decimal(share))
            case "learn", _:
                self._learn(clear=True)
            case _, command:
                stage.command(command)  # type: ignore[arg-type]  # what is left is a command

    def _quote(self) -> None:
        self.world.quote(self._price)
        won = round(self._price * self._rate, -1)
        self.world.stage.quote(WON, won, won + 10)

    def _fund(self, amount: int) -> None:
        held = self._parts.accounts.lots.net.get(PERP.key, Decimal(0))
        if held:
            now = self.world.stage.clock.now()
            self.world.stage.give(
                FundingPayment(
                    payment_id=f"f{len(self.tape)}",
                    instrument=PERP.key,
                    amount=Decimal(amount) / 3 * 3,
                    currency="USDT",
                    rate=Decimal("0.0001"),
                    quantity=held,
                    ts=now,
                    recv_ts=now,
                )
            )

    def _take(self, origin: OrderOrigin, share: Decimal) -> None:
        """Let the venue of the perpetual close a share of what is held there."""
        held = self._parts.accounts.lots.net.get(PERP.key, Decimal(0))
        quantity = to_grid(abs(held) * share, PERP.lot, Rounding.DOWN)
        if quantity:
            now = self.world.stage.clock.now()
            fill = Fill(
                fill_id=f"t{len(self.tape)}",
                client_order_id=f"autoclose-{len(self.tape)}",
                instrument=PERP.key,
                side=Side.SELL if held > 0 else Side.BUY,
                quantity=quantity,
                price=Decimal(str(self._price)),
                fee=Decimal("0.07"),
                fee_currency="USDT",
                origin=origin,
                ts=now,
                recv_ts=now,
            )
            self.world.venues["swap"].books.book(PERP, fill)
            self.world.stage.give(fill)

    def _learn(self, *, clear: bool) -> None:
        """Let all books be learned anew, as after a restart; counted episodes end with it."""
        stage = self.world.stage
        for instrument in self.world.instruments:
            stage.invalid(instrument, Reason.BOOK_INVALID)
        list(self._parts.deciding.skips.close())
        if clear:
            self.learned.append(len(self.tape))
        stage.rate("usdt_krw", self._rate)
        self._quote()


def restored(state: EngineSnapshot) -> Engine:
    """Return a new engine that took over a state."""
    engine = new_world().stage.engine
    engine.restore(state)
    return engine


def outputs(tape: Sequence[tuple[Input, Output]]) -> tuple[list[Envelope], list[Effect]]:
    """Return events and effects of a stretch of a tape."""
    events = [event for _, output in tape for event in output.events]
    return events, [effect for _, output in tape for effect in output.effects]


__all__ = ["HAPPENINGS", "NOTHING", "Taped", "outputs", "restored"]
