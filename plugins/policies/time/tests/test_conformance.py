"""The slicers against the conformance suite."""

from collections.abc import Callable, Mapping
from typing import ClassVar

import pytest

from arbcore.ports.policy import Slicer
from arbcore.testing.policy import SlicerSuite
from arbcore_policy_time import SlicerPlugin, time, volume


class _Suite(SlicerSuite):
    plugin: ClassVar[SlicerPlugin]
    options: ClassVar[Mapping[str, object]]

    @pytest.fixture
    def build(self) -> Callable[[], Slicer]:
        settings = self.plugin.settings_model().model_validate(self.options)
        return lambda: self.plugin.build_slicer(settings)

    @pytest.fixture
    def most(self) -> int:
        return 20


class TestTime(_Suite):
    plugin = time
    options: ClassVar[Mapping[str, object]] = {"use": "time"}


class TestTimeWithLargeParts(_Suite):
    plugin = time
    options: ClassVar[Mapping[str, object]] = {"use": "time", "slices": 7, "span": "1h", "min_notional": 150}


class TestVolume(_Suite):
    plugin = volume
    options: ClassVar[Mapping[str, object]] = {"use": "volume"}


class TestVolumeSparingly(_Suite):
    plugin = volume
    options: ClassVar[Mapping[str, object]] = {
        "use": "volume",
        "offered_share": 0.05,
        "traded_share": 1,
        "slices": 13,
        "min_notional": 1000,
        "interval": "50ms",
        "span": "1m",
    }
