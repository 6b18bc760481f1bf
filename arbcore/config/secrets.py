"""Secrets: found in settings, fetched where they are kept, never shown."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel

from arbcore.config.model import Config, Instance
from arbcore.config.rules import LEVELS
from arbcore.config.sections import InstanceKeys
from arbcore.config.tree import KeyPath, format_path
from arbcore.errors import ConfigurationError
from arbcore.settings import Finding, Secret

KeyringFetch = Callable[[str], str]
"""Fetches a `{keyring: ENTRY}`; raises `ConfigurationError` where there is no such entry."""


def secrets_in(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Secret]]:
    """Yield every reference to a secret in settings, with its path below them."""
    if isinstance(value, Secret):
        yield path, value
        return
    inner: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(value, BaseModel):
        inner = ((name, getattr(value, name)) for name in type(value).model_fields)
    elif isinstance(value, Mapping):
        inner = iter(value.items())
    elif isinstance(value, list | tuple):
        inner = iter(enumerate(value))
    for key, held in inner:
        yield from secrets_in(held, (*path, key))


def resolve_secret(
    secret: Secret, environ: Mapping[str, str], folder: Path, keyring: KeyringFetch | None = None
) -> str:
    """Return a secret's value.

    Args:
        secret: The reference.
        environ: Environment variables.
        folder: Folder from which relative paths count.
        keyring: Fetches from the secret backend of an installed plugin; None where there is none.

    Raises:
        ConfigurationError: There is none, it is empty, or its source can't be read.
    """
    if secret.source == "env":
        value = environ.get(secret.name, "")
    elif secret.source == "file":
        value = _read(folder / Path(secret.name).expanduser())
    elif keyring is None:
        fix = "use {env: NAME} or {file: PATH}, or name a plugin that has one"
        raise ConfigurationError(f"no plugin of the config keeps secrets, so keyring {secret.name} can't be read", fix)
    else:
        value = keyring(secret.name)
    if not value:
        raise ConfigurationError(f"the secret {secret.source} {secret.name} is not set", "set it, or name another")
    return value


def resolve_secrets(
    instance: Instance[InstanceKeys],
    environ: Mapping[str, str],
    folder: Path,
    keyring: KeyringFetch | None = None,
    *,
    required: bool = True,
) -> dict[str, str]:
    """Return the values of an instance's secrets by setting, such as ``api_key`` or ``accounts[0].token``.

    Args:
        instance: The instance.
        environ: Environment variables.
        folder: Folder from which relative paths count.
        keyring: Fetches from the secret backend of an installed plugin; None where there is none.
        required: Whether all must be there; otherwise those that are not are left out.

    Raises:
        ConfigurationError: One that is required can't be resolved; the message names setting and source, never a
            value.
    """
    found = {}
    for path, secret in secrets_in(instance.settings):
        try:
            found[format_path(path)] = resolve_secret(secret, environ, folder, keyring)
        except ConfigurationError as error:
            if not required:
                continue
            raise ConfigurationError(f"{format_path((*instance.path, *path))}: {error.what}", error.fix) from None
    return found


def missing_secrets(config: Config, environ: Mapping[str, str], keyring: KeyringFetch | None = None) -> list[Finding]:
    """Return a finding per secret that can't be resolved. A backtest needs none, so it is for other modes."""
    findings = []
    for instance in config.instances():
        for path, secret in secrets_in(instance.settings):
            try:
                resolve_secret(secret, environ, config.folder, keyring)
            except ConfigurationError as error:
                place = format_path((*instance.path, *path))
                findings.append(Finding(LEVELS["secret_missing"], place, error.what, error.fix))
    return findings


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"the secret file {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"the secret file {path} is not UTF-8 text") from None
