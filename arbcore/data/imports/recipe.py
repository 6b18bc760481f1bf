"""Profiles from files and from the command line: named, changed in some fields, or written out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec

from arbcore.data.imports.market import read_market
from arbcore.data.instant import SECOND_NS
from arbcore.errors import DataError
from arbcore.ports.control import ImportProfile
from arbcore.settings import parse_duration

DURATIONS = {
    "delay": "delay_ns",
    "interval": "interval_ns",
    "receive_shift": "receive_shift_ns",
    "repeat_every": "repeat_every_ns",
}
"""Fields that are written as durations, and their names in the profile."""
INSTANTS = {"begin": "begin_ns", "end": "end_ns"}
"""Fields that are written as times with their zone, and their names in the profile."""

_FIELDS = set(ImportProfile.__struct_fields__)
_RENAMED = DURATIONS | INSTANTS
_KEYS = sorted({*(_FIELDS - set(_RENAMED.values())), *_RENAMED})

Named = Mapping[str, ImportProfile]


def read_recipe(path: Path, named: Named) -> tuple[ImportProfile, ...]:
    """Return the profiles of a recipe, in its order.

    A recipe is a YAML file with the keys ``schema_version`` (1), ``imports`` (a list) and optionally ``source`` and
    ``notes``, which every entry gets that has none. An entry names a profile (``profile: upbit:bars-5m``) and may
    change its fields, or states all fields itself.

    Args:
        path: The file.
        named: Profiles by the names that entries may use.

    Raises:
        DataError: The file can't be read, or an entry is not a profile.
    """
    tree = _read_yaml(path)
    unknown = set(tree) - {"schema_version", "imports", "source", "notes"}
    if unknown or tree.get("schema_version") != 1 or not isinstance(tree.get("imports"), list):
        raise DataError(
            f"{path}: is no recipe of imports",
            "it needs schema_version: 1 and a list imports, and may have source and notes",
        )
    common: dict[str, Any] = {key: tree[key] for key in ("source", "notes") if key in tree}
    profiles = []
    for number, entry in enumerate(tree["imports"], 1):
        where = f"{path}, import {number}"
        if not isinstance(entry, dict):
            raise DataError(f"{where}: is not a mapping", "write its fields as key: value")
        profiles.append(_from_entry(where, entry, common, named))
    return tuple(profiles)


def profile_names(path: Path) -> list[str]:
    """Return the names of the profiles that a recipe uses, without looking them up.

    Raises:
        DataError: The file can't be read.
    """
    entries = _read_yaml(path).get("imports")
    used = [entry.get("profile") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return list(dict.fromkeys(str(name) for name in used if name))


def changed(where: str, profile: ImportProfile | None, fields: Mapping[str, Any]) -> ImportProfile:
    """Return a profile with some fields set; without a profile, the fields must make a whole one.

    Args:
        where: Where the fields stand, for messages.
        profile: The profile to change, or None.
        fields: Values by key; durations as text such as ``5m``, an instrument as a mapping.

    Raises:
        DataError: A key is unknown, or a value is not of its type.
    """
    base = msgspec.structs.asdict(profile) if profile else {}
    values = {**base, **{_RENAMED.get(key, key): _value(where, key, value) for key, value in fields.items()}}
    if isinstance(values.get("instrument"), dict):
        market = values.pop("instrument")
        values["instrument"] = read_market(where, str(values.get("venue", "")), str(values.get("symbol", "")), market)
    try:
        return msgspec.convert(values, ImportProfile)
    except msgspec.ValidationError as error:
        raise DataError(f"{where}: {error}", "see docs/imports.md for the fields") from error


def unknown_profile(where: str, name: str, named: Named) -> DataError:
    """Return the error for a name that no profile has."""
    near = get_close_matches(name, named, 1)
    guess = f"did you mean '{near[0]}'? " if near else "a profile is named PLUGIN:PROFILE; "
    return DataError(f"{where}: no profile is named '{name}'", f"{guess}`arb data import --list` shows all")


def _from_entry(where: str, entry: Mapping[str, Any], common: Mapping[str, Any], named: Named) -> ImportProfile:
    fields = {key: value for key, value in entry.items() if key != "profile"}
    name = str(entry.get("profile", ""))
    profile = named.get(name)
    if name and profile is None:
        raise unknown_profile(where, name, named)
    label = {} if profile else {"name": str(entry.get("name", where))}
    return changed(where, profile, {**label, **common, **fields})


def _value(where: str, key: str, value: Any) -> Any:
    if key not in _KEYS:
        near = get_close_matches(key, _KEYS, 1)
        raise DataError(f"{where}: unknown field '{key}'", f"did you mean '{near[0]}'?" if near else ", ".join(_KEYS))
    if key in DURATIONS:
        text = str(value).strip()
        sign = -1 if text.startswith("-") else 1
        try:
            return sign * parse_duration(text.lstrip("+-"))
        except ValueError as error:
            raise DataError(f"{where}: {key}: {error}", "for example 5m") from None
    if key in INSTANTS:
        return _instant(where, key, value)
    if key == "columns" and isinstance(value, dict):
        return {str(target): str(source) for target, source in value.items()}
    return value


def _instant(where: str, key: str, value: object) -> int:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        if moment.tzinfo is not None:
            return round(moment.timestamp()) * SECOND_NS
    except ValueError:
        pass
    raise DataError(f"{where}: {key}: '{value}' is not a time with its zone", "for example 2025-07-01T00:00:00Z")


def _read_yaml(path: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        tree = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise DataError(f"{path}: can't be read: {error}", "name a recipe of imports, a YAML file") from error
    if not isinstance(tree, dict):
        raise DataError(f"{path}: is no recipe of imports", "it needs schema_version: 1 and a list imports")
    return tree


def source_files(profile: ImportProfile, sources: Sequence[Path], *, alone: bool) -> list[Path]:
    """Return the files that a profile reads, in order of their names within each source.

    Args:
        profile: The profile.
        sources: Files, and folders in which its pattern is looked for.
        alone: Take files as they are given; otherwise only those that match the pattern.

    Raises:
        DataError: A source does not exist, or no file is found.
    """
    files: list[Path] = []
    for source in sources:
        if not source.exists():
            raise DataError(f"there is no file or folder {source}", "name the files to import, or their folder")
        if source.is_file():
            files += [source] if alone or source.match(profile.files) else []
        elif profile.files:
            files += sorted(path for path in source.rglob(profile.files) if path.is_file())
        else:
            raise DataError(
                f"{source} is a folder, and profile {profile.name} has no pattern of files", "name the files"
            )
    if not files:
        raise DataError(
            f"profile {profile.name}: nothing matches '{profile.files}' in {', '.join(map(str, sources))}",
            "name another folder, or the files themselves",
        )
    return files
