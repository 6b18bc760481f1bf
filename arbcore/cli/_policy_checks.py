"""What `arb plugins check` looks at in an execution policy: trials of the suites, with bounds that fit any settings."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from arbcore.cli._plugin_checks import check_context, no_connections
from arbcore.errors import PluginBroken

if TYPE_CHECKING:
    from arbcore.plugins import LoadedPlugin
    from arbcore.ports.policy import LegPolicy, Slicer
    from arbcore.settings import PluginSettings

_PATIENCE_NS: Final = 3600 * 10**9
_SLIPPAGE_CAP_BPS: Final = 10_000.0
_MOST_PARTS: Final = 1000

_Policy = TypeVar("_Policy", "LegPolicy", "Slicer")


def leg_policy_seen(loaded: "LoadedPlugin", settings: "PluginSettings") -> str:
    """Show a policy gaps of every sort, and hold its plans to what any settings must keep."""
    from arbcore.hooks import PolicyHooks
    from arbcore.plugins import hooks_of

    def build() -> "LegPolicy":
        with no_connections(f"build_leg_policy of {loaded.name}"):
            hooks = hooks_of(loaded, PolicyHooks)
            return hooks.build_leg_policy(settings=settings, context=check_context(loaded, {}))

    return _seen(build, _wrong_with_policy, "conformance: LegPolicySuite")


def slicer_seen(loaded: "LoadedPlugin", settings: "PluginSettings") -> str:
    """Let a slicer cut entries, and hold the parts to what any settings must keep."""
    from arbcore.hooks import PolicyHooks
    from arbcore.plugins import hooks_of

    def build() -> "Slicer":
        with no_connections(f"build_slicer of {loaded.name}"):
            hooks = hooks_of(loaded, PolicyHooks)
            return hooks.build_slicer(settings=settings, context=check_context(loaded, {}))

    return _seen(build, _wrong_with_slicer, "conformance: SlicerSuite")


def _seen(build: Callable[[], _Policy], look: Callable[[Callable[[], _Policy]], Iterator[str]], suite: str) -> str:
    name = type(build()).__name__
    try:
        wrong = list(dict.fromkeys(look(build)))
    except Exception as error:
        raise PluginBroken(f"{name} raised {error!r}", f"answer whatever is asked; see docs: {suite}") from error
    if wrong:
        raise PluginBroken(f"{name} {'; '.join(wrong)}", f"see docs: {suite}")
    return name


def _wrong_with_policy(build: "Callable[[], LegPolicy]") -> Iterator[str]:
    from arbcore.testing import _policy_trial as trial

    for first in trial.some_gaps():
        course = trial.plans(build(), first, _PATIENCE_NS)
        for asked, plan in course:
            yield from trial.wrong_with_plan(asked, plan, slippage_cap_bps=_SLIPPAGE_CAP_BPS, freezes=True)
        yield from trial.wrong_with_plans(build(), first, _PATIENCE_NS)
        other = build()
        if trial.without_clock(other, partial(trial.plans, other, first, _PATIENCE_NS)) != course:
            yield "answers the same gaps differently another time"


def _wrong_with_slicer(build: "Callable[[], Slicer]") -> Iterator[str]:
    from arbcore.testing import _policy_trial as trial

    for depth in trial.some_depths():
        parts = build().slices(trial.entry(), depth, trial.START)
        yield from trial.wrong_with_slices(parts, trial.START, _MOST_PARTS)
        other = build()
        again = trial.without_clock(other, partial(other.slices, trial.entry(), depth, trial.START))
        if list(again) != list(parts):
            yield "cuts the same entry differently another time"
