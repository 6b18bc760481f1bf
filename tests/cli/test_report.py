"""The terminal report: nothing is hidden by rounding, and a run without trades says where to look."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from arbcore.cli._report import print_report
from arbcore.runtime.result import BacktestResult, Episodes, PnlResult, SymbolResult, Unhedged

ZERO = Decimal(0)
PNL = PnlResult(
    currency="USDT",
    total=Decimal("1234.567"),
    spread=Decimal(1300),
    fx=ZERO,
    funding=Decimal("0.005"),
    fees=Decimal("-65.438"),
    slippage=ZERO,
    unrealised=ZERO,
    ledger_change=Decimal("1234.567"),
    remainder=ZERO,
)
RESULT = BacktestResult(
    session="s",
    quotes=2000,
    inputs=2500,
    start=1_736_121_600_000_000_000,
    end=1_736_125_200_500_000_000,
    load_seconds=0.5,
    engine_seconds=1.5,
    peak_rss_mib=None,
    trades=3,
    open_trades=1,
    failed_entries=2,
    unwinds=1,
    win_rate=2 / 3,
    pnl=PNL,
    symbols={"BTC": SymbolResult(entries=4, exits=3, win_rate=2 / 3, pnl=Decimal("1234.567"))},
    exit_reasons={"EXIT_TIME": 3},
    rejected={"BOOK_STALE": Episodes(7, 12345)},
    fees={"KRW": Decimal("1000000.4"), "USDT": Decimal("1.5")},
    unhedged_seconds=Unhedged(p50=0.1, p99=2.0, max=3.5),
    alerts=["strategy premium raised"],
    notes=["upbit:KRW-BTC: bars"],
    warnings=["implausible"],
    data_hash="d" * 64,
    config_hash="c" * 64,
    result_hash="r" * 64,
    events=904,
    journal="memory",
)


def lines(capsys: pytest.CaptureFixture[str], result: BacktestResult) -> list[list[str]]:
    """Return the words of each printed line, without the frame of tables."""
    print_report(result)
    out, err = capsys.readouterr()
    assert err == ""
    return [line.replace("│", " ").replace("┃", " ").split() for line in out.splitlines()]


def test_it_shows_results_by_symbol_reason_and_part(capsys: pytest.CaptureFixture[str]) -> None:
    shown = lines(capsys, RESULT)
    assert ["BTC", "4", "3", "66.7%", "1,234.57", "USDT"] in shown
    assert ["EXIT_TIME", "3"] in shown
    assert ["BOOK_STALE", "7", "12,345"] in shown
    assert ["fees", "-65.44", "USDT"] in shown
    assert ["funding", "0.00", "USDT"] in shown, "half to even, for display"
    assert ["trades", "3", "closed,", "1", "open,", "2", "entries", "unfilled"] in shown
    assert ["period", "2025-01-06T00:00:00Z", "to", "2025-01-06T01:00:00Z", "(1:00:00)"] in shown
    assert ["fees", "₩1,000,000,", "1.50", "USDT"] in shown
    assert ["speed", "2,000", "quotes", "in", "2.00", "s", "(1,000/s)"] in shown
    assert ["memory", "not", "told", "by", "this", "system"] in shown
    assert ["unhedged", "p50", "0.1", "s,", "p99", "2", "s,", "max", "3.5", "s"] in shown
    assert ["result", "r" * 64] in shown
    for title, line in (("Conventions", "upbit:KRW-BTC: bars"), ("Alerts", "strategy premium raised")):
        assert shown[shown.index([title]) + 1] == ["-", *line.split()]
    assert shown[-1] == ["-", "implausible"]


@pytest.mark.parametrize(("remainder", "text"), [("0", "0"), ("0E-20", "0"), ("1E-12", "0.000000000001"), ("-3", "-3")])
def test_a_remainder_is_never_rounded(capsys: pytest.CaptureFixture[str], remainder: str, text: str) -> None:
    shown = lines(capsys, replace(RESULT, pnl=replace(PNL, remainder=Decimal(remainder))))
    assert ["remainder", text, "USDT"] in shown


def test_without_trades_it_says_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = replace(RESULT, symbols={}, exit_reasons={}, rejected={}, alerts=[], notes=[], warnings=[], fees={})
    shown = lines(capsys, replace(nothing, win_rate=None, unhedged_seconds=None))
    assert shown[0][:3] == ["No", "trade", "filled."]
    assert ["win", "rate", "-"] in shown
    assert ["fees", "-"] in shown
    titles = {" ".join(line) for line in shown}
    assert not titles & {"Per symbol", "Exits", "Rejected", "Alerts", "Warnings", "Conventions"}
