"""Routes: edges by the design's formula, whichever leg comes first, and triggers that never fire too rarely."""

from decimal import Decimal
from math import inf, isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.engine.market import NEVER, Market
from arbcore.engine.route import Route
from arbcore.errors import ConfigurationError
from arbcore.model.instrument import Instrument
from arbcore.model.market import FxRate, Quote
from arbcore.model.order import Side
from arbcore.ports.strategy import LegSpec, RouteKind, RouteSpec, Trigger
from arbcore.testing.scripted import SECOND, ScriptedStrategy, pair
from tests.engine.world import ETH, PERP, SPOT, WON, WON_ROUTE, World, market, perpetual

PRICES = st.floats(1e-6, 1e9)
RATES = st.floats(1e-3, 1e5)
SPREADS = st.floats(1e-6, 0.05)
MULTIPLIERS = st.sampled_from(["1", "10", "1000", "0.001"])


def legs_of(flip: bool, first: LegSpec, second: LegSpec) -> tuple[LegSpec, ...]:
    return (second, first) if flip else (first, second)


def spec(*legs: LegSpec) -> RouteSpec:
    return RouteSpec(id="r", symbol="BTC", kind=RouteKind.FLAT, legs=legs, max_age_ns=SECOND)


def quoted(market_of: Market, instrument: Instrument, bid: float, spread: float) -> tuple[float, float]:
    state, ask = market_of.instruments[instrument.key], bid * (1.0 + spread)
    state.bid, state.ask, state.invalid = bid, ask, ""
    state.quote = Quote(instrument.key, 1, 1, bid, ask, 1.0, 1.0)
    return bid, ask


@given(PRICES, SPREADS, PRICES, SPREADS, RATES, SPREADS, MULTIPLIERS, MULTIPLIERS, st.booleans(), st.booleans())
def test_edges_are_those_of_the_design(
    won_bid: float,
    won_spread: float,
    perp_bid: float,
    perp_spread: float,
    rate: float,
    rate_spread: float,
    won_multiplier: str,
    perp_multiplier: str,
    flip: bool,
    inverse: bool,
) -> None:
    won = market("seoul", "KRW-BTC", "KRW", multiplier=won_multiplier)
    perp = perpetual("swap", "PERP", multiplier=perp_multiplier)
    name = "usdt_krw" if inverse else "krw_usdt"
    markets = Market((won, perp), {name: SECOND}, "USDT")
    route = Route(spec(*legs_of(flip, LegSpec(won.key, Side.BUY, name), LegSpec(perp.key, Side.SELL))), "s", markets)
    won_bid, won_ask = quoted(markets, won, won_bid, won_spread)
    perp_bid, perp_ask = quoted(markets, perp, perp_bid, perp_spread)
    rate_ask = rate * (1.0 + rate_spread)
    markets.rates[name].update(FxRate(name, 1, 1, rate, rate_ask, "test"))
    route.fold_rates()
    # What one won costs, and what it yields, in dollars.
    pays, gets = (1.0 / rate, 1.0 / rate_ask) if inverse else (rate_ask, rate)
    coin = float(Decimal(won_multiplier)), float(Decimal(perp_multiplier))
    forward, backward = route.edges()
    assert forward + 1.0 == pytest.approx((perp_bid / coin[1]) / (won_ask / coin[0] * pays), rel=1e-12)
    assert backward + 1.0 == pytest.approx((won_bid / coin[0] * gets) / (perp_ask / coin[1]), rel=1e-12)


@given(PRICES, SPREADS, PRICES, SPREADS, RATES, st.sampled_from([-1, 0, 1]), st.sampled_from(["f", "b", "fb", "bb"]))
def test_a_trigger_never_fires_too_rarely(
    spot_bid: float, spot_spread: float, perp_bid: float, perp_spread: float, rate: float, ulps: int, which: str
) -> None:
    markets = Market((WON, PERP), {"usdt_krw": SECOND}, "USDT")
    route = Route(WON_ROUTE, "s", markets)
    quoted(markets, WON, spot_bid, spot_spread)
    quoted(markets, PERP, perp_bid, perp_spread)
    markets.rates["usdt_krw"].update(FxRate("usdt_krw", 1, 1, rate, rate, "test"))
    route.fold_rates()
    forward, backward = route.edges()
    near = {"f": forward, "b": backward, "fb": forward, "bb": backward}[which] * (1.0 + ulps * 2.0**-52)
    names = {"f": "forward", "b": "backward", "fb": "forward_below", "bb": "backward_below"}
    route.arm(Trigger(**{names[which]: near}, at=NEVER))
    edge = forward if which in {"f", "fb"} else backward
    reached = edge <= near if which in {"fb", "bb"} else edge >= near
    assert route.fires(2) or not reached


