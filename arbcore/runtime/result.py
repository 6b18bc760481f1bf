"""The result of a run as one record, the same for the terminal and for machines."""

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from arbcore.errors import ArbcoreError
from arbcore.model.money import plain, subtract
from arbcore.runtime.backtest import Backtest
from arbcore.runtime.memory import peak_rss_mib
from arbcore.runtime.stats import SessionStats
from arbcore.runtime.tally import Tally

if TYPE_CHECKING:
    from arbcore.model.trade import Pnl

SCHEMA_VERSION: Final = 1
_PLAUSIBLE: Final = (0.30, 0.80)
_FEW: Final = 20


class PnlResult(Struct, frozen=True, kw_only=True):
    """Profit and loss by parts in ``currency``; decimal text in the JSON of `arb backtest`.

    Attributes:
        total: Sum of the parts.
        ledger_change: What the venues' own statements changed by, computed independently.
        remainder: Their difference, zero in a sound run.
    """

    currency: str
    total: Decimal
    spread: Decimal
    fx: Decimal
    funding: Decimal
    fees: Decimal
    slippage: Decimal
    unrealised: Decimal
    ledger_change: Decimal
    remainder: Decimal


class SymbolResult(Struct, frozen=True, kw_only=True):
    """Results of one symbol; ``win_rate`` is None without closed trades."""

    entries: int
    exits: int
    win_rate: float | None
    pnl: Decimal


class Episodes(Struct, frozen=True):
    """How often something was refused: episodes, and how many times in all."""

    episodes: int
    count: int


class Unhedged(Struct, frozen=True, kw_only=True):
    """Seconds from the first fill after which a trade's legs may differ until all matched, entries and closes alike."""

    p50: float
    p99: float
    max: float


class Outcome(Struct, frozen=True, kw_only=True):
    """What every run reports, a backtest and a running session alike.

    Attributes:
        schema_version: Version of this record.
        session: Session name.
        quotes: Quotes that the engine took; a book counts as one, and a bar.
        inputs: All inputs.
        start: Receive time of the first input, UTC nanoseconds.
        end: Receive time of the last input.
        peak_rss_mib: Largest resident memory of the process, None where the system does not tell.
        trades: Closed trades that filled.
        open_trades: Trades open at the end.
        failed_entries: Entries that filled nothing.
        unwinds: Repairs that filled.
        win_rate: Share of closed trades with a profit, None without any.
        pnl: Profit and loss by parts.
        symbols: Results by symbol.
        exit_reasons: Closed trades by reason code.
        rejected: Skipped opportunities and refused inputs by reason code.
        fees: Fees by currency, as charged.
        unhedged_seconds: None without trades.
        alerts: Texts of the first alerts.
        notes: Conventions of the data that the reader must know.
        warnings: What makes the result doubtful.
        config_hash: Hash of the validated config.
        result_hash: Hash of the event log.
        events: Number of events.
        journal: Where the event log lies.
    """

    schema_version: int = SCHEMA_VERSION
    session: str
    quotes: int
    inputs: int
    start: int
    end: int
    peak_rss_mib: float | None
    trades: int
    open_trades: int
    failed_entries: int
    unwinds: int
    win_rate: float | None
    pnl: PnlResult
    symbols: dict[str, SymbolResult]
    exit_reasons: dict[str, int]
    rejected: dict[str, Episodes]
    fees: dict[str, Decimal]
    unhedged_seconds: Unhedged | None
    alerts: list[str]
    notes: list[str]
    warnings: list[str]
    config_hash: str
    result_hash: str
    events: int
    journal: str


class BacktestResult(Outcome, frozen=True, kw_only=True):
    """Everything that a backtest reports.

    Attributes:
        load_seconds: Time spent reading data.
        engine_seconds: Time spent in engine, venues and journal.
        data_hash: Hash of the data.
    """

    load_seconds: float
    engine_seconds: float
    data_hash: str


class SessionResult(Outcome, frozen=True, kw_only=True):
    """Everything that a session reports at its end.

    Attributes:
        mode: ``paper`` or ``live``.
        reason: Why it ended.
        stats: Statistics of its last moment.
        kpis: Key figures of the whole session (`arbcore.runtime.kpi`).
        recording: Folder of the recorded market data, empty where none was kept.
    """

    mode: str
    reason: str
    stats: SessionStats
    kpis: dict[str, Any]
    recording: str


class RunFacts(Struct, frozen=True, kw_only=True):
    """What the result states of the run besides its events, and what to do where nothing could be valued."""

    session: str
    base_currency: str
    config_hash: str
    result_hash: str
    events: int
    journal: str
    notes: tuple[str, ...] = ()
    advice: str = "check that the data holds every instrument and rate"
    troubles: tuple[str, ...] = ()


class Counts(Struct, frozen=True):
    """How much a run took, and from when to when (UTC nanoseconds)."""

    quotes: int
    inputs: int
    start: int
    end: int


