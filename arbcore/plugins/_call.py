"""Calling: one plugin's hooks, typed, with one result of the stated type or an error that names the plugin."""

from collections.abc import Callable, Sequence
from functools import partial
from inspect import get_annotations, iscoroutine, isfunction, signature
from types import NoneType, UnionType
from typing import TypeVar, Union, cast, get_args, get_origin, get_type_hints

from arbcore.context import Context
from arbcore.errors import ArbcoreError, PluginBroken, PluginIncompatible
from arbcore.hooks import CommonHooks
from arbcore.plugins._load import LoadedPlugin
from arbcore.settings import PluginSettings

Hooks = TypeVar("Hooks")


def hooks_of(loaded: LoadedPlugin, specification: Callable[..., Hooks]) -> Hooks:
    """Return the hooks of one plugin, to be called as the specification types them.

        venue = hooks_of(loaded, ExchangeHooks).open_venue(settings=settings, context=context)

    A call reaches this plugin only, passes nothing but its arguments, and returns one result of the type that the
    specification states. It raises `PluginIncompatible` where the plugin does not implement the hook or returns
    something else, and `PluginBroken`, chained, where it raises; errors of `arbcore.errors` pass unchanged.

    Args:
        loaded: The plugin.
        specification: Class of hook specifications. Typed as a callable since mypy refuses protocols as `type[T]`.
    """
    return cast("Hooks", _Caller(loaded, cast("type[object]", specification)))


def implements(loaded: LoadedPlugin, hook: str) -> bool:
    """Tell whether a plugin implements a hook."""
    return hook in loaded.hooks


def settings_model_of(loaded: LoadedPlugin) -> type[PluginSettings]:
    """Return the model of a plugin's settings; the base, which takes no settings, where it states none."""
    if not implements(loaded, "settings_model"):
        return PluginSettings
    return hooks_of(loaded, CommonHooks).settings_model()


def session_started(instances: Sequence[tuple[LoadedPlugin, Context]]) -> list[ArbcoreError]:
    """Tell every instance that the session starts, in order; return the errors, which stop nothing."""
    return _tell("session_started", instances)


def session_stopped(instances: Sequence[tuple[LoadedPlugin, Context]]) -> list[ArbcoreError]:
    """Tell every instance that the session has stopped, in reverse order; return the errors, which stop nothing."""
    return _tell("session_stopped", instances[::-1])


def _tell(hook: str, instances: Sequence[tuple[LoadedPlugin, Context]]) -> list[ArbcoreError]:
    errors: list[ArbcoreError] = []
    for loaded, context in instances:
        if implements(loaded, hook):
            try:
                _call(loaded, CommonHooks, hook, context=context)
            except ArbcoreError as error:
                errors.append(error)
    return errors


class _Caller:
    """Stands for a plugin's hooks of one specification."""

    __slots__ = ("_loaded", "_specification")

    def __init__(self, loaded: LoadedPlugin, specification: type[object]) -> None:
        self._loaded = loaded
        self._specification = specification

    def __getattr__(self, hook: str) -> Callable[..., object]:
        if hook.startswith("_") or not hasattr(self._specification, hook):
            raise AttributeError(f"{self._specification.__name__} specifies no hook {hook!r}")
        return partial(_call, self._loaded, self._specification, hook)


def _call(loaded: LoadedPlugin, specification: type[object], hook: str, *args: object, **kwargs: object) -> object:
    if not implements(loaded, hook):
        raise PluginIncompatible(
            f"{loaded} does not implement {hook}; it implements {', '.join(loaded.hooks)}",
            "name a plugin in the config that does",
        )
    arguments = signature(getattr(specification, hook)).bind(None, *args, **kwargs).arguments
    arguments.pop("self")
    others = loaded.manager.get_plugins() - {loaded.plugin}
    caller = loaded.manager.subset_hook_caller(hook, others)
    expected = get_type_hints(getattr(specification, hook))["return"]
    try:
        results: list[object] = caller(**arguments)
        result = results[0] if results else None
        fits = len(results) <= 1 and _fits(result, expected)
    except (ArbcoreError, KeyboardInterrupt):
        raise
    except BaseException as error:  # foreign code may raise anything, SystemExit included
        raise PluginBroken(f"{loaded} failed in {hook}: {error!r}", "report this to its author") from error
    if not fits:
        raise _misfit(loaded, hook, result, expected)
    return result


def _fits(value: object, expected: object) -> bool:
    """Tell whether a value is of a type that a specification may state."""
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in {Union, UnionType}:
        return any(_fits(value, member) for member in arguments)
    if origin is type:
        return isinstance(value, type) and issubclass(value, arguments[0])
    if origin is Sequence:
        listed = isinstance(value, Sequence) and not isinstance(value, str | bytes)
        return listed and all(_fits(item, arguments[0]) for item in cast("Sequence[object]", value))
    # A class has the methods of its instances, so a protocol alone would take it for one.
    return not isinstance(value, type) and isinstance(value, cast("type", origin or expected))


def _misfit(loaded: LoadedPlugin, hook: str, result: object, expected: object) -> PluginIncompatible:
    wanted = getattr(expected, "__name__", None) if get_origin(expected) is None else str(expected)
    if iscoroutine(result):
        result.close()
        return PluginIncompatible(
            f"{loaded}: {hook} is async, and hooks are synchronous",
            f"write `def {hook}` and do the I/O where the returned {wanted} is entered",
        )
    missing = "" if isinstance(result, type | NoneType) else _missing_members(result, expected)
    shown = f"the class {result.__name__}" if isinstance(result, type) else f"{type(result).__name__}"
    return PluginIncompatible(f"{loaded}: {hook} returned {shown}, not {wanted}{missing}", f"return {wanted}")


def _is_member(member: object) -> bool:
    return isfunction(member) or isinstance(member, property)


def _missing_members(result: object, expected: object) -> str:
    if not getattr(expected, "_is_protocol", False):
        return ""
    stated = [
        *get_annotations(cast("type", expected)),
        *(name for name, member in vars(expected).items() if _is_member(member)),
    ]
    absent = [name for name in stated if not name.startswith("_") and not hasattr(result, name)]
    return f" (it lacks {', '.join(absent)})" if absent else ""
