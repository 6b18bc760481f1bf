"""Hooks: the contract between the kernel and its plugins. They assemble a session; nothing calls them while it runs.

A plugin is an instance, offered by an entry point, that declares the contract it was written for and marks what it
implements:

    class MyPlugin:
        api_version: int = 1

        @hookimpl
        def build_strategy(self, settings: MySettings, context: Context) -> Strategy: ...

    plugin = MyPlugin()

An implementation may leave out arguments that it does not need. Hooks marked provisional have no second
implementation yet and may change in a minor version.
"""

from arbcore.hooks._markers import API_VERSION, MIN_API, PROJECT, hookimpl, hookspec
from arbcore.hooks.alerting import NotifierHooks
from arbcore.hooks.common import CommonHooks
from arbcore.hooks.exchange import ExchangeHooks, RateHooks
from arbcore.hooks.fill import FillHooks
from arbcore.hooks.kinds import KINDS, AllHooks, Kind
from arbcore.hooks.persistence import SinkHooks
from arbcore.hooks.risk import RiskHooks
from arbcore.hooks.strategy import PolicyHooks, StrategyHooks
from arbcore.hooks.tuning import ExecutorHooks, SearchHooks

__all__ = [
    "API_VERSION",
    "KINDS",
    "MIN_API",
    "PROJECT",
    "AllHooks",
    "CommonHooks",
    "ExchangeHooks",
    "ExecutorHooks",
    "FillHooks",
    "Kind",
    "NotifierHooks",
    "PolicyHooks",
    "RateHooks",
    "RiskHooks",
    "SearchHooks",
    "SinkHooks",
    "StrategyHooks",
    "hookimpl",
    "hookspec",
]
