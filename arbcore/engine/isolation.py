"""Isolation: calls into plugins whose defects must not end the session."""

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

Answer = TypeVar("Answer")


class Failure(Struct, frozen=True):
    """A call raised.

    Attributes:
        error: What it raised.
    """

    error: Exception


def isolated(call: Callable[..., Answer], *arguments: object) -> Answer | Failure:
    """Return what a plugin answers, or the failure that it raised. The one place that catches everything."""
    try:
        return call(*arguments)
    except SystemExit as error:
        return Failure(RuntimeError(f"it asked the program to end: {error!r}"))
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is its own failure, not the session's
        return Failure(error)
