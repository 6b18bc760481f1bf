"""The risk port: tiers that judge intents and watch the session."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from arbcore.model.intent import Intent
from arbcore.model.trade import Trade


class VerdictKind(StrEnum):
    """What a tier decides, from mildest to hardest."""

    ALLOW = "allow"
    RESIZE = "resize"
    COOL_DOWN = "cool_down"
    DEGRADE = "degrade"
    BLOCK = "block"
    HALT = "halt"
    FLATTEN = "flatten"


class Verdict(Struct, frozen=True, kw_only=True):
    """A tier's decision.

    Attributes:
        kind: What it decides.
        reason: Reason code; empty for an allowance.
        detail: Numbers behind it, for people.
        notional: Largest value allowed in base currency, for a resize.
        until: End of a cool-down in engine time.
    """

    kind: VerdictKind = VerdictKind.ALLOW
    reason: str = ""
    detail: str = ""
    notional: Decimal | None = None
    until: int = 0


ALLOW = Verdict()
"""The verdict that changes nothing."""


class LimitUse(Struct, frozen=True, kw_only=True):
    """A limit of a tier, and what is used of it.

    Attributes:
        name: Key of the setting that states it.
        limit: The limit, as text for people.
        used: What is used of it now; empty where nothing adds up, as with a limit on each trade.
    """

    name: str
    limit: str
    used: str = ""


class TierReport(Struct, frozen=True, kw_only=True):
    """What a tier tells of itself.

    Attributes:
        blocks: Reason code for which it lets nothing be entered now; empty where it does.
        detail: Numbers behind that, for people.
        limits: Its limits, those that are set.
    """

    blocks: str = ""
    detail: str = ""
    limits: tuple[LimitUse, ...] = ()


@runtime_checkable
class RiskView(Protocol):
    """The session as a tier sees it. Amounts are in base currency."""

    @property
    def now(self) -> int:
        """Engine time."""
        ...

    def equity(self) -> Decimal | None:
        """Return balances and open lots at the touch; None while a rate or touch is missing or stale."""
        ...

    def start_equity(self) -> Decimal | None:
        """Return the equity at the start of the session."""
        ...

    def fx(self) -> Decimal | None:
        """Return what rate changes did to the balances since the session's start; None where `equity` is."""
        ...

    def open_trades(self) -> Sequence[Trade]:
        """Return the trades that are not closed, oldest first."""
        ...

    def trades_opened_since(self, time: int) -> int:
        """Return how many trades were opened at or after an engine time within the last two days."""
        ...


@runtime_checkable
class RiskTier(Protocol):
    """One tier of the risk chain. Pure. An exception halts entries.

    A tier judges entries and top-ups; exits and unwinds pass it, since what stops entries never stops an exit.

    Attributes:
        review_interval_ns: How often `review` is called, in engine time; 0 for only after closed trades.
    """

    review_interval_ns: int

    def assess(self, intent: Intent, view: RiskView) -> Verdict:
        """Judge an intent before it is approved."""
        ...

    def review(self, view: RiskView) -> Verdict:
        """Judge the session, after each closed trade and on the tier's interval."""
        ...

    def state(self) -> bytes:
        """Return everything that `restore` needs."""
        ...

    def restore(self, state: bytes) -> None:
        """Take over what an earlier `state` returned."""
        ...


@runtime_checkable
class Reporting(Protocol):
    """A tier that tells what is used of its limits, once a second, for `arb risk show` and others who look on."""

    def report(self, view: RiskView) -> TierReport:
        """Return it. Nothing is changed by asking."""
        ...
