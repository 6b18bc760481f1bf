"""The tuning ports: searches that propose parameter sets and executors that run them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol, Self, runtime_checkable

from msgspec import Struct

ParameterValue = float | int | str | bool


class Trial(Struct, frozen=True):
    """A parameter set to be tried: its number, and values by dotted config path."""

    number: int
    parameters: Mapping[str, ParameterValue]


class TrialResult(Struct, frozen=True):
    """What a trial gave: objectives by name, or the error that ended it."""

    trial: Trial
    objectives: Mapping[str, float]
    error: str = ""


@runtime_checkable
class Search(Protocol):
    """Proposes parameter sets from what is known so far."""

    def ask(self, count: int) -> Sequence[Trial]:
        """Return up to ``count`` trials; none when the search is over."""
        ...

    def tell(self, results: Sequence[TrialResult]) -> None:
        """Learn results."""
        ...


@runtime_checkable
class Executor(Protocol):
    """Runs trials, on this machine or others."""

    async def __aenter__(self) -> Self:
        """Start workers."""
        ...

    async def __aexit__(self, *exc: object) -> None:
        """Stop workers."""
        ...

    def run(self, trials: Sequence[Trial]) -> AsyncIterator[TrialResult]:
        """Run trials and deliver results as they come."""
        ...