def test_a_trigger_that_waits_for_nothing_never_fires() -> None:
    markets = Market((SPOT, PERP), {}, "USDT")
    route = Route(pair(SPOT, PERP), "s", markets)
    quoted(markets, SPOT, 100.0, 0.01)
    quoted(markets, PERP, 1e9, 0.01)
    assert route.fires(0)  # until it is armed, every quote asks
    route.disarm()
    assert not route.fires(NEVER - 1)
    route.arm(Trigger(at=5))
    assert (route.fires(4), route.fires(5)) == (False, True)
    route.arm(None)
    assert route.fires(0)


def test_nothing_fires_before_both_legs_have_a_touch() -> None:
    markets = Market((SPOT, PERP), {}, "USDT")
    route = Route(pair(SPOT, PERP), "s", markets)
    route.arm(Trigger(forward=-1.0, backward=-1.0, forward_below=inf, backward_below=inf))
    quoted(markets, SPOT, 100.0, 0.01)
    assert not route.fires(NEVER - 1)
    assert all(isnan(edge) for edge in route.edges())


def test_a_rate_tick_moves_the_edges_and_asks_again() -> None:
    strategy = ScriptedStrategy(WON_ROUTE)
    world = World(WON, PERP, strategies=strategy)
    world.stage.begin()
    world.stage.rate("usdt_krw", 1000.0)
    world.stage.quote(WON, 100_000.0, 100_010.0)
    world.stage.quote(PERP, 100.0, 100.1)
    before = strategy.signals[-1]
    world.stage.rate("usdt_krw", 1001.0, 1002.0)
    after = strategy.signals[-1]
    assert after is not before
    assert after.forward == pytest.approx(100.0 / (100_010.0 / 1001.0) - 1.0, rel=1e-12)
    assert after.backward == pytest.approx(100_000.0 / 1002.0 / 100.1 - 1.0, rel=1e-12)
    leg = after.legs[0]
    assert (leg.pay_rate, leg.get_rate) == (1.0 / 1001.0, 1.0 / 1002.0)
    assert after.premium_paid == pytest.approx(100_010.0 / (100.0 * 1001.0) - 1.0, rel=1e-9)
    assert after.premium_got == after.backward


@pytest.mark.parametrize(
    "legs",
    [
        (LegSpec(SPOT.key, Side.BUY),),
        (LegSpec(SPOT.key, Side.BUY), LegSpec(PERP.key, Side.BUY)),
        (LegSpec(SPOT.key, Side.BUY), LegSpec(PERP.key, Side.SELL), LegSpec(ETH.key, Side.SELL)),
    ],
)
def test_a_route_that_is_no_pair_has_no_edges(legs: tuple[LegSpec, ...]) -> None:
    markets = Market((SPOT, PERP, ETH), {}, "USDT")
    route = Route(spec(*legs), "s", markets)
    for instrument in (SPOT, PERP, ETH):
        quoted(markets, instrument, 100.0, 0.01)
    assert all(isnan(edge) for edge in route.edges())
    assert route.obstacle(1) == ""


@pytest.mark.parametrize(
    ("leg", "message"),
    [
        (LegSpec("cash:NONE", Side.BUY), "route r names the instrument cash:NONE"),
        (LegSpec(WON.key, Side.BUY), "seoul:KRW-BTC is quoted in KRW, and the route names no rate"),
        (LegSpec(WON.key, Side.BUY, "usdt_jpy"), "the rate usdt_jpy does not convert KRW into USDT"),
        (LegSpec(WON.key, Side.BUY, "usdt_eur"), "the rate usdt_eur does not convert KRW into USDT"),
    ],
)
def test_a_route_that_cannot_be_valued_is_refused(leg: LegSpec, message: str) -> None:
    markets = Market((SPOT, WON, PERP), {"usdt_eur": SECOND, "usdt_krw": SECOND}, "USDT")
    with pytest.raises(ConfigurationError, match=message):
        Route(spec(leg, LegSpec(PERP.key, Side.SELL)), "s", markets)


def test_routes_of_one_id_and_legs_of_two_coins_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="two routes are called test/BTC/cash-swap"):
        World(SPOT, PERP, strategies=ScriptedStrategy(pair(SPOT, PERP), pair(SPOT, PERP)))
    with pytest.raises(ConfigurationError, match="combines BTC, ETH"):
        World(SPOT, PERP, ETH, strategies=ScriptedStrategy(pair(ETH, PERP)))


@pytest.mark.parametrize("name", ["krw_jpy", "usdt", "usdt_usdt", "usdt_"])
def test_a_rate_that_does_not_pair_the_base_currency_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"rates.{name}: the name must pair the base currency USDT"):
        Market((), {name: SECOND}, "USDT")
