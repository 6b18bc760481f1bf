"""Sizes: never more than was wished, offered, owned or allowed, and the same coins of every leg."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.model.events import Event, IntentApproved, OpportunitySkipped
from arbcore.model.instrument import Instrument
from arbcore.model.intent import Intent
from arbcore.model.order import Side
from arbcore.testing.scripted import ScriptedStrategy, enter, pair
from tests.engine.world import ETH, ETH_PERP, PERP, SPOT, WON, WON_ROUTE, World, basic, market, perpetual


def entered(world: World) -> Intent:
    (event,) = world.stage.told(IntentApproved)
    return event.intent


def quantities(world: World) -> list[Decimal]:
    return [leg.quantity for leg in entered(world).legs]


def skips(events: list[Event]) -> list[str]:
    return [event.reason for event in events if isinstance(event, OpportunitySkipped)]


def test_the_notional_is_a_bound_at_the_dearest_leg() -> None:
    world, strategy = basic()
    strategy.leave(enter("500"))
    world.stage.quote(PERP, 125.0, 125.1)
    assert quantities(world) == [Decimal("3.996"), Decimal("3.996")]
    assert entered(world).notional == Decimal("3.996") * Decimal("125.1")


def test_the_depth_is_a_bound_of_the_side_that_is_taken() -> None:
    world, strategy = basic()
    world.stage.quote(SPOT, 100.0, 100.1, 9.0, 2.5)
    strategy.leave(enter("5000", depth_share=0.5))
    world.stage.quote(PERP, 100.0, 100.1, 8.0, 0.1)
    assert quantities(world) == [Decimal("1.25"), Decimal("1.25")]


def test_backward_takes_the_other_sides() -> None:
    world = World(SPOT, PERP, strategies=(strategy := ScriptedStrategy(pair(SPOT, PERP))), balances=rich())
    world.begin()
    world.stage.quote(SPOT, 100.0, 100.1, 2.5, 9.0)
    strategy.leave(enter("5000", forward=False))
    world.stage.quote(PERP, 100.0, 100.1, 0.1, 8.0)
    intent = entered(world)
    assert [leg.side for leg in intent.legs] == [Side.SELL, Side.BUY]
    assert quantities(world) == [Decimal("2.5"), Decimal("2.5")]
    assert not intent.forward


def rich() -> dict[str, dict[str, Decimal]]:
    return {"cash": {"USDT": Decimal(10**6), "BTC": Decimal(100)}}


@pytest.mark.parametrize(("size", "ask_size"), [(9.0, 0.0), (0.0, 9.0)])
def test_a_touch_without_a_quantity_offers_nothing(size: float, ask_size: float) -> None:
    world, strategy = basic()
    strategy.leave(enter("500"))
    world.stage.quote(SPOT, 100.0, 100.1, size, ask_size)
    assert bool(world.trades) is (ask_size > 0.0)
    assert skips(world.stage.finish()) == ([] if world.trades else ["SIZE_NO_DEPTH"])


def test_the_free_balance_is_a_bound_with_its_fee() -> None:
    balances = {"cash": {"USDT": Decimal(250)}}
    world, strategy = basic(balances=balances)
    strategy.leave(enter("5000"))
    world.quote()
    price, fee = Decimal("100.2"), Decimal("1.001")
    quantity = quantities(world)[0]
    assert quantity * price * fee <= 250 < (quantity + Decimal("0.01")) * price * fee
    world.check_books()


def test_a_perpetual_needs_its_margin() -> None:
    balances = {"swap": {"USDT": Decimal(150)}}
    world, strategy = basic(balances=balances)
    strategy.leave(enter("5000"))
    world.quote()
    assert Decimal("1.48") < quantities(world)[1] < Decimal("1.5")


def test_what_one_order_set_aside_another_does_not_use() -> None:
    balances = {"cash": {"USDT": Decimal(250)}, "swap": {"USDT": Decimal(10**6)}}
    world, strategy = basic(balances=balances)
    strategy.leave(enter("200"), enter("200"))
    world.quote()
    first, second = (event.intent.legs[0].quantity for event in world.stage.told(IntentApproved))
    assert first == Decimal("1.998")
    assert (first + second) * Decimal("100.2") * Decimal("1.001") <= 250
    world.check_books()


@pytest.mark.parametrize("balances", [{"cash": {}}, {"swap": {}}, {"cash": {"USDT": Decimal(5)}}])
def test_without_money_nothing_is_entered(balances: dict[str, dict[str, Decimal]]) -> None:
    world, strategy = basic(balances=balances)
    strategy.leave(enter("500"))
    world.quote()
    assert not world.trades
    assert skips(world.stage.finish()) in (["BALANCE_SHORT"], ["SIZE_BELOW_MINIMUM"])


def test_selling_coins_needs_the_coins() -> None:
    world, strategy = basic()
    strategy.leave(enter("500", forward=False))
    world.quote()
    assert not world.trades
    assert skips(world.stage.finish()) == ["BALANCE_SHORT"]


def test_quantities_are_multiples_of_the_coarser_lot() -> None:
    spot = market("cash", "BTCUSDT", lot="0.003", min_quantity="0.003")
    perp = perpetual("swap", "PERP", lot="0.002", min_quantity="0.002")
    world = World(spot, perp, strategies=(strategy := ScriptedStrategy(pair(spot, perp)))).begin()
    strategy.leave(enter("500"))
    world.quote()
    assert quantities(world) == [Decimal("4.992"), Decimal("4.992")]
    world.check_books()


def test_the_venues_minimum_is_respected() -> None:
    world, strategy = basic()
    strategy.leave(enter("9.9"))
    world.quote()
    assert not world.trades
    assert skips(world.stage.finish()) == ["SIZE_BELOW_MINIMUM"]


def test_the_venues_maximum_is_a_bound() -> None:
    perp = perpetual("swap", "PERP", max_quantity="1.5")
    world = World(SPOT, perp, strategies=(strategy := ScriptedStrategy(pair(SPOT, perp)))).begin()
    strategy.leave(enter("500"))
    world.quote()
    assert quantities(world) == [Decimal("1.5"), Decimal("1.5")]


def test_contracts_of_a_thousand_coins() -> None:
    """A contract counts a thousand coins and its price is that of a thousand."""
    spot = market("cash", "SHIBUSDT", base="SHIB", tick="0.0000001", lot="1", min_quantity="1")
    perp = perpetual("swap", "1000SHIB", base="SHIB", tick="0.0001", lot="1", min_quantity="1", multiplier="1000")
    world = World(spot, perp, strategies=(strategy := ScriptedStrategy(pair(spot, perp))))
    world.stage.begin()
    world.stage.quote(spot, 0.0100000, 0.0100001, 1e9)
    strategy.leave(enter("500"))
    world.stage.quote(perp, 10.0, 10.0001, 1e6)
    assert quantities(world) == [Decimal(49000), Decimal(49)]
    assert strategy.signals[-1].forward == pytest.approx(10.0 / (0.0100001 * 1000.0) - 1.0, rel=1e-9)
    assert entered(world).notional == pytest.approx(Decimal("490.0049"))
    assert (world.net(spot), world.net(perp)) == (Decimal(49000), Decimal(-49))
    world.check_books()


def test_a_contract_size_counts_in_value_and_in_coins() -> None:
    perp = perpetual("swap", "PERP", contract_size="0.01", lot="1", min_quantity="1")
    world = World(SPOT, perp, strategies=(strategy := ScriptedStrategy(pair(SPOT, perp)))).begin()
    world.stage.quote(perp, 100.0, 100.1, 1e6)
    strategy.leave(enter("500"))
    world.stage.quote(SPOT, 100.0, 100.1)
    assert quantities(world) == [Decimal("4.99"), Decimal(499)]
    world.check_books()


def test_a_leg_in_won_is_sized_by_its_rate() -> None:
    world = World(WON, PERP, strategies=(strategy := ScriptedStrategy(WON_ROUTE)))
    world.stage.begin()
    world.stage.rate("usdt_krw", 1000.0)
    world.stage.quote(WON, 200_000.0, 200_010.0)
    strategy.leave(enter("500"))
    world.stage.quote(PERP, 100.0, 100.1)
    assert quantities(world) == [Decimal("2.499"), Decimal("2.499")]
    (use,) = entered(world).rates
    assert (use.name, use.rate, use.source, use.age_ns) == ("usdt_krw", 0.001, "test", 0)


def test_a_worst_price_is_never_inside_the_touch() -> None:
    """A touch between two ticks, as bars have them, and an allowance that is narrower than a tick."""
    coarse = market("cash", "BTCUSDT", tick="1")
    world = World(coarse, PERP, strategies=(strategy := ScriptedStrategy(pair(coarse, PERP))))
    world.begin()
    strategy.leave(enter("500", slippage_bps=1.0))
    world.stage.quote(coarse, 100.2, 100.6)
    leg = entered(world).legs[0]
    assert (leg.touch, leg.price) == (Decimal(101), Decimal(101))


def test_a_price_under_the_first_tick_is_no_trade_and_no_error() -> None:
    world, strategy = basic()
    strategy.leave(enter("500"))
    world.stage.quote(SPOT, 0.01, 0.02)
    strategy.leave(enter("500"))
    world.stage.quote(PERP, 0.01, 0.02)
    assert not world.trades
    assert world.remainder() == 0


def test_every_symbol_is_sized_by_itself() -> None:
    first, second = ScriptedStrategy(pair(SPOT, PERP)), ScriptedStrategy(pair(ETH, ETH_PERP))
    world = World(SPOT, PERP, ETH, ETH_PERP, strategies={"s": first, "t": second}).begin()
    first.leave(enter("300"))
    second.leave(enter("200"))
    world.quote()
    assert {trade.symbol: trade.legs[0].quantity for trade in world.trades.values()} == {
        "BTC": Decimal("2.997"),
        "ETH": Decimal("1.998"),
    }
    world.check_books()


LOTS = st.sampled_from(["0.001", "0.01", "0.0005", "0.003", "1", "0.00000001"])


@given(
    st.decimals("0.5", "5000", places=2),
    st.floats(0.001, 50.0),
    st.floats(0.001, 50.0),
    st.floats(20.0, 2000.0),
    st.floats(0.9, 1.1),
    LOTS,
    LOTS,
    st.sampled_from(["1", "0.01"]),
    st.floats(0.0, 50.0),
)
def test_no_bound_is_ever_passed(
    notional: Decimal,
    spot_size: float,
    perp_size: float,
    price: float,
    ratio: float,
    spot_lot: str,
    perp_lot: str,
    contract: str,
    slippage: float,
) -> None:
    spot = market("cash", "BTCUSDT", lot=spot_lot, min_quantity=spot_lot)
    perp = perpetual("swap", "PERP", lot=perp_lot, min_quantity=perp_lot, contract_size=contract)
    world = World(spot, perp, strategies=(strategy := ScriptedStrategy(pair(spot, perp)))).begin(price)
    world.stage.quote(perp, price * ratio, price * ratio + 0.1, perp_size)
    strategy.leave(enter(notional, slippage_bps=slippage))
    world.stage.quote(spot, price, price + 0.1, spot_size)
    for event in world.stage.told(IntentApproved):
        check(event.intent, (spot, perp), (spot_size, perp_size), notional)
        assert event.intent.notional <= notional * (1 + Decimal("1e-9"))
    world.check_books()


def check(intent: Intent, instruments: tuple[Instrument, ...], offered: tuple[float, ...], notional: Decimal) -> None:
    coins = {leg.quantity * instrument.unit for leg, instrument in zip(intent.legs, instruments, strict=True)}
    assert len(coins) == 1
    for leg, instrument, size in zip(intent.legs, instruments, offered, strict=True):
        assert leg.quantity % instrument.lot == 0
        assert leg.quantity >= instrument.min_quantity
        assert float(leg.quantity) <= size * (1.0 + 1e-9)
        assert leg.quantity * instrument.contract_size * leg.price >= instrument.min_notional
        assert instrument.ticks.holds(leg.price)
        better = leg.touch - leg.price if leg.side is Side.BUY else leg.price - leg.touch
        assert better <= 0
