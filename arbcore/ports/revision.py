"""The port of parts whose settings may change while a session runs: strategies and risk tiers that want it."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Reconfigurable(Protocol):
    """A `Strategy` or `RiskTier` that takes some of its settings anew between two inputs.

    Nothing else of a config changes while a session runs. What a part takes over so is journaled before, so that a
    replay and a resume take it over at the same place.
    """

    def changeable(self) -> frozenset[str]:
        """Return the keys of its settings, at their top, that may change. The others need a new start."""
        ...

    def reconfigure(self, settings: Mapping[str, Any]) -> None:
        """Take over settings; what was learnt so far stays. Pure, as all of the part.

        Args:
            settings: All settings as JSON values, checked by the plugin's model already, which reads them again:
                only changeable keys differ from those in force.

        Raises:
            Exception: Any error stops a strategy, and entries where it is a tier's: what then counts is unknown.
        """
        ...
