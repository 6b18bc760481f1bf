"""A config as `arb config show` prints it: every value in force, and where it comes from."""

from dataclasses import dataclass
from typing import Any

from arbcore.config.model import Config
from arbcore.config.secrets import secrets_in
from arbcore.config.tree import KeyPath, format_path, leaves

DEFAULT = "default"
"""Origin of a value that nothing states."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One value: its path, the value as JSON value (a secret masked), and its origin."""

    path: str
    value: Any
    origin: str


def explain_values(config: Config) -> list[Shown]:
    """Return every value in force with its origin, section by section, secrets masked."""
    masks = {
        (*instance.path, *path): f"*** ({secret.source} {secret.name})"
        for instance in config.instances()
        for path, secret in secrets_in(instance.settings)
    }
    shown: dict[KeyPath, Any] = {}
    for path, value in leaves(config.values()):
        secret = next((path[:length] for length in range(len(path)) if path[:length] in masks), None)
        shown[secret or path] = masks[secret] if secret else value
    return [Shown(format_path(path), value, _origin(config, path)) for path, value in shown.items()]


def _origin(config: Config, path: KeyPath) -> str:
    if config.raw.get(path) is None and path not in config.raw.origins:
        return DEFAULT
    origin = config.raw.origin(path)
    return origin.text if origin else DEFAULT
