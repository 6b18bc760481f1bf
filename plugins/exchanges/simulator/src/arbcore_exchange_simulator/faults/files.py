"""Reads files of faults: YAML or JSON."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from arbcore.errors import ConfigurationError
from arbcore_exchange_simulator.faults.fault import Fault


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    faults: tuple[Fault, ...]


def read_yaml(path: Path) -> Any:
    """Return what a YAML or JSON file holds.

    Raises:
        ConfigurationError: It can't be read, or is no mapping.
    """
    try:
        held = YAML(typ="safe").load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise ConfigurationError(f"{path}: can't be read: {error}", "give a YAML or JSON file") from error
    if not isinstance(held, dict):
        raise ConfigurationError(f"{path}: holds no mapping", "write one setting per line, as seed: 1")
    return held


def read_faults(path: Path) -> tuple[Fault, ...]:
    """Return the faults of a file: a mapping with the list ``faults``.

    Raises:
        ConfigurationError: The file can't be read, is not of that form, or a fault is wrong.
    """
    held = read_yaml(path)
    try:
        return _File.model_validate(held).faults
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ConfigurationError(
            f"{path}: {where}: {first['msg']}", "write faults: [{kind: latency, venue: upbit, amount: 200ms}]"
        ) from error
