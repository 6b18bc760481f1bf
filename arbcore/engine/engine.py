"""The engine: one step per input, no I/O, no clock, no randomness. The same inputs give the same outputs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf, isfinite, nan
from typing import Any, Final

from arbcore.engine import state as engine_state
from arbcore.engine.absorb import Absorber
from arbcore.engine.actions import TRACE
from arbcore.engine.execution import TTL
from arbcore.engine.inquiry import LOOK
from arbcore.engine.market import LARGEST_RATE, LEAST_RATE
from arbcore.engine.output import NOTHING, Output
from arbcore.engine.parts import EngineSettings, Parts
from arbcore.engine.quiet import skip_quiet
from arbcore.engine.reconciler import RECONCILE
from arbcore.engine.slicing import SLICE
from arbcore.engine.state import EngineSnapshot
from arbcore.engine.transit import TRANSIT
from arbcore.model.command import CommandRequest
from arbcore.model.events import Envelope
from arbcore.model.input import (
    AccountSnapshot,
    ActionEnded,
    ConnectionChanged,
    FundingPayment,
    Input,
    InstrumentStatus,
    LookedUp,
    RuleOverridden,
    SessionControl,
    Standstill,
    TermsStated,
    TimerFired,
    VenueHealth,
    VenueStatement,
)
from arbcore.model.instrument import Instrument
from arbcore.model.market import (
    Book,
    BookInvalid,
    ClosingQuote,
    FundingRate,
    FxRate,
    MarkPrice,
    OpeningQuote,
    PublicTrade,
    Quote,
)
from arbcore.model.order import Fill, OrderReport
from arbcore.model.reason import Reason
from arbcore.ports.policy import LegPolicy, Slicer
from arbcore.ports.risk import RiskTier
from arbcore.ports.strategy import Strategy


class Engine:
    """Trades routes of strategies.

    Args:
        settings: Session, mode, currency, rates, execution.
        instruments: Every instrument of the session.
        strategies: Strategy by instance id, in order.
        tiers: Risk tiers by instance id, in order.
        policies: Leg policies by instance id.
        slicer: Cuts entries; None where they are sent in one.

    Raises:
        ConfigurationError: Strategies, instruments and rates do not fit together.
    """

    def __init__(
        self,
        settings: EngineSettings,
        instruments: Sequence[Instrument],
        strategies: Mapping[str, Strategy],
        tiers: Sequence[tuple[str, RiskTier]],
        policies: Mapping[str, LegPolicy] | None = None,
        slicer: Slicer | None = None,
    ) -> None:
        self._parts: Final = Parts(settings, tuple(instruments), strategies, tuple(tiers), policies or {}, slicer)
        self._outbox: Final = self._parts.outbox
        self._instruments: Final = self._parts.market.instruments
        self._rates: Final = self._parts.market.rates
        self._ask: Final = self._parts.deciding.ask
        self._resumption: Final = self._parts.resumption
        self._booting = True
        self._touches: Final[dict[type, Callable[[Any], Output]]] = {
            Quote: self.on_quote,
            ClosingQuote: self._on_close,
            Book: self._on_book,
        }
        self._others: Final[dict[type, Callable[[Any], None]]] = {
            FxRate: self._on_rate,
            BookInvalid: self._on_invalid,
            OrderReport: self._on_report,
            Fill: self._on_fill,
            LookedUp: self._on_looked_up,
            TermsStated: self._parts.terms.on_terms,
            VenueStatement: self._on_statement,
            ActionEnded: self._parts.actions.on_ended,
            FundingPayment: self._on_funding,
            AccountSnapshot: self._parts.life.on_snapshot,
            TimerFired: self._on_timer,
            VenueHealth: self._parts.conditions.on_health,
            ConnectionChanged: self._on_connection,
            InstrumentStatus: self._parts.conditions.on_status,
            RuleOverridden: self._parts.life.on_override,
            Standstill: self._on_standstill,
            CommandRequest: self._parts.commands.apply,
            SessionControl: self._parts.life.on_control,
            PublicTrade: self._ignore,
            MarkPrice: self._on_mark,
            FundingRate: self._on_funding_rate,
            OpeningQuote: self._ignore,
        }

        self._timers: Final[dict[str, Callable[[str], object]]] = self._by_timer()

    def _by_timer(self) -> dict[str, Callable[[str], object]]:
        parts = self._parts
        return {
            TTL: parts.execution.on_timeout,
            LOOK: parts.execution.on_look,
            SLICE: self._on_slice,
            RECONCILE: parts.reconciler.on_timer,
            TRANSIT: parts.transit.on_timer,
            TRACE: parts.actions.on_timer,
            "review": parts.verdicts.on_timer,
            "repair": self._on_repair,
            "close": self._on_attempt,
        }

    @property
    def parts(self) -> Parts:
        """The engine's parts, for reading."""
        return self._parts

    @property
    def used(self) -> frozenset[str]:
        """Keys of the instruments that a route trades."""
        return frozenset(self._parts.used())

    def now(self) -> int:
        """Return the engine's time: the receive time of its latest input."""
        return self._outbox.now

    def state(self) -> EngineSnapshot:
        """Return all that it knows, between two steps."""
        return engine_state.state_of(self._parts)

    def restore(self, state: EngineSnapshot) -> None:
        """Take over what an earlier `state` returned; nothing was given to this engine yet.

        Raises:
            JournalError: What an open trade needs is not configured any more.
        """
        engine_state.restore(self._parts, state)
        self._booting = False
        self._parts.resumption.prepare()

    def absorb(self, events: Iterable[Envelope]) -> None:
        """Take over what the journal tells behind the state that was restored, without deciding anything again."""
        absorber = Absorber(self._parts)
        for envelope in events:
            absorber.apply(envelope)
        self._parts.resumption.prepare()

    def step(self, item: Input) -> Output:
        """Take one input.

        Returns:
            Events to store, then effects to perform; the same empty object whenever nothing happened.
        """
        kind = type(item)
        touch = self._touches.get(kind)
        if touch is not None:
            return touch(item)
        outbox = self._outbox
        outbox.begin(0)
        outbox.now = max(outbox.now, item.recv_ts)
        self._others[kind](item)
        if self._resumption.pending:
            self._boot()
        return outbox.take() if outbox.filled else NOTHING

    def skip_quiet(self, items: Sequence[Input], start: int, due: int) -> tuple[int, int]:
        """Take quotes and rates for as long as nothing happens: as many steps that return `NOTHING`, but faster.

        Args:
            items: Inputs in order.
            start: Index of the first one to take.
            due: Engine time after which the caller has something else to do first.

        Returns:
            Index of the first input that was not taken, which needs a step, and how many quotes were.
        """
        return (start, 0) if self._booting else skip_quiet(self._parts.market, self._outbox, items, start, due)

    def on_quote(self, quote: Quote | ClosingQuote) -> Output:
        """Take a touch and ask every route whose edge passed its strategy's threshold: `step` for the hot path."""
        state = self._instruments.get(quote.instrument)
        outbox = self._outbox
        now = quote.recv_ts
        bid = quote.bid
        ask = quote.ask
        # Comparisons with NaN are false, so that one chain of them refuses everything that can't be traded on.
        if (
            state is None
            or now < outbox.now
            or not (0.0 < bid < ask < inf and 0.0 <= quote.bid_size < inf and 0.0 <= quote.ask_size < inf)
        ):
            return self._refuse(quote)
        outbox.now = now
        state.bid = bid
        state.ask = ask
        state.quote = quote
        if state.invalid:
            state.invalid = ""
        if self._booting:
            self._boot()
        for route in state.routes:
            buy = route.buy
            sell = route.sell
            forward = route.forward_factor * sell.bid
            backward = route.backward_factor * buy.bid
            buy_ask = buy.ask
            sell_ask = sell.ask
            if (
                forward >= route.forward_high * buy_ask
                or backward >= route.backward_high * sell_ask
                or now >= route.at
                or forward <= route.forward_low * buy_ask
                or backward <= route.backward_low * sell_ask
            ):
                outbox.begin(0)
                self._ask(route)
        return outbox.take() if outbox.filled else NOTHING

    def _refuse(self, quote: Quote | ClosingQuote) -> Output:
        """Count a quote that can't be true; its instrument is not traded until a good one comes."""
        state = self._instruments.get(quote.instrument)
        reason = _quote_fault(quote, known=state is not None, now=self._outbox.now)
        self._outbox.begin(0)
        self._outbox.now = max(self._outbox.now, quote.recv_ts)
        if state is not None and reason is not Reason.INPUT_TIME_BACK:
            state.invalid = reason
        self._parts.refuse(quote.instrument, reason, quote)
        return self._outbox.take() if self._outbox.filled else NOTHING

    def _on_close(self, quote: ClosingQuote) -> Output:
        state = self._instruments.get(quote.instrument)
        if state is not None:
            state.by_bars = True
        return self.on_quote(quote)

    def _on_book(self, book: Book) -> Output:
        bid, bid_size = book.bids[0] if book.bids else (nan, nan)
        ask, ask_size = book.asks[0] if book.asks else (nan, nan)
        return self.on_quote(Quote(book.instrument, book.ts, book.recv_ts, bid, ask, bid_size, ask_size))

    def _on_rate(self, rate: FxRate) -> None:
        state = self._rates.get(rate.name)
        if state is None or not LEAST_RATE <= rate.bid <= rate.ask <= LARGEST_RATE or rate.recv_ts < self._outbox.now:
            self._parts.refuse(rate.name, _rate_fault(rate, known=state is not None, now=self._outbox.now), rate)
            return
        state.update(rate)
        if self._booting:
            self._boot()
        for route in state.routes:
            route.fold_rates()
            if route.fires(self._outbox.now):
                self._ask(route)

    def _on_invalid(self, item: BookInvalid) -> None:
        state = self._instruments.get(item.instrument)
        if state is None:
            self._parts.refuse(item.instrument, Reason.INPUT_UNKNOWN_INSTRUMENT, item)
        else:
            state.invalid = item.reason

    def _on_report(self, report: OrderReport) -> None:
        self._outbox.begin(self._parts.execution.cause(report.client_order_id))
        self._parts.execution.on_report(report)

    def _on_fill(self, fill: Fill) -> None:
        self._outbox.begin(self._parts.execution.cause(fill.client_order_id))
        self._parts.execution.on_fill(fill)

    def _on_looked_up(self, answer: LookedUp) -> None:
        self._outbox.begin(self._parts.execution.cause(answer.client_order_id))
        self._parts.execution.on_looked_up(answer)

    def _on_statement(self, statement: VenueStatement) -> None:
        if statement.answered and statement.snapshot is not None:
            self._parts.life.on_snapshot(statement.snapshot)
        self._parts.reconciler.on_statement(statement)

    def _on_connection(self, change: ConnectionChanged) -> None:
        self._parts.conditions.on_connection(change)
        if self._parts.life.began:
            self._parts.reconciler.on_connection(change)

    def _on_standstill(self, item: Standstill) -> None:
        if self._parts.life.began:
            self._resumption.on_standstill(item)

    def _on_funding(self, payment: FundingPayment) -> None:
        parts = self._parts
        if payment.instrument not in self._instruments:
            parts.refuse(payment.instrument, Reason.INPUT_UNKNOWN_INSTRUMENT, payment)
        else:
            parts.funding.on_payment(payment)

    def _on_funding_rate(self, rate: FundingRate) -> None:
        """Refuse a rate that is no number; a venue settles the others, and its payments come as inputs."""
        if not isfinite(rate.rate):
            self._parts.refuse(rate.instrument, Reason.INPUT_NOT_FINITE, rate)

    def _on_mark(self, item: MarkPrice) -> None:
        state = self._instruments.get(item.instrument)
        if state is not None and isfinite(item.mark):
            state.mark = item.mark

    def _on_timer(self, timer: TimerFired) -> None:
        kind, _, subject = timer.timer.partition(":")
        self._timers[kind](subject)

    def _on_slice(self, subject: str) -> None:
        trade = self._parts.execution.trades.get(subject)
        if trade is not None:
            self._parts.slicing.on_timer(trade)

    def _on_repair(self, subject: str) -> None:
        trade = self._parts.execution.trades.get(subject)
        if trade is not None and not self._parts.execution.busy(subject):
            self._parts.repairs.balance(trade)

    def _on_attempt(self, subject: str) -> None:
        trade = self._parts.execution.trades.get(subject)
        if trade is not None and not self._parts.execution.busy(subject):
            self._parts.closing.attempt(trade)

    def _ignore(self, item: object) -> None:
        """Take data that moves no route: it reaches venues and observers only."""

    def _boot(self) -> None:
        self._booting = not self._parts.try_boot()


def _quote_fault(quote: Quote | ClosingQuote, *, known: bool, now: int) -> Reason:
    if not known:
        return Reason.INPUT_UNKNOWN_INSTRUMENT
    if quote.recv_ts < now:
        return Reason.INPUT_TIME_BACK
    return Reason.BOOK_CROSSED if 0.0 < quote.ask <= quote.bid < inf else Reason.INPUT_NOT_FINITE


def _rate_fault(rate: FxRate, *, known: bool, now: int) -> Reason:
    if not known:
        return Reason.INPUT_UNKNOWN_INSTRUMENT
    if rate.recv_ts < now:
        return Reason.INPUT_TIME_BACK
    return Reason.BOOK_CROSSED if 0.0 < rate.ask < rate.bid < inf else Reason.INPUT_NOT_FINITE
