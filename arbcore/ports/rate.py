"""The rate port: sources of conversion rates."""

from collections.abc import AsyncIterator
from typing import Protocol, Self, runtime_checkable

from arbcore.model.market import FxRate


@runtime_checkable
class RateSource(Protocol):
    """Delivers one named conversion rate. An async context manager."""

    async def __aenter__(self) -> Self:
        """Connect."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Close."""
        ...

    def rates(self) -> AsyncIterator[FxRate]:
        """Deliver rates until cancelled."""
        ...
