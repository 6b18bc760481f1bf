"""Changing the config of a running session: a draft in its control store, and the command that applies it."""

from functools import partial
from typing import TYPE_CHECKING

from arbcore.errors import ConfigurationError

if TYPE_CHECKING:
    from arbcore.cli._giving import Giving
    from arbcore.ports.journal import ControlStore, Journal


def set_value(giving: "Giving", key: str, value: str) -> None:
    """Have a running session take one value over.

    Args:
        giving: To whom, and how.
        key: Key path of the value.
        value: The value in YAML.

    Raises:
        ConfigurationError: Key or value are malformed.
        ArbcoreError: The session refused it, or none runs.
    """
    from arbcore.config import Override
    from arbcore.model.command import UpdateConfig

    tree = Override.assign(f"{key}={value}", "arb config set").tree
    version = giving.place.speak(partial(_draft, giving, _text(tree.values)))
    giving.give(UpdateConfig(version=version))


def _draft(giving: "Giving", text: str, _: "Journal", store: "ControlStore") -> int:
    """Return the version of a draft; the same command id with the same text is the same draft."""
    from arbcore.cli._giving import find_command
    from arbcore.model.command import UpdateConfig

    earlier = find_command(store, giving.name)
    if earlier is not None and isinstance(earlier.request.command, UpdateConfig):
        version = earlier.request.command.version
        if store.draft(version) == text:
            return version
    return store.insert_draft(text, giving.issuer)


def _text(values: object) -> str:
    """Return a draft's text: JSON, which is YAML, too."""
    import json

    try:
        return json.dumps(values, indent=2)
    except TypeError as error:
        raise ConfigurationError(f"the value can't be kept in a draft: {error}", "write it as text") from error
