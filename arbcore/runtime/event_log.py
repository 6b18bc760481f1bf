"""The event log: seals a step's events into the hash chain and stores them before anything acts on them."""

from collections.abc import Sequence
from typing import Final

from arbcore.journal.chain import GENESIS, seal
from arbcore.model.events import Envelope
from arbcore.ports.journal import Journal


class EventLog:
    """Write side of a session's journal.

    Args:
        journal: An open journal. A session that continues one goes on from its last hash.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal: Final = journal
        last = journal.last()
        self._hash = GENESIS if last is None else last.hash
        self.count = 0

    def append(self, events: Sequence[Envelope]) -> None:
        """Store events, all or none.

        Raises:
            JournalError: They could not be stored; what was stored before is whole.
        """
        sealed = seal(self._hash, events)
        self._journal.append(sealed)
        self._hash = sealed[-1].hash
        self.count += len(sealed)

    @property
    def hash(self) -> str:
        """Hash of the newest event in hexadecimal: equal for equal event logs."""
        return self._hash.hex()
