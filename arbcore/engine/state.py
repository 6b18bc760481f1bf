"""The whole state of an engine as one value: what a snapshot holds, and how an engine takes it over.

A restored engine goes on as the one that was left, byte for byte, once its books are learned anew: prices of another
hour are worse than none. Counted episodes of skips and refused inputs begin anew.
"""

from copy import copy
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from arbcore.engine import execution_state
from arbcore.engine.accounts import AccountsState
from arbcore.engine.actions import Action
from arbcore.engine.execution_state import ExecutionState
from arbcore.engine.life import LifeState
from arbcore.engine.market import RateValue
from arbcore.engine.parts import Parts
from arbcore.engine.reconciler import ReconcilerState
from arbcore.engine.revising import RevisingState
from arbcore.engine.switches import SwitchesState
from arbcore.engine.takings import TakingsState
from arbcore.engine.verdicts import VerdictsState
from arbcore.engine.view import ViewState
from arbcore.errors import JournalError
from arbcore.journal.chain import Anchor
from arbcore.model.state import HealthState
from arbcore.ports.journal import StoredSnapshot

FORMAT: Final = 2
"""Version of the format. Whoever changes a structure raises it: an older snapshot is then passed over."""


class EngineSnapshot(Struct, frozen=True, kw_only=True):
    """Everything that an engine knows, apart from the touches of its instruments.

    Attributes:
        sequence: Number of its last event.
        now: Engine time.
        intents: Number of intents that were given an id.
        rates: Last value of every conversion rate.
        accounts: Cash, lots, profit, what is set aside.
        execution: Orders, intents and trades.
        switches: State of the engine, strategies and symbols.
        health: Health of venues.
        verdicts: What tiers decided.
        view: The session as tiers see it.
        life: Statements of the venues and the value at the start.
        commands: Ids of the commands that were applied or refused.
        ending: Why the session ends once its last trade is closed, empty where it does not.
        actions: What venues were asked for and has not ended, by command id.
        given: Transfers and withdrawals that were asked for.
        failed: Strategies that raised.
        failed_policies: Leg policies that raised.
        strategies: State of each strategy in its own format.
        tiers: State of each risk tier.
        policies: State of each leg policy.
        slicer: State of the slicer, empty where there is none.
        reconciler: What of the accounts is not ours, and what was told of others.
        revising: Settings that were changed while the session ran.
        takings: What venues closed by themselves, of whom, and of nobody so far.
    """

    sequence: int
    now: int
    intents: int
    rates: dict[str, RateValue]
    accounts: AccountsState
    execution: ExecutionState
    switches: SwitchesState
    health: dict[str, HealthState]
    verdicts: VerdictsState
    view: ViewState
    life: LifeState
    commands: list[str]
    ending: str
    actions: dict[str, Action]
    given: list[str]
    failed: list[str]
    failed_policies: list[str]
    strategies: dict[str, bytes]
    tiers: dict[str, bytes]
    policies: dict[str, bytes]
    slicer: bytes
    reconciler: ReconcilerState
    revising: RevisingState
    takings: TakingsState


class Kept(Struct, frozen=True):
    """What a snapshot holds: the engine's state, and that of every simulated venue in its own format."""

    engine: EngineSnapshot
    venues: dict[str, bytes] = {}


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Kept)
_HEAD: Final = b"arbcore engine %d\n"


def state_of(parts: Parts) -> EngineSnapshot:
    """Return the state of an engine between two steps."""
    seen, ending = parts.commands.state()
    return EngineSnapshot(
        sequence=parts.outbox.sequence,
        now=parts.outbox.now,
        intents=parts.intents_given,
        rates=parts.market.rate_values(),
        accounts=parts.accounts.state(),
        execution=execution_state.state_of(parts.execution, parts.inquiries),
        switches=parts.switches.state_of_all(),
        health=parts.conditions.state(),
        verdicts=parts.verdicts.state(),
        view=parts.view.state(),
        life=parts.life.state(),
        commands=seen,
        ending=ending,
        actions={key: copy(action) for key, action in parts.actions.pending.items()},
        given=parts.actions.given(),
        failed=sorted(parts.deciding.failed),
        failed_policies=sorted(parts.planning.failed),
        strategies={name: strategy.state() for name, strategy in parts.deciding.strategies.items()},
        tiers={name: tier.state() for name, tier in parts.tiers},
        policies={name: policy.state() for name, policy in parts.planning.policies.items()},
        slicer=b"" if parts.slicing.slicer is None else parts.slicing.slicer.state(),
        reconciler=parts.reconciler.state(),
        revising=parts.revising.state(),
        takings=parts.takings.state(),
    )


