"""What must hold of accounts before real orders leave: the doctor's judgements, those that can't wait as refusals."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from arbcore.config import Config, ExchangeKeys, Instance
from arbcore.doctor.account import check_margin_assets, check_position_mode, check_terms
from arbcore.doctor.keys import check_clock, check_expiry, check_permissions, check_withdrawing
from arbcore.doctor.rows import FAIL, OK, Trouble, attempt, failed
from arbcore.doctor.seen import Seen
from arbcore.live.refusal import Refusal, refuse
from arbcore.model.account import AccountFacts
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.ports.control import Check
from arbcore.ports.trading import Venue

PATIENCE_S: Final = 10.0
"""Time for each question to a venue."""
_MS: Final = 10**6


async def examine(
    config: Config,
    venues: Mapping[str, Venue],
    instruments: Sequence[Instrument],
    now: int,
    patience_s: float = PATIENCE_S,
) -> None:
    """Refuse real orders where an account is not what the config states, or does not tell.

    Only questions are asked. It belongs between the opening of the venues and the first input of the engine.

    Args:
        config: The checked config.
        venues: The open venues by exchange id.
        instruments: The instruments that routes trade.
        now: UTC nanoseconds.
        patience_s: Time for each question.

    Raises:
        LiveRefused: With every reason, of all venues.
    """
    found: list[Refusal] = []
    for name, venue in venues.items():
        seen = _before(config, name, [item for item in instruments if item.venue == name], now)
        seen.facts = await attempt(venue.facts, patience_s)
        for instrument in seen.instruments:
            seen.terms[instrument.key] = await attempt(partial(venue.terms, instrument.key), patience_s)
        found += refusals(seen, window_of(config.exchanges[name]))
    refuse(found)


def window_of(instance: Instance[ExchangeKeys]) -> int:
    """Return how late a request may reach an exchange, in nanoseconds: its setting ``recv_window``, 0 without one."""
    return int(getattr(instance.settings, "recv_window", 0) or 0)


def refusals(seen: Seen, window_ns: int) -> Iterator[Refusal]:
    """Yield why real orders must not go to an account.

    Args:
        seen: What it told.
        window_ns: How late a request may reach the venue; 0 where its requests state no such time.
    """
    if isinstance(seen.facts, AccountFacts):
        yield from _of_facts(seen, seen.facts, window_ns)
    elif isinstance(seen.facts, Trouble):
        yield _refusal(seen.name, failed("account", seen.facts))
    facts = seen.facts if isinstance(seen.facts, AccountFacts) else None
    for check in check_terms(seen, facts):
        # A leverage other than the config's only warns where no order is at stake.
        if check.status == FAIL or (check.name.startswith("leverage ") and check.status != OK):
            yield _refusal(seen.name, check)


def _of_facts(seen: Seen, facts: AccountFacts, window_ns: int) -> Iterator[Refusal]:
    checks = [*check_clock(facts), *check_permissions(facts), *check_withdrawing(seen, facts)]
    checks += check_expiry(seen, facts)
    if seen.has_perpetuals:
        checks += [*check_position_mode(facts), *check_margin_assets(facts)]
    yield from (_refusal(seen.name, check) for check in checks if check.status == FAIL)
    error = facts.clock_error_ns or 0
    if facts.clock_offset_ns is not None and 0 < window_ns < error:
        what = (
            f"the venue's time is known to {error / _MS:,.0f} ms, and it takes requests {window_ns / _MS:,.0f} ms old"
        )
        yield Refusal(f"{seen.name}, clock", what, "find out why the venue answers so slowly")


def _refusal(name: str, check: Check) -> Refusal:
    return Refusal(f"{name}, {check.name}", check.detail, check.fix or "check the network, and try again")


def _before(config: Config, name: str, instruments: Sequence[Instrument], now: int) -> Seen:
    """Return an exchange before it was asked anything: what the config states of it."""
    instance = config.exchanges[name]
    return Seen(
        name=name,
        plugin=instance.use,
        environment=config.session.environment,
        live=True,
        stated=config.keys.withdraw,
        moves_money=bool(getattr(instance.settings, "move_money", False)),
        leverage=int(getattr(instance.settings, "leverage", 0) or 0),
        now=now,
        has_perpetuals=any(item.kind is InstrumentKind.PERPETUAL for item in instruments),
        instruments=tuple(instruments),
    )
