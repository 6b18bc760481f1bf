"""The risk chain: the only place that can build an approved intent, and execution takes nothing else."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, final

from msgspec import Struct
from msgspec.structs import replace

from arbcore.engine.isolation import Failure, isolated
from arbcore.model.intent import Intent, IntentKind
from arbcore.model.reason import Reason
from arbcore.ports.risk import RiskTier, RiskView, Verdict, VerdictKind

_SEAL: Final = object()
_JUDGED: Final = frozenset({IntentKind.ENTRY, IntentKind.TOP_UP})
_SEVERITY: Final = {kind: rank for rank, kind in enumerate(VerdictKind)}

Resize = Callable[[Intent, Decimal], Intent | None]
"""Returns an intent cut to a notional, None where that falls under a venue's minimum."""


@final
class ApprovedIntent:
    """An intent that passed the risk chain.

    Args:
        seal: Known to this module only; anything else is refused.
        intent: The intent as it may be executed.
        asked_notional: Its value before the chain.
        resized_by: Instance id of the tier that cut it, empty where none did.

    Raises:
        TypeError: Somebody else than the risk chain tried to build one.
    """

    __slots__ = ("asked_notional", "intent", "resized_by")

    def __init__(self, seal: object, intent: Intent, asked_notional: Decimal, resized_by: str) -> None:
        if seal is not _SEAL:
            raise TypeError("only the risk chain approves intents")
        self.intent: Final = intent
        self.asked_notional: Final = asked_notional
        self.resized_by: Final = resized_by


class Refusal(Struct, frozen=True):
    """A refusal by the chain.

    Attributes:
        tier: Instance id of the tier with the hardest verdict.
        first_tier: Instance id of the tier that objected first.
        verdict: The hardest verdict.
        broken: Instance id of a tier that failed, empty where none did.
        error: Its exception.
    """

    tier: str
    first_tier: str
    verdict: Verdict
    broken: str = ""
    error: Exception | None = None


class RiskChain:
    """Risk tiers in the config's order.

    Args:
        tiers: Instance id and tier.
        resize: Cuts an intent to a notional.
    """

    def __init__(self, tiers: tuple[tuple[str, RiskTier], ...], resize: Resize) -> None:
        self.tiers: Final = tiers
        self._resize: Final = resize

    def assess(self, intent: Intent, view: RiskView) -> ApprovedIntent | Refusal:
        """Ask every tier about an entry or top-up; exits and unwinds pass unasked.

        Tiers after a refusal are still asked, so that the hardest verdict decides and the first one is named.
        """
        asked, resized_by = intent.notional, ""
        refusal: Refusal | None = None
        for name, tier in self.tiers if intent.kind in _JUDGED else ():
            verdict, error = _ask(tier, intent, view)
            if verdict.kind is VerdictKind.RESIZE:
                smaller = None if verdict.notional is None else self._resize(intent, verdict.notional)
                if smaller is None:
                    verdict = Verdict(kind=VerdictKind.BLOCK, reason=verdict.reason, detail=verdict.detail)
                elif smaller.notional < intent.notional:
                    intent, resized_by = smaller, name
            if verdict.kind not in {VerdictKind.ALLOW, VerdictKind.RESIZE}:
                refusal = _harder(refusal, name, verdict, error)
        return refusal or ApprovedIntent(_SEAL, intent, asked, resized_by)


def part_of(whole: Intent, part: Intent) -> ApprovedIntent:
    """Approve a part of an entry that the chain approved as a whole.

    Raises:
        TypeError: It is no part: another trade, another market or side, or more than the whole.
    """
    pairs = list(zip(whole.legs, part.legs, strict=True))
    same = all(
        (one.instrument, one.side) == (other.instrument, other.side) and other.quantity <= one.quantity
        for one, other in pairs
    )
    if not same or whole.trade != part.trade:
        raise TypeError(f"intent {part.id} is no part of the entry of trade {whole.trade}")
    return ApprovedIntent(_SEAL, part, part.notional, "")


def approve_reduction(intent: Intent) -> ApprovedIntent:
    """Approve what reduces risk without asking tiers: repairs and closes ordered by a person or a verdict."""
    if intent.kind in _JUDGED:
        raise TypeError(f"an intent that opens ({intent.kind}) needs the risk chain")
    return ApprovedIntent(_SEAL, intent, intent.notional, "")


def _ask(tier: RiskTier, intent: Intent, view: RiskView) -> tuple[Verdict, Exception | None]:
    answer = isolated(verdict_of, tier.assess, intent, view)
    if isinstance(answer, Failure):  # a broken tier must stop entries
        detail = repr(answer.error)
        return Verdict(kind=VerdictKind.DEGRADE, reason=Reason.RISK_TIER_ERROR, detail=detail), answer.error
    return answer, None


def verdict_of(judge: Callable[..., Any], *arguments: object) -> Verdict:
    """Return a tier's answer.

    Raises:
        TypeError: It is no verdict.
    """
    answer = judge(*arguments)
    if isinstance(answer, Verdict):
        return answer
    raise TypeError(f"the tier returned {answer!r}: return a Verdict")


def _harder(current: Refusal | None, name: str, verdict: Verdict, error: Exception | None) -> Refusal:
    broken = "" if error is None else name
    if current is None:
        return Refusal(name, name, verdict, broken, error)
    if current.broken:
        broken, error = current.broken, current.error
    if _SEVERITY[verdict.kind] > _SEVERITY[current.verdict.kind]:
        return Refusal(name, current.first_tier, verdict, broken, error)
    return replace(current, broken=broken, error=error)
