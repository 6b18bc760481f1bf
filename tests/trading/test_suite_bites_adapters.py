"""The suite finds lies about what simulated venues don't have, told over the real adapters on the simulator."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore.errors import ExchangeError
from arbcore.model.order import OrderOrigin, OrderType
from arbcore.testing import _trading_desk as trading_desk
from arbcore.testing.trading import Bench, VenueSuite
from arbcore_exchange_binance import plugin as binance
from arbcore_exchange_upbit import plugin as upbit
from tests.trading import test_binance_usdm, test_upbit
from tests.trading.simulators import Stage
from tests.trading.twisted import Twisted

Adapter = Literal["usdm", "upbit"]
LIQUIDATION = {"origin": OrderOrigin.LIQUIDATION}
TRIGGER = {"kind": OrderType.STOP_MARKET}

LIES: list[tuple[str, Adapter, str, dict[str, Any]]] = [
    ("amends nothing", "usdm", "test_amended_order_has_its_new_terms_only", {}),
    ("amends the price only", "usdm", "test_amended_order_has_its_new_terms_only", {}),
    ("amends nothing", "usdm", "test_a_lost_answer_to_an_amend_is_unknown", {}),
    ("a refused amend is done", "usdm", "test_an_ended_order_is_not_amended", {}),
    ("lists no triggers", "usdm", "test_a_triggered_order_waits", TRIGGER),
    ("triggers elsewhere", "usdm", "test_a_triggered_order_waits", TRIGGER),
    ("positions turned round", "usdm", "test_a_position_is_the_sum_of_its_fills", {}),
    ("a liquidation told as an order", "usdm", "test_what_the_venue_closes_is_told_with_its_origin", LIQUIDATION),
    ("brackets reversed", "usdm", "test_terms_are_sound", {}),
    ("sets no leverage", "usdm", "test_leverage_is_set_and_may_be_set_again", {}),
    ("no change is an error", "usdm", "test_leverage_is_set_and_may_be_set_again", {}),
    ("caps the leverage", "usdm", "test_leverage_beyond_the_brackets_is_refused", {}),
    ("sets no margin mode", "usdm", "test_margin_mode_may_be_set_again", {}),
    ("a mode that changes by itself", "usdm", "test_account_modes_may_be_set_again", {}),
    ("cancels at once", "usdm", "test_the_dead_mans_switch_is_set_and_taken_back", {}),
    ("a switch that is none", "usdm", "test_the_dead_mans_switch_cancels_orders", {}),
    ("spends twice the cost", "upbit", "test_a_buy_by_cost_spends_no_more", {}),
]


@asynccontextmanager
async def staged(adapter: Adapter) -> AsyncIterator[tuple[Stage, Bench]]:
    """Open the stage of an adapter, and its honest bench."""
    opened = test_binance_usdm.staged("rest") if adapter == "usdm" else test_upbit.staged()
    async with opened as stage:
        address = "http://127.0.0.1:1"
        stated = (
            binance.capabilities(test_binance_usdm.settings_with(address))
            if adapter == "usdm"
            else upbit.capabilities(test_upbit.settings_with(address))
        )
        yield (
            stage,
            Bench(
                open_venue=stage.open_venue,
                market=stage.market,
                capabilities=stated,
                faults=stage.faults("user" if adapter == "usdm" else "private-1"),
                witness=stage.witness,
            ),
        )


@pytest.mark.parametrize(("lie", "adapter", "test", "parameters"), LIES)
@pytest.mark.anyio
async def test_a_lie_is_found(
    lie: str, adapter: Adapter, test: str, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trading_desk, "PATIENCE_S", 2.0)
    async with staged(adapter) as (stage, honest):
        bench = Bench(
            open_venue=lambda: Twisted(stage.open_venue(), lie),
            market=honest.market,
            capabilities=honest.capabilities,
            faults=honest.faults,
            witness=honest.witness,
        )
        with pytest.raises((Exception, pytest.fail.Exception)) as raised:
            await getattr(VenueSuite(), test)(bench, **parameters)
    assert _objections(raised.value), f"the suite broke down instead of objecting: {raised.value!r}"


def _objections(error: BaseException) -> list[BaseException]:
    """Return what of an error the suite states, or the venue where nothing may go wrong; no breakdown of the test."""
    if isinstance(error, BaseExceptionGroup):
        return [found for inner in error.exceptions for found in _objections(inner)]
    return [error] if isinstance(error, (AssertionError, ExchangeError, pytest.fail.Exception)) else []


@pytest.mark.parametrize("adapter", ["usdm", "upbit"])
@pytest.mark.anyio
async def test_without_a_lie_each_of_them_passes(adapter: Adapter) -> None:
    for test, parameters in {one[2]: one[3] for one in LIES if one[1] == adapter}.items():
        async with staged(adapter) as (stage, honest):
            bench = Bench(
                open_venue=lambda stage=stage: Twisted(stage.open_venue(), ""),  # type: ignore[misc]  # bound at once
                market=honest.market,
                capabilities=honest.capabilities,
                faults=honest.faults,
                witness=honest.witness,
            )
            await getattr(VenueSuite(), test)(bench, **parameters)
