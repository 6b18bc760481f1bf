"""The same input gives the same events, byte for byte: twice, under other hash seeds, and whatever keeps them."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.commands import Ran, amount, arb, exported

Kept = Mapping[str, tuple[dict[str, Any], bytes]]

ENVIRONMENTS = {
    "one": {"PYTHONHASHSEED": "1", "TZ": "Asia/Seoul", "LC_ALL": "C"},
    "two": {"PYTHONHASHSEED": "4242", "TZ": "America/New_York", "LC_ALL": "C.UTF-8"},
}


@pytest.fixture(scope="module")
def kept(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Two runs that kept their journals: what they told, and the journals as text."""
    folder = tmp_path_factory.mktemp("kept")
    found = {}
    for name, env in ENVIRONMENTS.items():
        told = arb("backtest", "--json", "--journal", "--out", folder / name, cwd=project, env=env).told()
        found[name] = (told, exported(folder / name, project / "arb.yaml"))
    return found


def test_logs_are_equal_under_two_hash_seeds(kept: Kept) -> None:
    (one, first_log), (two, second_log) = kept.values()
    assert one["result_hash"] == two["result_hash"]
    assert first_log == second_log
    assert first_log.count(b"\n") == one["events"] > 1000


def test_memory_and_file_give_the_same(kept: Kept, first: Ran) -> None:
    told, _ = kept["one"]
    moved = {"load_seconds", "engine_seconds", "peak_rss_mib", "journal"}
    assert told["journal"] != first.told()["journal"] == "memory"
    assert {key: told[key] for key in told.keys() - moved} == {
        key: value for key, value in first.told().items() if key not in moved
    }


def test_anybody_can_check_the_log(kept: Kept) -> None:
    """The documented rule alone, without arbcore: the chain is whole and ends in the result's hash."""
    told, log = kept["one"]
    previous = bytes(32)
    for number, line in enumerate(log.splitlines(), 1):
        body = line.partition(b'"body":')[2][:-1]
        previous = sha256(previous + body).digest()
        read = json.loads(line)
        assert (read["hash"], read["body"]["sequence"]) == (previous.hex(), number)
    assert previous.hex() == told["result_hash"]


def test_causes_come_before_their_effects(kept: Kept) -> None:
    events = [json.loads(line)["body"] for line in kept["one"][1].splitlines()]
    assert all(0 <= event["cause"] < event["sequence"] for event in events)
    times = [event["time"] for event in events]
    assert times == sorted(times)


def test_the_stored_log_verifies_and_adds_up(kept: Kept, arb_here: Callable[..., Ran], tmp_path: Path) -> None:
    told = arb_here("backtest", "--json", "--journal", "--out", tmp_path).told()
    verified = arb_here("journal", "verify", tmp_path, "--json").told()
    assert (verified["ok"], verified["events"]) == (True, told["events"])
    assert verified["last_hash"] == told["result_hash"] == kept["one"][0]["result_hash"]
    rebuilt = arb_here("journal", "rebuild", tmp_path, "--json").told()
    assert rebuilt["differences"] == []
    assert rebuilt["stored"] is True
    assert Decimal(rebuilt["pnl"]["total"]) == amount(told, "total")


def test_other_input_or_config_is_another_result(kept: Kept, arb_here: Callable[..., Ran]) -> None:
    """The hash is not a constant: it follows what is decided."""
    hashes = {kept["one"][0]["result_hash"]}
    for change in ("strategies.premium.notional=999", "backtest.end=2025-01-06T03:00:00Z"):
        told = arb_here("backtest", "--json", "--set", change).told()
        hashes.add(told["result_hash"])
    assert len(hashes) == 3


def test_the_same_seed_gives_the_same_data(arb_here: Callable[..., Ran], project: Path, tmp_path: Path) -> None:
    def hashes(*quotes: object) -> set[str]:
        told = arb_here("data", "list", *quotes, "--json").told()
        return {each["hash"] for each in told["datasets"]}

    made = arb(
        "data", "generate", "--quotes", 2_000, "--seed", 7, "--out", tmp_path / "elsewhere", cwd=project,
        env={"PYTHONHASHSEED": "4242"},
    )  # fmt: skip
    assert made.code == 0, made.err
    for folder, seed in (("same", 7), ("other", 8)):
        made = arb_here("data", "generate", "--quotes", 2_000, "--seed", seed, "--out", tmp_path / folder)
        assert made.code == 0, made.err
    assert hashes(tmp_path / "elsewhere") == hashes(tmp_path / "same")
    assert not hashes(tmp_path / "same") & hashes(tmp_path / "other")
