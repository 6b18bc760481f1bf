"""A test card: what is done, what must follow, when it passes, and when it is skipped."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from arbcore.drill.stage import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One scenario.

    Attributes:
        number: Its number, which never changes.
        name: Its name in a few words.
        action: What is done.
        expected: What must follow, in order.
        passes: When it has passed.
        skip_when: When it is skipped; empty for never.
        orders: Whether it sends orders or changes anything on the account.
        act: Plays it and returns what was seen. It raises `Skip`, `Missed`, or what the venue raised.
    """

    number: int
    name: str
    action: str
    expected: str
    passes: str
    skip_when: str = ""
    orders: bool = True
    act: Callable[[Stage], Awaitable[str]]
