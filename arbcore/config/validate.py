"""The second phase: every instance against its plugin's model, then the whole against itself."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from arbcore.config.findings import InvalidConfig, UnsafeConfig, explain, nearest_or_all, weigh
from arbcore.config.model import Config, Instance, path_below
from arbcore.config.rules import cross_checks, live_checks
from arbcore.config.sections import (
    INSTANCE_SECTIONS,
    KERNEL_SECTIONS,
    SCHEMA_VERSION,
    InstanceKeys,
    InstanceSection,
    PluginsSettings,
    SessionSettings,
    StrategyKeys,
)
from arbcore.config.tree import KeyPath, Tree, format_path, merge
from arbcore.errors import ArbcoreError, PluginBroken, PluginError
from arbcore.settings import INSTANCE_ID, ConfigView, Finding, PluginSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from arbcore.config.layers import RawConfig

SettingsLookup = Callable[[str, str], type[PluginSettings]]
"""Gives the settings model of a plugin by kind and name; raises `PluginError` where there is no such plugin."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class _Slot:
    """A well-formed place of an instance: section, id, path and raw values."""

    section: InstanceSection
    id: str
    path: tuple[str, ...]
    body: dict[str, Any]


def wanted(raw: "RawConfig") -> list[tuple[str, str, str]]:
    """Return kind, name and place of every plugin that the config names, in its order.

    What is malformed is left out here and reported by `validate`.
    """
    slots, _ = _inspect(raw)
    named = [(slot.section.kind, slot.body.get("use"), raw.where((*slot.path, "use"))) for slot in slots]
    return [(kind, use, where) for kind, use, where in named if use]


def allowed(raw: "RawConfig") -> Mapping[str, str]:
    """Return `plugins.allow`, which must hold before any plugin is loaded.

    Raises:
        InvalidConfig: The section `plugins` is malformed.
    """
    checker = _Checker(raw, ConfigView(mode="", environment="", profile="", base_currency=""))
    settings = checker.check(PluginsSettings, raw.values.get("plugins") or {}, ("plugins",))
    if settings is None:
        raise InvalidConfig(checker.findings, raw)
    return settings.allow


def validate(raw: "RawConfig", settings_model: SettingsLookup) -> Config:
    """Return the config, every section checked by its model and the whole by the rules across sections.

    Args:
        raw: The merged config.
        settings_model: Gives each plugin's settings model.

    Raises:
        InvalidConfig: Something is wrong; the message holds everything, each with path, origin and remedy.
        UnsafeConfig: Nothing is wrong but that it must not trade live.
        PluginBroken: A plugin's model failed with anything but a finding.
    """
    slots, findings = _inspect(raw)
    checker = _Checker(raw, _view(raw, slots))
    values = {name: checker.check(model, raw.values.get(name) or {}, (name,)) for name, model in _sections(findings)}
    built = [(slot, checker.instance(slot, settings_model)) for slot in slots]
    findings += checker.findings
    unsafe: list[Finding] = []
    if not any(finding.level == "error" for finding in findings):
        config = _assemble(raw, values, built)
        unsafe += live_checks(config)
        findings += [*unsafe, *cross_checks(config)]
    errors, warnings = weigh(findings, checker.view.profile)
    if errors:
        raise (UnsafeConfig if set(errors) <= set(unsafe) else InvalidConfig)(errors, raw)
    return _assemble(raw, values, built, tuple(warnings))


def _sections(findings: list[Finding]) -> "Iterator[tuple[str, type[BaseModel]]]":
    """Yield the kernel's sections except those that are already known to be no mapping."""
    broken = {finding.path for finding in findings}
    return ((name, model) for name, model in KERNEL_SECTIONS.items() if name not in broken)


def _view(raw: "RawConfig", slots: list[_Slot]) -> ConfigView:
    """Return the config as models see it; where the session itself is wrong, as if it stated nothing."""
    try:
        session = SessionSettings.model_validate(raw.values.get("session") or {})
    except ValidationError:
        session = SessionSettings()
    names = {slot.section.name for slot in slots if not slot.section.single}
    return ConfigView(
        mode=session.mode,
        environment=session.environment,
        profile=session.profile,
        base_currency=session.base_currency,
        ids={name: tuple(slot.id for slot in slots if slot.section.name == name) for name in names},
    )


def _inspect(raw: "RawConfig") -> tuple[list[_Slot], list[Finding]]:
    """Return the places of instances, and what is malformed above the level of models."""
    findings: list[Finding] = []
    sections = ["schema_version", *KERNEL_SECTIONS, *INSTANCE_SECTIONS]
    version = raw.values.get("schema_version")
    if version != SCHEMA_VERSION:
        text = f"this arbcore reads version {SCHEMA_VERSION}, not {version!r}" if version else "missing"
        findings.append(Finding("error", "schema_version", text, f"write schema_version: {SCHEMA_VERSION}"))
    for name, body in raw.values.items():
        if name not in sections:
            findings.append(Finding("error", name, f"unknown section{nearest_or_all(name, sections)}"))
        elif name != "schema_version" and not isinstance(body, dict | None):
            findings.append(Finding("error", name, "a section is a mapping"))
    slots = [slot for section in INSTANCE_SECTIONS.values() for slot in _slots(section, raw, findings)]
    return slots, findings


