"""When a route is entered, to the basis point, and when it is not."""

from collections.abc import Sequence
from decimal import Decimal
from math import inf

import pytest
from msgspec.structs import replace

from arbcore.model.reason import Reason
from arbcore.model.trade import TradeState
from arbcore.ports.strategy import Enter, Wish

from .conftest import Build, Hold, See

ROUTE = "premium/BTC/seoul-offshore"


def entry(wishes: Sequence[Wish]) -> Enter:
    """Return the one entry among wishes."""
    assert len(wishes) == 1
    assert isinstance(wishes[0], Enter)
    return wishes[0]


@pytest.mark.parametrize(("paid", "enters"), [(-42.9, False), (-43.1, True)])
def test_flat_enters_on_reference_minus_premium_paid_after_costs(
    build: Build, see: See, paid: float, enters: bool
) -> None:
    """25 bps must remain after 18 bps of fees: two ways on each of two legs."""
    assert bool(build().on_signal(see(paid, paid - 1), [])) is enters


def test_reference_and_expected_slippage_move_the_threshold(build: Build, see: See) -> None:
    """A reference of 100 bps and one basis point of slippage on each of four orders: 100 - 25 - 18 - 4."""
    strategy = build(reference=100, expected_slippage_bps=1)
    assert not strategy.on_signal(see(53.1, 52), [])
    wish = entry(strategy.on_signal(see(52.9, 52), []))
    assert wish.edge_bps == pytest.approx(25.1)


def test_the_wish_carries_the_settings(build: Build, see: See) -> None:
    """Notional, worst price and share of depth come from the settings."""
    strategy = build(notional="2500", slippage_bps=7, depth_share=0.5)
    wish = entry(strategy.on_signal(see(-60, -61), []))
    assert wish.edge_bps == pytest.approx(42.0)
    assert (wish.forward, wish.notional, wish.reason) == (True, Decimal(2500), str(Reason.EDGE_ENTER))
    assert (wish.slippage_bps, wish.depth_share) == (7.0, 0.5)


def test_flat_never_opens_backward(build: Build, see: See) -> None:
    """A premium far above the reference opens nothing on a flat route."""
    strategy = build()
    assert not strategy.on_signal(see(501, 500), [])
    trigger = strategy.trigger(ROUTE)
    assert trigger is not None
    assert trigger.backward == inf


def test_inventory_without_reference_measures_the_edge_itself(build: Build, see: See) -> None:
    """43 bps of edge, either way: 25 must remain after 18 of fees."""
    strategy = build(kind="inventory", reference=None)
    assert not strategy.on_signal(see(100, 42.9), [])
    assert entry(strategy.on_signal(see(100, 43.1), [])).forward is False
    signal = see(-43.1, -100)
    assert signal.forward * 1e4 > 43.1
    assert entry(strategy.on_signal(signal, [])).forward is True


def test_nothing_is_entered_on_a_stale_rate(build: Build, see: See) -> None:
    """The same edge enters once the rate is fresh."""
    strategy = build()
    assert not strategy.on_signal(see(-60, -61, fresh=False), [])
    assert strategy.on_signal(see(-60, -61), [])


@pytest.mark.parametrize("state", [TradeState.OPEN, TradeState.EXITING])
def test_nothing_is_entered_while_orders_are_on_their_way(
    build: Build, see: See, hold: Hold, state: TradeState
) -> None:
    """Also where another trade would be allowed; once hedged it is."""
    strategy = build(max_open=2)
    assert not strategy.on_signal(see(-60, -61), [hold(-60, state=state)])
    trigger = strategy.trigger(ROUTE)
    assert trigger is not None
    assert (trigger.forward, trigger.backward) == (inf, inf)
    assert strategy.on_signal(see(-60, -61), [hold(-60)])


def test_a_frozen_trade_takes_a_place_and_is_left_alone(build: Build, see: See, hold: Hold) -> None:
    """The operator has it; nothing is wished for it, and with one place nothing else opens."""
    frozen = hold(-60, state=TradeState.FROZEN)
    assert not build().on_signal(see(-60, -61), [frozen])
    assert not build().on_signal(see(300, 299), [frozen])
    assert entry(build(max_open=2).on_signal(see(-60, -61), [frozen])).forward is True


def test_a_closed_trade_starts_the_pause(build: Build, see: See, hold: Hold) -> None:
    """Nothing is entered until the pause ends; the trigger names its end."""
    strategy = build(cooldown="10s")
    strategy.on_trade(hold(state=TradeState.CLOSED, closed_at=5 * 10**9, exit_reason=Reason.EXIT_STOP))
    trigger = strategy.trigger(ROUTE)
    assert trigger is not None
    assert (trigger.at, trigger.forward) == (15 * 10**9, inf)
    assert not strategy.on_signal(see(-60, -61, 15 * 10**9 - 1), [])
    assert strategy.on_signal(see(-60, -61, 15 * 10**9), [])


def test_a_reversal_does_not_pause(build: Build, see: See, hold: Hold) -> None:
    """The opposite direction was the reason to leave, so it may follow at once."""
    strategy = build(cooldown="10s", kind="inventory", reference=None, reversal=True)
    strategy.on_trade(hold(state=TradeState.CLOSED, closed_at=5 * 10**9, exit_reason=Reason.EXIT_REVERSAL))
    assert entry(strategy.on_signal(see(61, 60, 5 * 10**9), [])).forward is False


def test_another_strategy_s_trade_is_not_ours(build: Build, see: See, hold: Hold) -> None:
    """Also where its route has the same id: it neither takes a place in the trigger nor starts a pause."""
    strategy = build(cooldown="10s")
    before = strategy.state()
    strategy.on_trade(replace(hold(state=TradeState.CLOSED, closed_at=10**9), strategy="other"))
    assert strategy.state() == before


@pytest.mark.parametrize("paid", [-43.0001, -60.0, -500.0])
def test_the_trigger_fires_where_the_route_is_entered(build: Build, see: See, paid: float) -> None:
    """And lies so close to the threshold that it is of use."""
    strategy = build()
    signal = see(paid, paid - 1)
    trigger = strategy.trigger(ROUTE)
    assert trigger is not None
    assert signal.forward >= trigger.forward
    assert see(-42.999, -44).forward < trigger.forward


def test_an_unknown_route_is_never_asked_for(build: Build) -> None:
    """A route of nobody has no trigger that can fire."""
    trigger = build().trigger("premium/DOGE/seoul-offshore")
    assert trigger is not None
    assert (trigger.forward, trigger.backward, trigger.at) == (inf, inf, 2**63 - 1)
