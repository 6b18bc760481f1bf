"""From nothing to a result: `arb init`, `arb data generate`, `arb backtest`, with nothing edited."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arbcore.templates import FOLDER
from tests.e2e.commands import Ran, amount, arb
from tests.e2e.standard import QUOTES

TYPES: Mapping[str, type | tuple[type, ...]] = {
    "schema_version": int,
    "quotes": int,
    "load_seconds": float,
    "engine_seconds": float,
    "peak_rss_mib": (float, type(None)),
    "trades": int,
    "open_trades": int,
    "pnl": dict,
    "rejected": dict,
    "data_hash": str,
    "result_hash": str,
    "journal": str,
}
PARTS = ("spread", "fx", "funding", "fees", "slippage", "unrealised")


def test_the_result_is_one_object_alone_on_stdout(first: Ran) -> None:
    told = first.told()
    assert {key: told[key] for key, kind in TYPES.items() if not isinstance(told[key], kind)} == {}
    assert told["schema_version"] == 1
    assert told["quotes"] == QUOTES
    for name in ("data_hash", "result_hash"):
        assert len(bytes.fromhex(told[name])) == 32
    for episodes in told["rejected"].values():
        assert set(episodes) == {"episodes", "count"}


def test_the_unedited_config_trades(first: Ran, project: Path) -> None:
    assert (project / "arb.yaml").read_bytes() == (FOLDER / "arb.yaml").read_bytes()
    told = first.told()
    assert told["trades"] > 10
    assert told["symbols"]["BTC"]["entries"] == told["trades"] + told["open_trades"]
    assert sum(told["exit_reasons"].values()) == told["trades"]


def test_the_parts_add_up_to_what_the_accounts_changed_by(first: Ran) -> None:
    told = first.told()
    assert told["pnl"]["currency"] == "USDT"
    parts = [amount(told, part) for part in PARTS]
    assert sum(parts, Decimal(0)) == amount(told, "total")
    assert amount(told, "total") == amount(told, "ledger_change")
    assert told["pnl"]["remainder"] == "0"
    assert amount(told, "fees") < 0
    assert amount(told, "spread") > 0


def test_the_report_says_the_same_in_words(first: Ran, project: Path, tmp_path: Path) -> None:
    told = first.told()
    ran = arb("backtest", "--out", tmp_path, cwd=project)
    assert (ran.code, ran.err) == (0, "")
    for text in (told["data_hash"], told["result_hash"], f"{told['trades']} closed", "generated data"):
        assert text in ran.out
    for text in (*told["notes"], *told["alerts"], *told["warnings"]):
        assert text in ran.out


def test_results_are_where_the_user_wants_them(project: Path, tmp_path: Path) -> None:
    told = arb("backtest", "--json", "--journal", "--out", tmp_path / "here", cwd=project).told()
    assert told["journal"] == str(tmp_path / "here" / "journal.db")
    assert (tmp_path / "here" / "journal.db").is_file()


@pytest.mark.parametrize("missing", ["config", "data"])
def test_what_is_missing_is_named(project: Path, tmp_path: Path, missing: str) -> None:
    if missing == "config":
        arb("backtest", "--json", cwd=tmp_path).refused(3, "no config: arb.yaml is not here", "arb init")
    else:
        arb("backtest", project / "arb.yaml", "--json", "--data", "data", cwd=tmp_path).refused(
            1, "there is no folder data"
        )


def test_other_coins_than_the_data_has(project: Path) -> None:
    """A data set without the instruments of the strategy says which ones there are."""
    route = "strategies.premium.routes=[{spot: upbit, perpetual: binance, symbols: [DOGE]}]"
    arb("backtest", "--json", "--set", route, cwd=project).refused(3, "premium", "DOGE", "BTC")


def test_fields_of_the_result_can_be_read_as_documented(first: Ran) -> None:
    told: dict[str, Any] = first.told()
    assert told["start"] < told["end"]
    assert told["win_rate"] is None or 0 <= told["win_rate"] <= 1
    assert all("generated data" in note or "accepted for entries" in note for note in told["notes"])
