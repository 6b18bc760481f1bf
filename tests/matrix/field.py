"""The matrix' field: a spot market in won without a bound on acceptance, a perpetual in dollars with two seconds."""

from collections.abc import Mapping
from decimal import Decimal
from random import Random
from typing import Final

from msgspec.structs import replace

from arbcore.engine.engine import Engine
from arbcore.engine.execution_settings import ExecutionSettings, LegOrder
from arbcore.engine.parts import EngineSettings
from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, TickTable
from arbcore.ports.journal import Journal
from arbcore.ports.policy import LegPolicy, Slicer
from arbcore.testing.faulty.exchange import FaultyExchange
from arbcore.testing.faulty.plan import SECOND
from arbcore.testing.faulty.rig import Rig, Touch
from arbcore.testing.scripted import ScriptedStrategy, pair


def _instrument(venue: str, symbol: str, quote: str, kind: InstrumentKind, tick: str, least: str) -> Instrument:
    return Instrument(
        venue=venue,
        symbol=symbol,
        kind=kind,
        base="BTC",
        quote=quote,
        ticks=TickTable.flat(Decimal(tick)),
        lot=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        min_notional=Decimal(least),
        fees=FeeSchedule(Decimal("0.0005"), Decimal("0.0005")),
    )


WON: Final = _instrument("seoul", "KRW-BTC", "KRW", InstrumentKind.SPOT, "10", "5000")
PERP: Final = _instrument("swap", "BTCUSDT-PERP", "USDT", InstrumentKind.PERPETUAL, "0.1", "10")
ROUTE: Final = pair(WON, PERP, rates={"KRW": "usdt_krw"})
SEOUL, SWAP = WON.venue, PERP.venue

DELAY_NS: Final = 20 * 10**6
"""Time that a message takes one way."""

ROUND_TRIP_NS: Final = 2 * DELAY_NS
ACCEPTS_NS: Final = 2 * SECOND
BOUNDS: Final = {SEOUL: None, SWAP: ACCEPTS_NS}
BALANCES: Final = {SEOUL: {"KRW": Decimal(10**8)}, SWAP: {"USDT": Decimal(10**6)}}

DUST: Final = Decimal("0.1")
"""Coins that the perpetual's venue takes no order of, but for a reduction."""

WANTED: Final = Decimal("4.995")
"""Coins that an entry of 500 dollars buys on both legs."""


class Field:
    """A session on the field.

    Args:
        execution: Numbers of execution.
        policies: Leg policies by their ids.
        random: Makes delays of messages differ; None for equal ones.
        sums: Whether venues answer an order with what filled at once.
        journal: Where the session is kept, so that it can be gone on with.
        slicer: Cuts entries; None where they are sent in one.
    """

    def __init__(
        self,
        execution: ExecutionSettings | None = None,
        policies: Mapping[str, LegPolicy] | None = None,
        random: Random | None = None,
        *,
        sums: bool = False,
        journal: Journal | None = None,
        slicer: Slicer | None = None,
    ) -> None:
        self._slicer = slicer
        self.strategy = ScriptedStrategy(ROUTE)
        self.execution = execution or ExecutionSettings()
        self._policies = policies or {}
        self.seoul, self.swap = (
            FaultyExchange(
                one.venue,
                [one],
                BALANCES[one.venue],
                accepts_for_ns=BOUNDS[one.venue],
                delay_ns=DELAY_NS,
                random=random,
                sums=sums,
            )
            for one in (WON, PERP)
        )
        self.rig = Rig(
            self._engine,
            (WON, PERP),
            {SEOUL: self.seoul, SWAP: self.swap},
            {WON.key: Touch(130_000.0, 130_010.0), PERP.key: Touch(100.0, 100.1)},
            {"usdt_krw": 1300.0},
            valued_by=PERP.key,
            tolerance=DUST,
            tick_ns=2 * SECOND,
            journal=journal,
        )

    def venue(self, name: str) -> FaultyExchange:
        """Return an exchange."""
        return self.seoul if name == SEOUL else self.swap

    def _engine(self, start: int) -> Engine:
        settings = EngineSettings(
            session="matrix",
            mode="backtest",
            base_currency="USDT",
            config_hash="",
            rates={"usdt_krw": 5 * SECOND},
            execution=replace(self.execution, epoch=str(start)),
            accepts_for=dict(BOUNDS),
        )
        return Engine(settings, (WON, PERP), {"s": self.strategy}, (), self._policies, self._slicer)


def styled(style: LegOrder, entry_policy: str = "", exit_policy: str = "") -> ExecutionSettings:
    """Return numbers of execution for a style and policies."""
    return ExecutionSettings(legs=style, entry_policy=entry_policy, exit_policy=exit_policy)