def _slots(section: InstanceSection, raw: "RawConfig", findings: list[Finding]) -> list[_Slot]:
    body = raw.values.get(section.name)
    if not isinstance(body, dict):
        return []
    if section.single:
        return [_Slot(section, section.name, (section.name,), body)]
    return [
        _Slot(section, identity, (section.name, identity), inner)
        for identity, inner in body.items()
        if inner is not None and _well_formed((section.name, identity), inner, findings)
    ]


def _well_formed(path: KeyPath, body: object, findings: list[Finding]) -> bool:
    before = len(findings)
    if not re.match(INSTANCE_ID, str(path[-1])):
        text = "an instance id is lower case letters, digits and _, and starts with a letter"
        findings.append(Finding("error", format_path(path), text))
    if not isinstance(body, dict):
        text = "an instance is a mapping that names its plugin: {use: NAME}"
        findings.append(Finding("error", format_path(path), text))
    return len(findings) == before


class _Checker:
    """Checks values against models and collects what is wrong."""

    def __init__(self, raw: "RawConfig", view: ConfigView) -> None:
        self.findings: list[Finding] = []
        self.view = view
        self._raw = raw

    def check(self, model: type[Model], values: object, path: KeyPath, beside: list[str] | None = None) -> Model | None:
        """Return the values as a model, None where they are wrong."""
        try:
            return model.model_validate(values, context=self.view)
        except ValidationError as error:
            self.findings += explain(error, model, self._raw, path, beside or [])
            return None

    def instance(self, slot: _Slot, settings_model: SettingsLookup) -> Instance[InstanceKeys] | None:
        """Return an instance, None where something about it is wrong."""
        kernel = slot.section.keys
        keys = self.check(kernel, {k: v for k, v in slot.body.items() if k in kernel.model_fields}, slot.path)
        use = slot.body.get("use", kernel.model_fields["use"].default)
        if not isinstance(use, str):
            return None
        try:
            settings = self._settings(slot, use, settings_model)
        except PluginError as error:
            self.findings.append(Finding("error", format_path((*slot.path, "use")), error.what, error.fix))
            return None
        except ArbcoreError:
            raise
        except Exception as error:
            plugin = f"{slot.section.kind}:{use}"
            raise PluginBroken(f"{self._raw.where(slot.path)}: the settings of {plugin} raised {error!r}") from error
        if keys is None or settings is None:
            return None
        if isinstance(keys, StrategyKeys):
            self._presets(slot, keys, settings_model)
        placed = _placed(settings, self._raw.folder)
        return Instance(slot.section.kind, slot.id, slot.path, keys, settings=placed, stated=settings)

    def _presets(self, slot: _Slot, keys: StrategyKeys, settings_model: SettingsLookup) -> None:
        """Check a strategy as each of its presets would have it."""
        for name, preset in keys.presets.items():
            path = (*slot.path, "presets", name)
            body = merge(Tree(slot.body), Tree(dict(preset))).values
            self._settings(_Slot(slot.section, slot.id, path, body), keys.use, settings_model)

    def _settings(self, slot: _Slot, use: str, settings_model: SettingsLookup) -> PluginSettings | None:
        """Return the plugin's part of an instance. Keys of the kernel reach it only where its model declares them."""
        kernel = slot.section.keys.model_fields
        model = settings_model(slot.section.kind, use) if use else PluginSettings
        own = {key: value for key, value in slot.body.items() if key not in kernel or key in model.model_fields}
        settings = self.check(model, {"use": use, **own}, slot.path, list(kernel))
        for finding in settings.cross_check(self.view) if settings else ():
            inner = f".{finding.path}" if finding.path else ""
            self.findings.append(replace(finding, path=format_path(slot.path) + inner))
        return settings


def _placed(settings: PluginSettings, folder: Path) -> PluginSettings:
    """Return settings with every path in them counted from a folder."""
    paths = {name: value for name, value in settings if isinstance(value, Path)}
    return settings.model_copy(update={name: path_below(folder, path) for name, path in paths.items()})


def _assemble(
    raw: "RawConfig",
    values: Mapping[str, Any],
    built: list[tuple[_Slot, Instance[InstanceKeys] | None]],
    warnings: tuple[Finding, ...] = (),
) -> Config:
    instances = sorted((instance for _, instance in built if instance), key=lambda one: one.keys.order or 0)
    for name, section in INSTANCE_SECTIONS.items():
        held = {instance.id: instance for instance in instances if instance.path[0] == name}
        values = {**values, name: held.get(name) if section.single else held}
    return Config(raw=raw, warnings=warnings, **values)
