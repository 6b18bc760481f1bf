from decimal import Decimal

import pytest
from pydantic import ValidationError

from arbcore.errors import ConfigurationError
from arbcore.model.instrument import InstrumentKind
from arbcore.model.order import OrderType, TimeInForce
from arbcore.ports.venue import SimVenue
from arbcore.testing.samples import PERPETUAL, SPOT, quote
from arbcore.testing.session import make_context
from arbcore_exchange_paper import plugin
from arbcore_exchange_paper.delayed import DelayedVenue
from arbcore_exchange_paper.settings import PaperSettings
from arbcore_exchange_paper.venue import PaperVenue
from arbcore_fill_top.model import TopFill


def settings(**changes: object) -> PaperSettings:
    return PaperSettings.model_validate({"use": "paper", "fill": "book", **changes})


def opened(options: PaperSettings, **balances: str) -> SimVenue:
    context = make_context(
        "paper",
        venue="sim",
        instruments=[SPOT, PERPETUAL],
        balances={currency: Decimal(amount) for currency, amount in balances.items()},
        fill_model=TopFill(),
    )
    return plugin.open_venue(options, context)


def test_balances_are_the_contexts_or_the_settings() -> None:
    options = settings(balances={"sim": {"CASH": 5}, "other": {"CASH": 7}})
    assert [one.total for one in opened(options).snapshot(1).balances] == [5]
    assert [one.total for one in opened(options, CASH="6").snapshot(1).balances] == [6]


def test_positions_and_leverage_reach_the_venue() -> None:
    venue = opened(settings(positions={"sim": {PERPETUAL.symbol: -2}}, leverage=2), CASH="1000")
    venue.on_market(quote(PERPETUAL, 98.0, 99.0))
    snapshot = venue.snapshot(1)
    assert snapshot.positions[0].quantity == -2
    assert snapshot.balances[0].locked == Decimal("9.8")


def test_a_wrong_symbol_is_guessed() -> None:
    with pytest.raises(ConfigurationError, match=r"paper.positions.sim.10COINCSH.*\n.*did you mean 10COINCASH"):
        opened(settings(positions={"sim": {"10COINCSH": 1}}))


def test_a_venue_needs_a_fill_model() -> None:
    with pytest.raises(ConfigurationError, match=r"set paper\.fill"):
        plugin.open_venue(settings(), make_context("paper", venue="sim"))


def test_latency_wraps_the_venue() -> None:
    class Instant:
        def entry(self, order: object, now: int) -> int:
            return 0

        response = entry

        def state(self) -> bytes:
            return b""

        def restore(self, state: bytes) -> None: ...

    context = make_context("paper", venue="sim", fill_model=TopFill(), latency_model=Instant())
    assert isinstance(plugin.open_venue(settings(), context), DelayedVenue)
    assert isinstance(plugin.open_venue(settings(), make_context("p", venue="s", fill_model=TopFill())), PaperVenue)


def test_the_record_says_what_it_takes() -> None:
    record = plugin.capabilities()
    assert record.simulated
    assert record.trading
    assert not record.market_data
    assert record.kinds == frozenset(InstrumentKind)
    assert record.order_types == {OrderType.LIMIT, OrderType.MARKET}
    assert record.times_in_force == frozenset(TimeInForce)
    assert plugin.settings_model() is PaperSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"balances": {"sim": {"CASH": -1}}},
        {"balances": {"sim": {"CASH": "NaN"}}},
        {"leverage": "0.5"},
        {"fee_rates": {"GEM/CASH": 0}},
        {"positions": {"sim": {"X": "Infinity"}}},
        {"balance": {}},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)
