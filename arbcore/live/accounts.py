"""Which lock stands for which account: files in a folder of the user, named by a hash that tells nothing."""

import os
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from arbcore.config import Config, ExchangeKeys, Instance, resolve_secrets

STATE_FOLDER: Final = "ARB_STATE_DIR"
"""Environment variable that names the folder in place of the user's own."""
_KEY: Final = "api_key"


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return the folder that all sessions of a user share, whatever their projects are."""
    if environ.get(STATE_FOLDER):
        return Path(environ[STATE_FOLDER])
    if os.name == "nt":
        return Path(environ.get("LOCALAPPDATA") or Path.home()) / "arbcore"
    return Path(environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "arbcore"


def account_locks(config: Config, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the lock files of the accounts to which a config gives keys; one for two exchanges with one account.

    Args:
        config: The checked config.
        environ: Environment variables, for the secrets and the folder.
    """
    folder = state_folder(environ) / "accounts"
    names = (name for each in config.exchanges.values() for name in _identity(config, each, environ))
    return tuple(folder / f"{name}.lock" for name in dict.fromkeys(names))


def _identity(config: Config, instance: Instance[ExchangeKeys], environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the hash of plugin, environment and key id; nothing where there is no key.

    The key's own id counts where it has one, since it is what a venue knows an account by; else all its secrets.
    Two simulators are two worlds, so for those the address counts, too.
    """
    secrets = resolve_secrets(instance, environ, config.folder, required=False)
    if not secrets:
        return
    held = {_KEY: secrets[_KEY]} if _KEY in secrets else secrets
    environment = config.session.environment
    world = "" if environment == "production" else str(getattr(instance.settings, "simulator", ""))
    told = "\n".join([instance.use, environment, world, *(f"{name}={held[name]}" for name in sorted(held))])
    yield sha256(told.encode()).hexdigest()[:32]
