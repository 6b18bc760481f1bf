"""The alerting ports: notifiers that deliver, rules that raise."""

from collections.abc import Callable
from typing import Protocol, Self, runtime_checkable

from msgspec import Struct

from arbcore.model.events import AlertRaised, Event
from arbcore.model.state import Severity


@runtime_checkable
class Notifier(Protocol):
    """Delivers alerts to people."""

    async def __aenter__(self) -> Self:
        """Open."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Close."""
        ...

    async def send(self, alert: AlertRaised, timeout_ns: int) -> None:
        """Deliver one alert.

        Raises:
            ArbcoreError: It was not delivered.
        """
        ...


class AlertRule(Struct, frozen=True, kw_only=True):
    """A rule that turns events into alerts.

    Attributes:
        name: Name of the rule.
        severity: Severity of what it raises.
        applies: Tells whether an event raises it.
        text: Writes what happened and what to do.
    """

    name: str
    severity: Severity
    applies: Callable[[Event], bool]
    text: Callable[[Event], str]
