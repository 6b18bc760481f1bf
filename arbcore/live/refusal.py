"""Refusals of live trading: each with its reason and what to do, all of them at once."""

from collections.abc import Iterable
from dataclasses import dataclass

from arbcore.errors import SafetyError


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why real orders must not leave.

    Attributes:
        where: What it concerns: a key of the config, or an exchange and a check of it.
        what: The reason.
        fix: What to do about it.
    """

    where: str
    what: str
    fix: str


class LiveRefused(SafetyError):
    """Real orders must not leave.

    Args:
        refusals: Every reason.
    """

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals = tuple(refusals)
        count = "1 reason" if len(self.refusals) == 1 else f"{len(self.refusals)} reasons"
        super().__init__("\n".join([f"live trading is refused for {count}", *map(_lines, self.refusals)]))


def refuse(refusals: Iterable[Refusal]) -> None:
    """Raise every refusal as one error, if there are any.

    Raises:
        LiveRefused: There are.
    """
    found = tuple(refusals)
    if found:
        raise LiveRefused(found)


def _lines(refusal: Refusal) -> str:
    return f"  {refusal.where}: {refusal.what}\n    fix: {refusal.fix}"
