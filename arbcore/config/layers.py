"""Merging: files in order, environment, flags. No plugin is needed for it and none is loaded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from arbcore.config.files import parse_value, read_file
from arbcore.config.findings import nearest_or_all
from arbcore.config.sections import INSTANCE_SECTIONS
from arbcore.config.tree import KeyPath, Origin, Tree, format_path, merge, nest, remove
from arbcore.errors import ConfigurationError, SafetyError

ENV_PREFIX = "ARB__"
"""Prefix of environment variables that set config values: ``ARB__SECTION__KEY``."""

_LIVE: Mapping[KeyPath, tuple[object, tuple[str, ...]]] = {
    ("session", "mode"): ("live", ("file", "command")),
    ("live", "enabled"): (True, ("file",)),
}
"""Values that turn paper into live, and who alone may state them: two deliberate acts in two places."""


@dataclass(frozen=True, slots=True)
class Override:
    """One change from the command line.

    Attributes:
        tree: What it sets; empty for a removal.
        removes: Id (or ``section.id``) of the instance that it removes; empty where it sets.
    """

    tree: Tree
    removes: str = ""

    @classmethod
    def assign(cls, text: str, flag: str = "--set") -> Self:
        """Return the override of ``key.path=value``, the value in YAML.

        Raises:
            ConfigurationError: There is no ``=``, or the value is not YAML.
        """
        key, sign, value = text.partition("=")
        path = tuple(key.strip().split("."))
        if not sign or not all(path):
            raise ConfigurationError(f"{flag} {text}: not of the form section.key=value")
        return cls(parse_value(value, Origin("flag", f"{flag} {key.strip()}"), path))

    @classmethod
    def use(cls, section: str, text: str, flag: str) -> Self:
        """Return the override that adds ``[ID=]NAME`` to a section; the id is the name where none is given."""
        identity, _, name = text.rpartition("=")
        path = (section, identity or name.replace("-", "_"))
        origin = Origin("flag", f"{flag} {text}")
        return cls(Tree(nest(path, {"use": name}), {path: origin, (*path, "use"): origin}))

    @classmethod
    def without(cls, identity: str) -> Self:
        """Return the override that removes an instance, named by id or by ``section.id``."""
        return cls(Tree(), removes=identity)

    @classmethod
    def mode(cls, mode: str, flag: str) -> Self:
        """Return the override by which a command states its own mode; it alone of all flags may say ``live``."""
        path = ("session", "mode")
        return cls(Tree(nest(path, mode), {path: Origin("command", flag)}))


@dataclass(frozen=True, slots=True)
class RawConfig(Tree):
    """A merged config before any plugin was asked about it.

    Attributes:
        files: The files that were read, in order.
        folder: The project's folder, from which relative paths count: that of the first file.
    """

    files: tuple[Path, ...] = ()
    folder: Path = Path()


def load(
    files: Sequence[Path], env: Mapping[str, str], overrides: Iterable[Override] = (), folder: Path | None = None
) -> RawConfig:
    """Return files, environment and flags as one raw config; each later one wins.

    Args:
        files: YAML or TOML files, in order.
        env: Environment variables; those named ``ARB__SECTION__KEY`` are taken, in the order of their names.
        overrides: Changes from the command line, in order.
        folder: The project's folder; None for that of the first file.

    Raises:
        ConfigurationError: A file, variable or flag is malformed, or a removed instance is not there.
        SafetyError: Environment or flags would turn paper into live.
    """
    tree = Tree()
    for file in files:
        tree = merge(tree, read_file(file))
    for name in sorted(name for name in env if name.startswith(ENV_PREFIX)):
        tree = merge(tree, _variable(name, env[name], tree))
    for override in overrides:
        tree = _remove(tree, override) if override.removes else merge(tree, override.tree)
    _refuse_quiet_live(tree)
    home = files[0].parent if files else Path()
    return RawConfig(tree.values, tree.origins, tuple(files), home if folder is None else folder)


def _variable(name: str, value: str, below: Tree) -> Tree:
    parts = name.removeprefix(ENV_PREFIX).split("__")
    if not all(parts):
        raise ConfigurationError(f"environment variable {name}: not of the form ARB__SECTION__KEY")
    path: tuple[str, ...] = ()
    for part in parts:
        there = below.get(path)
        # Variables are upper case by habit, currencies by nature: a key that is already there decides.
        same = [key for key in there if key.lower() == part.lower()] if isinstance(there, dict) else []
        path = (*path, same[0] if same else part.lower())
    return parse_value(value, Origin("environment", name), path)


def _remove(tree: Tree, override: Override) -> Tree:
    places = {format_path(path): path for path in _instance_paths(tree)}
    wanted = override.removes
    found = [path for text, path in places.items() if wanted in {text, path[-1]}]
    if len(found) > 1:
        listed = ", ".join(format_path(path) for path in found)
        raise ConfigurationError(f"--without {wanted}: several instances have this id", f"write one of {listed}")
    if not found:
        known = [str(path[-1]) for path in places.values()]
        raise ConfigurationError(f"--without {wanted}: no such instance{nearest_or_all(wanted, known)}")
    return remove(tree, found[0])


def _instance_paths(tree: Tree) -> list[KeyPath]:
    paths: list[KeyPath] = []
    for section in INSTANCE_SECTIONS.values():
        body = tree.values.get(section.name)
        if section.single and body is not None:
            paths.append((section.name,))
        elif isinstance(body, dict) and not section.single:
            paths.extend((section.name, identity) for identity in body)
    return paths


def _refuse_quiet_live(tree: Tree) -> None:
    for path, (value, kinds) in _LIVE.items():
        origin = tree.origin(path)
        if tree.get(path) == value and origin and origin.kind not in kinds:
            raise SafetyError(
                f"{tree.where(path)}: live trading is not switched on from here",
                "`live.enabled: true` belongs into a config file, and the command's own flag sets the mode",
            )
