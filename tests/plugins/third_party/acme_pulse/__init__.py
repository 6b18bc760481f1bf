"""A strategy by somebody else: it lives outside the kernel and touches nothing of it but the contract."""

from typing import TYPE_CHECKING

from arbcore.hooks import hookimpl

if TYPE_CHECKING:
    from arbcore.context import Context
    from arbcore.ports.strategy import Strategy

    from .rule import PulseSettings


class PulsePlugin:
    """The plugin ``pulse`` of kind ``strategy``."""

    api_version: int = 1

    @hookimpl
    def settings_model(self) -> "type[PulseSettings]":
        from .rule import PulseSettings

        return PulseSettings

    @hookimpl
    def build_strategy(self, settings: "PulseSettings", context: "Context") -> "Strategy":
        from .rule import Pulse

        return Pulse(settings, context.instance, context.base_currency)


plugin = PulsePlugin()
