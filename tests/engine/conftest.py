"""Fixtures of the engine's tests: a won spot, a dollar spot and a perpetual of one coin, and stages around them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import pytest

from arbcore.engine.execution import ExecutionSettings
from arbcore.engine.parts import EngineSettings
from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, TickTable
from arbcore.model.trade import Trade
from arbcore.ports.risk import RiskTier
from arbcore.ports.strategy import RouteSpec, Strategy
from arbcore.testing.scripted import SECOND, ScriptedStrategy, pair
from arbcore.testing.scripted_venue import ScriptedVenue
from arbcore.testing.stage import Stage


def market(
    venue: str,
    symbol: str,
    quote: str = "USDT",
    *,
    kind: InstrumentKind = InstrumentKind.SPOT,
    base: str = "BTC",
    tick: str = "0.1",
    lot: str = "0.001",
    fee: str = "0.001",
    min_quantity: str = "0.001",
    min_notional: str = "10",
    **more: object,
) -> Instrument:
    fees = more.pop("fees", FeeSchedule(Decimal(fee), Decimal(fee)))
    return Instrument(
        venue=venue,
        symbol=symbol,
        kind=kind,
        base=base,
        quote=quote,
        ticks=TickTable.flat(Decimal(tick)),
        lot=Decimal(lot),
        min_quantity=Decimal(min_quantity),
        min_notional=Decimal(min_notional),
        fees=fees,  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )


SPOT: Final = market("cash", "BTCUSDT")
PERP: Final = market("swap", "BTCUSDT-PERP", kind=InstrumentKind.PERPETUAL)
WON: Final = market("seoul", "KRW-BTC", "KRW", tick="1000", min_notional="5000")
ETH: Final = market("cash", "ETHUSDT", base="ETH")
ETH_PERP: Final = market("swap", "ETHUSDT-PERP", base="ETH", kind=InstrumentKind.PERPETUAL)
RATES: Final = {"usdt_krw": 5 * SECOND}


class World:
    """A stage with its venues and its first strategy, in the words of a test.

    Args:
        instruments: Every instrument.
        strategies: Strategy by instance id.
        tiers: Risk tiers by instance id.
        execution: Numbers of execution.
    """

    def __init__(
        self,
        instruments: tuple[Instrument, ...],
        strategies: dict[str, Strategy],
        tiers: tuple[tuple[str, RiskTier], ...] = (),
        execution: ExecutionSettings | None = None,
    ) -> None:
        cash = {"USDT": Decimal(1_000_000), "KRW": Decimal(1_000_000_000), "BTC": Decimal(0)}
        self.venues = {
            venue: ScriptedVenue(venue, [one for one in instruments if one.venue == venue], _money(venue, cash))
            for venue in dict.fromkeys(one.venue for one in instruments)
        }
        settings = EngineSettings(
            session="test",
            mode="backtest",
            base_currency="USDT",
            config_hash="",
            rates=dict(RATES),
            execution=execution or ExecutionSettings(),
        )
        self.stage = Stage(instruments, self.venues, strategies, tiers=tiers, settings=settings)

    @property
    def trades(self) -> dict[str, Trade]:
        """Live trades as others see them, by id."""
        parts = self.stage.engine.parts
        return {name: trade.view(parts.accounts) for name, trade in parts.execution.trades.items()}

    def remainder(self) -> Decimal:
        """End the session and return what its parts differ from the venues' own statements by."""
        from arbcore.model.events import PnlReported

        report = next(event for event in self.stage.finish() if isinstance(event, PnlReported))
        return report.ledger_change - report.pnl.total


def _money(venue: str, cash: dict[str, Decimal]) -> dict[str, Decimal]:
    return {"KRW": cash["KRW"]} if venue == "seoul" else {"USDT": cash["USDT"]}


Build = Callable[..., World]


@pytest.fixture
def strategy() -> ScriptedStrategy:
    """A strategy on the route from dollar spot to perpetual, asked at every quote."""
    return ScriptedStrategy(pair(SPOT, PERP))


@pytest.fixture
def world(strategy: ScriptedStrategy) -> World:
    """A running session of that strategy, with both books at about 100."""
    made = World((SPOT, PERP), {"s": strategy})
    start(made)
    return made


def start(world: World) -> None:
    """Begin a session and quote both BTC books."""
    world.stage.begin()
    quote_both(world)


def quote_both(world: World, spot: float = 100.0, perp: float = 100.0) -> None:
    """Quote the dollar spot and the perpetual at once, with a spread of one tick."""
    world.stage.quote(SPOT, spot, spot + 0.1)
    world.stage.quote(PERP, perp, perp + 0.1)


def route_of(spec: RouteSpec) -> str:
    """Return a route's id."""
    return spec.id
