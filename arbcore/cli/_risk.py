"""What risk tiers said and let pass, as a record and as rows of tables."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from arbcore.cli._words import code_words, harmless
from arbcore.journal.text import iso
from arbcore.model.events import (
    EngineStarted,
    Envelope,
    IntentApproved,
    ManualOverrideExecuted,
    OrderIntended,
    RiskGuardRejected,
    RiskVerdictIssued,
)
from arbcore.model.intent import IntentKind
from arbcore.model.money import plain

if TYPE_CHECKING:
    from arbcore.cli._reading import SessionReading
    from arbcore.ports.risk import TierReport

_JUDGED: Final = frozenset({IntentKind.ENTRY, IntentKind.TOP_UP})
"""Intents that tiers judge: what closes or repairs passes them, since what stops entries never stops an exit."""


@dataclass(slots=True)
class RiskStory:
    """What a journal's events tell about risk. Mutable: `add` moves it along.

    Attributes:
        refused: Entries refused since the newest start, by tier.
        verdicts: The latest verdict of each tier on the session since then, with its engine time.
        overrides: What was overridden since then, with the engine times.
    """

    refused: Counter[str] = field(default_factory=Counter)
    verdicts: dict[str, tuple[int, RiskVerdictIssued]] = field(default_factory=dict)
    overrides: list[tuple[int, ManualOverrideExecuted]] = field(default_factory=list)
    _kinds: dict[str, IntentKind] = field(default_factory=dict)
    _intents: dict[str, str] = field(default_factory=dict)

    def add(self, envelope: Envelope) -> None:
        """Count one event."""
        match event := envelope.event:
            case EngineStarted():
                self.refused.clear()
                self.verdicts.clear()
                self.overrides.clear()
            case RiskGuardRejected(tier=tier):
                self.refused[tier] += 1
            case RiskVerdictIssued(tier=tier):
                self.verdicts[tier] = (envelope.time, event)
            case ManualOverrideExecuted():
                self.overrides.append((envelope.time, event))
            case IntentApproved(intent=intent):
                self._kinds[intent.id] = intent.kind
            case OrderIntended(order=order, intent=intent):
                self._intents[order.client_order_id] = intent

    def exempt(self, client_order_id: str) -> str:
        """Return the kind of an order's intent where no tier judges it, empty where tiers do."""
        kind = self._kinds.get(self._intents.get(client_order_id, ""))
        return "" if kind is None or kind in _JUDGED else str(kind)


def risk(reading: "SessionReading", story: RiskStory) -> dict[str, Any]:
    """Return it as one record; times are ISO 8601 UTC, amounts in base currency."""
    return {
        "schema_version": 1,
        "session": reading.started.session,
        "condition": reading.condition,
        "state": reading.projections.state,
        "base_currency": reading.started.base_currency,
        "tiers": [_tier(name, report, story) for name, report in _reports(reading, story).items()],
        "exempt_orders": [_order(reading, order, kind) for order, kind in _exempt(reading, story)],
        "overrides": [
            {"time": iso(time), "rule": event.rule, "reason": event.reason, "issued_by": event.issued_by}
            for time, event in story.overrides
        ],
    }


def tier_rows(reading: "SessionReading", story: RiskStory) -> list[list[str]]:
    """Return a row for each tier: what it blocks, what it said last, how often it refused."""
    rows = []
    for name, report in _reports(reading, story).items():
        blocks = "not told" if report is None else code_words(report.blocks) or "entries pass"
        detail = report.detail if report is not None else ""
        time, verdict = story.verdicts.get(name, (0, None))
        said = "" if verdict is None else f"{verdict.verdict}: {code_words(verdict.reason)}, {iso(time)}"
        rows.append([name, harmless(f"{blocks} {detail}".strip()), said or "-", f"{story.refused[name]:,}"])
    return rows


def limit_rows(reading: "SessionReading") -> list[list[str]]:
    """Return a row for each limit of each tier: known of a running session only."""
    tiers = reading.fresh.tiers if reading.fresh is not None else {}
    return [
        [name, limit.name, harmless(limit.limit), harmless(limit.used) or "-"]
        for name, report in tiers.items()
        for limit in report.limits
    ]


def exempt_rows(reading: "SessionReading", story: RiskStory) -> list[list[str]]:
    """Return a row for each open order that no tier judges."""
    found = [_order(reading, order, kind) for order, kind in _exempt(reading, story)]
    return [[each["order"], each["kind"], each["side"], plain(each["quantity"]), each["instrument"]] for each in found]


def _reports(reading: "SessionReading", story: RiskStory) -> "dict[str, TierReport | None]":
    """Return what tiers tell, and None for those that only the journal names."""
    told: dict[str, TierReport | None] = dict(reading.fresh.tiers) if reading.fresh is not None else {}
    return told | {name: None for name in (*story.verdicts, *story.refused) if name not in told}


def _tier(name: str, report: "TierReport | None", story: RiskStory) -> dict[str, Any]:
    time, verdict = story.verdicts.get(name, (0, None))
    return {
        "tier": name,
        "told": report is not None,
        "blocks": report.blocks if report is not None else "",
        "detail": report.detail if report is not None else "",
        "limits": report.limits if report is not None else (),
        "refused": story.refused[name],
        "verdict": None
        if verdict is None
        else {
            "time": iso(time),
            "verdict": verdict.verdict,
            "reason": verdict.reason,
            "detail": verdict.detail,
        },
    }


def _exempt(reading: "SessionReading", story: RiskStory) -> list[tuple[str, str]]:
    return [(order, kind) for order in reading.projections.orders if (kind := story.exempt(order))]


def _order(reading: "SessionReading", name: str, kind: str) -> dict[str, Any]:
    request = reading.projections.orders[name].request
    return {
        "order": name,
        "kind": kind,
        "instrument": request.instrument,
        "side": str(request.side),
        "quantity": request.quantity,
    }
