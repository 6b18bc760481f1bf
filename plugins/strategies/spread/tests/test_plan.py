"""Routes from settings: which markets they take, and what is said where there are none."""

import pytest

from arbcore.errors import ConfigurationError
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.order import Side
from arbcore.ports.strategy import LegSpec, RouteKind, RouteSpec
from arbcore.testing.rehearsal import market
from arbcore_strategy_spread.settings import SpreadSettings
from arbcore_strategy_spread.strategy import SpreadStrategy

SPOT, PERPETUAL = InstrumentKind.SPOT, InstrumentKind.PERPETUAL
SEOUL = [market("seoul", base, SPOT, quote) for base in ("BTC", "SHIB") for quote in ("KRW", "USDT")]
OFFSHORE = [market("offshore", base, PERPETUAL, "USDT") for base in ("BTC", "SHIB")]
PAIR = {"spot": "seoul", "perpetual": "offshore", "symbols": ["BTC"]}


def plan(markets: list[Instrument], **options: object) -> list[RouteSpec]:
    """Return the routes of settings with the options given."""
    tree: dict[str, object] = {
        "use": "spread",
        "routes": [PAIR],
        "rate": "usdt_krw",
        "reference": 0,
        "enter_bps": 25,
        "exit_bps": 5,
    }
    settings = SpreadSettings.model_validate(tree | options)
    return list(SpreadStrategy(settings, "premium", "USDT").plan(markets))


def test_a_route_per_coin() -> None:
    """Ids, sides, rates and age limits; of two spot markets the one that the rate converts."""
    symbols = {**PAIR, "symbols": ["btc", "SHIB"]}
    first, second = plan(SEOUL + OFFSHORE, routes=[symbols], max_age="2s", max_skew="500ms", kind="inventory")
    assert first == RouteSpec(
        id="premium/BTC/seoul-offshore",
        symbol="BTC",
        kind=RouteKind.INVENTORY,
        legs=(
            LegSpec("seoul:BTC-KRW", Side.BUY, "usdt_krw"),
            LegSpec("offshore:BTC-USDT", Side.SELL),
        ),
        max_age_ns=2 * 10**9,
        max_skew_ns=5 * 10**8,
    )
    assert second.id == "premium/SHIB/seoul-offshore"


def test_without_a_rate_the_base_currency_is_taken() -> None:
    """The same markets, a route that needs no conversion."""
    assert [leg.instrument for leg in plan(SEOUL + OFFSHORE, rate="")[0].legs] == [
        "seoul:BTC-USDT",
        "offshore:BTC-USDT",
    ]


def test_any_two_markets_by_buy_and_sell() -> None:
    """Two spot markets of different currencies, each with its rate."""
    pair = {
        "buy": {"exchange": "seoul", "kind": "spot", "quote": "USDT"},
        "sell": {"exchange": "busan", "kind": "spot", "rate": "usdt_krw"},
        "symbols": ["BTC"],
    }
    (route,) = plan([*SEOUL, market("busan", "BTC", SPOT, "KRW")], routes=[pair], rate="")
    assert route.legs == (LegSpec("seoul:BTC-USDT", Side.BUY), LegSpec("busan:BTC-KRW", Side.SELL, "usdt_krw"))


@pytest.mark.parametrize(
    ("markets", "options", "said"),
    [
        (SEOUL, {}, "no exchange with instruments offshore"),
        (SEOUL + OFFSHORE, {"routes": [PAIR | {"spot": "seol"}]}, "did you mean seoul?"),
        (SEOUL + OFFSHORE, {"routes": [PAIR | {"perpetual": "seoul"}]}, "no perpetual market on seoul"),
        (SEOUL + OFFSHORE, {"routes": [PAIR | {"symbols": ["BTX"]}]}, "did you mean BTC?"),
        (SEOUL + OFFSHORE, {"routes": [PAIR, PAIR]}, "BTC is there twice"),
        ([*SEOUL[:1], *OFFSHORE], {"rate": ""}, "no rate converts it to USDT"),
        (
            [market("seoul", "BTC", SPOT, code) for code in ("EUR", "JPY")] + OFFSHORE,
            {},
            "several markets fit: seoul:BTC-EUR in EUR, seoul:BTC-JPY in JPY",
        ),
        (
            SEOUL + OFFSHORE,
            {
                "routes": [
                    {
                        "buy": {"exchange": "seoul", "kind": "spot", "quote": "JPY"},
                        "sell": {"exchange": "offshore", "kind": "perpetual"},
                        "symbols": ["BTC"],
                    }
                ]
            },
            "no market has that quote currency",
        ),
        (
            SEOUL + OFFSHORE,
            {
                "routes": [
                    {
                        "buy": {"exchange": "offshore", "kind": "perpetual"},
                        "sell": {"exchange": "offshore", "kind": "perpetual"},
                        "symbols": ["BTC"],
                    }
                ]
            },
            "both legs are offshore:BTC-USDT",
        ),
    ],
)
def test_what_is_missing_is_named(markets: list[Instrument], options: dict[str, object], said: str) -> None:
    """With the config key, and the nearest match where there is one."""
    with pytest.raises(ConfigurationError) as raised:
        plan(markets, **options)
    assert said in str(raised.value)
    assert "strategies.premium.routes[" in str(raised.value)
