"""Somebody else's plugin, installed by pip from a wheel outside the repository, trades in a session."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

import arbcore
from tests.e2e.commands import Ran, amount, arb
from tests.plugins.third_party import pulse

KERNEL = Path(arbcore.__file__).parent
BEAT = ("use: pulse", "buy: upbit", "sell: binance", "rate: usdt_krw", "notional: 500", "hold: 10m", "rest: 5m")
CHANGES = ("--without", "premium", "--set", f"strategies.beat={{{', '.join(BEAT)}}}")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that pip installed the plugin into; no index was asked."""
    return pulse.install(tmp_path_factory.mktemp("pulse"))


def kernel_files() -> str:
    """Return a hash over the kernel's source."""
    files = sorted(KERNEL.rglob("*.py"))
    return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


@pytest.fixture(scope="module")
def session(installed: Path, project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Path]:
    """A backtest in which it trades in the place of the project's own strategy, and the folder of its journal."""
    out = tmp_path_factory.mktemp("beat") / "run"
    before = kernel_files()
    ran = arb("backtest", "--json", "--journal", "--out", out, *CHANGES, cwd=project, path=installed)
    assert kernel_files() == before
    return ran, out


def test_it_is_listed(installed: Path, project: Path) -> None:
    told = arb("plugins", "list", "--json", cwd=project, path=installed).told()
    (entry,) = [each for each in told["plugins"] if each["name"] == "pulse"]
    assert (entry["kind"], entry["distribution"], entry["version"]) == ("strategy", "acme-pulse", "3.1.4")


def test_it_trades_by_its_rule(session: tuple[Ran, Path]) -> None:
    told = session[0].told()
    # Four hours of data, ten minutes held and five rested.
    assert 10 <= told["trades"] + told["open_trades"] <= 17
    assert told["exit_reasons"] == {"EXIT_TIME": told["trades"]}
    assert told["pnl"]["remainder"] == "0"
    assert amount(told, "fees") < 0
    assert told["alerts"] == []


def test_the_journal_says_whose_it_was_and_what_it_did(
    session: tuple[Ran, Path], installed: Path, project: Path
) -> None:
    told, out = session[0].told(), session[1]
    verified = arb("journal", "verify", out, "--json", cwd=project).told()
    assert verified["last_hash"] == told["result_hash"]
    distribution, version, files = verified["runs"][0]["plugins"]["strategy:pulse"]
    assert (distribution, version, len(files)) == ("acme-pulse", "3.1.4", 64)
    events = arb("events", "--journal", out, "--type", "TradeOpened", "--limit", 0, "--json", cwd=project).told()
    assert {event["event"]["trade"]["strategy"] for event in events["events"]} == {"beat"}


def test_without_it_the_same_config_says_what_is_missing(project: Path) -> None:
    arb("backtest", "--json", *CHANGES, cwd=project).refused(3, "no strategy plugin 'pulse'", "strategies.beat.use")


def test_it_trades_beside_the_project_s_own(installed: Path, project: Path, first: Ran) -> None:
    told = arb("backtest", "--json", *CHANGES[2:], cwd=project, path=installed).told()
    assert told["trades"] > first.told()["trades"]
    assert {"EXIT_TIME", *first.told()["exit_reasons"]} <= told["exit_reasons"].keys()
    assert told["pnl"]["remainder"] == "0"
    assert json.dumps(told).count("STRATEGY_ERROR") == 0
