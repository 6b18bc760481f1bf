"""Clients in memory and venues without a server: the wire protocols in virtual time, for tests."""

from typing import TYPE_CHECKING, Any

import msgspec

from arbcore_exchange_simulator.settings import SECOND, SimulatorSettings
from arbcore_exchange_simulator.venues import Venues

if TYPE_CHECKING:
    from arbcore_exchange_simulator.wire import Session


def make_venues(**told: Any) -> Venues:
    """Return venues that start at the settings' time and move only when stepped.

    Args:
        told: Settings by name, as `SimulatorSettings` reads them.

    Raises:
        ValidationError: A setting is wrong.
    """
    settings = SimulatorSettings.model_validate(told)
    return Venues(settings, settings.start)


class MemoryClient:
    """A client's WebSocket in memory. Faults of frames, which belong to the server's sockets, do not reach it.

    Attributes:
        frames: What was sent to it and not taken yet.
        pings: Payloads of pings.
        ended: Code with which the socket was closed; None while it is open.

    Raises:
        Refused: The venue does not open the socket.
    """

    def __init__(self, venues: Venues, venue: str, path: str, query: dict[str, str]) -> None:
        self.venues = venues
        self.frames: list[bytes] = []
        self.pings: list[bytes] = []
        self.ended: int | None = None
        self.session: Session = venues.connect(venue, path, query, self)

    def push(self, data: bytes, stream: str, symbol: str) -> None:
        """Take a frame of market data."""
        self.reply(data)

    def reply(self, data: bytes) -> None:
        """Take an answer."""
        self.frames.append(data)

    def ping(self, payload: bytes) -> None:
        """Take a ping; it is not answered."""
        self.pings.append(payload)

    def close(self, code: int, reason: str) -> None:
        """Take the end of the socket."""
        self.ended = code

    def say(self, message: Any) -> None:
        """Send a message: bytes as they are, everything else as JSON."""
        text = message if isinstance(message, bytes) else msgspec.json.encode(message)
        self.session.receive(text, self.venues.world.now)

    def take(self) -> list[Any]:
        """Return the messages since the last call, decoded."""
        taken, self.frames = self.frames, []
        return [msgspec.json.decode(frame) for frame in taken]

    def wait(self, seconds: float) -> list[Any]:
        """Let virtual time pass and return the messages since the last call."""
        for _ in range(round(seconds * 4)):
            self.venues.step(self.venues.world.now + SECOND // 4)
            if self.frames:
                self.session.sent(self.venues.world.now)
            self.session.tick(self.venues.world.now)
        return self.take()
