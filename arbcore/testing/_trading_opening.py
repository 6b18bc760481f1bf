"""Standard tests of real venues: opening, closing, what is read, and secrets."""

import logging
from decimal import Decimal

import anyio
import pytest

from arbcore.errors import ExchangeError
from arbcore.model.input import AccountSnapshot
from arbcore.model.money import ZERO
from arbcore.model.order import OrderRef
from arbcore.model.state import ConnectionState
from arbcore.ports.trading import DeadMansSwitch, LeveragedVenue, Venue
from arbcore.testing._trading_base import VenueFixtures
from arbcore.testing._trading_desk import open_desk, outcome, ref
from arbcore.testing._trading_news import shown_secret
from arbcore.testing.trading_bench import Bench


class OpeningTests(VenueFixtures):
    """What must hold before the first order."""

    @pytest.mark.anyio
    async def test_is_the_declared_port(self, bench: Bench) -> None:
        """It has every method of the ports that its capabilities declare; building it does no I/O."""
        venue = bench.open_venue()
        assert isinstance(venue, Venue)
        assert bench.capabilities.trading
        assert not bench.capabilities.simulated
        assert isinstance(venue, LeveragedVenue) or not bench.capabilities.leverage
        assert isinstance(venue, DeadMansSwitch) or not bench.capabilities.dead_mans_switch

    @pytest.mark.anyio
    async def test_opens_and_closes(self, bench: Bench) -> None:
        """It can be entered and left without running, and another one opened on the same account after it."""
        for _ in range(2):
            async with bench.open_venue() as venue:
                assert isinstance(await venue.snapshot(), AccountSnapshot)

    @pytest.mark.anyio
    async def test_tells_connected_after_connecting(self, bench: Bench) -> None:
        """Each connection is told as CONNECTING before it is told as CONNECTED, under names that differ."""
        async with open_desk(bench) as desk:
            for name, states in desk.news.connections().items():
                assert name
                assert states[0] is ConnectionState.CONNECTING, states

    @pytest.mark.anyio
    async def test_run_lets_itself_be_cancelled(self, bench: Bench) -> None:
        """A cancelled run ends by the cancellation, tells nothing afterwards, and can be run anew."""
        told: list[object] = []
        async with bench.open_venue() as venue:
            for _ in range(2):
                told.clear()
                ended = await _run_and_cancel(venue, bench.market.instrument.key, told)
                assert ended == "cancelled", f"a cancelled run {ended}"
            count = len(told)
            await venue.snapshot()
            assert len(told) == count, "something was told after run was cancelled"

    @pytest.mark.anyio
    async def test_snapshot_is_sound(self, bench: Bench) -> None:
        """Balances are there, each once, of this venue, none locked beyond its total; positions are not zero."""
        async with bench.open_venue() as venue:
            snapshot = await venue.snapshot()
        names = [one.currency for one in snapshot.balances]
        assert len(names) == len(set(names))
        assert names, "an account to test with has money"
        for one in snapshot.balances:
            assert one.venue == snapshot.venue == bench.market.instrument.venue
            assert ZERO <= one.locked <= one.total, one
        assert all(one.quantity for one in snapshot.positions)

    @pytest.mark.anyio
    async def test_snapshot_equals_the_ledger(self, bench: Bench) -> None:
        """Balances are the venue's own to the last digit."""
        bench.need("witness.balances")
        async with open_desk(bench) as desk:
            await desk.rest()
            snapshot = await desk.venue.snapshot()
            assert bench.witness.balances is not None
            ledger = await bench.witness.balances()
        stated = {one.currency: (one.total, one.locked) for one in snapshot.balances}
        assert set(stated) == {currency for currency, pair in ledger.items() if any(pair)}
        for currency, (owned, locked) in stated.items():
            kept = ledger[currency]
            assert (owned, locked if kept[1] is not None else None) == kept, f"{currency}: the venue keeps {kept}"

    @pytest.mark.anyio
    async def test_terms_are_sound(self, bench: Bench) -> None:
        """Rates are fractions, limits positive, and a perpetual states leverage, margin mode and its brackets."""
        one = bench.market.instrument
        async with bench.open_venue() as venue:
            terms = await venue.terms(one.key)
        assert terms.instrument == one.key
        assert terms.trading
        assert Decimal("-0.001") <= terms.maker <= terms.taker <= Decimal("0.01")
        assert terms.min_notional >= 0
        assert terms.max_notional is None or terms.max_notional > terms.min_notional
        if not bench.capabilities.leverage:
            assert (terms.leverage, terms.margin_mode, terms.brackets) == (0, None, ())
            return
        assert terms.leverage >= 1
        assert terms.margin_mode is not None
        floors = [bracket.floor for bracket in terms.brackets]
        assert floors
        assert floors == sorted(set(floors))
        assert all(bracket.cap > bracket.floor and 0 < bracket.maintenance < 1 for bracket in terms.brackets)

    @pytest.mark.anyio
    async def test_facts_are_sound(self, bench: Bench) -> None:
        """The key may trade as far as the venue tells, and a clock offset comes with its error."""
        async with bench.open_venue() as venue:
            facts = await venue.facts()
        assert facts.can_trade is not False
        assert (facts.clock_offset_ns is None) == (facts.clock_error_ns is None)
        assert facts.clock_error_ns is None or facts.clock_error_ns >= 0
        assert facts.fee_discount_left is None or facts.fee_discount_left >= 0

    @pytest.mark.anyio
    async def test_an_unknown_order_is_found_nowhere(self, bench: Bench) -> None:
        """Looking up an id that was never used finds nothing, and is no error."""
        bench.need("client_ids")
        async with open_desk(bench) as desk:
            order = OrderRef(client_order_id=desk.new_id(), instrument=desk.instrument.key)
            assert list(await desk.venue.look_up(order)) == []

    @pytest.mark.anyio
    async def test_secrets_are_never_shown(self, bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
        """No repr, report, error or log line shows a secret, in good times and in bad ones."""
        if not bench.secrets:
            pytest.skip("the author gave no `secrets`")
        caplog.set_level(logging.DEBUG)
        secrets = tuple(bench.secrets)
        async with open_desk(bench) as desk:
            assert not shown_secret(f"{desk.venue!r} {desk.venue!s}", secrets), "the venue's repr shows a secret"
            order = await desk.rest()
            error = await outcome(lambda: desk.venue.cancel(OrderRef(client_order_id="none", instrument="no:where")))
            assert isinstance(error, ExchangeError)
            desk.hold_back_secrets(error)
            if bench.faults.lose_reply is not None:
                await bench.faults.lose_reply("cancel")
                if (error := await outcome(lambda: desk.venue.cancel(ref(order)))) is not None:
                    desk.hold_back_secrets(error)
        assert not shown_secret(caplog.text, secrets), "a log line shows a secret"


async def _run_and_cancel(venue: Venue, instrument: str, told: list[object]) -> str:
    ended = "never ended"
    begun = anyio.Event()

    def take(item: object) -> None:
        told.append(item)
        begun.set()

    async def go() -> None:
        nonlocal ended
        try:
            await venue.run([instrument], take)
            ended = "returned as if nothing had happened"
        except anyio.get_cancelled_exc_class():
            ended = "cancelled"
            raise

    async with anyio.create_task_group() as group:
        group.start_soon(go)
        await begun.wait()
        group.cancel_scope.cancel()
    return ended
