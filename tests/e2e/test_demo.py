"""`arb demo` in an empty folder: data, backtest and report by one command, and again from what is there."""

from pathlib import Path

from tests.e2e.commands import arb


def test_one_command_and_a_report(tmp_path: Path) -> None:
    ran = arb("demo", "--quotes", 20_000, cwd=tmp_path)
    assert ran.code == 0, ran.err
    steps = [line for line in ran.err.splitlines() if line.startswith("$ arb ")]
    assert [line.split()[2] for line in steps] == ["init", "data", "backtest"]
    for text in ("Per symbol", "Profit and loss", "remainder", "20,000", "generated data"):
        assert text in ran.out
    assert "Traceback" not in ran.err
    again = arb("demo", "--quotes", 20_000, cwd=tmp_path)
    assert again.code == 0
    assert [line.split()[2] for line in again.err.splitlines() if line.startswith("$ arb ")] == ["backtest"]
    assert _hash(again.out) == _hash(ran.out)


def test_too_few_quotes_to_trade_on(tmp_path: Path) -> None:
    """A market shorter than the strategy's warm-up: a report all the same, which says why it is empty."""
    ran = arb("demo", "--quotes", 10, "--dir", "small", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "0 closed, 0 open" in ran.out
    assert "nothing was traded" in ran.out


def _hash(report: str) -> str:
    """Return the hash in the report's row `result`."""
    (row,) = [line.split() for line in report.splitlines() if " result " in line]
    return next(word for word in row if len(word) == 64)
