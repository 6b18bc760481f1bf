"""What is wrong with a config, in people's words: pydantic's errors with paths, origins and nearest matches."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from arbcore.config.tree import KeyPath, Tree, format_path, parse_path
from arbcore.errors import ConfigurationError, SafetyError
from arbcore.settings import Finding, did_you_mean

_PLAIN = {
    "missing": "missing",
    "dict_type": "must be a mapping",
    "mapping_type": "must be a mapping",
    "model_type": "must be a mapping",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
}
"""Words of a config for pydantic's words of Python, by type of error."""


class InvalidConfig(ConfigurationError):
    """A config that can't be used, with everything that is wrong about it.

    Args:
        findings: The errors.
        raw: The config, for the places.
    """

    def __init__(self, findings: Sequence[Finding], raw: Tree) -> None:
        count = "1 error" if len(findings) == 1 else f"{len(findings)} errors"
        super().__init__("\n".join([f"the config has {count}", *(describe(finding, raw) for finding in findings)]))
        self.findings = tuple(findings)


class UnsafeConfig(InvalidConfig, SafetyError):
    """A config with which nothing is wrong but that it must not trade live. It exits as all such refusals do."""

    exit_code = SafetyError.exit_code


def describe(finding: Finding, raw: Tree) -> str:
    """Return a finding as indented lines: path, origin, what is wrong, what to do."""
    line = f"  {raw.where(parse_path(finding.path))}: {finding.text}"
    return f"{line}\n    fix: {finding.fix}" if finding.fix else line


def weigh(findings: Iterable[Finding], profile: str) -> tuple[list[Finding], list[Finding]]:
    """Return errors and warnings, each once: an ``override`` is a warning in ``local_dev`` and an error elsewhere."""
    heavy = {"error"} if profile == "local_dev" else {"error", "override"}
    unique = list(dict.fromkeys(findings))
    return (
        [finding for finding in unique if finding.level in heavy],
        [finding for finding in unique if finding.level not in heavy],
    )


def explain(
    error: ValidationError, model: type[BaseModel], raw: Tree, prefix: KeyPath, beside: Sequence[str] = ()
) -> Iterator[Finding]:
    """Yield one finding per error of a model.

    Args:
        error: What pydantic raised.
        model: The model that raised it.
        raw: The config.
        prefix: Path of the value that was validated.
        beside: Further keys that are legal at the prefix, for nearest matches.
    """
    for details in _causes(error.errors(include_url=False)):
        path = _path_in(raw, prefix, details)
        known = sorted(_keys_at(model, details["loc"][:-1]))
        known += beside if len(path) == len(prefix) + 1 else ()
        yield Finding("error", format_path(path), _text(details, known))


def nearest_or_all(name: str, known: Sequence[str]) -> str:
    """Return the nearest known name as the end of a message, or all of them where none is near."""
    return did_you_mean(name, known) or f" (there: {', '.join(known) or 'none'})"


def _causes(errors: list[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Leave out that a list is too short where elements of it were refused: that follows from them."""
    refused = {details["loc"][:length] for details in errors for length in range(len(details["loc"]))}
    return (details for details in errors if details["type"] != "too_short" or details["loc"] not in refused)


def _text(details: ErrorDetails, known: Sequence[str]) -> str:
    if details["type"] == "extra_forbidden":
        return f"unknown key{did_you_mean(str(details['loc'][-1]), known)}"
    if details["type"] in _PLAIN:
        return _PLAIN[details["type"]]
    if details["type"] == "too_short":
        least = details["ctx"]["min_length"]
        return f"must have at least {least} element{'s' if least > 1 else ''}"
    text = details["msg"].removeprefix("Value error, ")
    if details["type"] in {"literal_error", "enum"}:
        allowed = re.findall(r"'([^']*)'", details.get("ctx", {}).get("expected", ""))
        text += did_you_mean(str(details["input"]), allowed)
    return text


def _path_in(raw: Tree, prefix: KeyPath, details: ErrorDetails) -> KeyPath:
    """Return the path of an error: pydantic's location without the names of union branches and the like."""
    path = prefix
    for part in details["loc"]:
        value = raw.get(path)
        inside = range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ()
        if part in inside or (details["type"] == "missing" and part is details["loc"][-1]):
            path = (*path, part)
    return path


def _keys_at(annotation: Any, location: Sequence[int | str]) -> set[str]:
    """Return the keys that a type takes at a location inside of it; names of union branches are passed over."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields
        if not location:
            return set(fields)
        inner = fields.get(str(location[0]))
        return _keys_at(inner.annotation if inner else annotation, location[1:])
    outer, arguments = get_origin(annotation), get_args(annotation)
    if outer is Annotated:
        return _keys_at(arguments[0], location)
    if outer in {Union, UnionType}:
        return set().union(*(_keys_at(argument, location) for argument in arguments))
    if isinstance(outer, type) and issubclass(outer, Mapping | Sequence) and arguments and location:
        return _keys_at(arguments[-1] if issubclass(outer, Mapping) else arguments[0], location[1:])
    return set()
