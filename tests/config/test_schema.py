"""The JSON schema for editors: it accepts what validation accepts and marks what it would refuse."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from arbcore.config import RawConfig, SettingsLookup, json_schema, load
from arbcore.settings import PluginSettings
from arbcore.templates import FOLDER

Models = Mapping[tuple[str, str], type[PluginSettings]]
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def faults(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], path: str = "") -> list[str]:
    """Return where a value breaks a schema: the part of JSON Schema that our schemas use, refusing any other."""
    found: list[str] = []
    for keyword, rule in schema.items():
        if keyword in _CHECKS:
            found += [f"{path}: {fault}" for fault in _CHECKS[keyword](value, rule)]
        elif keyword in _BRANCHES:
            found += _BRANCHES[keyword](value, rule, schema, root, path)
        else:
            assert keyword in _ANNOTATIONS, keyword
    return found


def _typed(value: Any, rule: str) -> list[str]:
    fits = isinstance(value, _TYPES[rule]) and (rule == "boolean" or not isinstance(value, bool))
    return [] if fits else [f"not {rule}"]


def _bound(refuses: Callable[[Any, Any], bool]) -> Callable[[Any, Any], list[str]]:
    return lambda value, rule: [f"bound {rule}"] if isinstance(value, int | float) and refuses(value, rule) else []


_CHECKS: Mapping[str, Callable[[Any, Any], list[str]]] = {
    "type": _typed,
    "enum": lambda value, rule: [] if value in rule else [f"not one of {rule}"],
    "const": lambda value, rule: [] if value == rule else [f"not {rule}"],
    "pattern": lambda value, rule: [] if not isinstance(value, str) or re.search(rule, value) else [f"not {rule}"],
    "required": lambda value, rule: [f"misses {key}" for key in rule if isinstance(value, dict) and key not in value],
    "minLength": lambda value, rule: ["short"] if isinstance(value, str) and len(value) < rule else [],
    "minItems": lambda value, rule: ["few"] if isinstance(value, list) and len(value) < rule else [],
    "minProperties": lambda value, rule: ["few"] if isinstance(value, dict) and len(value) < rule else [],
    "maxProperties": lambda value, rule: ["many"] if isinstance(value, dict) and len(value) > rule else [],
    "minimum": _bound(lambda value, rule: value < rule),
    "maximum": _bound(lambda value, rule: value > rule),
    "exclusiveMinimum": _bound(lambda value, rule: value <= rule),
    "exclusiveMaximum": _bound(lambda value, rule: value >= rule),
}
_ANNOTATIONS = {"title", "description", "default", "examples", "then", "$schema", "$defs", "properties"}

Branch = Callable[[Any, Any, Mapping[str, Any], Mapping[str, Any], str], list[str]]


def _refer(value: Any, rule: Any, schema: Mapping[str, Any], root: Mapping[str, Any], path: str) -> list[str]:
    return faults(value, root["$defs"][rule.removeprefix("#/$defs/")], root, path)


def _keys(value: Any, rule: Any, schema: Mapping[str, Any], root: Mapping[str, Any], path: str) -> list[str]:
    known = schema.get("properties", {})
    others = [key for key in value if key not in known] if isinstance(value, dict) else []
    if rule is False:
        return [f"{path}.{key}: unknown" for key in others]
    return [fault for key in others if rule is not True for fault in faults(value[key], rule, root, f"{path}.{key}")]


def _properties(value: Any, rule: Any, schema: Mapping[str, Any], root: Mapping[str, Any], path: str) -> list[str]:
    there = rule.keys() & value.keys() if isinstance(value, dict) else ()
    return [fault for key in sorted(there) for fault in faults(value[key], rule[key], root, f"{path}.{key}")]


_BRANCHES: Mapping[str, Branch] = {
    "$ref": _refer,
    "properties": _properties,
    "additionalProperties": _keys,
    "propertyNames": lambda value, rule, schema, root, path: [
        fault for key in value for fault in faults(key, rule, root, f"{path}.{key}")
    ],
    "items": lambda value, rule, schema, root, path: [
        fault for place, inner in enumerate(value) for fault in faults(inner, rule, root, f"{path}[{place}]")
    ],
    "anyOf": lambda value, rule, schema, root, path: (
        [] if any(not faults(value, one, root, path) for one in rule) else [f"{path}: fits none"]
    ),
    "allOf": lambda value, rule, schema, root, path: [
        fault for one in rule for fault in faults(value, one, root, path)
    ],
    "not": lambda value, rule, schema, root, path: [] if faults(value, rule, root, path) else [f"{path}: forbidden"],
    "if": lambda value, rule, schema, root, path: (
        [] if faults(value, rule, root, path) else faults(value, schema["then"], root, path)
    ),
}


def test_a_config_that_is_right_fits(raw_of: Callable[..., RawConfig], models: Models) -> None:
    schema = json_schema(models)
    json.dumps(schema)
    assert faults(raw_of().values, schema, schema) == []
    assert faults(raw_of("rates.own={max_age: 7d}").values, schema, schema) == []


@pytest.mark.parametrize(
    ("assigned", "fault"),
    [
        ("sesion.name=x", ".sesion: unknown"),
        ("session.nam=x", ".session.nam: unknown"),
        ("session.mode=papr", ".session.mode: not one of ['backtest', 'paper', 'live']"),
        ("strategies.main.enter_bp=1", ".strategies.main.enter_bp: unknown"),
        ("strategies.main.routes=[{buy: left, sell: right}]", ".strategies.main.routes[0]: misses symbols"),
        ("strategies.main.use=ruel", ".strategies.main.use: not one of ['rule']"),
        ("strategies.other={enter_bps: 1}", ".strategies.other: misses use"),
        ("strategies.Main={use: rule, routes: [], enter_bps: 1}", ".strategies.Main: not ^[a-z][a-z0-9_]*$"),
        ("strategies.main.window=5 sec", ".strategies.main.window: fits none"),
        ("exchanges.right.api_key=literal", ".exchanges.right.api_key: fits none"),
        ("rates.own={market: x}", ".rates.own.market: unknown"),
        ("paper.fill=5", ".paper.fill: not string"),
        ("schema_version=2", ".schema_version: not 1"),
    ],
)
def test_an_editor_marks_what_validation_refuses(
    raw_of: Callable[..., RawConfig], models: Models, assigned: str, fault: str
) -> None:
    schema = json_schema(models)
    found = faults(raw_of(assigned).values, schema, schema)
    assert any(one.startswith(fault) for one in found), found


def test_kernel_keys_are_legal_beside_a_plugins_own(models: Models) -> None:
    definition = json_schema(models)["$defs"]["exchanges.venue"]
    assert {"use", "order", "allot", "product", "api_key"} <= set(definition["properties"])
    assert definition["additionalProperties"] is False


def test_the_template_fits_the_schema_of_its_plugins(tmp_path: Path) -> None:
    from arbcore.config import wanted
    from arbcore.plugins import load as load_plugins
    from arbcore.plugins import settings_model_of

    raw = load([FOLDER / "arb.yaml"], {}, folder=tmp_path)
    plugins = load_plugins(wanted(raw))
    schema = json_schema({(item.kind, item.name): settings_model_of(item) for item in plugins})
    assert faults(raw.values, schema, schema) == []


def test_an_empty_lookup_still_describes_the_kernel(settings_model: SettingsLookup) -> None:
    schema = json_schema({})
    assert faults({"schema_version": 1, "risk": {"a": {"use": "anything"}}}, schema, schema) == []
    assert faults({"schema_version": 1, "risk": {"a": {}}}, schema, schema) == [".risk.a: misses use"]
