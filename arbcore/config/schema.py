"""The JSON schema of a config, for editors: the kernel's sections and the settings models of plugins."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from arbcore.config.sections import INSTANCE_SECTIONS, KERNEL_SECTIONS, SCHEMA_VERSION, InstanceSection
from arbcore.settings import INSTANCE_ID, PluginSettings

Models = Mapping[tuple[str, str], type[PluginSettings]]
"""Settings models by kind and name of the plugin."""


def json_schema(models: Models) -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a config that may name the given plugins."""
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {"schema_version": {"const": SCHEMA_VERSION}}
    for name, model in KERNEL_SECTIONS.items():
        properties[name] = _refer(name, model, definitions)
    for section in INSTANCE_SECTIONS.values():
        one = _instance(section, models, definitions)
        many = {"type": "object", "propertyNames": {"pattern": INSTANCE_ID}, "additionalProperties": one}
        properties[section.name] = one if section.single else many
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "arbcore config",
        "type": "object",
        "properties": properties,
        "required": ["schema_version"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _instance(section: InstanceSection, models: Models, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of one instance: `use` decides which plugin's keys are legal beside the kernel's."""
    names = sorted(name for kind, name in models if kind == section.kind)
    branches = []
    for name in names:
        label = f"{section.name}.{name}"
        reference = _refer(label, models[section.kind, name], definitions)
        _merge_keys(section, definitions[label])
        branches.append({"if": {"properties": {"use": {"const": name}}, "required": ["use"]}, "then": reference})
    if not section.keys.model_fields["use"].is_required():
        unnamed = _refer(section.name, section.keys, definitions)
        branches.append({"if": {"not": {"required": ["use"]}}, "then": unnamed})
    use: dict[str, Any] = {"type": "string", "enum": names} if names else {"type": "string"}
    required = ["use"] if section.keys.model_fields["use"].is_required() else []
    return {"type": "object", "properties": {"use": use}, "required": required, "allOf": branches}


def _merge_keys(section: InstanceSection, schema: dict[str, Any]) -> None:
    kernel = section.keys.model_json_schema(mode="validation")
    schema["properties"] = {**schema["properties"], **kernel["properties"]}
    required = [*schema.get("required", ()), *kernel.get("required", ())]
    schema["required"] = sorted(set(required))


def _refer(label: str, model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, str]:
    """Put a model and the models inside of it among the definitions; return the reference to it."""
    schema = model.model_json_schema(ref_template=f"#/$defs/{label}.{{model}}")
    for inner, definition in schema.pop("$defs", {}).items():
        definitions[f"{label}.{inner}"] = definition
    definitions[label] = schema
    return {"$ref": f"#/$defs/{label}"}
