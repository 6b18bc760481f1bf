"""Changes of a running session's config: drafts and presets, checked as a whole config before the engine sees them.

The engine gets plain values and no plugin's model, so that what it takes over is in the journal as it stands there.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

import anyio.to_thread
import msgspec
from msgspec.structs import replace

from arbcore.config import Config, Instance, InstanceKeys, RawConfig, validate
from arbcore.config.files import parse_value
from arbcore.config.tree import KeyPath, Origin, Tree, format_path, leaves, merge
from arbcore.errors import ArbcoreError, ConfigurationError
from arbcore.live.consent import LIVE, loss_gate
from arbcore.model.command import ApplyPreset, CommandRequest, Revision, UpdateConfig
from arbcore.plugins import Plugins, settings_model_of
from arbcore.ports.journal import ControlStore

_PARTS: Final = ("strategies", "risk")
"""Sections whose instances may take changes while they run."""

_NONE: Final = "-"

Applied = Callable[[], Mapping[str, str]]
"""Returns the settings that were changed so far, as JSON by part."""


class Revisions:
    """Makes of a command that changes the config one that the engine can apply.

    Args:
        config: The config with which the session was started.
        plugins: Its plugins.
        store: Where drafts lie.
        applied: What was changed so far.
    """

    def __init__(self, config: Config, plugins: Plugins, store: ControlStore, applied: Applied) -> None:
        self._config: Final = config
        self._plugins: Final = plugins
        self._store: Final = store
        self._applied: Final = applied

    async def prepare(self, request: CommandRequest) -> CommandRequest:
        """Return the command with what it makes of the config; any other command as it is."""
        command = request.command
        if not isinstance(command, UpdateConfig | ApplyPreset):
            return request
        work = partial(self._revision, request, command, dict(self._applied()))
        return replace(request, command=replace(command, revision=await anyio.to_thread.run_sync(work)))

    def _revision(
        self, request: CommandRequest, command: UpdateConfig | ApplyPreset, applied: Mapping[str, str]
    ) -> Revision:
        try:
            current = self._with(self._config, _tree_of(applied))
            change = self._draft(command) if isinstance(command, UpdateConfig) else _preset(current, command)
            revised = self._with(current, change)
        except ArbcoreError as error:
            return Revision(problem=str(error))
        return revision_of(current, revised, request.override)

    def _draft(self, command: UpdateConfig) -> Tree:
        tree = parse_value(self._store.draft(command.version), Origin("flag", f"draft {command.version}"), ())
        if not isinstance(tree.values, dict):
            raise ConfigurationError(f"draft {command.version} is no part of a config", "a draft is YAML of sections")
        return tree

    def _with(self, config: Config, change: Tree) -> Config:
        """Return a config with a change laid over it, checked as a whole."""
        if not change.values:
            return config
        merged = merge(config.raw, change)
        raw = RawConfig(merged.values, merged.origins, config.raw.files, config.raw.folder)
        return validate(raw, lambda kind, name: settings_model_of(self._plugins.get(kind, name)))


def revision_of(current: Config, revised: Config, override: str = "") -> Revision:
    """Return what leads from one checked config to another, as far as a running session may take it.

    Args:
        current: The config in force.
        revised: The one that is wanted.
        override: Typed reason, which production wants.
    """
    changes = {format_path(path): f"{before} -> {after}" for path, before, after in _changes(current, revised)}
    parts = {".".join(path) for path in _places(current, revised)}
    problem = _problem(current, revised, changes, parts, override)
    if problem:
        return Revision(changes=changes, problem=problem)
    settings = {place: _settings(_instance(revised, place)) for place in sorted(parts)}
    return Revision(parts=settings, changes=changes, before=current.hash, after=revised.hash)


def _problem(current: Config, revised: Config, changes: Mapping[str, str], parts: set[str], override: str) -> str:
    session = current.session
    outside = [path for path in changes if not any(path.startswith(f"{place}.") for place in parts)]
    if not changes:
        return "it changes nothing: the config says so already"
    if outside:
        return f"{outside[0]} can't be changed while a session runs: `arb stop`, then `arb run` with the new config"
    if session.mode == LIVE and (refusals := list(loss_gate(revised))):
        return f"{refusals[0].what}: {refusals[0].fix}"
    if session.mode == LIVE and session.environment == "production" and not override:
        return "in production what trades is what was tried on paper: a change of it needs a typed reason (--override)"
    return ""


def _changes(current: Config, revised: Config) -> Iterator[tuple[KeyPath, str, str]]:
    before, after = dict(leaves(current.values())), dict(leaves(revised.values()))
    for path in [*before, *(path for path in after if path not in before)]:
        if before.get(path, ...) != after.get(path, ...):
            yield path, _shown(before, path), _shown(after, path)


def _shown(values: Mapping[KeyPath, Any], path: KeyPath) -> str:
    return json.dumps(values[path], default=str) if path in values else _NONE


def _places(current: Config, revised: Config) -> Iterator[tuple[str, str]]:
    """Yield section and id of every part whose plugin's settings differ."""
    for section in _PARTS:
        before, after = getattr(current, section), getattr(revised, section)
        for name in before:
            if name in after and before[name].keys == after[name].keys and before[name].stated != after[name].stated:
                yield section, name


def _instance(config: Config, place: str) -> Instance[InstanceKeys]:
    section, _, name = place.partition(".")
    found: Instance[InstanceKeys] = getattr(config, section)[name]
    return found


def _settings(instance: Instance[InstanceKeys]) -> str:
    return msgspec.json.encode(instance.stated.model_dump(mode="json"), order="deterministic").decode()


def _tree_of(applied: Mapping[str, str]) -> Tree:
    """Return what was changed so far as a tree that can be laid over the config."""
    values: dict[str, Any] = {}
    for place, settings in applied.items():
        section, _, name = place.partition(".")
        values.setdefault(section, {})[name] = msgspec.json.decode(settings, type=dict[str, Any])
    return Tree(values, {(section,): Origin("flag", "changed while running") for section in values})


def _preset(config: Config, command: ApplyPreset) -> Tree:
    """Return a preset as a tree.

    Raises:
        ArbcoreError: There is no such strategy or preset.
    """
    instance = config.strategies.get(command.strategy)
    if instance is None:
        raise ArbcoreError(f"there is no strategy {command.strategy!r}; there are: {', '.join(config.strategies)}")
    preset = instance.keys.presets.get(command.preset)
    if preset is None:
        known = ", ".join(instance.keys.presets) or "none"
        raise ArbcoreError(f"strategies.{command.strategy} has no preset {command.preset!r}; there are: {known}")
    origin = Origin("flag", f"preset {command.preset}")
    return Tree({"strategies": {command.strategy: dict(preset)}}, {("strategies", command.strategy): origin})
