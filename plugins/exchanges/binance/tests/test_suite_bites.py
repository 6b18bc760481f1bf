"""The conformance suite finds instruments that are wrong: faults put in on purpose, one at a time."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from msgspec.structs import replace

from arbcore.model.instrument import FeeSchedule, Instrument
from arbcore.testing.instruments import InstrumentSuite
from arbcore_exchange_binance import plugin
from arbcore_exchange_binance.settings import BinanceSettings

SUITE = InstrumentSuite()
(GOOD,) = plugin.reference_instruments(BinanceSettings(use="binance"), "somewhere", ["BTC"])


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        (replace(GOOD, base="1000SHIB"), SUITE.test_multipliers_are_told),
        (replace(GOOD, base="shib"), SUITE.test_multipliers_are_told),
        (replace(GOOD, fees=FeeSchedule(Decimal("0.02"), Decimal("0.05"))), SUITE.test_fees_are_plausible),
        (replace(GOOD, fees=FeeSchedule(Decimal("0.0005"), Decimal("0.0002"))), SUITE.test_fees_are_plausible),
        (replace(GOOD, min_quantity=Decimal("0.0015")), SUITE.test_limits_can_be_met),
        (replace(GOOD, min_quantity=Decimal(0)), SUITE.test_limits_can_be_met),
        (replace(GOOD, max_quantity=Decimal("0.001")), SUITE.test_limits_can_be_met),
    ],
)
def test_a_fault_is_found(fault: Instrument, test: Callable[[list[Instrument]], None]) -> None:
    test([GOOD])
    with pytest.raises(AssertionError):
        test([fault])


def test_a_wrong_exchange_id_is_found() -> None:
    SUITE.test_every_coin_has_one([GOOD], ["BTC"])
    with pytest.raises(AssertionError):
        SUITE.test_every_coin_has_one([replace(GOOD, venue="binance")], ["BTC"])
