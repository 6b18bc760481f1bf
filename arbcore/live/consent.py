"""The consents to real orders, and the gates that a config alone decides."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from arbcore.config import Config
from arbcore.live.paper import paper_gate
from arbcore.live.refusal import Refusal, refuse
from arbcore.model.input import RuleOverridden
from arbcore.plugins import Plugins

LIVE = "live"
PAPER_RULE = "live.min_paper_hours"
"""Rule that an override of the paper hours names in the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the operator said to real orders.

    Attributes:
        confirmed: Name of the session, typed once more: the second consent.
        override: Typed reason to trade in production with fewer clean paper hours than the config wants; empty
            for none. It is recorded in the journal.
        issued_by: Who said so, for the journal.
    """

    confirmed: str = ""
    override: str = ""
    issued_by: str = "operator"


NO_CONSENT = Consent()
"""Nothing was said."""


async def require_consents(config: Config, plugins: Plugins, consent: Consent) -> None:
    """Refuse real orders without both consents, or where the config alone shows that they must not leave.

    A session that is not live needs neither. Paper journals of the project are read; nothing else is opened.

    Args:
        config: The checked config.
        plugins: Its plugins.
        consent: What the operator said.

    Raises:
        LiveRefused: With every reason.
    """
    if config.session.mode == LIVE:
        typed = second_consent(config, consent)
        refuse([*first_consent(config), *typed, *await _gates(config, plugins, consent.override)])


async def require_gates(config: Config, plugins: Plugins, override: str) -> None:
    """Refuse what `require_consents` refuses but the second consent, so that nobody is asked for that in vain.

    Raises:
        LiveRefused: With every reason.
    """
    refuse([*first_consent(config), *await _gates(config, plugins, override)])


async def _gates(config: Config, plugins: Plugins, override: str) -> list[Refusal]:
    return [*loss_gate(config), *allotment_gate(config), *await paper_gate(config, plugins, override)]


def overrides(config: Config, consent: Consent, now: int) -> list[RuleOverridden]:
    """Return what the operator overrode, for the engine to record; nothing where there was nothing to override.

    Args:
        config: The checked config.
        consent: What the operator said.
        now: UTC nanoseconds.
    """
    reason = consent.override.strip()
    if not reason or config.session.mode != LIVE or config.session.environment != "production":
        return []
    return [RuleOverridden(rule=PAPER_RULE, issued_by=consent.issued_by, reason=reason, recv_ts=now)]


def first_consent(config: Config) -> Iterator[Refusal]:
    """Refuse without the consent in the config. That only a file may state it, the config's layers see to."""
    if not config.live.enabled:
        fix = "set live.enabled: true in a config file once paper sessions convince you"
        yield Refusal("live.enabled", "the first consent is missing", fix)


def second_consent(config: Config, consent: Consent) -> Iterator[Refusal]:
    """Refuse without the session's name, typed once more."""
    name = config.session.name
    if consent.confirmed != name:
        said = f"{consent.confirmed!r} is not the session's name" if consent.confirmed else "nobody typed the name"
        fix = f"give --confirm {name}, or type {name} at a terminal"
        yield Refusal("session.name", f"the second consent is missing: {said}", fix)


def loss_gate(config: Config) -> Iterator[Refusal]:
    """Refuse a session whose loss in a day nothing limits.

    A tier that limits it says so by a setting `daily_loss` above 0, whoever wrote the tier.
    """
    if not any(_limits_loss(instance.settings) for instance in config.risk.values()):
        fix = "set daily_loss on a risk tier, such as risk: {portfolio: {use: portfolio, daily_loss: 200}}"
        yield Refusal("risk", "no tier limits the loss of a day", fix)


def allotment_gate(config: Config) -> Iterator[Refusal]:
    """Refuse a session that may use all of an account, which holds what its owner never meant to trade with."""
    for name, instance in config.exchanges.items():
        if not instance.keys.allot:
            fix = "state what the session may use there, such as allot: {USDT: 500}; the rest is never touched"
            yield Refusal(f"exchanges.{name}.allot", "nothing is allotted to the session", fix)


def _limits_loss(settings: object) -> bool:
    limit = getattr(settings, "daily_loss", None)
    return isinstance(limit, int | float | Decimal) and limit > 0
