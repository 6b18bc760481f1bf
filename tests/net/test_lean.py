"""The lean transport over real sockets: which connections are used again, and how answers end."""

import asyncio
import datetime as dt
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from arbcore.errors import ExchangeUnavailable, OutcomeUnknown
from arbcore.net import _lean, _wire
from arbcore.net._lean import LeanTransport
from tests.net.surroundings import MS, S

pytestmark = pytest.mark.anyio

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Server:
    """Talks to each connection by a function."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.base = ""
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        finally:
            writer.close()

    async def read(self, reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        self.heads.append(head)
        self.bodies.append(await reader.readexactly(sum(lengths)))


@asynccontextmanager
async def serving(*answers: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Answer the requests in turn, on whatever connection they come; the last answer stays."""
    left = list(answers)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await server.read(reader)
            answer = left.pop(0) if len(left) > 1 else left[0]
            writer.write(answer)
            if b"close" in answer or (b"content-length" not in answer.lower() and b"chunked" not in answer):
                return

    server = Server(talk)
    async with listening(server, tls):
        yield server


@asynccontextmanager
async def listening(server: Server, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.base = f"http{'s' if tls else ''}://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()


async def get(transport: LeanTransport, target: str = "/", wait: int = 5 * S, method: str = "GET") -> bytes:
    return (await transport.exchange(method, target, {}, b"", wait))[2]


async def test_a_request_is_written_as_it_was_given_and_the_connection_is_kept() -> None:
    async with serving(OK) as server, LeanTransport(f"{server.base}/base", S) as tested:
        await tested.exchange("POST", "/a?b=%20&c[]=1", {"X-Key": "k v"}, b"{}", S)
        await tested.exchange("POST", "/empty", {}, b"", S)
        status, headers, body = await tested.exchange("GET", "/", {"Accept": "own"}, b"", S)
    assert server.heads[0].startswith(b"POST /base/a?b=%20&c[]=1 HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"\r\nx-key: k v\r\ncontent-length: 2\r\n\r\n" in server.heads[0]
    assert server.bodies == [b"{}", b"", b""]
    assert b"content-length: 0" in server.heads[1]
    assert b"content-length" not in server.heads[2]
    assert b"accept: own" in server.heads[2]
    assert (status, headers, body) == (200, {"content-length": "2"}, b"ok")
    assert server.connections == 1


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n", b"ok"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\n\r\nto the end", b"to the end"),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 204 No Content\r\nx-content-length: none\r\n\r\n", b""),
    ],
)
async def test_answers_end_in_every_way_that_http_has(answer: bytes, body: bytes) -> None:
    async with serving(answer, OK) as server, LeanTransport(server.base, S) as tested:
        assert await get(tested) == body
        assert await get(tested) == b"ok"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9, close\r\n\r\nok",
        b"close HTTP",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nx: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: br\r\ncontent-length: 2\r\n\r\nok",
    ],
)
async def test_what_is_no_whole_answer_leaves_the_outcome_unknown(answer: bytes) -> None:
    async with serving(answer, OK) as server, LeanTransport(server.base, S) as tested:
        with pytest.raises(OutcomeUnknown):
            await get(tested)
        assert await get(tested) == b"ok"


async def test_answers_may_be_compressed_and_must_not_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    packing = zlib.compressobj(wbits=31)
    packed = packing.compress(b"long" * 999) + packing.flush()
    answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n%s" % (len(packed), packed)
    async with serving(answer) as server, LeanTransport(server.base, S) as tested:
        assert await get(tested) == b"long" * 999
        monkeypatch.setattr(_lean, "_LARGEST", 3995)
        with pytest.raises(OutcomeUnknown, match="too large"):
            await get(tested)


async def test_an_answer_that_never_stops_growing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wire, "_LARGEST", 9)
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789"
    async with serving(answer) as server, LeanTransport(server.base, S) as tested:
        with pytest.raises(OutcomeUnknown, match="too large"):
            await get(tested)


async def test_a_connection_that_ended_while_idle_is_not_used_again() -> None:
    closing = anyio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read(reader)
        writer.write(OK)
        if server.connections == 1:
            writer.close()
            await writer.wait_closed()
            closing.set()
            return
        await reader.read()

    server = Server(talk)
    async with listening(server), LeanTransport(server.base, S) as tested:
        await get(tested)
        await closing.wait()
        while any(wire.is_usable for wire in tested._idle):
            await anyio.lowlevel.checkpoint()
        assert await get(tested) == b"ok"
    assert server.connections == 2


