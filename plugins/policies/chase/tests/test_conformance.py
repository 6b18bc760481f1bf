"""The leg policies against the conformance suite."""

from collections.abc import Callable, Mapping
from typing import ClassVar

import pytest

from arbcore.ports.policy import LegPolicy
from arbcore.testing.policy import LegPolicySuite
from arbcore_policy_chase import LegPolicyPlugin, cancel, chase, hold, reverse


class _Suite(LegPolicySuite):
    plugin: ClassVar[LegPolicyPlugin]
    options: ClassVar[Mapping[str, object]]

    @pytest.fixture
    def build(self) -> Callable[[], LegPolicy]:
        settings = self.plugin.settings_model().model_validate(self.options)
        return lambda: self.plugin.build_leg_policy(settings)


class TestCancel(_Suite):
    plugin = cancel
    options: ClassVar[Mapping[str, object]] = {"use": "cancel"}


class TestReverse(_Suite):
    plugin = reverse
    options: ClassVar[Mapping[str, object]] = {"use": "reverse"}


class TestChase(_Suite):
    plugin = chase
    options: ClassVar[Mapping[str, object]] = {"use": "chase"}


class TestChaseWithinAnAmount(_Suite):
    plugin = chase
    options: ClassVar[Mapping[str, object]] = {
        "use": "chase",
        "loss_cap_bps": None,
        "loss_cap": "12.5",
        "attempts": 6,
        "slippage_cap_bps": 60,
    }

    @pytest.fixture
    def slippage_cap_bps(self) -> float:
        return 60.0


class TestHold(_Suite):
    plugin = hold
    options: ClassVar[Mapping[str, object]] = {"use": "hold"}

    @pytest.fixture
    def patience_ns(self) -> int:
        return 30 * 10**9


class TestHoldThenChase(_Suite):
    plugin = hold
    options: ClassVar[Mapping[str, object]] = {
        "use": "hold",
        "deadline": "5s",
        "look": "5s",
        "then": {"use": "chase", "loss_cap_bps": 50},
    }

    @pytest.fixture
    def patience_ns(self) -> int:
        return 5 * 10**9


class TestHoldThenReverse(_Suite):
    plugin = hold
    options: ClassVar[Mapping[str, object]] = {"use": "hold", "deadline": "2s", "then": "reverse"}

    @pytest.fixture
    def patience_ns(self) -> int:
        return 2 * 10**9
