"""A strategy that goes wrong while the session runs stops itself, visibly, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.commands import Ran, amount, arb
from tests.e2e.offer import changed, offer

ASKED = "        self.asked += 1\n"


def late(statement: str) -> tuple[str, str]:
    """Return a change that lets the rule do something from its fiftieth question on."""
    return ASKED, f"{ASKED}        if self.asked > 50: {statement}\n"


Here = Callable[..., Ran]

BACKTEST = ("backtest", "--json", "--strategy", "bad=zz")
ALONE = (*BACKTEST, "--without", "premium", "--set", "backtest.end=2025-01-06T00:10:00Z")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (changed(late("raise ValueError('mine')")), "ValueError('mine')"),
        (changed(late("raise SystemExit(0)")), "SystemExit(0)"),
        (changed(late("return self.on_signal(signal, trades)")), "RecursionError"),
        (changed(late("return None")), "TypeError"),
        (changed(late("return [42]")), "42"),
        (changed(late("return (1 / 0 for _ in 'x')")), "ZeroDivisionError"),
        (changed(("Decimal(500)", "500.0")), "positive Decimal"),
        (changed(("Decimal(500)", "Decimal('NaN')")), "positive Decimal"),
        (changed(("Decimal(500)", "Decimal(-500)")), "positive Decimal"),
        (changed(("slippage_bps=50.0, edge_bps=0.0", "slippage_bps=float('nan'), edge_bps=0.0")), "slippage_bps"),
        (changed(('reason="EDGE_ENTER"', "reason=None")), "reason"),
        (changed(("return None", "return 'soon'")), "return a Trigger, or None"),
        (changed(("        pass", "        raise KeyError(1)")), "KeyError(1)"),
    ],
)
def test_it_stops_and_the_run_ends_in_order(arb_here: Here, tmp_path: Path, source: str, text: str) -> None:
    told = arb_here(*ALONE, path=offer(tmp_path, "zz", source)).told()
    (alert,) = told["alerts"]
    assert alert.startswith("strategy bad raised ")
    assert text in alert
    assert "it opens and closes nothing any more" in alert
    assert told["pnl"]["remainder"] == "0"
    assert amount(told, "total") == amount(told, "ledger_change")


def test_the_other_strategy_trades_as_if_alone(arb_here: Here, tmp_path: Path, first: Ran) -> None:
    source = changed((ASKED, "        raise ValueError('at once')\n"))
    told = arb_here(*BACKTEST, path=offer(tmp_path, "zz", source)).told()
    alone = first.told()
    assert "strategy bad raised ValueError('at once')" in told["alerts"][0]
    for name in ("trades", "symbols", "pnl", "fees", "exit_reasons"):
        assert told[name] == alone[name]


def test_its_open_trade_stays_in_the_books(arb_here: Here, tmp_path: Path) -> None:
    """What it had opened is still owned, valued and reported; nobody closes it behind the user's back."""
    keeps = ('return [Exit(trade=trades[0].id, slippage_bps=50.0, reason="EXIT_TIME")]', "return []")
    source = changed(late("raise ValueError('mine')"), keeps)
    told = arb_here(*ALONE, path=offer(tmp_path, "zz", source)).told()
    assert told["open_trades"] == 1
    assert amount(told, "unrealised") != 0
    assert told["pnl"]["remainder"] == "0"


def test_the_alert_is_in_the_report_in_words(project: Path, tmp_path: Path) -> None:
    site = offer(tmp_path, "zz", changed((ASKED, "        raise ValueError('at once')\n")))
    ran = arb("backtest", "--strategy", "bad=zz", cwd=project, path=site)
    assert ran.code == 0
    assert "strategy bad raised ValueError('at once')" in ran.out
