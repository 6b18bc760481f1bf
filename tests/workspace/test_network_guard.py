"""The suite's network guard fires, and lets this machine through."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# An address of the documentation range and a name that never resolves: without the guard, nobody is reached.
OUTSIDE = ("192.0.2.1", 9)
NAMED = ("nowhere.invalid", 80)


def _on_socket(call: Callable[[socket.socket], object], kind: int = socket.SOCK_STREAM) -> None:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.settimeout(0.2)
        call(sock)


ATTEMPTS: dict[str, Callable[[], object]] = {
    "connect": lambda: _on_socket(lambda s: s.connect(OUTSIDE)),
    "connect by name": lambda: _on_socket(lambda s: s.connect(NAMED)),
    "connect_ex": lambda: _on_socket(lambda s: s.connect_ex(OUTSIDE)),
    "sendto": lambda: _on_socket(lambda s: s.sendto(b"x", OUTSIDE), socket.SOCK_DGRAM),
    "sendto with flags": lambda: _on_socket(lambda s: s.sendto(b"x", 0, OUTSIDE), socket.SOCK_DGRAM),
    "sendmsg": lambda: _on_socket(lambda s: s.sendmsg([b"x"], [], 0, OUTSIDE), socket.SOCK_DGRAM),
    "create_connection": lambda: socket.create_connection(NAMED, timeout=0.2),
    "getaddrinfo": lambda: socket.getaddrinfo(*NAMED),
    "getaddrinfo in bytes": lambda: socket.getaddrinfo(b"nowhere.invalid", 80),
    "getaddrinfo by keyword": lambda: socket.getaddrinfo(host="nowhere.invalid", port=80),
    "gethostbyname": lambda: socket.gethostbyname("nowhere.invalid"),
    "gethostbyname_ex": lambda: socket.gethostbyname_ex("nowhere.invalid"),
    "gethostbyaddr": lambda: socket.gethostbyaddr("192.0.2.1"),
    "getnameinfo": lambda: socket.getnameinfo(OUTSIDE, 0),
    "asyncio by address": lambda: asyncio.run(_asyncio_connect(*OUTSIDE)),
    "asyncio by name": lambda: asyncio.run(_asyncio_connect(*NAMED)),
    "asyncio datagram": lambda: asyncio.run(_asyncio_datagram()),
}


async def _asyncio_connect(host: str, port: int) -> None:
    async with asyncio.timeout(2):
        await asyncio.open_connection(host, port)


async def _asyncio_datagram() -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(2):
        await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=OUTSIDE)


@pytest.mark.parametrize("attempt", list(ATTEMPTS.values()), ids=list(ATTEMPTS))
def test_the_guard_fires(attempt: Callable[[], object], network_attempts: list[str]) -> None:
    with pytest.raises(RuntimeError, match="only reach loopback and Unix sockets") as caught:
        attempt()
    assert type(caught.value).__name__ == "NetworkBlockedError"
    assert len(network_attempts) == 1
    network_attempts.clear()


def test_an_attempt_from_another_thread_is_seen(network_attempts: list[str]) -> None:
    errors: list[Exception] = []

    def lookup() -> None:
        try:
            socket.getaddrinfo(*NAMED)
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=lookup)
    thread.start()
    thread.join()
    assert len(errors) == len(network_attempts) == 1
    network_attempts.clear()


SWALLOWS = """
import socket

def test_swallows():
    try:
        socket.gethostbyname("nowhere.invalid")
    except Exception:
        pass
"""


def test_a_swallowed_attempt_still_fails_the_test(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text((ROOT / "conftest.py").read_text())
    (tmp_path / "test_swallows.py").write_text(SWALLOWS)
    command = [sys.executable, "-m", "pytest", "--import-mode=importlib", "-c", os.devnull, "--rootdir", "."]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "the test reached for the network: gethostbyname 'nowhere.invalid'" in run.stdout


@contextlib.contextmanager
def _listening(family: int, address: tuple[str, int] | str) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.bind(address)
        server.listen()
        yield server


def test_loopback_passes() -> None:
    with _listening(socket.AF_INET, ("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            with socket.create_connection((host, port), timeout=2) as client:
                assert client.getpeername()[1] == port
    assert socket.gethostbyname("localhost").startswith("127.")


def test_loopback_passes_in_asyncio() -> None:
    async def talk() -> bytes:
        async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")
            writer.close()

        async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            reader, writer = await asyncio.open_connection(host, port)
            heard = await reader.read()
            writer.close()
            await writer.wait_closed()
            return heard

    assert asyncio.run(talk()) == b"hello"


def test_datagrams_on_loopback_pass() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"hello", server.getsockname())
        assert server.recv(16) == b"hello"


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this platform has no Unix sockets")
def test_unix_sockets_pass(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with _listening(socket.AF_UNIX, path) as server, socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        accepted, _ = server.accept()
        with accepted:
            client.sendall(b"hello")
            assert accepted.recv(16) == b"hello"
