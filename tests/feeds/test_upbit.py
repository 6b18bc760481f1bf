"""Upbit's feed and rate source on the simulator."""

from collections.abc import Callable

import pytest

from arbcore.ports.rate import RateSource
from arbcore.ports.venue import Capabilities, Feed
from arbcore.testing.feed import FeedSuite, RateSuite
from arbcore_exchange_simulator import Simulator
from arbcore_exchange_upbit import plugin, rate_plugin
from tests.feeds.conftest import NETWORK, context


class TestFeed(FeedSuite):
    """The feed."""

    @pytest.fixture
    def feed(self, simulator: Simulator) -> Feed:
        """The feed, not entered."""
        model = plugin.settings_model()
        settings = model.model_validate({"use": "upbit", "simulator": simulator.address, "network": NETWORK})
        return plugin.open_feed(settings, context("upbit"))

    @pytest.fixture
    def wanted(self) -> list[str]:
        """Two markets."""
        return ["upbit:KRW-BTC", "upbit:KRW-ETH"]

    @pytest.fixture
    def break_off(self, cut: Callable[[], None]) -> Callable[[], None]:
        """Cuts every socket."""
        return cut

    @pytest.fixture
    def capabilities(self) -> Capabilities:
        """What it states."""
        return plugin.capabilities(plugin.settings_model()(use="upbit"))


class TestRate(RateSuite):
    """The source of the won rate."""

    @pytest.fixture
    def source(self, simulator: Simulator) -> RateSource:
        """The source, not entered."""
        model = rate_plugin.settings_model()
        settings = model.model_validate({"use": "upbit", "simulator": simulator.address, "network": NETWORK})
        return rate_plugin.open_rate_source(settings, context("usdt_krw"))

    @pytest.fixture
    def name(self) -> str:
        """Its name."""
        return "usdt_krw"
