"""All sixteen cards against the simulator, through both adapters, as a user plays them."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from arbcore.drill import DrillWish, markdown
from arbcore.drill.cards import CARDS
from arbcore.model.treasury import TransferRequest
from arbcore_exchange_simulator import Simulator
from tests.drill import field
from tests.drill.field import Simulated, drill, suite_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Simulated]:
    async with field.simulated(tmp_path, monkeypatch) as both:
        yield both


async def ledgers(simulator: Simulator) -> Any:
    """Return what every account holds; a currency of which there is nothing says nothing."""
    async with httpx.AsyncClient() as web:
        told = (await web.get(f"{simulator.address}/control/accounts")).json()["accounts"]
    for account in told:
        account["cash"] = {name: cash for name, cash in account["cash"].items() if set(cash.values()) != {"0"}}
    return told


def statuses(report: Any) -> dict[str, str]:
    return {outcome.name: outcome.status for outcome in report.outcomes if outcome.status != "passed"}


async def test_binance_passes_all_sixteen(simulated: Simulated) -> None:
    _, files = simulated
    told: list[int] = []
    report = await drill(files, DrillWish(exchange="binance", tell=lambda outcome: told.append(outcome.number)))
    assert [(each.name, each.seen) for each in report.outcomes if each.status != "passed"] == []
    assert told == [card.number for card in CARDS] == list(range(1, 17))
    assert report.ok
    assert "arbcore-exchange-binance" in report.versions


async def test_upbit_passes_but_for_what_it_has_not(simulated: Simulated) -> None:
    _, files = simulated
    report = await drill(files, DrillWish(exchange="upbit"))
    assert statuses(report) == dict.fromkeys(("stop", "take profit", "leverage"), "skipped")
    assert report.ok


async def test_nothing_is_left_on_the_account(simulated: Simulated) -> None:
    simulator, files = simulated
    await drill(files, DrillWish(exchange="binance"))
    (account,) = [each for each in await ledgers(simulator) if each["venue"] == "usdm"]
    assert (account["open_orders"], account["positions"], account["cash"]["USDT"]["locked"]) == (0, [], "0")


async def test_reading_sends_no_order_and_changes_nothing(simulated: Simulated) -> None:
    simulator, files = simulated
    before = await ledgers(simulator)
    report = await drill(files, DrillWish(exchange="binance", suite="reading"))
    assert [outcome.number for outcome in report.outcomes] == [1, 2, 3, 5]
    assert statuses(report) == {}
    assert await ledgers(simulator) == before


async def test_a_transfer_there_and_back(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    simulator, files = simulated
    moved = TransferRequest(transfer_id="", source="UMFUTURE", target="MAIN", currency="USDT", amount=Decimal(5))
    wish = DrillWish(exchange="binance", suite=suite_of(monkeypatch, 6), transfer=moved)
    allowed = ("exchanges.binance.move_money=true", "keys.withdraw=allowed")
    before = await ledgers(simulator)
    (outcome,) = (await drill(files, wish, *allowed)).outcomes
    assert (outcome.status, outcome.seen.endswith("5 USDT from UMFUTURE to MAIN and back")) == ("passed", True), outcome
    assert await ledgers(simulator) == before


async def test_moving_money_without_a_transfer_is_skipped(
    simulated: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, files = simulated
    wish = DrillWish(exchange="binance", suite=suite_of(monkeypatch, 6))
    (outcome,) = (await drill(files, wish, "exchanges.binance.move_money=true", "keys.withdraw=allowed")).outcomes
    assert outcome.status == "skipped"
    assert "--transfer" in outcome.seen


async def test_the_page_holds_times_versions_and_criteria(simulated: Simulated) -> None:
    _, files = simulated
    report = await drill(files, DrillWish(exchange="upbit", suite="reading", instrument="KRW-ETH"))
    page = markdown(report)
    assert page.startswith("# Drill reading: upbit (simulator)\n")
    assert "instrument `upbit:KRW-ETH`" in page
    assert "| arbcore-exchange-upbit |" in page
    assert page.count("| passed |") == 4
    assert f"1. {CARDS[0].passes}" in page
