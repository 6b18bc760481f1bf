"""The standard tests of sinks."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from arbcore.context import Context
from arbcore.ports.journal import Sink
from arbcore.testing.sink import OpenSink, Received, SinkSuite
from arbcore_sink_jsonl import plugin
from arbcore_sink_jsonl.files import RotatingLines
from arbcore_sink_jsonl.settings import JsonlSettings


def sequences(folder: Path) -> Sequence[int]:
    current = folder / "store.jsonl"
    files = [*RotatingLines(current, 1, 0).numbered(), current]
    return [json.loads(line)["sequence"] for file in files for line in file.read_bytes().splitlines()]


class TestSink(SinkSuite):
    @pytest.fixture(params=[1, 2000, 2**20])
    def open_sink(self, request: pytest.FixtureRequest) -> OpenSink:
        settings = JsonlSettings(use="jsonl", max_bytes=request.param)

        def open_sink(context: Context) -> Sink:
            return plugin.open_sink(settings=settings, context=context)

        return open_sink

    @pytest.fixture
    def received(self) -> Received:
        return sequences
