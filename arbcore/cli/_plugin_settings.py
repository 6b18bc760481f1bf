"""The settings of a plugin as rows of a table: names, types with their choices, defaults as a config states them."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from arbcore.settings import SECRET_SOURCES, Duration, PluginSettings, Timestamp

_NAMED = {"duration": Duration, "time": Timestamp}
"""Types that have one name for people and several forms in JSON."""


def setting_rows(model: type[PluginSettings]) -> list[list[str]]:
    """Return name, type, default and meaning of every setting of a model."""
    schema = model.model_json_schema()
    shown = _Types(schema.get("$defs", {}))
    return [
        [name, shown.of(schema["properties"][name]), _default(field), field.description or ""]
        for name, field in model.model_fields.items()
    ]


def _default(field: FieldInfo) -> str:
    """Return a default as YAML, which JSON is part of: in the words that the config takes, such as "5s"."""
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True, validated_data={})
    return json.dumps(TypeAdapter(field.rebuild_annotation()).dump_python(default, mode="json"))


class _Types:
    """Puts the schema of a value into words.

    Args:
        definitions: The schemas that others refer to.
    """

    def __init__(self, definitions: Mapping[str, dict[str, Any]]) -> None:
        self._definitions = definitions
        self._named = {name: TypeAdapter(kind).json_schema() for name, kind in _NAMED.items()}
        self._amount = [each["type"] for each in TypeAdapter(Decimal).json_schema()["anyOf"]]

    def of(self, schema: Mapping[str, Any]) -> str:
        """Return the type that a schema describes, its choices by name."""
        schema = self._definitions.get(schema.get("$ref", "").rpartition("/")[2], schema)
        named = [name for name, known in self._named.items() if known.items() <= schema.items()]
        if named:
            return named[0]
        if "enum" in schema or "const" in schema:
            return " | ".join(map(str, schema.get("enum") or [schema["const"]]))
        if choices := schema.get("anyOf"):
            return self._any(choices)
        if schema.get("type") == "array":
            return f"list of {self.of(schema['items'])}" if "items" in schema else "list"
        return self._mapping(schema) if schema.get("type") == "object" else str(schema.get("type", "any"))

    def _any(self, choices: list[dict[str, Any]]) -> str:
        """Return all choices; an amount is a number to people, whether it is written as one or as text."""
        amount = [each.get("type") for each in choices[:2]] == self._amount
        listed = [choices[0], *choices[2:]] if amount else choices
        return " | ".join(dict.fromkeys(self.of(choice) for choice in listed))

    def _mapping(self, schema: Mapping[str, Any]) -> str:
        keys = schema.get("properties", {})
        if set(keys) == set(SECRET_SOURCES):
            return "secret"
        return f"{{{', '.join(keys)}}}" if keys else "mapping"