def restore(parts: Parts, state: EngineSnapshot) -> None:
    """Let new parts take over a state.

    Raises:
        JournalError: A route, venue or instrument that an open trade or order needs is not configured any more.
    """
    _require_routes(parts, state.execution)
    parts.outbox.sequence, parts.outbox.now = state.sequence, state.now
    parts.intents_given = state.intents
    parts.market.restore_rates(state.rates)
    parts.accounts.restore(state.accounts)
    execution_state.restore(state.execution, parts.execution, parts.inquiries, parts.route_of)
    parts.switches.restore(state.switches)
    parts.conditions.restore(state.health)
    parts.verdicts.restore(state.verdicts)
    parts.view.restore(state.view)
    parts.life.restore(state.life)
    parts.commands.restore(state.commands, state.ending)
    parts.actions.restore(state.actions, state.given)
    parts.reconciler.restore(state.reconciler)
    parts.revising.restore(state.revising)
    parts.takings.restore(state.takings)
    _restore_plugins(parts, state)


def _restore_plugins(parts: Parts, state: EngineSnapshot) -> None:
    parts.deciding.failed.update(state.failed)
    parts.planning.failed.update(state.failed_policies)
    for name, strategy in parts.deciding.strategies.items():
        if name in state.strategies:
            strategy.restore(state.strategies[name])
    for name, tier in parts.tiers:
        if name in state.tiers:
            tier.restore(state.tiers[name])
    for name, policy in parts.planning.policies.items():
        if name in state.policies:
            policy.restore(state.policies[name])
    if parts.slicing.slicer is not None and state.slicer:
        parts.slicing.slicer.restore(state.slicer)
    for route in parts.deciding.routes.values():
        parts.deciding.arm(route)


def _require_routes(parts: Parts, state: ExecutionState) -> None:
    """Refuse a configuration that lacks what open trades need; what only ended orders refer to is not asked for."""
    for key in state.open:
        intent = state.trades[key].intent
        missing = [leg.instrument for leg in intent.legs if leg.instrument not in parts.market.instruments]
        if missing or not parts.has_route(intent):
            what = f"the market {missing[0]}" if missing else f"the route {intent.route}"
            raise JournalError(
                f"trade {key} of {intent.symbol} is open, and {what} is not configured any more",
                f"configure strategies.{intent.strategy} as before until the trade is closed, "
                "or start clean (--clean), which leaves its positions to you",
            )


def encode(state: Kept, chain: bytes) -> StoredSnapshot:
    """Return a state as a journal keeps it.

    Args:
        state: The state.
        chain: Hash of its last event.
    """
    body = _HEAD % FORMAT + _ENCODER.encode(state)
    return StoredSnapshot(state.engine.sequence, chain, body, sha256(body).digest())


def decode(stored: StoredSnapshot, place: Anchor) -> Kept:
    """Return the state that a journal kept.

    Args:
        stored: The snapshot.
        place: Where the journal's chain has the event that the snapshot was taken after.

    Raises:
        JournalError: It is damaged, of another chain, or of another format.
    """
    if sha256(stored.body).digest() != stored.digest:
        raise JournalError(f"the snapshot of event {stored.sequence} is damaged: its digest does not match")
    if (stored.sequence, stored.chain) != (place.sequence, place.hash):
        raise JournalError(f"the snapshot of event {stored.sequence} belongs to another chain")
    head, _, body = stored.body.partition(b"\n")
    if head + b"\n" != _HEAD % FORMAT:
        raise JournalError(f"the snapshot of event {stored.sequence} has another format: {head[:40]!r}")
    try:
        return _DECODER.decode(body)
    except msgspec.MsgspecError as error:
        raise JournalError(f"the snapshot of event {stored.sequence} can't be read: {error}") from error
