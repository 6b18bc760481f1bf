"""The kinds of plugin: where each is found, where the config names it, and what it must implement."""

from dataclasses import dataclass
from typing import Final, Protocol

from arbcore.hooks.alerting import NotifierHooks
from arbcore.hooks.common import CommonHooks
from arbcore.hooks.exchange import ExchangeHooks, RateHooks
from arbcore.hooks.fill import FillHooks
from arbcore.hooks.persistence import SinkHooks
from arbcore.hooks.risk import RiskHooks
from arbcore.hooks.strategy import PolicyHooks, StrategyHooks
from arbcore.hooks.tuning import ExecutorHooks, SearchHooks


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of plugin.

    Attributes:
        name: Name of the kind.
        group: Entry-point group in which distributions offer it.
        section: Section of the config that names its instances; empty for commands.
        hooks: Class of its hook specifications; None for commands, which are click commands and no plugin objects.
        required: Groups of hooks; of each group a plugin implements at least one.
    """

    name: str
    group: str
    section: str
    hooks: type[object] | None
    required: tuple[tuple[str, ...], ...] = ()


_ALL: Final = (
    Kind("exchange", "arbcore.exchanges", "exchanges", ExchangeHooks, (("capabilities",),)),
    Kind("strategy", "arbcore.strategies", "strategies", StrategyHooks, (("build_strategy",),)),
    Kind("fill", "arbcore.fills", "fills", FillHooks, (("build_fill_model", "build_latency_model"),)),
    Kind("risk", "arbcore.risk", "risk", RiskHooks, (("build_risk_tier",),)),
    Kind("sink", "arbcore.sinks", "sinks", SinkHooks, (("open_journal", "open_control_store", "open_sink"),)),
    Kind(
        "notifier",
        "arbcore.notifiers",
        "notifiers",
        NotifierHooks,
        (("build_notifier", "alert_rules", "open_control"),),
    ),
    Kind("search", "arbcore.searches", "searches", SearchHooks, (("build_search",),)),
    Kind("executor", "arbcore.executors", "executors", ExecutorHooks, (("build_executor",),)),
    Kind("policy", "arbcore.policies", "policies", PolicyHooks, (("build_leg_policy", "build_slicer"),)),
    Kind("rate", "arbcore.rates", "rates", RateHooks, (("open_rate_source",),)),
    Kind("command", "arbcore.commands", "", None),
)

KINDS: Final = {kind.name: kind for kind in _ALL}
"""Every kind by its name."""


class AllHooks(
    ExchangeHooks,
    StrategyHooks,
    FillHooks,
    RiskHooks,
    SinkHooks,
    NotifierHooks,
    SearchHooks,
    ExecutorHooks,
    PolicyHooks,
    CommonHooks,
    Protocol,
):
    """Every specification, so that one object may serve several kinds. Names are unique among kinds."""
