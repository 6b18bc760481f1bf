"""Base of every plugin's settings, the types that config files need, and what a plugin may say about its config."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

INSTANCE_ID = r"^[a-z][a-z0-9_]*$"
"""Pattern of an instance id in the config."""

_UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9}
_UNITS["w"] = 7 * _UNITS["d"]
_DURATION = r"^\s*(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h|d|w)\s*$"
_LEAST_BARE = 10**6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_duration(value: object) -> int:
    """Return a duration in nanoseconds from text such as ``500ms``, ``5s``, ``7d``, or from whole nanoseconds.

    Raises:
        ValueError: The text is not a number followed by a unit of ns, us, ms, s, m, h, d, w; or the number is
            negative, or so small (under a millisecond) that a unit must have been meant.
    """
    if isinstance(value, int) and not isinstance(value, bool) and (value == 0 or value >= _LEAST_BARE):
        return value
    match = re.fullmatch(_DURATION, str(value))
    if match is None:
        raise ValueError(f"{value!r} is not a duration; write a number and a unit, such as 500ms, 5s, 10m, 7d")
    return round(float(match[1]) * _UNITS[match[2]])


def format_duration(value: int) -> str:
    """Return nanoseconds as `parse_duration` reads them, in the largest unit up to days that leaves no fraction."""
    if value == 0:
        return "0s"
    unit = next(unit for unit in ("d", "h", "m", "s", "ms", "us", "ns") if value % _UNITS[unit] == 0)
    return f"{value // _UNITS[unit]}{unit}"


def parse_time(value: object) -> int:
    """Return UTC nanoseconds from an ISO 8601 date or time (UTC where it names no offset), or from nanoseconds.

    Raises:
        ValueError: The text is not such a time.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is not a time; write a date or ISO 8601, such as 2025-07-05T22:50Z") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": _DURATION}, {"type": "integer"}], "examples": ["5s", "7d"]}
    ),
]
"""A duration: text with a unit in the config, nanoseconds in the program."""


def _longer_than_nothing(value: int) -> int:
    if value <= 0:
        raise ValueError("a duration here must be greater than 0")
    return value


Span = Annotated[Duration, AfterValidator(_longer_than_nothing)]
"""A duration that is longer than nothing."""

Timestamp = Annotated[
    int,
    BeforeValidator(parse_time),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer"}], "examples": ["2025-07-05"]}),
]
"""A moment: a date or ISO 8601 in the config, UTC nanoseconds in the program."""

SECRET_SOURCES: tuple[str, ...] = ("env", "file", "keyring")
"""Where a secret may come from."""


class Secret:
    """A reference to a secret. The value is fetched at assembly and never printed.

    Args:
        source: ``env``, ``file`` or ``keyring``.
        name: Variable, path, or entry name.
    """

    __slots__ = ("name", "source")

    def __init__(self, source: str, name: str) -> None:
        self.source = source
        self.name = name

    def __repr__(self) -> str:
        return f"Secret({self.source}: {self.name})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self.source, self.name) == (other.source, other.name)

    def __hash__(self) -> int:
        return hash((self.source, self.name))

    @classmethod
    def parse(cls, value: object) -> "Secret":
        """Return the reference that a config value states.

        Raises:
            ValueError: The value is a literal or not exactly one of the allowed sources.
        """
        if isinstance(value, Secret):
            return value
        if isinstance(value, dict) and len(value) == 1:
            source, name = next(iter(value.items()))
            if source in SECRET_SOURCES and isinstance(name, str) and name:
                return cls(source, name)
        raise ValueError("a secret is never written here: use {env: NAME}, {file: PATH} or {keyring: ENTRY}")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda secret: {secret.source: secret.name}),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: Callable[..., Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {source: {"type": "string"} for source in SECRET_SOURCES},
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        }


Level = Literal["error", "override", "warning"]
"""Weight of a finding.

``error`` ends the start. ``override`` ends it too unless the profile only warns (``local_dev``) or the config takes
the risk on itself by the key that the finding's ``fix`` names. ``warning`` is shown.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or risky in a config.

    Attributes:
        level: Weight.
        path: Key path. A settings model gives it from its own top, such as ``routes[0].spot``.
        text: What is wrong.
        fix: What to do about it.
    """

    level: Level
    path: str
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigView:
    """The rest of the config as a settings model may see it, read only.

    Attributes:
        mode: ``backtest``, ``paper`` or ``live``.
        environment: ``production``, ``testnet`` or ``simulator``.
        profile: ``local_dev``, ``paper``, ``staging`` or ``live``.
        base_currency: Currency of all results.
        ids: Instance ids by section: ``exchanges``, ``rates``, ``fills``, ...
    """

    mode: str
    environment: str
    profile: str
    base_currency: str
    ids: Mapping[str, Sequence[str]] = field(default_factory=dict)


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """Return ``; did you mean X?`` for the nearest known name, or nothing where none is near."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""


def _refers_to(section: str) -> AfterValidator:
    """Return a validator that accepts only the ids of a section, where the config is known, and empty text."""

    def known(value: str, info: ValidationInfo) -> str:
        ids = info.context.ids.get(section, ()) if isinstance(info.context, ConfigView) else (value,)
        if value and value not in ids:
            listed = ", ".join(ids) or "none"
            raise ValueError(f"{section} has no {value!r}{did_you_mean(value, ids)} (there: {listed})")
        return value

    return AfterValidator(known)


ExchangeId = Annotated[str, _refers_to("exchanges")]
"""Id of an exchange instance of the config; an unknown one is an error of the config."""
RateId = Annotated[str, _refers_to("rates")]
"""Name of a rate of the config; empty where no conversion is needed."""
FillId = Annotated[str, Field(min_length=1), _refers_to("fills")]
"""Id of a fill model instance of the config."""
LatencyId = Annotated[str, _refers_to("latencies")]
"""Id of a latency model instance of the config; empty for none."""


PolicyId = Annotated[str, _refers_to("policies")]
"""Id of a leg policy or slicer instance of the config; empty for none."""


class Settings(BaseModel):
    """Base of settings and of parts of settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


class PluginSettings(Settings):
    """Base of every plugin's settings.

    Attributes:
        use: Name of the plugin, as in the config.
        order: Place among its kind: instances are sorted by it, 0 where it is not given, and keep the config's
            order where it is equal.
    """

    use: str = Field(description="Name of the plugin.")
    order: int | None = Field(default=None, description="Place among its kind once several files merge; default 0.")

    def cross_check(self, view: ConfigView) -> Sequence[Finding]:
        """Return what is wrong or risky about these settings in the config around them; nothing by default."""
        return ()


Environment = Literal["production", "testnet", "simulator"]
"""Where orders go: the real venue, its testnet, or the local simulator."""
