"""Clients in memory and venues without a server: the wire protocols in virtual time, for tests."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode
from uuid import UUID

import msgspec

from arbcore_exchange_simulator.settings import SECOND, SimulatorSettings
from arbcore_exchange_simulator.trading.given import UPBIT_KEY
from arbcore_exchange_simulator.venues import Venues
from arbcore_exchange_simulator.wire import Answer, Request

if TYPE_CHECKING:
    from arbcore_exchange_simulator.wire import Session

_NONCES = count(1)  # of all traders: a venue takes none twice


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

    def __init__(
        self, venues: Venues, venue: str, path: str, query: dict[str, str], headers: dict[str, str] | None = None
    ) -> None:
        self.venues = venues
        self.frames: list[bytes] = []
        self.pings: list[bytes] = []
        self.ended: int | None = None
        asked = Request("GET", venue, path, urlencode(query), query, headers or {})
        self.session: Session = venues.open(asked, self)

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


class UpbitTrader:
    """A client of Upbit's exchange API in memory: signs, asks, and gets the reply, with no socket and no clock.

    Args:
        venues: The venues.
        key: Access key.
        secret: Its secret.
        algorithm: ``HS256`` or ``HS512``.
    """

    def __init__(
        self,
        venues: Venues,
        key: str = UPBIT_KEY.key,
        secret: str = UPBIT_KEY.secret.get_secret_value(),
        algorithm: str = "HS512",
    ) -> None:
        self.venues = venues
        self._key = key
        self._secret = secret
        self._algorithm = algorithm

    def get(self, path: str, **params: Any) -> tuple[int, Any]:
        """Ask: status and decoded body."""
        return self._read(self.send("GET", path, params))

    def post(self, path: str, **body: Any) -> tuple[int, Any]:
        """Send a JSON body: status and decoded reply."""
        return self._read(self.send("POST", path, body))

    def delete(self, path: str, **params: Any) -> tuple[int, Any]:
        """Ask for something to be deleted: status and decoded body."""
        return self._read(self.send("DELETE", path, params))

    def send(self, method: str, path: str, params: dict[str, Any]) -> Answer:
        """Send a signed request; the reply may be ``silent``, which a real client never gets."""
        sent = {name: value for name, value in params.items() if value is not None}
        text = unquote(urlencode(_listed(sent), doseq=True))
        posts = method == "POST"
        headers = {"authorization": f"Bearer {self.token(text)}", "content-type": "application/json"}
        raw = "" if posts else urlencode(_listed(sent), doseq=True).replace("%5B%5D", "[]")
        query = {} if posts else {name: str(value) for name, value in sent.items()}
        body = msgspec.json.encode(sent) if posts and sent else b""
        return self.venues.serve(Request(method, "upbit", f"v1/{path}", raw, query, headers, body))

    def token(self, hashed: str = "") -> str:
        """Return a fresh token for a text that is to be hashed."""
        payload = {"access_key": self._key, "nonce": str(UUID(int=next(_NONCES) << 64))}
        if hashed:
            payload |= {"query_hash": hashlib.sha512(hashed.encode()).hexdigest(), "query_hash_alg": "SHA512"}
        head = {"alg": self._algorithm, "typ": "JWT"}
        text = ".".join(_url_safe(msgspec.json.encode(part)) for part in (head, payload))
        digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[self._algorithm]
        return f"{text}.{_url_safe(hmac.new(self._secret.encode(), text.encode(), digest).digest())}"

    def stream(self, *parts: Any) -> MemoryClient:
        """Open the private socket and, where parts are told, subscribe.

        Raises:
            Refused: The venue does not open it.
        """
        headers = {"authorization": f"Bearer {self.token()}"}
        client = MemoryClient(self.venues, "upbit", "websocket/v1/private", {}, headers)
        if parts:
            client.say([{"ticket": "t"}, *parts])
        return client

    @staticmethod
    def _read(answer: Answer) -> tuple[int, Any]:
        return answer.status, msgspec.json.decode(answer.body)


def _listed(params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters with brackets after the names of lists."""
    return {f"{name}[]" if isinstance(value, list) else name: value for name, value in params.items()}


def _url_safe(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
