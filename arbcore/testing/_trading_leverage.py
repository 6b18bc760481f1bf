"""Standard tests of real venues with perpetuals, and of those that cancel orders when they no longer hear from us."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from arbcore.errors import ExchangeRefused
from arbcore.model.account import MarginMode
from arbcore.model.order import OrderState
from arbcore.ports.trading import DeadMansSwitch, LeveragedVenue
from arbcore.testing._trading_base import VenueFixtures
from arbcore.testing._trading_desk import only, open_desk, outcome
from arbcore.testing.trading_bench import Bench

_MINUTE = 60 * 10**9
_SOON = 500 * 10**6


class LeverageTests(VenueFixtures):
    """Settings of an account, each of which may be made twice."""

    @pytest.mark.anyio
    async def test_leverage_is_set_and_may_be_set_again(self, bench: Bench) -> None:
        """The terms show it, and setting what is in force already is no error."""
        async with _leveraged(bench) as venue:
            key = bench.market.instrument.key
            for leverage in (2, 3, 3):
                await venue.set_leverage(key, leverage)
                assert (await venue.terms(key)).leverage == leverage

    @pytest.mark.anyio
    async def test_leverage_beyond_the_brackets_is_refused(self, bench: Bench) -> None:
        """It is refused, and what was in force stays."""
        async with _leveraged(bench) as venue:
            key = bench.market.instrument.key
            before = await venue.terms(key)
            most = max(bracket.leverage for bracket in before.brackets)
            error = await outcome(lambda: venue.set_leverage(key, most + 1))
            assert isinstance(error, ExchangeRefused), f"{error!r}"
            assert (await venue.terms(key)).leverage == before.leverage

    @pytest.mark.anyio
    async def test_margin_mode_may_be_set_again(self, bench: Bench) -> None:
        """No change is no error."""
        async with _leveraged(bench) as venue:
            key = bench.market.instrument.key
            for mode in (MarginMode.ISOLATED, MarginMode.ISOLATED, MarginMode.CROSS, MarginMode.CROSS):
                await venue.set_margin_mode(key, mode)
                assert (await venue.terms(key)).margin_mode is mode

    @pytest.mark.anyio
    async def test_account_modes_may_be_set_again(self, bench: Bench) -> None:
        """Hedge mode and multi-assets mode: no change is no error, and the facts show them."""
        async with _leveraged(bench) as venue:
            facts = await venue.facts()
            for _ in range(2):
                await venue.set_hedge_mode(on=bool(facts.hedge_mode))
                await venue.set_multi_assets(on=bool(facts.multi_assets))
            again = await venue.facts()
            assert (again.hedge_mode, again.multi_assets) == (facts.hedge_mode, facts.multi_assets)

    @pytest.mark.anyio
    async def test_funding_is_told_in_order(self, bench: Bench) -> None:
        """Payments since a time, the oldest first, each under an id of its own."""
        bench.need("funding")
        async with _leveraged(bench) as venue:
            paid = await venue.funding(bench.market.instrument.key, 0)
        assert [one.ts for one in paid] == sorted(one.ts for one in paid)
        assert len({one.payment_id for one in paid}) == len(paid)
        assert {one.instrument for one in paid} <= {bench.market.instrument.key}

    @pytest.mark.anyio
    async def test_the_dead_mans_switch_is_set_and_taken_back(self, bench: Bench) -> None:
        """Set, set again and switched off, it leaves orders alone."""
        bench.need("dead_mans_switch")
        async with open_desk(bench) as desk:
            order = await desk.rest()
            assert isinstance(desk.venue, DeadMansSwitch)
            for after in (_MINUTE, _MINUTE, 0, 0):
                await desk.venue.cancel_all_after(desk.instrument.key, after)
            assert await desk.listed(order) == 1
            await desk.cancelled(order)

    @pytest.mark.anyio
    async def test_the_dead_mans_switch_cancels_orders(self, bench: Bench) -> None:
        """When its time is over, open orders are cancelled and told; a position stays."""
        bench.need("dead_mans_switch", "witness.lapse", "times_in_force.ioc")
        async with open_desk(bench) as desk:
            taken = await desk.taking()
            await desk.submit(taken)
            await desk.until_ended(taken)
            order = await desk.rest()
            assert isinstance(desk.venue, DeadMansSwitch)
            assert bench.witness.lapse is not None
            await desk.venue.cancel_all_after(desk.instrument.key, _SOON)
            await bench.witness.lapse(_SOON + _SOON // 2)
            await desk.until_ended(order)
            assert desk.news.states[order.client_order_id] is OrderState.CANCELLED
            position = only((await desk.venue.snapshot()).positions, "open positions")
            assert position.quantity == taken.quantity


@asynccontextmanager
async def _leveraged(bench: Bench) -> AsyncIterator[LeveragedVenue]:
    """Enter the venue; skip where it has no leverage."""
    bench.need("leverage")
    async with bench.open_venue() as venue:
        assert isinstance(venue, LeveragedVenue)
        yield venue
