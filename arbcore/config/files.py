"""Reading config files: YAML 1.2 with the line of every value, and TOML."""

import math
import tomllib
import warnings
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from arbcore.config.tree import KeyPath, Origin, Tree
from arbcore.errors import ConfigurationError

OriginAt = Callable[[int], Origin]
"""Gives the origin of what starts on a line (from 1)."""

_TAG = "tag:yaml.org,2002:"
_KNOWN_TAGS = frozenset(
    _TAG + name for name in ("null", "bool", "int", "float", "str", "timestamp", "merge", "map", "seq")
)


def read_file(path: Path) -> Tree:
    """Return what a YAML or TOML file holds.

    Raises:
        ConfigurationError: It can't be read, is neither, is malformed, names a key twice, or is no mapping.
    """
    if path.suffix not in {".yaml", ".yml", ".toml"}:
        raise ConfigurationError(f"{path}: a config is a .yaml, .yml or .toml file")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or error
        raise ConfigurationError(f"{path}: {reason}", "name a config file, or make a project with `arb init`") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: not UTF-8 text") from None
    return _read_toml(text, path) if path.suffix == ".toml" else _read_yaml(text, path)


def parse_value(text: str, origin: Origin, path: KeyPath) -> Tree:
    """Return the tree that holds one YAML value, as flags and environment variables give it, at a path.

    Raises:
        ConfigurationError: The text is not YAML.
    """
    reader = _YamlReader(origin.text, lambda line: origin)
    value = reader.read(text, path)
    for key in reversed(path):
        value = {key: value}
    return Tree(value, reader.origins)


def _read_yaml(text: str, path: Path) -> Tree:
    reader = _YamlReader(str(path), lambda line: Origin("file", f"{path}:{line}"))
    values = reader.read(text, ())
    if values is None:
        return Tree()
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path}:1: a config is a mapping of sections, such as `session:`")
    return Tree(values, reader.origins)


def _read_toml(text: str, path: Path) -> Tree:
    try:
        values = tomllib.loads(text, parse_float=_number)
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
    origins: dict[KeyPath, Origin] = {}
    return Tree(_plain(values, (), Origin("file", str(path)), origins), origins)


def _plain(value: Any, path: KeyPath, origin: Origin, origins: dict[KeyPath, Origin]) -> Any:
    origins[path] = origin
    if isinstance(value, dict):
        return {key: _plain(inner, (*path, key), origin, origins) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, (*path, place), origin, origins) for place, inner in enumerate(value)]
    return value.isoformat() if isinstance(value, date | time) else value


def _number(text: str) -> float | str:
    """Return a number; as text where a float would not hold all of its digits.

    Raises:
        ValueError: It is not finite.
    """
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a finite number")
    return value if Decimal(repr(value)) == Decimal(text) else text


class _YamlReader:
    """Turns nodes into values. Only plain YAML: no tags, no merge keys, and text stays text (``NO``, ``12:30``)."""

    def __init__(self, name: str, origin_at: OriginAt) -> None:
        self.origins: dict[KeyPath, Origin] = {}
        self._name = name
        self._origin_at = origin_at
        self._open: list[Node] = []

    def read(self, text: str, path: KeyPath) -> Any:
        """Return the value that the text states."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", ReusedAnchorWarning)
                node = YAML(typ="safe", pure=True).compose(text)
        except ReusedAnchorWarning:
            raise self._error(1, "an anchor (&name) is there twice") from None
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise self._error(line, f"not YAML: {error.problem}") from None
        except (YAMLError, RecursionError):
            raise self._error(1, "not YAML: a forbidden character, or nested too deeply") from None
        self.origins[path] = self._origin_at(1)
        return None if node is None else self._value(node, path)

    def _value(self, node: Node, path: KeyPath) -> Any:
        line = node.start_mark.line + 1
        self.origins.setdefault(path, self._origin_at(line))
        if node.tag not in _KNOWN_TAGS:
            raise self._error(line, f"the tag {node.tag} is not allowed in a config")
        if any(node is outer for outer in self._open):
            raise self._error(line, "an alias inside of what it stands for")
        if isinstance(node, ScalarNode):
            return self._scalar(node, line)
        self._open.append(node)
        value = self._mapping(node.value, path) if isinstance(node, MappingNode) else self._sequence(node.value, path)
        self._open.pop()
        return value

    def _sequence(self, nodes: list[Node], path: KeyPath) -> list[Any]:
        return [self._value(inner, (*path, place)) for place, inner in enumerate(nodes)]

    def _mapping(self, pairs: list[tuple[Node, Node]], path: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, inner in pairs:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode) or key_node.tag == _TAG + "merge":
                raise self._error(line, "a key must be plain text (merge keys are not YAML 1.2)")
            key = str(key_node.value)
            if key in values:
                raise self._error(line, f"the key {key!r} is there twice, first at {self._first(path, key)}")
            self.origins[(*path, key)] = self._origin_at(line)
            values[key] = self._value(inner, (*path, key))
        return values

    def _scalar(self, node: ScalarNode, line: int) -> Any:
        text, kind = str(node.value), str(node.tag).removeprefix(_TAG)
        digits = text.replace("_", "")
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in {"true", "false"}:
            return text.lower() == "true"
        try:
            if kind == "int":
                return int(digits) if digits.lstrip("+-").isdecimal() else int(digits, 0)
            if kind == "float":
                return _number(digits.replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError as error:
            if kind == "float":
                raise self._error(line, str(error)) from None
        return text

    def _first(self, path: KeyPath, key: str) -> str:
        return self.origins[(*path, key)].text

    def _error(self, line: int, what: str) -> ConfigurationError:
        return ConfigurationError(f"{self._origin_at(line).text}: {what}")
