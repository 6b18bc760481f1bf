from collections.abc import Callable

import pytest

from arbcore.ports.fill import FillModel
from arbcore.testing.fill import FillModelSuite
from arbcore_fill_top import plugin
from arbcore_fill_top.model import TopFill
from arbcore_fill_top.settings import TopSettings


class TestTop(FillModelSuite):
    @pytest.fixture
    def build(self) -> Callable[[], FillModel]:
        return TopFill


def test_plugin_builds_the_model() -> None:
    assert plugin.settings_model() is TopSettings
    assert isinstance(plugin.build_fill_model(), TopFill)
    assert plugin.build_fill_model() is not plugin.build_fill_model()
