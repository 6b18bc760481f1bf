"""Upbit's ways to write a time."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

KST: Final = timezone(timedelta(hours=9))
"""Korean time."""


def moment(ms: int) -> datetime:
    """Return UTC ms as a time."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def iso(ms: int) -> str:
    """Return ``2026-11-20T03:04:05`` in UTC."""
    return f"{moment(ms):%Y-%m-%dT%H:%M:%S}"


def iso_kst(ms: int) -> str:
    """Return ``2026-11-20T12:04:05`` in Korean time."""
    return f"{moment(ms).astimezone(KST):%Y-%m-%dT%H:%M:%S}"
