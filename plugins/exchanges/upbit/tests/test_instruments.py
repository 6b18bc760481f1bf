from collections.abc import Sequence
from decimal import Decimal

import pytest
from pydantic import ValidationError

from arbcore.errors import ConfigurationError
from arbcore.model.instrument import Instrument
from arbcore.ports.venue import Capabilities
from arbcore.testing.instruments import InstrumentSuite, Reference
from arbcore_exchange_upbit import plugin
from arbcore_exchange_upbit.instruments import KRW_TICKS, USDT_TICKS, instrument
from arbcore_exchange_upbit.settings import UpbitSettings


def settings(**changes: object) -> UpbitSettings:
    return UpbitSettings.model_validate({"use": "upbit", **changes})


def reference(venue: str, bases: Sequence[str], **changes: object) -> Sequence[Instrument]:
    return plugin.reference_instruments(settings(**changes), venue, bases)


class TestReference(InstrumentSuite):
    @pytest.fixture(params=["KRW", "BTC", "USDT"])
    def reference(self, request: pytest.FixtureRequest) -> Reference:
        return lambda venue, bases: reference(venue, bases, quote=request.param)

    @pytest.fixture
    def bases(self) -> Sequence[str]:
        return ("ETH", "XRP", "SHIB", "1INCH")

    @pytest.fixture
    def capabilities(self) -> Capabilities:
        return plugin.capabilities(settings())


@pytest.mark.parametrize(
    ("price", "tick"),
    [
        (149_000_000, "1000"),
        (1_000_000, "1000"),
        (999_999, "500"),
        (500_000, "500"),
        (499_999, "100"),
        (100_000, "100"),
        (99_999, "50"),
        (50_000, "50"),
        (49_999, "10"),
        (10_000, "10"),
        (9_999, "5"),
        (5_000, "5"),
        (4_999, "1"),
        (1_380, "1"),
        (100, "1"),
        (99.9, "0.1"),
        (10, "0.1"),
        (9.99, "0.01"),
        (1, "0.01"),
        (0.999, "0.001"),
        (0.1, "0.001"),
        (0.0999, "0.0001"),
        (0.01, "0.0001"),
        (0.00999, "0.00001"),
        (0.001, "0.00001"),
        (0.000999, "0.000001"),
        (0.0001, "0.000001"),
        (0.0000999, "0.0000001"),
        (0.00001, "0.0000001"),
        (0.00000999, "0.00000001"),
    ],
)
def test_won_ticks(price: float, tick: str) -> None:
    # Floors are inclusive; the price as text, because 0.1 as a float is a little more than a tenth.
    assert KRW_TICKS.tick_at(Decimal(str(price))) == Decimal(tick)


@pytest.mark.parametrize(
    ("price", "tick"),
    [("10", "0.01"), ("9.999", "0.001"), ("0.9999", "0.0001"), ("0.05", "0.00001"), ("0.00009", "0.00000001")],
)
def test_tether_ticks(price: str, tick: str) -> None:
    assert USDT_TICKS.tick_at(Decimal(price)) == Decimal(tick)


def test_a_market_has_its_quote_currency_rules() -> None:
    won, coin, tether = (instrument("upbit", market) for market in ("KRW-BTC", "BTC-ETH", "USDT-BTC"))
    assert [one.min_notional for one in (won, coin, tether)] == [5000, Decimal("0.00005"), Decimal("0.5")]
    assert [one.fees.taker for one in (won, coin, tether)] == [Decimal("0.0005"), Decimal("0.0025"), Decimal("0.0025")]
    assert {one.lot for one in (won, coin, tether)} == {Decimal("0.00000001")}
    assert (won.key, won.base, won.quote, won.fees.maker) == ("upbit:KRW-BTC", "BTC", "KRW", won.fees.taker)


def test_the_account_in_question_is_the_instance() -> None:
    (one,) = reference("second", ["BTC"])
    assert one.key == "second:KRW-BTC"


def test_settings_replace_fee_and_tick() -> None:
    btc, usdt = reference("upbit", ["BTC", "USDT"], fee="0.0004", ticks={"KRW-USDT": "0.5"})
    assert (btc.fees.maker, btc.fees.taker) == (Decimal("0.0004"), Decimal("0.0004"))
    assert usdt.ticks.tick_at(1380.0) == Decimal("0.5")
    assert btc.ticks is KRW_TICKS


def test_a_currency_is_not_traded_against_itself() -> None:
    assert reference("upbit", ["KRW"]) == []


@pytest.mark.parametrize("market", ["BTC/KRW", "KRWBTC", "KRW-", "EUR-BTC", ""])
def test_a_wrong_market_id_is_named(market: str) -> None:
    with pytest.raises(ConfigurationError, match="is no market id"):
        instrument("upbit", market)


@pytest.mark.parametrize("wrong", [{"fee": "-0.1"}, {"fee": 1}, {"quote": "EUR"}, {"ticks": {"KRW-USDT": 0}}, {"k": 1}])
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


def test_keys_are_references() -> None:
    assert settings(api_key={"env": "UPBIT_KEY"}).api_key is not None
    with pytest.raises(ValidationError, match="never written here"):
        settings(api_key="secret")
