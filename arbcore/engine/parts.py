"""Wiring: builds the engine's parts and ties them together. Parts know each other only as far as they need."""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Final

from msgspec import Struct

from arbcore.engine.accounts import Accounts
from arbcore.engine.actions import Actions
from arbcore.engine.closing import Closing
from arbcore.engine.commands import Commands
from arbcore.engine.conditions import Conditions
from arbcore.engine.deciding import Deciding
from arbcore.engine.episodes import Refusals
from arbcore.engine.execution import BY_HAND, Execution
from arbcore.engine.execution_settings import ExecutionSettings
from arbcore.engine.funding import Funding
from arbcore.engine.inquiry import Inquiries
from arbcore.engine.intents import Intents
from arbcore.engine.life import Life
from arbcore.engine.manual import Manual
from arbcore.engine.market import Market
from arbcore.engine.opening import Opening
from arbcore.engine.orders import base32
from arbcore.engine.others import Others
from arbcore.engine.output import Outbox
from arbcore.engine.planning import Planning
from arbcore.engine.reconciler import Reconciler, ReconcilerSettings
from arbcore.engine.repair import Repairs
from arbcore.engine.resumption import Resumption
from arbcore.engine.revising import Revising
from arbcore.engine.route import Route
from arbcore.engine.sizing import Sizing, check_legs
from arbcore.engine.slicing import Slicing
from arbcore.engine.switches import Switches
from arbcore.engine.takings import Takings
from arbcore.engine.terms import Terms
from arbcore.engine.trades import LiveTrade
from arbcore.engine.valuation import Valuation
from arbcore.engine.verdicts import Verdicts
from arbcore.engine.view import SessionView
from arbcore.engine.wishes import plan_of
from arbcore.errors import ConfigurationError
from arbcore.model.command import ApplyPreset, PlaceOrder, RunReconcile, UpdateConfig
from arbcore.model.events import EngineStarted
from arbcore.model.instrument import Instrument
from arbcore.model.intent import Intent
from arbcore.model.trade import TradeState
from arbcore.ports.policy import LegPolicy, Slicer
from arbcore.ports.risk import RiskTier
from arbcore.ports.strategy import RouteKind, Strategy

BACKTEST: Final = "backtest"
"""Mode in which no venue is asked for statements by period: simulated ones would repeat what they reported."""


class EngineSettings(Struct, frozen=True, kw_only=True):
    """Settings of an engine.

    Attributes:
        session: Session name.
        mode: ``backtest``, ``paper``, ``live`` or ``replay``.
        base_currency: Currency of all results.
        config_hash: Hash of the validated configuration.
        rates: Largest age for entries in nanoseconds, by rate name.
        margin_rates: Share of a perpetual's value that its venue wants as margin, by venue; one where absent.
        execution: Numbers of execution.
        allotted: What the session may use, by exchange and currency; an exchange that is not named is its own wholly.
        accepts_for: For how long after its sending a venue may take an order in, in nanoseconds by venue; None or
            absent where nothing bounds it.
    """

    session: str
    mode: str
    base_currency: str
    config_hash: str
    rates: dict[str, int]
    margin_rates: dict[str, Decimal] = {}
    execution: ExecutionSettings = ExecutionSettings()
    allotted: dict[str, dict[str, Decimal]] = {}
    accepts_for: dict[str, int | None] = {}


