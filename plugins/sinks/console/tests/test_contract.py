"""The standard tests of sinks, plain and coloured."""

import pytest

from arbcore.context import Context
from arbcore.ports.journal import Sink
from arbcore.testing.sink import OpenSink, SinkSuite
from arbcore_sink_console import plugin
from arbcore_sink_console.settings import ConsoleSettings, Group

EVERYTHING: tuple[Group, ...] = ("trades", "fills", "orders", "money", "alerts", "engine", "connections")


class TestSink(SinkSuite):
    @pytest.fixture(params=["never", "always"])
    def open_sink(self, request: pytest.FixtureRequest) -> OpenSink:
        settings = ConsoleSettings(use="console", color=request.param, show=EVERYTHING)

        def open_sink(context: Context) -> Sink:
            return plugin.open_sink(settings=settings, context=context)

        return open_sink
