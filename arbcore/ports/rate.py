"""The rate port: sources of conversion rates."""

from typing import Protocol, Self, runtime_checkable

from arbcore.ports.venue import Deliver


@runtime_checkable
class RateSource(Protocol):
    """Delivers one named conversion rate. An async context manager."""

    async def __aenter__(self) -> Self:
        """Connect."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Close."""
        ...

    async def run(self, deliver: Deliver) -> None:
        """Deliver the rate (`FxRate`, under the context's instance id) until cancelled, reconnecting by itself.

        It is delivered on every change and, while its source confirms it, at least once a second: a rate that is no
        longer delivered grows stale.

        Args:
            deliver: Takes rates and changes of the connection's state.
        """
        ...
