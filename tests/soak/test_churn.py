"""A session under faults, and what its journal, its recording and the simulator say about it afterwards.

Some seconds with every fault that passes; with the full counts 20 coins and ten minutes of the mixture ``churn``.
"""

import json
import os
import shutil
from pathlib import Path

import pytest

from benchmarks.order_audit import Silence, audit_orders
from benchmarks.soak import FLAT_MIB, MAX_AGE_NS, Soaked, soak

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

_FULL = os.environ.get("ARBCORE_COUNTS") == "full"
_S = 10**9
_SHORT_AGE_NS = _S
# Times count from the session's first request; until then the simulator waits.
_STORM = [
    {"kind": "drop", "share": 0.3, "at": "3.5s", "lasts": "1s"},
    {"kind": "duplicate", "share": 0.3, "at": "4s", "lasts": "1s"},
    {"kind": "reorder", "share": 0.3, "at": "4.5s", "lasts": "1s"},
    {"kind": "disconnect", "at": "5s", "lasts": "300ms"},
    {"kind": "latency", "amount": "200ms", "jitter": "100ms", "at": "6s", "lasts": "1s"},
    {"kind": "garbage", "share": 0.05, "at": "6.5s", "lasts": "500ms"},
    {"kind": "mute", "at": "8s", "lasts": "2500ms"},
    {"kind": "http_5xx", "at": "8s", "lasts": "1s"},
    {"kind": "freeze", "at": "11s", "lasts": "500ms"},
]


def _soaked(folder: Path) -> Soaked:
    if _FULL:
        return soak(folder, 600, 20, ("--seed", "1", "--faults", "churn", "--no-wait"))
    storm = folder / "storm.json"
    storm.write_text(json.dumps({"faults": _STORM}))
    strategy = {"reference": {"kind": "fixed", "value_bps": 0}, "max_age": "1s", "max_holding": "1s"}
    return soak(folder, 11, 8, ("--seed", "1", "--faults", str(storm)), strategy=strategy, max_age=_SHORT_AGE_NS)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("soak")


@pytest.fixture(scope="module")
def soaked(project: Path) -> Soaked:
    return _soaked(project)


def test_no_order_came_from_a_book_that_could_be_known_to_be_bad(soaked: Soaked) -> None:
    assert soaked.audit.faults == []
    assert soaked.audit.orders["entry"] > 0
    assert soaked.audit.checks["book"] == soaked.audit.checks["touch"] == soaked.audit.orders.total()


def test_faults_were_there_and_showed(soaked: Soaked) -> None:
    assert soaked.weather.seen["mute"] > 0  # short ones pass between two looks at the simulator
    assert soaked.weather.silences
    assert soaked.audit.invalid["CONNECTION_LOST"] > 0


def test_every_connection_came_back(soaked: Soaked) -> None:
    count, _ = soaked.reconnections
    assert count > 0
    assert soaked.late == 0


def test_journal_verifies_and_the_session_replays_identically(soaked: Soaked) -> None:
    assert soaked.faults == []
    assert soaked.replay["compared"] == soaked.replay["events"] > 100


@pytest.mark.skipif(not _FULL, reason="seconds say nothing about growth; set ARBCORE_COUNTS=full")
def test_memory_is_flat(soaked: Soaked) -> None:
    assert soaked.growth < FLAT_MIB


def test_audit_finds_books_that_are_too_old(soaked: Soaked, project: Path) -> None:
    found = audit_orders(_session(project), max_age=0)
    assert any("old" in fault for fault in found.faults)
    assert soaked.audit.ages == found.ages


def test_audit_finds_orders_at_a_silent_venue(soaked: Soaked, project: Path) -> None:
    silence = Silence("upbit", soaked.records[0].started, soaked.records[-1].time)
    found = audit_orders(_session(project), MAX_AGE_NS if _FULL else _SHORT_AGE_NS, [silence])
    assert any("had said nothing" in fault for fault in found.faults)


def test_audit_finds_books_that_were_never_received(soaked: Soaked, project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "session"
    shutil.copytree(_session(project), copy)
    market = next(path for path in sorted((copy / "recording").rglob("*")) if path.name == "KRW-BTC")
    shutil.rmtree(market)
    found = audit_orders(copy, MAX_AGE_NS)
    assert soaked.audit.faults == []
    assert found.faults
    assert all("upbit:KRW-BTC" in fault and "nothing had been received" in fault for fault in found.faults)


def _session(project: Path) -> Path:
    return project / "sessions" / "bench"
