from collections.abc import Sequence
from decimal import Decimal

import pytest
from pydantic import ValidationError

from arbcore.errors import ConfigurationError
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.ports.venue import Capabilities
from arbcore.testing.instruments import InstrumentSuite, Reference
from arbcore_exchange_binance import plugin
from arbcore_exchange_binance.addresses import addresses
from arbcore_exchange_binance.reference import SPOT, USDM
from arbcore_exchange_binance.settings import BinanceSettings

CENT = Decimal("0.01")


def settings(**changes: object) -> BinanceSettings:
    return BinanceSettings.model_validate({"use": "binance", **changes})


def reference(venue: str, bases: Sequence[str], **changes: object) -> Sequence[Instrument]:
    return plugin.reference_instruments(settings(**changes), venue, bases)


class TestFutures(InstrumentSuite):
    @pytest.fixture
    def reference(self) -> Reference:
        return reference

    @pytest.fixture
    def bases(self) -> Sequence[str]:
        return [one.base for one in USDM]

    @pytest.fixture
    def capabilities(self) -> Capabilities:
        return plugin.capabilities(settings())


class TestSpot(InstrumentSuite):
    @pytest.fixture
    def reference(self) -> Reference:
        return lambda venue, bases: reference(venue, bases, product="spot")

    @pytest.fixture
    def bases(self) -> Sequence[str]:
        return [one.base for one in SPOT]

    @pytest.fixture
    def capabilities(self) -> Capabilities:
        return plugin.capabilities(settings(product="spot"))


def test_the_documented_sample() -> None:
    (btc,) = reference("binance", ["BTC"])
    assert (btc.key, btc.kind, btc.settlement) == ("binance:BTCUSDT", InstrumentKind.PERPETUAL, "USDT")
    assert btc.ticks.tick_at(100_000.0) == Decimal("0.1")
    assert (btc.lot, btc.min_quantity, btc.min_notional) == (Decimal("0.001"), Decimal("0.001"), Decimal(100))
    assert (btc.fees.maker, btc.fees.taker) == (Decimal("0.0002"), Decimal("0.0005"))


def test_spot_fees_are_its_own() -> None:
    (btc,) = reference("binance", ["BTC"], product="spot")
    assert (btc.fees.maker, btc.fees.taker) == (Decimal("0.001"), Decimal("0.001"))


def test_a_multiplied_coin_is_found_by_its_name() -> None:
    (shib,) = reference("binance", ["SHIB"])
    assert (shib.symbol, shib.base, shib.multiplier, shib.unit) == (
        "1000SHIBUSDT",
        "SHIB",
        Decimal(1000),
        Decimal(1000),
    )
    assert reference("binance", ["1000SHIB"]) == []
    assert reference("binance", ["SHIB"], product="spot")[0].symbol == "SHIBUSDT"


def test_unknown_coins_are_left_out() -> None:
    assert [one.base for one in reference("binance", ["ETH", "NOSUCH", "BTC"])] == ["ETH", "BTC"]


def test_settings_replace_fees_and_rules() -> None:
    rules = {"BTCUSDT": {"tick": "0.5", "lot": "0.01", "max_quantity": 50, "min_notional": 0}}
    btc, eth = reference("binance", ["BTC", "ETH"], maker_fee="-0.00005", taker_fee="0.0003", rules=rules)
    assert btc.ticks.tick_at(1.0) == Decimal("0.5")
    assert (btc.lot, btc.min_quantity, btc.max_quantity, btc.min_notional) == (CENT, CENT, Decimal(50), Decimal(0))
    assert (btc.fees.maker, btc.fees.taker) == (Decimal("-0.00005"), Decimal("0.0003"))
    assert eth.lot == Decimal("0.001")


def test_another_quote_currency() -> None:
    assert reference("binance", ["BTC", "PEPE"], quote="USDC")[1].symbol == "1000PEPEUSDC"


@pytest.mark.parametrize(
    "wrong", [{"product": "coinm"}, {"taker_fee": 1}, {"rules": {"BTCUSDT": {"tick": 0}}}, {"rules": {"B": {"tik": 1}}}]
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"quotes", "funding"}),
        ({"book": "diff"}, {"books", "funding"}),
        ({"book": "partial", "trades": True}, {"books", "trades", "funding"}),
        ({"product": "spot"}, {"quotes"}),
    ],
)
def test_what_is_promised_is_what_the_settings_ask_for(changes: dict[str, object], expected: set[str]) -> None:
    record = plugin.capabilities(settings(**changes))
    promised = {name for name in ("quotes", "books", "trades", "funding") if getattr(record, name)}
    assert promised == expected
    others = (record.market_data, record.trading, record.rates, record.simulated)
    assert others == (True, True, False, False)
    assert (record.leverage, record.dead_mans_switch, record.reduce_only) == (record.funding,) * 3


def test_partial_books_have_the_venues_sizes() -> None:
    with pytest.raises(ValidationError, match="5, 10 or 20"):
        settings(book="partial", depth_levels=7)
    assert settings(book="diff", depth_levels=7).depth_levels == 7


@pytest.mark.parametrize(
    ("environment", "changes", "expected"),
    [
        ("production", {}, ("https://fapi.binance.com", "wss://fstream.binance.com")),
        ("production", {"product": "spot"}, ("https://api.binance.com", "wss://stream.binance.com:9443")),
        ("testnet", {}, ("https://demo-fapi.binance.com", "wss://demo-fstream.binance.com")),
        ("testnet", {"rest": "http://h:1/"}, ("http://h:1", "wss://demo-fstream.binance.com")),
        ("simulator", {"simulator": "http://h:1/"}, ("http://h:1/binance/usdm", "ws://h:1/binance/usdm")),
        (
            "simulator",
            {"product": "spot", "simulator": "https://h"},
            ("https://h/binance/spot", "wss://h/binance/spot"),
        ),
    ],
)
def test_addresses(environment: str, changes: dict[str, object], expected: tuple[str, str]) -> None:
    found = addresses(settings(**changes), environment)
    assert (found.rest, found.streams) == expected


def test_another_environment_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="moon"):
        addresses(settings(), "moon")
