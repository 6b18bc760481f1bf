"""Revising: settings of strategies and risk tiers that change while a session runs, between two inputs.

The runtime has checked them against the plugins' models. The command that carries them is journaled with them, so that
a replay takes over the same ones at the same place; a resume does too, unless the config was edited meanwhile.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from arbcore.engine.actions import Deed
from arbcore.engine.isolation import Failure, isolated
from arbcore.engine.output import Outbox
from arbcore.engine.refusal import CommandRefused
from arbcore.errors import JournalError
from arbcore.model.command import ApplyPreset, CommandRequest, Revision, UpdateConfig
from arbcore.model.events import ConfigChanged
from arbcore.ports.revision import Reconfigurable

_AGAIN: Final = "`arb stop`, then `arb run` with the new config"


class RevisingState(msgspec.Struct, frozen=True, kw_only=True):
    """What `Revising` holds.

    Attributes:
        base: Hash of the config that the session was started with.
        hash: Hash of the config in force.
        applied: Settings as JSON by part, of those that were changed.
    """

    base: str = ""
    hash: str = ""
    applied: dict[str, str] = {}


class Revising:
    """Gives parts new settings.

    Args:
        parts: Strategies and tiers by their place in the config, such as ``strategies.premium``.
        base: Hash of the config that the session was started with.
        outbox: Where events go.
        revised: Called with the place of a part after it took settings over, and with the error where it raised.

    Attributes:
        applied: Settings as JSON by part, of those that were changed.
        hash: Hash of the config in force.
        dropped: Parts whose change no longer counts, since the config was edited before the session went on.
    """

    def __init__(
        self,
        parts: Mapping[str, object],
        base: str,
        outbox: Outbox,
        revised: Callable[[str, Exception | None], None],
    ) -> None:
        self._parts: Final = parts
        self._base: Final = base
        self._outbox: Final = outbox
        self._revised: Final = revised
        self._follows = True
        self.applied: Final[dict[str, str]] = {}
        self.hash = base
        self.dropped: tuple[str, ...] = ()

    def check(self, request: CommandRequest, command: UpdateConfig | ApplyPreset) -> Deed:
        """Check a change of the config and return what applies it.

        Raises:
            CommandRefused: It can't be applied.
        """
        revision = command.revision
        if revision is None:
            raise CommandRefused(f"this session takes no changes of its config: {_AGAIN}")
        if revision.problem:
            raise CommandRefused(revision.problem)
        if revision.before != self.hash:
            raise CommandRefused("the config was changed meanwhile: give it again")
        for place in revision.parts:
            self._require_changeable(place, revision)
        return partial(self._apply, request, command, revision)

    def state(self) -> RevisingState:
        """Return all of it."""
        return RevisingState(base=self._base, hash=self.hash, applied=dict(self.applied))

    def restore(self, state: RevisingState) -> None:
        """Take over what an earlier `state` returned, before the parts take over theirs.

        Where the session was started with another config than now, what is written there counts.

        Raises:
            JournalError: A part does not take its settings any more.
        """
        self._follows = state.base == self._base
        self._take_over(state.applied, state.hash)

    def absorb(self, event: ConfigChanged) -> None:
        """Take over what a journal tells.

        Raises:
            JournalError: A part does not take its settings any more.
        """
        self._follows = self._follows and event.before == self.hash
        self._take_over(event.parts, event.after)

    def _take_over(self, parts: Mapping[str, str], hash_: str) -> None:
        if not self._follows:
            self.dropped = tuple(dict.fromkeys([*self.dropped, *parts]))
            return
        for place, settings in parts.items():
            part = self._parts.get(place)
            failure = isolated(_reconfigure, part, settings)
            if isinstance(failure, Failure):
                raise JournalError(
                    f"{place} does not take what was changed of it while the session ran: {failure.error}",
                    "write the change into the config: whatever is edited there counts from then on",
                )
            self.applied[place] = settings
        self.hash = hash_ or self.hash

    def _require_changeable(self, place: str, revision: Revision) -> None:
        part = self._parts.get(place)
        if not isinstance(part, Reconfigurable):
            raise CommandRefused(f"{place} takes no changes while it runs: {_AGAIN}")
        keys = part.changeable()
        for path in revision.changes:
            key = path.removeprefix(f"{place}.").partition(".")[0].partition("[")[0]
            if path.startswith(f"{place}.") and key not in keys:
                known = ", ".join(sorted(keys))
                raise CommandRefused(f"{place} takes no change of {key} while it runs, but of {known}; else: {_AGAIN}")

    def _apply(self, request: CommandRequest, command: UpdateConfig | ApplyPreset, revision: Revision) -> None:
        update = isinstance(command, UpdateConfig)
        event = ConfigChanged(
            version=command.version if isinstance(command, UpdateConfig) else 0,
            changes=revision.changes,
            before=revision.before,
            after=revision.after,
            issued_by=request.issued_by,
            parts=revision.parts,
        )
        self._outbox.emit(event, str(event.version) if update else request.id)
        self.hash = revision.after
        for place, settings in revision.parts.items():
            failure = isolated(_reconfigure, self._parts[place], settings)
            self.applied[place] = settings
            self._revised(place, failure.error if isinstance(failure, Failure) else None)


def _reconfigure(part: Any, settings: str) -> None:
    part.reconfigure(msgspec.json.decode(settings, type=dict[str, Any]))
