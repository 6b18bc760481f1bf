"""Binance's feeds on the simulator: futures with each kind of book, and spot."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from arbcore.model.market import Book, FundingRate, MarkPrice, Quote
from arbcore.ports.venue import Capabilities, Feed
from arbcore.testing.feed import FeedSuite, Heard, is_sound, listen, touched
from arbcore_exchange_binance import plugin
from arbcore_exchange_simulator import Simulator
from tests.feeds.conftest import NETWORK, context

WANTED = ["binance:BTCUSDT", "binance:ETHUSDT"]


def make(simulator: Simulator, **settings: Any) -> Feed:
    """Return a feed, not entered."""
    common = {"use": "binance", "simulator": simulator.address, "network": NETWORK}
    return plugin.open_feed(plugin.settings_model().model_validate(common | settings), context("binance"))


class Common(FeedSuite):
    """What all products share."""

    options: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    def feed(self, simulator: Simulator) -> Feed:
        """The feed, not entered."""
        return make(simulator, **self.options)

    @pytest.fixture
    def wanted(self) -> list[str]:
        """Two symbols."""
        return WANTED

    @pytest.fixture
    def break_off(self, cut: Callable[[], None]) -> Callable[[], None]:
        """Cuts every socket."""
        return cut

    @pytest.fixture
    def capabilities(self) -> Capabilities:
        """What it states."""
        return plugin.capabilities(plugin.settings_model().model_validate({"use": "binance"} | self.options))


class TestTicker(Common):
    """USD-M futures by their best bid and ask."""


class TestDiff(Common):
    """USD-M futures by books kept from their changes."""

    options: ClassVar[dict[str, Any]] = {"book": "diff"}


class TestPartial(Common):
    """USD-M futures by the best levels."""

    options: ClassVar[dict[str, Any]] = {"book": "partial"}


class TestSpot(Common):
    """The spot exchange."""

    options: ClassVar[dict[str, Any]] = {"product": "spot"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_marks_and_funding_come_over_the_other_route(simulator: Simulator) -> None:
    heard, feed = Heard(), make(simulator)
    async with feed:
        await feed.instruments()
        await listen(lambda deliver: feed.run(WANTED, deliver), heard, lambda: bool(heard.of(FundingRate)))
    assert heard.of(MarkPrice)
    assert all(not item.settled and item.next_ts > item.recv_ts for item in heard.of(FundingRate))  # type: ignore[union-attr]


@pytest.mark.anyio
async def test_a_kept_book_is_the_venues_own(simulator: Simulator) -> None:
    """The touch of the kept book moves as the touch that the venue streams beside it."""
    kept, told = Heard(), Heard()
    diff, ticker = make(simulator, book="diff"), make(simulator)
    async with diff, ticker:
        await diff.instruments()
        await ticker.instruments()
        await listen(lambda deliver: ticker.run(WANTED, deliver), told, lambda: touched(told) >= set(WANTED))
        await listen(lambda deliver: diff.run(WANTED, deliver), kept, lambda: len(kept.of(Book)) > 30)
    assert told.of(Quote)
    assert all(is_sound(item) for item in kept.of(Book))
