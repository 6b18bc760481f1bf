"""Both exchanges vanish in the middle of a session that holds a trade, and come back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time_ns
from typing import Any

import pytest

from tests.e2e.commands import Ran
from tests.e2e.live_project import Simulator, make_live, session

Here = Callable[..., Ran]

PATIENT = """
health: {healthy_for: 300ms}
exchanges:
  upbit: {network: {longest_wait: 300ms}}
  binance: {network: {longest_wait: 300ms}}
rates:
  usdt_krw: {network: {longest_wait: 300ms}}
strategies:
  premium: {exit_bps: -1000, max_holding: 2500ms, max_open: 1}
"""
"""A trade is held until its time is over, which comes while nothing is received."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder; the test makes the project once the simulator's address is known."""
    return tmp_path_factory.mktemp("outage")


@contextmanager
def _kept(simulator: Simulator) -> Iterator[list[Simulator]]:
    """Hold simulators of which the last one runs; it is ended at last."""
    held = [simulator]
    try:
        yield held
    finally:
        held[-1].close()


@pytest.mark.slow
def test_nothing_is_sent_while_books_are_invalid_and_all_goes_on_afterwards(project: Path, arb_here: Here) -> None:
    with _kept(Simulator(project / "simulator")) as held:
        live = make_live(project / "live", held[0].address, PATIENT)
        with session(live, "--json") as run:
            run.says(" hedged after ")
            held[0].kill()
            run.until(lambda said: said.count("public-1 reconnecting") >= 3)
            assert not run.left(2.7)
            restart = time_ns()
            held.append(Simulator(project / "simulator", held[0].port))
            run.says(" closed ")
            run.until(lambda said: "is back after" in said and said.count(" hedged after ") >= 2)
            told = run.stop().told()
    where = live / "sessions" / "live"
    events = arb_here("events", "--journal", where, "--limit", 0, "--json").told()["events"]
    lost = _both_lost(events)
    assert lost < restart - 10**9, "the outage lasted"
    orders = [event["time"] for event in events if event["type"] == "OrderIntended"]
    assert [time for time in orders if lost <= time < restart] == []
    first = next(event["event"]["trade"] for event in events if event["type"] == "TradeClosed")
    assert (first["exit_reason"], first["closed_at"] > restart) == ("EXIT_TIME", True)
    assert first["opened_at"] + 2_500_000_000 < restart, "its time was over before the books came back"
    assert told["trades"] >= 1
    assert told["pnl"]["remainder"] == "0"
    assert arb_here("replay", where, "--json").told()["compared"] == told["events"]


def _both_lost(events: list[dict[str, Any]]) -> int:
    """Return when the market data of both venues was lost."""
    lost: dict[str, int] = {}
    for event in events:
        told = event["event"]
        if event["type"] == "WebSocketStateChanged" and told["state"] == "RECONNECTING":
            lost.setdefault(told["venue"], event["time"])
    return max(lost["upbit"], lost["binance"])
