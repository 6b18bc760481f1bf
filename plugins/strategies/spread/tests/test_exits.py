"""When a trade is closed, why, and how much of it."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from arbcore.model.reason import Reason
from arbcore.model.trade import TradeState
from arbcore.ports.strategy import Exit, Wish

from .conftest import Build, Hold, See

ROUTE = "premium/BTC/seoul-offshore"


def leave(wishes: Sequence[Wish]) -> Exit | None:
    """Return the one exit among wishes, None where there is no wish."""
    if not wishes:
        return None
    assert len(wishes) == 1
    assert isinstance(wishes[0], Exit)
    return wishes[0]


@pytest.mark.parametrize(("got", "leaves"), [(94.9, False), (95.1, True)])
def test_leaves_when_the_premium_is_back(build: Build, see: See, hold: Hold, got: float, leaves: bool) -> None:
    """At a reference of 100 bps and exit_bps of 5 the premium got must be 95."""
    wish = leave(build(reference=100).on_signal(see(got + 2, got), [hold(40)]))
    assert (wish is not None) is leaves
    if wish is not None:
        assert wish.reason == Reason.EDGE_REVERTED
        assert (wish.share, wish.slippage_bps) == (Decimal(1), 5.0)
        assert wish.edge_bps == pytest.approx(got - 40 - 18)


@pytest.mark.parametrize(("paid", "leaves"), [(105.1, False), (104.9, True)])
def test_a_backward_trade_leaves_by_the_premium_paid(
    build: Build, see: See, hold: Hold, paid: float, leaves: bool
) -> None:
    """The other way round: it buys the premium back."""
    strategy = build(kind="inventory", reference=100)
    wish = leave(strategy.on_signal(see(paid, paid - 2), [hold(160, forward=False)]))
    assert (wish is not None) is leaves
    if wish is not None:
        assert wish.edge_bps == pytest.approx(160 - paid - 18)


def test_exits_do_not_need_a_fresh_rate(build: Build, see: See, hold: Hold) -> None:
    """What stops entries never stops an exit."""
    assert leave(build().on_signal(see(1, 0, fresh=False), [hold(-60)])) is not None


@pytest.mark.parametrize(("got", "leaves"), [(-13.1, False), (-12.9, True)])
def test_takes_profit_after_costs(build: Build, see: See, hold: Hold, got: float, leaves: bool) -> None:
    """Entered at -61: 48 bps gross are 30 after 18 of costs."""
    wish = leave(build(take_profit_bps=30).on_signal(see(got + 2, got), [hold(-61)]))
    assert (wish is not None and wish.reason == Reason.EXIT_TAKE_PROFIT) is leaves


@pytest.mark.parametrize(("got", "leaves"), [(-82.9, False), (-83.1, True)])
def test_stops_a_loss_after_costs(build: Build, see: See, hold: Hold, got: float, leaves: bool) -> None:
    """Entered at -61: 22 bps down are 40 after 18 of costs; the trigger waits for the falling edge."""
    strategy = build(stop_bps=40)
    wish = leave(strategy.on_signal(see(got + 2, got), [hold(-61)]))
    assert (wish is not None and wish.reason == Reason.EXIT_STOP) is leaves
    trigger = strategy.trigger(ROUTE)
    assert trigger is not None
    assert trigger.backward_below == pytest.approx(-0.0083)


def test_a_backward_trade_takes_profit_and_stops_by_the_premium_paid(build: Build, see: See, hold: Hold) -> None:
    """Entered at a premium of 160 bps: 100 back is 42 after costs, 190 is 48 down."""
    strategy = build(kind="inventory", reference=0, take_profit_bps=40, stop_bps=45)
    short = hold(160, forward=False)
    profit = leave(strategy.on_signal(see(100, 98), [short]))
    assert profit is not None
    assert profit.reason == Reason.EXIT_TAKE_PROFIT
    assert profit.edge_bps == pytest.approx(42)
    loss = leave(strategy.on_signal(see(190, 188), [short]))
    assert loss is not None
    assert loss.reason == Reason.EXIT_STOP


def test_leaves_by_time(build: Build, see: See, hold: Hold) -> None:
    """Whatever the result, from the very nanosecond on; the trigger names it."""
    strategy = build(max_holding="60s")
    assert leave(strategy.on_signal(see(-60, -62, 60 * 10**9 - 1), [hold(-60)])) is None
    trigger = strategy.trigger(ROUTE)
    assert trigger is not None
    assert trigger.at == 60 * 10**9
    wish = leave(strategy.on_signal(see(-60, -62, 60 * 10**9), [hold(-60)]))
    assert wish is not None
    assert wish.reason == Reason.EXIT_TIME


@pytest.mark.parametrize(("got", "leaves"), [(42.9, False), (43.1, True)])
def test_reverses_where_the_opposite_is_worth_entering(
    build: Build, see: See, hold: Hold, got: float, leaves: bool
) -> None:
    """With an exit far beyond the reference, the opposite entry at 25 + 18 bps comes first."""
    strategy = build(kind="inventory", reference=None, exit_bps=-100, reversal=True)
    wish = leave(strategy.on_signal(see(got + 2, got), [hold(-60)]))
    assert (wish is not None and wish.reason == Reason.EXIT_REVERSAL) is leaves
    trigger = strategy.trigger(ROUTE)
    assert trigger is not None
    assert (got / 1e4 >= trigger.backward) is leaves


@pytest.mark.parametrize(
    ("result", "closed", "share"),
    [
        (9, "0", None),
        (11, "0", "0.4"),
        (11, "0.4", None),
        (11, "0.35", None),
        (31, "0.4", "0.5"),
        (31, "0", "0.7"),
        (31, "0.7", None),
    ],
)
def test_closes_in_parts(build: Build, see: See, hold: Hold, result: float, closed: str, share: str | None) -> None:
    """Shares are of the original quantity, the wish is of what is open; a close short by a lot is not repeated."""
    steps = [{"at_bps": 10, "share": "0.4"}, {"at_bps": 30, "share": "0.3"}]
    strategy = build(exit_bps=-200, partial_close=steps)
    got = -60 + 18 + result
    wish = leave(strategy.on_signal(see(got + 2, got), [hold(-60, closed=closed)]))
    if share is None:
        assert wish is None
    else:
        assert wish is not None
        assert (wish.reason, wish.share) == (Reason.EXIT_PARTIAL, Decimal(share))


def test_several_trades_are_judged_one_by_one(build: Build, see: See, hold: Hold) -> None:
    """Only the hedged ones, also while another one's orders are on their way."""
    trades = [
        hold(-60, name="a"),
        hold(-60, name="b", state=TradeState.EXITING),
        hold(-60, name="c", state=TradeState.FROZEN),
        hold(-80, name="d"),
    ]
    wishes = build(max_open=4).on_signal(see(2, 0), trades)
    assert [wish.trade for wish in wishes if isinstance(wish, Exit)] == ["a", "d"]


def test_the_nearest_rule_decides_the_trigger(build: Build, see: See, hold: Hold) -> None:
    """A planned close at 10 bps after costs comes before the return to the reference."""
    strategy = build(partial_close=[{"at_bps": 10, "share": "0.5"}], take_profit_bps=40)
    strategy.on_signal(see(-58, -60), [hold(-60)])
    trigger = strategy.trigger(ROUTE)
    assert trigger is not None
    assert trigger.backward == pytest.approx(-0.0032)
    strategy.on_signal(see(-58, -60), [hold(-60, closed="0.5")])
    trigger = strategy.trigger(ROUTE)
    assert trigger is not None
    assert trigger.backward == pytest.approx(-0.0005)
