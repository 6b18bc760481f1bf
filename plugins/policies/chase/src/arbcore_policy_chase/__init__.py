"""Leg policies for arbcore: what becomes of an entry or exit whose legs filled differently."""

from typing import TYPE_CHECKING

from arbcore.hooks import hookimpl

if TYPE_CHECKING:
    from arbcore.ports.policy import LegPolicy
    from arbcore.settings import PluginSettings

__all__ = ["LegPolicyPlugin", "cancel", "chase", "hold", "reverse"]


class LegPolicyPlugin:
    """One of the four policies.

    Args:
        name: Name of the policy, as in the config.

    Attributes:
        api_version: Contract that it was written for.
    """

    api_version: int = 1

    def __init__(self, name: str) -> None:
        self._name = name

    @hookimpl
    def settings_model(self) -> "type[PluginSettings]":
        """Return the model of the settings."""
        from arbcore_policy_chase.settings import MODELS

        return MODELS[self._name]

    @hookimpl
    def build_leg_policy(self, settings: "PluginSettings") -> "LegPolicy":
        """Build one instance of the policy."""
        from arbcore_policy_chase.policies import build

        return build(settings)


cancel = LegPolicyPlugin("cancel")
reverse = LegPolicyPlugin("reverse")
chase = LegPolicyPlugin("chase")
hold = LegPolicyPlugin("hold")
