"""Listens on our side of the wire for what must never be written anywhere: tokens, signatures, keys of addresses."""

import re
from collections.abc import Mapping
from typing import Any, Final

import pytest

from arbcore.net import _lean, _websocket, _wire

_SENT: Final = (
    re.compile(rb"authorization: Bearer (\S+)", re.IGNORECASE),
    re.compile(rb"signature=([^&\s]+)"),
    re.compile(rb'"signature":\s?"([^"]+)"'),
    re.compile(rb"listenKey=([^&\s]+)"),
    re.compile(rb'"listenKey":\s?"([^"]+)"'),
)

_SHORTEST: Final = 8
"""Damaged frames hold stumps that are found in any text; no venue's tokens are so short."""


class Wire:
    """Everything secret that went over the wire.

    Attributes:
        secrets: The texts, and the keys that they were made with.
    """

    def __init__(self, *known: str) -> None:
        self.secrets: set[str] = set(known)
        self.kinds: set[int] = set()

    def listen(self, patch: pytest.MonkeyPatch) -> None:
        """Look at requests, answers, handshakes and frames from now on."""
        made, opened, sent = _wire.request_bytes, _websocket.open_socket, _websocket.Socket.send
        exchange = _lean.LeanTransport.exchange

        def request_bytes(*arguments: Any) -> bytes:
            data = made(*arguments)
            self._look(data)
            return data

        async def exchanged(self_: Any, *arguments: Any) -> Any:
            answer = await exchange(self_, *arguments)
            self._look(answer[2])
            return answer

        async def open_socket(url: str, settings: Any, headers: Mapping[str, str], subprotocols: Any) -> Any:
            self._look(url.encode())
            self._look("".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode())
            return await opened(url, settings, headers, subprotocols)

        async def send(self_: Any, text: str) -> None:
            self._look(text.encode())
            await sent(self_, text)

        patch.setattr(_lean, "request_bytes", request_bytes)
        patch.setattr(_lean.LeanTransport, "exchange", exchanged)
        patch.setattr(_websocket, "open_socket", open_socket)
        patch.setattr(_websocket.Socket, "send", send)

    def found_in(self, text: str) -> list[str]:
        """Return what of it is written in a text."""
        return sorted(secret for secret in self.secrets if secret in text)

    def _look(self, data: bytes) -> None:
        for kind, pattern in enumerate(_SENT):
            for match in pattern.findall(data):
                if len(match) >= _SHORTEST:
                    self.kinds.add(kind)
                    self.secrets.add(match.decode())
