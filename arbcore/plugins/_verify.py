"""Registering: whether an imported object is a plugin of its kind, held to the hook specifications."""

from difflib import get_close_matches
from inspect import getattr_static, isclass, ismodule
from typing import Final

from pluggy import PluginManager, PluginValidationError

from arbcore._deprecated import warn_older_api
from arbcore.errors import PluginBroken, PluginIncompatible
from arbcore.hooks import API_VERSION, KINDS, MIN_API, PROJECT, AllHooks
from arbcore.plugins._find import Found


def new_manager() -> PluginManager:
    """Return an empty pluggy manager that knows every specification.

    It knows those of all kinds, since one object may serve several: pluggy registers an object once.
    """
    manager = PluginManager(PROJECT)
    manager.add_hookspecs(AllHooks)
    return manager


HOOK_NAMES: Final = tuple(vars(new_manager().hook))
"""Names of all hooks."""


def register(manager: PluginManager, item: Found, plugin: object) -> None:
    """Register an object on a manager as a plugin of its kind.

    Raises:
        PluginIncompatible: It is a class or a module, speaks another contract, has an unknown or unmarked hook,
            takes arguments that a hook does not have, or lacks a hook that its kind needs.
        PluginBroken: Looking at it raised.
    """
    _check_instance(item, plugin)
    _check_api(item, plugin)
    _check_identity(item, plugin)
    try:
        if not any(plugin is other for other in manager.get_plugins()):
            manager.register(plugin, name=str(item))
        manager.check_pending()
        implemented = hooks_implemented(manager, plugin)
    except PluginValidationError as error:
        raise _invalid(manager, item, plugin, error) from error
    except Exception as error:
        raise PluginBroken(f"{item} could not be registered: {error!r}", "report this to its author") from error
    _check_markers(item, plugin, implemented)
    _check_required(item, implemented)


def hooks_implemented(manager: PluginManager, plugin: object) -> tuple[str, ...]:
    """Return the names of the hooks that a registered plugin implements, sorted."""
    callers = manager.get_hookcallers(plugin) or []
    return tuple(sorted(caller.name for caller in callers if caller.has_spec()))


def _check_instance(item: Found, plugin: object) -> None:
    target = item.entry_point.value
    if isclass(plugin):
        raise PluginIncompatible(
            f"{item}: {target} is a class, and a plugin is an instance",
            f"write `plugin = {plugin.__name__}()` in the module and let the entry point name `plugin`",
        )
    if ismodule(plugin):
        raise PluginIncompatible(
            f"{item}: {target} is a module, and a plugin is an instance",
            "let the entry point name the instance: `module:plugin`",
        )


def _check_api(item: Found, plugin: object) -> None:
    # Static: a look must not run a property of foreign code.
    declared = getattr_static(plugin, "api_version", None)
    if not isinstance(declared, int) or isinstance(declared, bool):
        raise PluginIncompatible(
            f"{item} does not declare which contract it speaks",
            f"write `api_version: int = {API_VERSION}` in its class",
        )
    if declared > API_VERSION:
        raise PluginIncompatible(
            f"{item} is too new: it speaks api_version {declared}, this kernel {MIN_API} to {API_VERSION}",
            "pip install --upgrade arbcore, or install an older version of the plugin",
        )
    if declared < MIN_API:
        raise PluginIncompatible(
            f"{item} is too old: it speaks api_version {declared}, this kernel {MIN_API} to {API_VERSION}",
            f"pip install --upgrade {item.distribution}",
        )
    if declared < API_VERSION:
        warn_older_api(str(item), declared, API_VERSION)


def _check_identity(item: Found, plugin: object) -> None:
    if type(plugin).__eq__ is not object.__eq__:
        raise PluginIncompatible(
            f"{item} defines equality, and plugins are told apart by identity",
            "remove `__eq__` from its class (a dataclass: `eq=False`)",
        )


def _invalid(manager: PluginManager, item: Found, plugin: object, error: PluginValidationError) -> PluginIncompatible:
    unknown = [caller.name for caller in manager.get_hookcallers(plugin) or [] if not caller.has_spec()]
    if not unknown:
        return PluginIncompatible(f"{item} does not fit the specification: {error}", "see docs/plugins/hooks.md")
    near = get_close_matches(unknown[0], HOOK_NAMES, n=1)
    fix = f"did you mean {near[0]!r}?" if near else "see docs/plugins/hooks.md for the hooks there are"
    return PluginIncompatible(f"{item} implements {unknown[0]!r}, and there is no such hook", fix)


def _check_markers(item: Found, plugin: object, implemented: tuple[str, ...]) -> None:
    absent = object()
    for hook in HOOK_NAMES:
        if hook not in implemented and getattr_static(plugin, hook, absent) is not absent:
            raise PluginIncompatible(
                f"{item} has {hook!r}, the name of a hook, without the marker: it would never be called",
                "put `@hookimpl` (from arbcore.hooks) on the method, or rename it",
            )


def _check_required(item: Found, implemented: tuple[str, ...]) -> None:
    for alternatives in KINDS[item.kind].required:
        if not set(alternatives) & set(implemented):
            raise PluginIncompatible(
                f"{item} implements {', '.join(implemented) or 'no hook'}, and a plugin of kind {item.kind} needs "
                f"{' or '.join(alternatives)}",
                _other_kinds(implemented) or f"implement {' or '.join(alternatives)}",
            )


def _other_kinds(implemented: tuple[str, ...]) -> str:
    fitting = [
        kind
        for kind in KINDS.values()
        if kind.required and all(set(group) & set(implemented) for group in kind.required)
    ]
    places = " or ".join(f"{kind.group} (kind {kind.name})" for kind in fitting)
    return f"it is of another kind: its entry point belongs in {places}" if places else ""