async def test_what_comes_unasked_is_no_answer_to_the_next_request() -> None:
    sent = anyio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read(reader)
        writer.write(OK)
        if server.connections == 1:
            writer.write(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
            sent.set()
        await reader.read()

    server = Server(talk)
    async with listening(server), LeanTransport(server.base, S) as tested:
        await get(tested)
        await sent.wait()
        while any(wire.is_usable for wire in tested._idle):
            await anyio.lowlevel.checkpoint()
        assert (await tested.exchange("GET", "/", {}, b"", S))[0] == 200
    assert server.connections == 2


async def test_what_follows_an_answer_in_one_packet_ends_the_connection() -> None:
    async with serving(OK + OK) as server, LeanTransport(server.base, S) as tested:
        assert await get(tested) == b"ok"
        assert await get(tested) == b"ok"
    assert server.connections == 2


async def test_connections_that_lay_idle_for_long_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_lean, "_IDLE_NS", 0)
    async with serving(OK) as server, LeanTransport(server.base, S) as tested:
        await get(tested)
        await get(tested)
    assert server.connections == 2


async def test_a_server_that_trickles_ends_at_the_deadline_and_the_connection_with_it() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read(reader)
        if server.connections > 1:
            writer.write(OK)
        else:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n")
        await reader.read()

    server = Server(talk)
    async with listening(server), LeanTransport(server.base, S) as tested:
        with pytest.raises(OutcomeUnknown, match=r"no answer within 0\.02 s"):
            await get(tested, wait=20 * MS)
        assert await get(tested) == b"ok"
    assert server.connections == 2


async def test_a_cancelled_request_drops_its_connection() -> None:
    heard = anyio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read(reader)
        if server.connections > 1:
            writer.write(OK)
        heard.set()
        await reader.read()

    server = Server(talk)
    async with listening(server), LeanTransport(server.base, S) as tested:
        async with anyio.create_task_group() as group:
            group.start_soon(get, tested)
            await heard.wait()
            group.cancel_scope.cancel()
        assert await get(tested) == b"ok"
        assert len(tested._wires) == 1
    assert server.connections == 2


async def test_requests_beyond_the_pool_wait_for_their_turn_and_give_up_unsent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_lean, "_CONNECTIONS", 2)
    go = anyio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await server.read(reader)
            await go.wait()
            writer.write(OK)

    server = Server(talk)
    async with listening(server), LeanTransport(server.base, 30 * MS) as tested, anyio.create_task_group() as group:
        group.start_soon(get, tested)
        group.start_soon(get, tested)
        while len(server.heads) < 2:
            await anyio.lowlevel.checkpoint()
        with pytest.raises(ExchangeUnavailable, match="every connection is in use"):
            await get(tested)
        group.start_soon(get, tested)
        go.set()
    assert (server.connections, len(server.heads)) == (2, 3)


@pytest.mark.parametrize("target", ["/a b", "/a\r\nx: y", "/ä", ""])
async def test_a_request_that_http_does_not_allow_is_not_sent(target: str) -> None:
    async with serving(OK) as server, LeanTransport(server.base, S) as tested:
        with pytest.raises(ExchangeUnavailable, match="characters that HTTP does not allow"):
            await get(tested, target)
        with pytest.raises(ExchangeUnavailable) as caught:
            await tested.exchange("GET", "/", {"x": "secret\r\ny: z"}, b"", S)
    assert "secret" not in f"{caught.value!r}"
    assert server.connections == 0


async def test_heads_have_no_body() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n"
    async with serving(answer) as server, LeanTransport(server.base, S) as tested:
        assert await get(tested, method="HEAD") == b""


async def test_where_nobody_listens_nothing_is_sent() -> None:
    async with LeanTransport("http://127.0.0.1:9", S) as tested:
        with pytest.raises(ExchangeUnavailable, match="not sent: ConnectionRefusedError"):
            await get(tested)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context for the name ``localhost`` and the file of its certificate."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    no_password = serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password)
    public = made.public_bytes(serialization.Encoding.PEM)
    file.write_bytes(text + public)
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(public)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, trusted


async def test_over_tls_only_the_right_host_is_talked_to(certificate: tuple[ssl.SSLContext, Path]) -> None:
    context, trusted = certificate
    own = ssl.create_default_context(cafile=str(trusted))
    async with serving(OK, tls=context) as server:
        named = server.base.replace("127.0.0.1", "localhost")
        async with LeanTransport(named, 5 * S, own) as tested:
            assert await get(tested) == b"ok"
            assert await get(tested) == b"ok"
        for base, trust in ((server.base, own), (named, None)):  # another name, and nobody who vouches for it
            async with LeanTransport(base, 5 * S, trust) as tested:
                with pytest.raises(ExchangeUnavailable, match="not sent: SSLCertVerificationError"):
                    await get(tested)
    assert len(server.heads) == 2
