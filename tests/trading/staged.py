"""The suite of real venues with the fixtures that every venue on the simulator gives in the same way."""

from collections.abc import Sequence
from typing import ClassVar

import pytest

from arbcore.testing.trading import Faults, Market, OpenRealVenue, VenueSuite, Witness
from tests.trading.simulators import Stage


class StagedSuite(VenueSuite):
    """Needs the fixtures `stage` and `capabilities`.

    Attributes:
        connection: Name of the user stream's connection.
        hidden: What must never be shown.
    """

    connection: ClassVar[str]
    hidden: ClassVar[Sequence[str]]

    @pytest.fixture
    def open_venue(self, stage: Stage) -> OpenRealVenue:
        return stage.open_venue

    @pytest.fixture
    def market(self, stage: Stage) -> Market:
        return stage.market

    @pytest.fixture
    def faults(self, stage: Stage) -> Faults:
        return stage.faults(self.connection)

    @pytest.fixture
    def witness(self, stage: Stage) -> Witness:
        return stage.witness

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return self.hidden
