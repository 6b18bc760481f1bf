"""Base of every plugin's settings, and the types that config files need."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

INSTANCE_ID = r"^[a-z][a-z0-9_]*$"
"""Pattern of an instance id in the config."""

_UNITS = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86400 * 10**9,
}
_UNITS["w"] = 7 * _UNITS["d"]


def parse_duration(value: object) -> int:
    """Return a duration in nanoseconds from text such as ``500ms``, ``5s``, ``7d``, or from whole nanoseconds.

    Raises:
        ValueError: The text is not a number followed by a unit of ns, us, ms, s, m, h, d, w.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ns|us|ms|s|m|h|d|w)\s*", str(value))
    if match is None:
        raise ValueError(f"{value!r} is not a duration; write a number and a unit, such as 500ms, 5s, 10m, 7d")
    return round(float(match[1]) * _UNITS[match[2]])


Duration = Annotated[int, BeforeValidator(parse_duration), Field(json_schema_extra={"examples": ["5s", "7d"]})]
"""A duration: text with a unit in the config, nanoseconds in the program."""

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


class PluginSettings(BaseModel):
    """Base of every plugin's settings: frozen, and an unknown key is an error.

    Attributes:
        use: Name of the plugin, as in the config.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    use: str = Field(description="Name of the plugin.")
    order: int | None = Field(default=None, description="Place among its kind once several files merge.")


Environment = Literal["production", "testnet", "simulator"]
"""Where orders go: the real venue, its testnet, or the local simulator."""