class Parts:
    """The parts of one engine.

    Args:
        settings: Settings of the engine.
        instruments: Every instrument.
        strategies: Strategy by instance id, in order.
        tiers: Risk tiers by instance id, in order.
        policies: Leg policies by instance id.
        slicer: Cuts entries; None where they are sent in one.
    """

    def __init__(
        self,
        settings: EngineSettings,
        instruments: tuple[Instrument, ...],
        strategies: Mapping[str, Strategy],
        tiers: tuple[tuple[str, RiskTier], ...],
        policies: Mapping[str, LegPolicy],
        slicer: Slicer | None,
    ) -> None:
        self._strategies: Final = strategies
        self._compares: Final = settings.mode != BACKTEST
        self.tiers: Final = tiers
        self.policies: Final = policies
        self.execution_settings: Final = settings.execution
        self.intents_given = 0
        self.outbox: Final = Outbox()
        self.market: Final = Market(instruments, settings.rates, settings.base_currency)
        self.accounts: Final = Accounts(self.market, settings.margin_rates)
        self.terms: Final = Terms(self.market, self.accounts, self.outbox)
        self.others: Final = Others(self.accounts, self.market, settings.allotted)
        self.accounts.elsewhere = self.others.position
        self.valuation: Final = Valuation(self.market, self.accounts, self.others)
        self.switches: Final = Switches(self.outbox)
        self.conditions: Final = Conditions(self.market, self.switches, self.outbox)
        self.inquiries: Final = Inquiries(settings.accepts_for, self.accounts, self.outbox, settings.execution)
        self.execution: Final = Execution(self.market, self.accounts, self.outbox, settings.execution, self.inquiries)
        self.switches.stopped = self.execution.stop_entries
        self.switches.winding_down = self.execution.stop_resting
        self.view: Final = SessionView(self.outbox, self.accounts, self.valuation, self.execution)
        intents = Intents(self.outbox, self._next_id, self.accounts)
        sizing = Sizing(self.accounts, self.terms)
        self.slicing: Final = Slicing(slicer, self.execution, intents, self.switches, self.outbox, settings.execution)
        self.deciding: Final = Deciding(
            strategies, sizing, self.execution, self.view, self.switches, self.outbox, self.slicing, tiers
        )
        self.planning: Final = Planning(policies, settings.execution, self.switches)
        self.repairs: Final = Repairs(
            self.execution,
            self.accounts,
            self.outbox,
            settings.execution,
            intents,
            self.planning,
            self.deciding.approve,
            self._told,
        )
        self.closing: Final = Closing(self.execution, self.deciding, self.repairs, self.outbox, settings.execution)
        self.verdicts: Final = Verdicts(
            tiers, self.view, self.switches, self.outbox, self.closing, self.market.last_change
        )
        self.deciding.refused = self.verdicts.on_refusal
        venues = tuple(dict.fromkeys(instrument.venue for instrument in instruments))
        kinds = {one.key: one.kind for one in instruments}
        self.actions: Final = Actions(self.outbox, self.switches, kinds, venues, settings.accepts_for)
        self.manual: Final = Manual(
            self.market,
            self.accounts,
            self.execution,
            self.switches,
            self.outbox,
            self.deciding,
            self._next_id,
            self.terms,
        )
        numbers = ReconcilerSettings(
            period_ns=settings.execution.reconcile_ns, patience_ns=settings.execution.transfer_patience_ns
        )
        self.reconciler: Final = Reconciler(
            venues, self.accounts, self.market, self.outbox, self.execution, self.others, self.actions.moving, numbers
        )
        self.transit: Final = self.reconciler.drifts.transit
        self.actions.sent = self.transit.send
        sizing.barred = self.reconciler.bars
        places = {f"strategies.{name}": one for name, one in strategies.items()} | {
            f"risk.{name}": one for name, one in tiers
        }
        self.revising: Final = Revising(places, settings.config_hash, self.outbox, self._revised)
        self.takings: Final = Takings(
            self.market, self.accounts, self.outbox, self.execution, self.reconciler.strangers, self.closing.taken
        )
        self.commands: Final = Commands(
            self.switches,
            self.outbox,
            self.deciding,
            self.closing,
            self.execution,
            self.actions,
            {
                PlaceOrder: self.manual.place,
                RunReconcile: lambda request, _: partial(self.reconciler.ask_all, "command"),
                UpdateConfig: self.revising.check,
                ApplyPreset: self.revising.check,
            },
        )
        self.resumption: Final = Resumption(
            self.execution,
            self.inquiries,
            self.reconciler,
            self.actions,
            self.repairs,
            self.closing,
            self.switches,
            self.outbox,
        )
        self.commands.stopping = self.resumption.release
        self._refusals: Final = Refusals()
        self._plan(instruments)
        started = EngineStarted(
            session=settings.session,
            mode=settings.mode,
            base_currency=settings.base_currency,
            config_hash=settings.config_hash,
            strategies=tuple(strategies),
            instruments=self.used(),
            epoch=settings.execution.epoch,
        )
        self.life: Final = Life(
            started,
            Opening(self.accounts, self.others, self.reconciler.drifts, self.outbox),
            self.valuation,
            self.switches,
            self.outbox,
            self._start,
            self._run,
            self._stop,
        )
        self.funding: Final = Funding(self.market, self.accounts, self.others, self.execution, self.life, self.outbox)

    def try_boot(self) -> bool:
        """Begin to trade if nothing is missing that routes draw on, and everything owned can be valued.

        A simulated venue opens a declared position at the first touch of its instrument, and states it then; so the
        stock of an inventory route is whole once all its legs have a touch.
        """
        if self.resumption.pending:
            goes_on = self.resumption.try_end()
            if goes_on:
                self.commands.trade_closed()  # the last one may have been, before the process died
            return goes_on
        for route in self.deciding.routes.values():
            for leg in route.legs:
                if not self.life.stated(leg.state.instrument.venue):
                    return False
                if route.spec.kind is RouteKind.INVENTORY and leg.state.recv_ts < 0:
                    return False
        return self.life.try_boot()

    def used(self) -> tuple[str, ...]:
        """Return the keys of the instruments that a route trades, in the session's order."""
        keys = {leg.state.key for route in self.deciding.routes.values() for leg in route.legs}
        return tuple(key for key in self.market.instruments if key in keys)

    def has_route(self, intent: Intent) -> bool:
        """Tell whether the route of an intent is configured, with the same legs."""
        if intent.strategy == BY_HAND:
            return bool(self.market.instruments[intent.legs[0].instrument].routes)
        route = self.deciding.routes.get(intent.route)
        return route is not None and route.owner == intent.strategy

    def route_of(self, intent: Intent) -> Route:
        """Return the route of an intent."""
        if intent.strategy == BY_HAND:
            return self.manual.route(intent.legs[0].instrument)
        return self.deciding.routes[intent.route]

    def refuse(self, source: str, reason: str, item: object) -> None:
        """Count an input that was refused."""
        for episode in self._refusals.note(source, reason, self.outbox.now, item):
            self.outbox.emit(episode)

    def _next_id(self) -> str:
        self.intents_given += 1
        return base32(self.intents_given)

    def _revised(self, place: str, error: Exception | None) -> None:
        section, _, name = place.partition(".")
        strategy = section == "strategies"
        if error is not None:
            (self.deciding.fail if strategy else self.verdicts.broken)(name, error)
        else:
            (self.deciding if strategy else self.verdicts).revised(name)

    def _told(self, trade: LiveTrade) -> None:
        self.deciding.told(trade)
        if trade.state is TradeState.CLOSED:
            self.verdicts.review_all()
            self.commands.trade_closed()
        elif trade.state is TradeState.HEDGED and trade.closing:
            self.closing.pursue(trade)

    def _plan(self, instruments: tuple[Instrument, ...]) -> None:
        """Build the routes that strategies ask for, and hang them onto the instruments and rates that move them."""
        for name, strategy in self._strategies.items():
            for spec in plan_of(name, strategy, instruments):
                if spec.id in self.deciding.routes:
                    owner = self.deciding.routes[spec.id].owner
                    raise ConfigurationError(
                        f"two routes are called {spec.id}: one of strategies.{owner}, one of strategies.{name}",
                        "let each strategy name its routes after its own instance id",
                    )
                route = Route(spec, name, self.market)
                check_legs(route, self.market)
                self.deciding.routes[spec.id] = route
                for leg in route.legs:
                    leg.state.routes.append(route)
                    if leg.rate is not None and route not in leg.rate.routes:
                        leg.rate.routes.append(route)

    def _start(self, waits: bool) -> None:
        if self.resumption.restored:
            self.verdicts.start()
            self.resumption.begin(waits=waits)
            return
        for name in self._strategies:
            self.switches.start_strategy(name)
        for route in self.deciding.routes.values():
            self.deciding.arm(route)

    def _run(self) -> None:
        self.view.start()
        self.verdicts.start()
        if self._compares:
            self.reconciler.start()

    def _stop(self) -> None:
        self.commands.stopped()
        for skipped in self.deciding.skips.close():
            self.outbox.emit(skipped)
        for rejected in self._refusals.close():
            self.outbox.emit(rejected)
