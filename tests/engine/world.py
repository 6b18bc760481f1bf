"""The engine's tests in their own words: a few markets, scripted venues, and a session that is driven by hand."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.engine.parts import EngineSettings
from arbcore.model.events import Event, PnlReported, TradeClosed
from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, TickTable
from arbcore.model.state import EngineState
from arbcore.model.trade import Trade, TradeState
from arbcore.ports.policy import LegPolicy, Slicer
from arbcore.ports.risk import RiskTier
from arbcore.ports.strategy import Strategy
from arbcore.testing.scripted import SECOND, ScriptedStrategy, enter, pair
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
    fee_currency: str = "",
    min_quantity: str = "0.001",
    min_notional: str = "10",
    max_quantity: str | None = None,
    settle: str = "",
    contract_size: str = "1",
    multiplier: str = "1",
) -> Instrument:
    """Return an instrument; numbers as text."""
    return Instrument(
        venue=venue,
        symbol=symbol,
        kind=kind,
        base=base,
        quote=quote,
        settle=settle,
        ticks=TickTable.flat(Decimal(tick)),
        lot=Decimal(lot),
        min_quantity=Decimal(min_quantity),
        min_notional=Decimal(min_notional),
        max_quantity=None if max_quantity is None else Decimal(max_quantity),
        contract_size=Decimal(contract_size),
        multiplier=Decimal(multiplier),
        fees=FeeSchedule(Decimal(fee), Decimal(fee), fee_currency),
    )


def perpetual(venue: str, symbol: str, quote: str = "USDT", **more: str) -> Instrument:
    """Return a perpetual; numbers as text."""
    return market(venue, symbol, quote, kind=InstrumentKind.PERPETUAL, **more)


SPOT: Final = market("cash", "BTCUSDT")
PERP: Final = perpetual("swap", "BTCUSDT-PERP")
WON: Final = market("seoul", "KRW-BTC", "KRW", tick="10", min_notional="5000")
ETH: Final = market("cash", "ETHUSDT", base="ETH")
ETH_PERP: Final = perpetual("swap", "ETHUSDT-PERP", base="ETH")

BTC_ROUTE: Final = pair(SPOT, PERP)
ETH_ROUTE: Final = pair(ETH, ETH_PERP)
WON_ROUTE: Final = pair(WON, PERP, rates={"KRW": "usdt_krw"})

RATES: Final = {"usdt_krw": 5 * SECOND}
MONEY: Final = {"seoul": {"KRW": Decimal(10**9)}}
DOLLARS: Final = {"USDT": Decimal(10**6)}


class World:
    """A session on a stage, with scripted venues.

    Args:
        *instruments: Every instrument.
        strategies: Strategy by instance id, or the only one, which is called ``s``.
        tiers: Risk tiers by instance id.
        execution: Numbers of execution.
        balances: Opening balances by venue; plenty of money where they are not given.
        accepts_for: For how long after its sending a venue may take an order in.
        policies: Leg policies by instance id.
        slicer: Cuts entries; None where they are sent in one.
        allotted: What the session may use, by venue and currency; all of a venue that is not named.
        config_hash: Hash of the config.
    """

    def __init__(
        self,
        *instruments: Instrument,
        strategies: Mapping[str, Strategy] | Strategy,
        tiers: Sequence[tuple[str, RiskTier]] = (),
        execution: ExecutionSettings | None = None,
        balances: Mapping[str, Mapping[str, Decimal]] | None = None,
        accepts_for: Mapping[str, int | None] | None = None,
        policies: Mapping[str, LegPolicy] | None = None,
        slicer: Slicer | None = None,
        allotted: Mapping[str, Mapping[str, Decimal]] | None = None,
        config_hash: str = "",
    ) -> None:
        money = {**MONEY, **(balances or {})}
        self.venues = {
            venue: ScriptedVenue(
                venue,
                [one for one in instruments if one.venue == venue],
                money.get(venue, DOLLARS),
                {"BNB": Decimal("0.002")},
            )
            for venue in dict.fromkeys(one.venue for one in instruments)
        }
        self.instruments = instruments
        self.stage = Stage(
            instruments,
            self.venues,
            strategies if isinstance(strategies, Mapping) else {"s": strategies},
            tiers=tiers,
            policies=policies,
            slicer=slicer,
            settings=EngineSettings(
                session="test",
                mode="backtest",
                base_currency="USDT",
                config_hash=config_hash,
                rates=RATES | {"bnb_usdt": 10**18},
                execution=execution or ExecutionSettings(),
                accepts_for=dict(accepts_for or {}),
                allotted={venue: dict(limits) for venue, limits in (allotted or {}).items()},
            ),
        )

    @property
    def trades(self) -> dict[str, Trade]:
        """Trades that are not closed, as others see them, by id."""
        parts = self.stage.engine.parts
        return {name: trade.view(parts.accounts) for name, trade in parts.execution.trades.items()}

    def state(self) -> EngineState:
        """State of the engine."""
        return self.stage.engine.parts.switches.state

    @property
    def closed(self) -> list[Trade]:
        """Trades that were closed, in order."""
        return [event.trade for event in self.stage.told(TradeClosed)]

    def begin(self, price: float = 100.0) -> "World":
        """Begin the session and quote every instrument that dollars buy."""
        self.stage.begin()
        self.quote(price)
        return self

    def quote(self, price: float = 100.0, size: float = 10.0) -> list[Event]:
        """Quote every instrument that dollars buy at a price, with a spread of one tick."""
        events: list[Event] = []
        for instrument in self.instruments:
            if instrument.quote == "USDT":
                events += self.stage.quote(instrument, price, price + 0.1, size)
        return events

    def sizes(self, trade: str = "1") -> list[Decimal]:
        """Return the signed quantity of each leg of a trade."""
        return [leg.quantity for leg in self.trades[trade].legs]

    def net(self, instrument: Instrument) -> Decimal:
        """Return the net position that the engine counts."""
        return self.stage.engine.parts.accounts.lots.net.get(instrument.key, Decimal(0))

    def venue_net(self, instrument: Instrument) -> Decimal:
        """Return the net position that the venue counts: of a spot market, the coins in order units."""
        books = self.venues[instrument.venue].books
        if instrument.kind is InstrumentKind.SPOT:
            return books.cash.get(instrument.base, Decimal(0)) / instrument.unit
        return books.traded.get(instrument.key, (Decimal(0), Decimal(0)))[0]

    def remainder(self) -> Decimal:
        """End the session; return what its parts differ from the venues' own statements by."""
        report = next(event for event in self.stage.finish() if isinstance(event, PnlReported))
        return report.ledger_change - report.pnl.total

    def check_books(self) -> None:
        """Hold the engine's net positions against the venues', and end with a remainder of zero."""
        for instrument in self.instruments:
            assert self.net(instrument) == self.venue_net(instrument), instrument.key
        assert self.remainder() == 0


def basic(**more: object) -> tuple[World, ScriptedStrategy]:
    """Return a running session of one scripted strategy on spot and perpetual, both at 100."""
    strategy = ScriptedStrategy(BTC_ROUTE)
    return World(SPOT, PERP, strategies=strategy, **more).begin(), strategy  # type: ignore[arg-type]


def hedged(notional: str = "500", **more: object) -> tuple[World, ScriptedStrategy]:
    """Return such a session with one hedged trade of the notional, called ``1``."""
    world, strategy = basic(**more)
    strategy.leave(enter(notional))
    world.quote()
    assert world.trades["1"].state is TradeState.HEDGED
    return world, strategy
