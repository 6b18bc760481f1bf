"""The standard tests of journals and control stores, in every durability."""

import pytest

from arbcore.context import Context
from arbcore.ports.journal import ControlStore, Journal
from arbcore.testing.control import ControlStoreSuite, OpenControlStore
from arbcore.testing.journal import JournalSuite, OpenJournal
from arbcore_sink_sqlite import plugin
from arbcore_sink_sqlite.settings import Durability, SqliteSettings


class TestJournal(JournalSuite):
    @pytest.fixture(params=["process", "power", "batch"])
    def durability(self, request: pytest.FixtureRequest) -> Durability:
        durability: Durability = request.param
        return durability

    @pytest.fixture
    def open_journal(self, durability: Durability) -> OpenJournal:
        settings = SqliteSettings(use="sqlite", durability=durability, batch_events=7)

        def open_journal(context: Context) -> Journal:
            return plugin.open_journal(settings=settings, context=context)

        return open_journal


class TestControlStore(ControlStoreSuite):
    @pytest.fixture
    def open_control_store(self) -> OpenControlStore:
        settings = SqliteSettings(use="sqlite")

        def open_control_store(context: Context) -> ControlStore:
            return plugin.open_control_store(settings=settings, context=context)

        return open_control_store
