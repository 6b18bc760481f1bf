"""The bell: how another process wakes a running session, so that a command need not wait for the next poll.

A datagram on the loopback interface, to a port and with a token that a file in the session's folder tells. It carries
nothing else: what is asked stands in the control store. A datagram may get lost, so whoever listens polls, too.
"""

import json
import os
import secrets
import socket
from pathlib import Path
from typing import Final, Self

import anyio
import anyio.abc

HOST: Final = "127.0.0.1"
"""Only this machine can ring."""

_LONGEST: Final = 256


class Bell:
    """Listens for rings.

    Args:
        file: Where port and token are told; only its owner can read it.

    Attributes:
        heard: Whether it listens; where it does not, only a poll finds what came.
    """

    def __init__(self, file: Path) -> None:
        self._file: Final = file
        self._token: Final = secrets.token_hex(16).encode()
        self._socket: anyio.abc.UDPSocket | None = None
        self.heard = False

    async def __aenter__(self) -> Self:
        """Listen, if the system lets it."""
        try:
            self._socket = await anyio.create_udp_socket(family=socket.AF_INET, local_host=HOST)
            self._tell(self._socket.extra(anyio.abc.SocketAttribute.local_port))  # noqa: S610 - no query of Django
        except OSError:
            await self._close()
        else:
            self.heard = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop listening."""
        await self._close()
        self._file.unlink(missing_ok=True)

    async def wait(self, seconds: float) -> None:
        """Wait for a ring, or for so long."""
        with anyio.move_on_after(seconds):
            if self._socket is None or not self.heard:
                await anyio.sleep(seconds)
                return
            try:
                while (await self._socket.receive())[0] != self._token:
                    pass
            except (OSError, anyio.ClosedResourceError, anyio.BrokenResourceError):
                self.heard = False

    def _tell(self, port: int) -> None:
        """Write the file so that readers see all of it or nothing."""
        part = self._file.with_name(f".{self._file.name}.part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(json.dumps({"port": port, "token": self._token.decode()}).encode())
        part.replace(self._file)

    async def _close(self) -> None:
        self.heard = False
        if self._socket is not None:
            await self._socket.aclose()
            self._socket = None


def ring(file: Path) -> bool:
    """Wake the session whose bell a file tells; tell whether a ring was sent. Nothing depends on it."""
    try:
        told = json.loads(file.read_bytes()[:_LONGEST])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(str(told["token"]).encode(), (HOST, int(told["port"])))
    except (OSError, ValueError, LookupError, TypeError, OverflowError):
        return False
    return True
