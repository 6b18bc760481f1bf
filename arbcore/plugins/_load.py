"""Loading: import what the config names, in its order, and register it; every failure is an error."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint

from pluggy import PluginManager
from stevedore.named import NamedExtensionManager

from arbcore.errors import PluginBroken, PluginIncompatible, PluginNotFound
from arbcore.hooks import KINDS
from arbcore.plugins._choose import choose
from arbcore.plugins._files import files_hash
from arbcore.plugins._find import Found, find
from arbcore.plugins._verify import hooks_implemented, new_manager, register

Wanted = tuple[str, str, str]
"""Kind, name, and where the config names it."""


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """A plugin that was imported, verified and registered.

    Attributes:
        kind: Name of the kind.
        name: Name in the config.
        distribution: Distribution that it came from.
        version: Version of the distribution.
        files: SHA-256 of the module files.
        hooks: Names of the hooks that it implements, sorted.
        plugin: The object itself.
        manager: The pluggy manager that it is registered on.
    """

    kind: str
    name: str
    distribution: str
    version: str
    files: str
    hooks: tuple[str, ...]
    plugin: object = field(repr=False)
    manager: PluginManager = field(repr=False)

    def __str__(self) -> str:
        return f"{self.kind}:{self.name} from {self.distribution} {self.version}"


class Plugins:
    """The loaded plugins of a config, in its order.

    Args:
        loaded: The plugins, none twice.
    """

    def __init__(self, loaded: Sequence[LoadedPlugin]) -> None:
        self._loaded = {(item.kind, item.name): item for item in loaded}

    def __iter__(self) -> Iterator[LoadedPlugin]:
        return iter(self._loaded.values())

    def get(self, kind: str, name: str) -> LoadedPlugin:
        """Return a loaded plugin.

        Raises:
            PluginNotFound: It was not among those wanted.
        """
        try:
            return self._loaded[kind, name]
        except KeyError:
            there = ", ".join(f"{item.kind}:{item.name}" for item in self) or "none"
            raise PluginNotFound(f"{kind}:{name} is not loaded; loaded are: {there}") from None

    def versions(self) -> dict[str, tuple[str, str, str]]:
        """Return distribution, version and hash of the module files by ``kind:name``, as run metadata holds them."""
        return {f"{item.kind}:{item.name}": (item.distribution, item.version, item.files) for item in self}


def load(wanted: Sequence[Wanted], allow: Mapping[str, str] | None = None) -> Plugins:
    """Import and register the plugins that a config names. All names are settled before anything is imported.

    Args:
        wanted: Kind, name and place in the config, in config order; one named twice is loaded once.
        allow: Distribution, or ``distribution==version``, by ``kind:name``; without any entry all are allowed.

    Raises:
        PluginError: One of them is missing, a duplicate, refused, broken, or not a plugin of its kind.
        ConfigurationError: `allow` can't be read.
    """
    found = find()
    chosen = {(kind, name): choose(found, kind, name, where, allow or {}) for kind, name, where in wanted}
    manager = new_manager()
    return Plugins([_load_one(manager, item) for item in chosen.values()])


def load_command(name: str) -> object:
    """Import what an entry of `arbcore.commands` offers; the command line checks that it is a command.

    Raises:
        PluginError: It is missing, a duplicate, or broken.
    """
    return _import(choose(find(), "command", name, f"arb {name}", {}))


def _load_one(manager: PluginManager, item: Found) -> LoadedPlugin:
    if KINDS[item.kind].hooks is None:
        raise PluginIncompatible(f"{item} is a command: it has no hooks and no place in a config")
    plugin = _import(item)
    register(manager, item, plugin)
    return LoadedPlugin(
        kind=item.kind,
        name=item.name,
        distribution=item.distribution,
        version=item.version,
        files=files_hash(item.origin, item.entry_point.module),
        hooks=hooks_implemented(manager, plugin),
        plugin=plugin,
        manager=manager,
    )


class _Accepted(NamedExtensionManager[object]):
    """Stevedore's loader of one accepted entry point.

    It is handed the entry point instead of looking into stevedore's cache, which forgets distributions and can be
    stale. One loader per plugin keeps the config's order across kinds and names the culprit of every failure.
    """

    def __init__(self, item: Found) -> None:
        self._entry_point = item.entry_point
        super().__init__(
            item.entry_point.group,
            [item.name],
            name_order=True,
            on_load_failure_callback=_raise_failure,
            on_missing_entrypoints_callback=_raise_missing,
        )

    def list_entry_points(self) -> list[EntryPoint]:
        """Return the accepted entry point."""
        return [self._entry_point]


def _raise_failure(_manager: object, _entry_point: EntryPoint, error: BaseException) -> None:
    raise error


def _raise_missing(names: Iterable[str]) -> None:
    raise PluginNotFound(f"not loaded: {', '.join(sorted(names))}")


def _import(item: Found) -> object:
    if os.environ.get("ARB_PLUGINS_TRACE") == "1":
        sys.stderr.write(f"arbcore loads {item} ({item.entry_point.value})\n")
    try:
        return _Accepted(item)[item.name].plugin
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # foreign code may raise anything, SystemExit included
        raise PluginBroken(
            f"{item} could not be imported: {error!r}",
            f"pip install --force-reinstall {item.distribution}, or report this to its author",
        ) from error
