"""The fixtures that all parts of the suite of real venues share."""

from collections.abc import Sequence

import pytest

from arbcore.ports.venue import Capabilities
from arbcore.testing._suite import Suite
from arbcore.testing.trading_bench import Bench, Faults, Market, OpenRealVenue, Witness


class VenueFixtures(Suite):
    """Fixtures of the suite of real venues: three that the author gives, and three that may stay."""

    @pytest.fixture
    def open_venue(self) -> OpenRealVenue:
        """How to make the venue, not entered; every one it makes trades on the same fresh account with money."""
        raise AssertionError("give the fixture `open_venue`: a function that makes the venue, not entered")

    @pytest.fixture
    def market(self) -> Market:
        """The market to trade; it stands still."""
        raise AssertionError("give the fixture `market`: an `arbcore.testing.trading.Market`")

    @pytest.fixture
    def capabilities(self) -> Capabilities:
        """The plugin's capabilities with the same settings."""
        raise AssertionError("give the fixture `capabilities`: the plugin's record")

    @pytest.fixture
    def faults(self) -> Faults:
        """No faults can be put in: the tests that need them are skipped."""
        return Faults()

    @pytest.fixture
    def witness(self) -> Witness:
        """Nobody can be asked but the plugin."""
        return Witness()

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        """Texts that nothing may ever show, such as the API secret of the test account."""
        return ()

    @pytest.fixture
    def bench(
        self,
        open_venue: OpenRealVenue,
        market: Market,
        capabilities: Capabilities,
        faults: Faults,
        witness: Witness,
        secrets: Sequence[str],
    ) -> Bench:
        """All of them together."""
        return Bench(
            open_venue=open_venue,
            market=market,
            capabilities=capabilities,
            faults=faults,
            witness=witness,
            secrets=secrets,
        )
