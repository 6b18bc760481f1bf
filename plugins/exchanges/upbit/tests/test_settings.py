import logging
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from arbcore.context import Context
from arbcore.errors import ConfigurationError
from arbcore.model.instrument import InstrumentKind
from arbcore.model.order import OrderType, TimeInForce
from arbcore.ports.rate import RateSource
from arbcore.ports.trading import Venue
from arbcore.ports.treasury import Treasury
from arbcore.ports.venue import Feed
from arbcore.settings import ConfigView
from arbcore_exchange_upbit import plugin, rate_plugin
from arbcore_exchange_upbit.addresses import Addresses, addresses, private_stream
from arbcore_exchange_upbit.settings import Access, UpbitRateSettings, UpbitSettings
from plugins.exchanges.upbit.tests.samples import NOW


class Stopped:
    """A clock that stands still."""

    def now(self) -> int:
        return NOW


def context(instance: str = "upbit", environment: str = "production") -> Context:
    return Context(
        instance=instance,
        session="s",
        mode="paper",
        environment=environment,
        base_currency="USDT",
        clock=Stopped(),
        logger=logging.getLogger("test"),
        data_dir=Path("unused"),
    )


def settings(**changes: Any) -> UpbitSettings:
    return UpbitSettings.model_validate({"use": "upbit", **changes})


@pytest.mark.parametrize(
    ("changes", "environment", "rest", "stream"),
    [
        ({}, "production", "https://api.upbit.com/v1", "wss://api.upbit.com/websocket/v1"),
        ({}, "simulator", "http://127.0.0.1:8710/upbit/v1", "ws://127.0.0.1:8710/upbit/websocket/v1"),
        ({"simulator": "https://host:1/"}, "simulator", "https://host:1/upbit/v1", "wss://host:1/upbit/websocket/v1"),
        (
            {"rest": "http://a/b/", "simulator": "http://c"},
            "simulator",
            "http://a/b",
            "ws://c/upbit/websocket/v1",
        ),
        ({"public_stream": "ws://d/e"}, "production", "https://api.upbit.com/v1", "ws://d/e"),
    ],
)
@pytest.mark.parametrize("model", [UpbitSettings, UpbitRateSettings])
def test_addresses(model: type[Access], changes: Any, environment: str, rest: str, stream: str) -> None:
    made = model.model_validate({"use": "upbit", **changes})
    assert addresses(made, environment) == Addresses(rest, stream)
    view = ConfigView(mode="paper", environment=environment, profile="paper", base_currency="USDT")
    assert made.cross_check(view) == ()


@pytest.mark.parametrize(
    ("changes", "environment", "address"),
    [
        ({}, "production", "wss://api.upbit.com/websocket/v1/private"),
        ({}, "simulator", "ws://127.0.0.1:8710/upbit/websocket/v1/private"),
        ({"private_stream": "ws://d/e/"}, "production", "ws://d/e"),
        ({"simulator": "https://host:1"}, "simulator", "wss://host:1/upbit/websocket/v1/private"),
    ],
)
def test_the_private_address(changes: Any, environment: str, address: str) -> None:
    assert private_stream(settings(**changes), environment) == address


@pytest.mark.parametrize("model", [UpbitSettings, UpbitRateSettings])
def test_the_simulator_takes_the_place_of_the_testnet_and_it_is_said(model: type[Access]) -> None:
    made = model.model_validate({"use": "upbit", "simulator": "http://host:1"})
    view = ConfigView(mode="paper", environment="testnet", profile="paper", base_currency="USDT")
    (told,) = made.cross_check(view)
    assert (told.level, "http://host:1" in told.text) == ("warning", True)
    assert (
        addresses(made, "testnet")
        == addresses(made, "simulator")
        == Addresses("http://host:1/upbit/v1", "ws://host:1/upbit/websocket/v1")
    )
    with pytest.raises(ConfigurationError, match="no environment 'moon'"):
        addresses(made, "moon")


@pytest.mark.parametrize(
    "wrong",
    [
        {"rest": "api.upbit.com"},
        {"rest": "ftp://api.upbit.com"},
        {"public_stream": "https://api.upbit.com"},
        {"simulator": ""},
        {"book_units": 10},
        {"refresh": "0s"},
        {"codes_per_connection": 0},
        {"codes_per_connection": 101},
        {"network": {"mute": "1s"}},
        {"block_wait": "0s"},
        {"jwt": "none"},
        {"smp_type": "cancel_both"},
        {"post_only_smp": "cancel_maker"},
        {"orders_per_second": 0},
        {"move_money": "yes"},
        {"move_money": 1},
        {"poll_period": "0s"},
        {"transfers_path": "/orders"},
        {"api_key": "a-literal"},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


@pytest.mark.parametrize("trades", [True, False])
def test_capabilities_are_what_is_delivered(trades: bool) -> None:
    record = plugin.capabilities(settings(trades=trades))
    assert record.kinds == {InstrumentKind.SPOT}
    assert (record.market_data, record.books, record.trades, record.rates) == (True, True, trades, True)
    assert not any((record.quotes, record.simulated, record.funding, record.reduce_only, record.leverage))
    assert all((record.trading, record.client_ids, record.amends, record.cost_orders, record.forever_ids))
    assert record.treasury
    assert record.order_types == {OrderType.LIMIT, OrderType.MARKET, OrderType.BEST}
    assert record.times_in_force == set(TimeInForce)


def test_factories_open_nothing() -> None:
    feed = plugin.open_feed(settings(), context())
    source = rate_plugin.open_rate_source(UpbitRateSettings(use="upbit"), context("usdt_krw"))
    assert isinstance(plugin.open_venue(settings(), context()), Venue)
    assert isinstance(plugin.open_treasury(settings(), context()), Treasury)
    assert isinstance(feed, Feed)
    assert isinstance(source, RateSource)


def test_factories_refuse_an_environment_that_there_is_not() -> None:
    for opening in (plugin.open_feed, plugin.open_venue, plugin.open_treasury):
        with pytest.raises(ConfigurationError, match="simulator"):
            opening(settings(), context(environment="moon"))


@pytest.mark.parametrize(
    ("name", "market", "right"),
    [
        ("usdt_krw", "KRW-USDT", True),
        ("btc_krw", "KRW-BTC", True),
        ("btc_usdt", "USDT-BTC", True),
        ("krw_usdt", "KRW-USDT", False),
        ("usdt_krw", "KRW-BTC", False),
        ("rate", "KRW-USDT", False),
    ],
)
def test_the_rates_name_says_what_the_market_tells(name: str, market: str, right: bool) -> None:
    made = UpbitRateSettings.model_validate({"use": "upbit", "market": market})
    if right:
        assert rate_plugin.open_rate_source(made, context(name)) is not None
        return
    with pytest.raises(ConfigurationError, match=f"rates.{name}: the market {market} tells the rate"):
        rate_plugin.open_rate_source(made, context(name))


def test_both_kinds_have_models_of_their_own() -> None:
    assert plugin.settings_model() is UpbitSettings
    assert rate_plugin.settings_model() is UpbitRateSettings
    with pytest.raises(ValidationError):
        UpbitRateSettings.model_validate({"use": "upbit", "market": "KRW/USDT"})
