"""The pulse: measures a running session and makes its statistics once a second. It changes nothing."""

import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import fmean, median
from typing import Final

from arbcore.engine.engine import Engine
from arbcore.engine.isolation import Failure, isolated
from arbcore.engine.market import InstrumentState, RateState
from arbcore.engine.route import Route
from arbcore.model.input import ConnectionChanged
from arbcore.model.market import Book, Quote
from arbcore.ports.risk import Reporting, RiskTier, TierReport
from arbcore.runtime.event_log import EventLog
from arbcore.runtime.ingress import Ingress
from arbcore.runtime.loop import Loop, SessionInput
from arbcore.runtime.memory import rss_mib
from arbcore.runtime.stats import RateStats, RouteStats, SessionStats, TradeStats, VenueStats
from arbcore.runtime.tally import Tally

_SAMPLES: Final = 1_024
"""Batches whose latency is kept for means and percentiles."""
_BPS: Final = 1e4
_TOUCHES: Final = frozenset({Quote, Book})


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the pulse looks at.

    Attributes:
        session: Session name.
        mode: ``paper``, ``live`` or ``monitor``.
        base_currency: Currency of all results.
        engine: The engine.
        loop: Its loop.
        ingress: What waits for it.
        log: What it stored.
        tally: What the events add up to.
    """

    session: str
    mode: str
    base_currency: str
    engine: Engine
    loop: Loop
    ingress: Ingress
    log: EventLog
    tally: Tally


class Pulse:
    """Takes measurements as batches pass, and makes a record of them when asked.

    Args:
        measured: What it looks at.
        started: When the session started, UTC nanoseconds.
    """

    def __init__(self, measured: Measured, started: int) -> None:
        self._of: Final = measured
        self._started: Final = started
        self._spent: Final[deque[int]] = deque(maxlen=_SAMPLES)
        self._delays: Final[dict[str, deque[int]]] = {}
        self._connections: Final[dict[str, dict[str, str]]] = {}
        self._used: Final = measured.engine.used
        self._largest = 0
        self._before = (started, 0, time.process_time())

    def note(self, items: Sequence[SessionInput], done: int) -> None:
        """Take a batch that the loop has worked through by a time. A sample of each batch stands for all of it."""
        first = items[0]
        self._spent.append(done - first.recv_ts)
        self._largest = max(self._largest, len(items))
        if type(first) in _TOUCHES:
            self._note_delay(first)  # type: ignore[arg-type]  # quotes and books are what is left
        for item in items:
            if type(item) is ConnectionChanged:
                self._connections.setdefault(item.venue, {})[item.connection] = item.state.value

    def _note_delay(self, item: Quote | Book) -> None:
        venue = item.instrument.partition(":")[0]
        delays = self._delays.get(venue)
        if delays is None:
            delays = self._delays[venue] = deque(maxlen=_SAMPLES)
        delays.append(item.recv_ts - item.ts)

    def beat(self, now: int, *, recorded: int = 0, unobserved: int = 0) -> SessionStats:
        """Return the statistics of this moment.

        Args:
            now: UTC nanoseconds.
            recorded: Inputs recorded so far.
            unobserved: Events that slow sinks never got.
        """
        of = self._of
        parts, tally = of.engine.parts, of.tally
        at, quotes, cpu = self._before
        spent = time.process_time()
        seconds = max(now - at, 1) / 1e9
        self._before = (now, of.loop.quotes, spent)
        largest, self._largest = self._largest, 0
        ranked = sorted(self._spent)
        return SessionStats(
            session=of.session,
            mode=of.mode,
            pid=os.getpid(),
            time=now,
            started=self._started,
            state=parts.switches.state.value,
            base_currency=of.base_currency,
            quotes=of.loop.quotes,
            quotes_per_second=round((of.loop.quotes - quotes) / seconds, 1),
            inputs=of.ingress.taken,
            conflated=of.ingress.conflated,
            dropped=of.ingress.dropped,
            unobserved=unobserved,
            events=of.log.count,
            loop_avg_us=round(fmean(ranked) / 1e3, 1) if ranked else None,
            loop_p99_us=round(ranked[int(len(ranked) * 0.99)] / 1e3, 1) if ranked else None,
            queue=largest,
            cpu_percent=round((spent - cpu) / seconds * 100, 1),
            rss_mib=rss_mib(),
            recorded=recorded,
            equity=parts.valuation.equity(),
            pnl=parts.valuation.pnl(),
            fills=tally.fills,
            closed=tally.trades,
            won=sum(symbol.won for symbol in tally.symbols.values()),
            guards=tally.guards,
            alerts=tally.alert_count,
            unhedged_s=max(tally.unhedged_ns, default=0) / 1e9,
            venues=self._venues(now),
            rates={name: _rate(rate, now) for name, rate in parts.market.rates.items()},
            routes={name: _route(route, now) for name, route in parts.deciding.routes.items()},
            trades=self._trades(),
            tiers={name: self._tier(tier) for name, tier in parts.tiers},
        )

    def _venues(self, now: int) -> dict[str, VenueStats]:
        parts = self._of.engine.parts
        states = [parts.market.instruments[key] for key in sorted(self._used)]
        names = dict.fromkeys(state.instrument.venue for state in states)
        return {name: self._venue(name, [s for s in states if s.instrument.venue == name], now) for name in names}

    def _venue(self, name: str, states: Sequence[InstrumentState], now: int) -> VenueStats:
        delays = self._delays.get(name)
        known = all(state.quote is not None for state in states)
        oldest = max((now - state.recv_ts for state in states), default=0)
        return VenueStats(
            health=self._of.engine.parts.conditions.health(name).value,
            connections=dict(self._connections.get(name, {})),
            latency_ms=round(median(delays) / 1e6, 2) if delays else None,
            oldest_book_s=round(oldest / 1e9, 3) if known else None,
            books=(sum(not state.invalid for state in states), len(states)),
        )

    def _tier(self, tier: RiskTier) -> TierReport:
        if not isinstance(tier, Reporting):
            return TierReport()
        told = isolated(tier.report, self._of.engine.parts.view)
        return TierReport(detail=f"it can't tell: {told.error!r}") if isinstance(told, Failure) else told

    def _trades(self) -> tuple[TradeStats, ...]:
        parts = self._of.engine.parts
        views = (trade.view(parts.accounts) for trade in parts.execution.trades.values())
        return tuple(
            TradeStats(
                id=trade.id,
                strategy=trade.strategy,
                symbol=trade.symbol,
                state=trade.state.value,
                forward=trade.forward,
                notional=trade.notional,
                opened_at=trade.opened_at,
                realised=trade.pnl.total,
            )
            for trade in views
        )


def _rate(rate: RateState, now: int) -> RateStats:
    return RateStats(
        rate=float(rate.valuation()) if rate.known else None,
        source=rate.source,
        age_s=round((now - rate.recv_ts) / 1e9, 3) if rate.known else None,
        usable=rate.fresh(now),
    )


def _route(route: Route, now: int) -> RouteStats:
    forward, backward = route.edges()
    paid = 1.0 / (1.0 + forward) - 1.0 if forward > -1.0 else forward
    return RouteStats(
        strategy=route.owner,
        symbol=route.spec.symbol,
        forward_bps=_bps(forward),
        backward_bps=_bps(backward),
        premium_paid_bps=_bps(paid),
        premium_got_bps=_bps(backward),
        obstacle=route.obstacle(now),
    )


def _bps(edge: float) -> float | None:
    return round(edge * _BPS, 2) if isfinite(edge) else None
