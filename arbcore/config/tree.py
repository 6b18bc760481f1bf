"""Raw config trees: plain values, and where each of them was written."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from arbcore.settings import SECRET_SOURCES

KeyPath = tuple[str | int, ...]
"""Where a value lies: keys of mappings and places in lists."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was written.

    Attributes:
        kind: ``file``, ``environment``, ``flag``, or ``command`` for what a command itself stands for.
        text: File and line, variable, or flag, for people.
    """

    kind: Literal["file", "environment", "flag", "command"]
    text: str


@dataclass(frozen=True, slots=True)
class Tree:
    """Values by key, and the origin of every value in them, mappings and list elements included.

    Values are left out of its text: a secret may have been written among them by mistake.
    """

    values: dict[str, Any] = field(default_factory=dict, repr=False)
    origins: Mapping[KeyPath, Origin] = field(default_factory=dict)

    def origin(self, path: KeyPath) -> Origin | None:
        """Return where a value was written, else what it lies in, None where nothing of it was written."""
        known = (self.origins.get(path[:length]) for length in range(len(path), 0, -1))
        return next((origin for origin in known if origin), None)

    def get(self, path: KeyPath) -> Any:
        """Return the value at a path, None where there is none."""
        value: Any = self.values
        for key in path:
            inside = range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()
            if key not in inside:
                return None
            value = value[key]
        return value

    def where(self, path: KeyPath) -> str:
        """Return path and origin, for people: ``session.mode (arb.yaml:3)``."""
        origin = self.origin(path)
        return format_path(path) + (f" ({origin.text})" if origin else "")


def merge(low: Tree, high: Tree) -> Tree:
    """Return both trees as one: mappings mix key by key, anything else of the higher tree replaces the lower's.

    Two mappings that name different plugins, and two references to secrets, do not mix: the higher one replaces.
    """
    replaced: set[KeyPath] = set()
    values = _overlay(low.values, high.values, (), replaced)
    return Tree(values, {**high.origins, **_outside(low.origins, replaced)})


def remove(tree: Tree, path: KeyPath) -> Tree:
    """Return the tree without the value at a path of mapping keys."""
    return Tree(_prune(tree.values, path), dict(_outside(tree.origins, {path})))


def nest(path: KeyPath, value: Any) -> dict[str, Any]:
    """Return a value inside one mapping per key of a path."""
    for key in reversed(path):
        value = {key: value}
    nested: dict[str, Any] = value
    return nested


def format_path(path: KeyPath) -> str:
    """Return a path as people write it: ``strategies.premium.routes[0].spot``."""
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


def parse_path(text: str) -> KeyPath:
    """Return the path that `format_path` wrote."""
    parts = re.findall(r"\[(\d+)\]|([^.\[\]]+)", text)
    return tuple(int(place) if place else key for place, key in parts)


def leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield every value that holds no other, with its path."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list) and value:
        for place, inner in enumerate(value):
            yield from leaves(inner, (*path, place))
    else:
        yield path, value


def _overlay(low: Any, high: Any, path: KeyPath, replaced: set[KeyPath]) -> Any:
    if not (isinstance(low, dict) and isinstance(high, dict) and _mix(low, high)):
        replaced.add(path)
        return high
    merged = dict(low)
    for key, value in high.items():
        merged[key] = _overlay(low[key], value, (*path, key), replaced) if key in low else value
    return merged


def _mix(low: dict[str, Any], high: dict[str, Any]) -> bool:
    other_plugin = "use" in low and "use" in high and low["use"] != high["use"]
    return not other_plugin and not (_is_reference(low) and _is_reference(high))


def _is_reference(value: dict[str, Any]) -> bool:
    return len(value) == 1 and all(key in SECRET_SOURCES and isinstance(name, str) for key, name in value.items())


def _outside(origins: Mapping[KeyPath, Origin], removed: set[KeyPath]) -> Mapping[KeyPath, Origin]:
    def stays(path: KeyPath) -> bool:
        return not any(path[:length] in removed for length in range(len(path) + 1))

    return {path: origin for path, origin in origins.items() if stays(path)}


def _prune(values: dict[str, Any], path: KeyPath) -> dict[str, Any]:
    key, *rest = path
    if not rest:
        return {name: value for name, value in values.items() if name != key}
    return {name: _prune(value, tuple(rest)) if name == key else value for name, value in values.items()}
