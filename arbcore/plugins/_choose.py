"""Choosing: which found plugin a name in the config means, or a clear error. Nothing is imported."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from arbcore.errors import ConfigurationError, PluginDuplicate, PluginIncompatible, PluginNotFound, PluginRefused
from arbcore.hooks import KINDS
from arbcore.plugins._find import Found
from arbcore.plugins._range import kernel_version

_PIN = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:==\s*(\S+)\s*)?")


def choose(found: Sequence[Found], kind: str, name: str, where: str, allow: Mapping[str, str]) -> Found:
    """Return the one plugin that a name means and that may be loaded.

    Args:
        found: What `find` returned.
        kind: Name of the kind.
        name: Name of the plugin.
        where: Where the config names it, for errors.
        allow: Allowed plugins as `plugins.allow` states them; empty for no restriction.

    Raises:
        PluginNotFound: Nothing installed offers it.
        PluginDuplicate: Several entries offer it.
        PluginRefused: `plugins.allow` does not allow it.
        PluginIncompatible: Its distribution requires another kernel.
        ConfigurationError: `plugins.allow` can't be read.
    """
    offers = [item for item in found if (item.kind, item.name) == (kind, name)]
    if not offers:
        raise _not_found(found, kind, name, where)
    if len(offers) > 1:
        sources = " and ".join(f"{item.distribution} {item.version}" for item in offers)
        raise PluginDuplicate(
            f"{kind} plugin {name!r} is offered twice, by {sources}; asked for at {where}",
            f"uninstall one of them from {sys.prefix}",
        )
    _check_allowed(offers[0], where, allow)
    _check_kernel(offers[0], where)
    return offers[0]


def _not_found(found: Sequence[Found], kind: str, name: str, where: str) -> PluginNotFound:
    installed = sorted({item.name for item in found if item.kind == kind})
    others = sorted({item.kind for item in found if item.name == name})
    known = first_party().get(kind, {})
    near = get_close_matches(name, [*installed, *known], n=1)
    lines = [
        f"no {kind} plugin {name!r} is installed; asked for at {where}",
        f"  installed {kind} plugins: {', '.join(installed) or 'none'}",
        *([f"  {name!r} is installed as {', '.join(others)}"] if others else []),
        f"  searched: {sys.prefix}",
    ]
    if name in known:
        return PluginNotFound("\n".join(lines), f"pip install {known[name]}")
    if near:
        install = "" if near[0] in installed else f" (pip install {known[near[0]]})"
        return PluginNotFound("\n".join(lines), f"did you mean {near[0]!r}?{install}")
    return PluginNotFound("\n".join(lines), "correct the name, or install the distribution that offers it")


@cache
def first_party() -> Mapping[str, Mapping[str, str]]:
    """Return the distributions of this project's own plugins by kind and name, from the generated table."""
    table: dict[str, dict[str, str]] = json.loads(files("arbcore").joinpath("first_party.json").read_text("utf-8"))
    return table


def _check_allowed(item: Found, where: str, allow: Mapping[str, str]) -> None:
    pins = {key: _read_pin(key, pin) for key, pin in allow.items()}
    key = f"{item.kind}:{item.name}"
    if not pins:
        return
    line = f"{key}: {item.distribution}=={item.version}"
    if key not in pins:
        raise PluginRefused(f"{item} is not in plugins.allow; asked for at {where}", f"add `{line}` if you trust it")
    distribution, version = pins[key]
    if _normal(distribution) != _normal(item.distribution) or version not in {None, item.version}:
        raise PluginRefused(
            f"{item} is not what plugins.allow allows for {key}, which is {allow[key]}; asked for at {where}",
            f"install {allow[key]}, or change the entry to `{line}` if you trust it",
        )


def _read_pin(key: str, pin: str) -> tuple[str, str | None]:
    kind, _, name = key.partition(":")
    match = _PIN.fullmatch(pin)
    if kind not in KINDS or not name or match is None:
        raise ConfigurationError(
            f"plugins.allow: {key}: {pin} is not an entry; kinds are {', '.join(KINDS)}",
            "write `kind:name: distribution` or `kind:name: distribution==version`",
        )
    return match[1], match[2]


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _check_kernel(item: Found, where: str) -> None:
    if item.verdict == "unmet":
        raise PluginIncompatible(
            f"{item} requires arbcore{item.requires}, and {kernel_version()} runs; asked for at {where}",
            f"pip install --upgrade {item.distribution}, or install a kernel in that range",
        )
