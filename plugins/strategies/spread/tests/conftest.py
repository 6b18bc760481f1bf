"""Fixtures of the strategy's own tests: one route on two markets, signals by premium, and trades."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.trade import Trade, TradeLeg, TradeState
from arbcore.ports.strategy import RouteSpec, Signal
from arbcore.testing.rehearsal import Step, market, signal
from arbcore_strategy_spread.settings import SpreadSettings
from arbcore_strategy_spread.strategy import SpreadStrategy

Build = Callable[..., SpreadStrategy]
See = Callable[..., Signal]
Hold = Callable[..., Trade]


@pytest.fixture
def markets() -> list[Instrument]:
    """A KRW spot market with a fee of 5 bps and a USDT perpetual with one of 4 bps: 18 bps a round trip."""
    return [
        market("seoul", "BTC", InstrumentKind.SPOT, "KRW", "0.0005"),
        market("offshore", "BTC", InstrumentKind.PERPETUAL, "USDT", "0.0004"),
    ]


@pytest.fixture
def build(markets: list[Instrument]) -> Build:
    """A planned strategy of a fixed reference of zero, with the options given."""

    def made(**options: object) -> SpreadStrategy:
        tree: dict[str, object] = {
            "use": "spread",
            "routes": [{"spot": "seoul", "perpetual": "offshore", "symbols": ["BTC"]}],
            "rate": "usdt_krw",
            "reference": 0,
            "enter_bps": 25,
            "exit_bps": 5,
        }
        strategy = SpreadStrategy(SpreadSettings.model_validate(tree | options), "premium", "USDT")
        strategy.plan(markets)
        return strategy

    return made


@pytest.fixture
def see(build: Build, markets: list[Instrument]) -> See:
    """A signal of the route from the premiums paid and got, in basis points."""
    spec: RouteSpec = build().plan(markets)[0]

    def made(paid_bps: float, got_bps: float, time: int = 10**9, fresh: bool = True) -> Signal:
        forward = 1.0 / (1.0 + paid_bps / 1e4) - 1.0
        return signal(spec, Step(time, 0, forward, got_bps / 1e4, rate_fresh=fresh))

    return made


@pytest.fixture
def hold() -> Hold:
    """A trade of the route that was entered at a premium in basis points."""

    def made(
        premium_bps: float = 0.0,
        *,
        state: TradeState = TradeState.HEDGED,
        forward: bool = True,
        closed: str = "0",
        name: str = "t1",
        exit_reason: str = "",
        closed_at: int = 0,
    ) -> Trade:
        sign = 1 if forward else -1
        left = 1 - Decimal(closed)
        entered = {"bought": Decimal(1), "sold": Decimal(closed)}
        reverse = {"bought": Decimal(closed), "sold": Decimal(1)}
        first, second = (entered, reverse) if forward else (reverse, entered)
        return Trade(
            id=name,
            strategy="premium",
            route="premium/BTC/seoul-offshore",
            symbol="BTC",
            state=state,
            forward=forward,
            legs=(
                TradeLeg(instrument="seoul:BTC-KRW", quantity=sign * left, **first),
                TradeLeg(instrument="offshore:BTC-USDT", quantity=-sign * left, **second),
            ),
            opened_at=0,
            closed_at=closed_at,
            notional=Decimal(1000),
            entry_edge_bps=0.0,
            entry_premium=premium_bps / 1e4,
            exit_reason=exit_reason,
        )

    return made