def summarise(run: Backtest, data_hash: str, tally: Tally, facts: RunFacts) -> BacktestResult:
    """Return the result of a finished backtest.

    Raises:
        ArbcoreError: Nothing could be valued, so there is no result.
    """
    return BacktestResult(
        load_seconds=round(run.load_seconds, 4),
        engine_seconds=round(run.engine_seconds, 4),
        data_hash=data_hash,
        **outcome(Counts(run.quotes, run.inputs, run.first_ts, run.last_ts), tally, facts),
    )


def outcome(counts: Counts, tally: Tally, facts: RunFacts) -> dict[str, Any]:
    """Return the fields of `Outcome` for a finished run.

    Raises:
        ArbcoreError: Nothing could be valued, so there is no result.
    """
    exits = tally.trades
    won = sum(symbol.won for symbol in tally.symbols.values())
    pnl = _pnl(tally, facts)
    return {
        "session": facts.session,
        "quotes": counts.quotes,
        "inputs": counts.inputs,
        "start": counts.start,
        "end": counts.end,
        "peak_rss_mib": peak_rss_mib(),
        "trades": exits,
        "open_trades": len(tally.open),
        "failed_entries": tally.failed_entries,
        "unwinds": tally.unwinds,
        "win_rate": won / exits if exits else None,
        "pnl": pnl,
        "symbols": {name: _symbol(tally, name) for name in sorted(tally.symbols)},
        "exit_reasons": dict(sorted(tally.exit_reasons.items())),
        "rejected": _rejected(tally),
        "fees": dict(sorted(tally.fees.items())),
        "unhedged_seconds": _unhedged(tally.unhedged_ns),
        "alerts": [alert.text for alert in tally.alerts],
        "notes": list(facts.notes),
        "warnings": [*_warnings(exits, won, pnl), *_idle(tally), *facts.troubles],
        "config_hash": facts.config_hash,
        "result_hash": facts.result_hash,
        "events": facts.events,
        "journal": facts.journal,
    }


def _rejected(tally: Tally) -> dict[str, Episodes]:
    """Return skips and refused inputs by reason; a crossed book may be both."""
    counts = {reason: Episodes(*count) for reason, count in tally.skipped.items()}
    for reason, (episodes, count) in tally.refused.items():
        before = counts.get(reason, Episodes(0, 0))
        counts[reason] = Episodes(before.episodes + episodes, before.count + count)
    return dict(sorted(counts.items()))


def _pnl(tally: Tally, facts: RunFacts) -> PnlResult:
    report = tally.report
    if report is None:
        why = "; ".join(alert.text for alert in tally.alerts) or "the session was never valued"
        raise ArbcoreError(f"the run has no result: {why}", facts.advice)
    parts: Pnl = report.pnl
    return PnlResult(
        currency=facts.base_currency,
        total=parts.total,
        spread=parts.spread,
        fx=parts.fx,
        funding=parts.funding,
        fees=parts.fees,
        slippage=parts.slippage,
        unrealised=parts.unrealised,
        ledger_change=report.ledger_change,
        remainder=subtract(report.ledger_change, parts.total),
    )


def _symbol(tally: Tally, name: str) -> SymbolResult:
    symbol = tally.symbols[name]
    rate = symbol.won / symbol.exits if symbol.exits else None
    return SymbolResult(entries=symbol.entries, exits=symbol.exits, win_rate=rate, pnl=symbol.pnl)


def _unhedged(times: Iterable[int]) -> Unhedged | None:
    ranked = sorted(times)
    if not ranked:
        return None
    last = len(ranked) - 1
    return Unhedged(p50=ranked[last // 2] / 1e9, p99=ranked[int(last * 0.99)] / 1e9, max=ranked[last] / 1e9)


def _idle(tally: Tally) -> list[str]:
    """Say why a session without a trade may have been one: nothing else in its result does."""
    if tally.trades or tally.open or tally.failed_entries:
        return []
    text = (
        "nothing was traded: no edge reached an entry threshold, or all that did was rejected; "
        "see `rejected`, the thresholds, and whether the data lasts longer than the strategies' warm-up"
    )
    return [text]


def _warnings(exits: int, won: int, pnl: PnlResult) -> list[str]:
    """Return what makes a result doubtful: the catalogue's plausibility bounds, and a ledger that does not add up."""
    warnings = []
    low, high = _PLAUSIBLE
    if exits >= _FEW and not low <= won / exits <= high:
        cause = (
            "fills at the touch without queue, latency or impact flatter a strategy"
            if won / exits > high
            else "the thresholds do not cover the costs"
        )
        warnings.append(f"a win rate of {won / exits:.0%} over {exits} trades is implausible: {cause}")
    if pnl.remainder:
        amount = f"{plain(pnl.remainder)} {pnl.currency}"
        warnings.append(f"the parts differ from the ledger by {amount}: do not trust this result")
    return warnings
