"""What an HTTP transport costs an order: from the call to the moment at which a server in another process has it all.

Both transports of `arbcore.net` beside aiohttp and a bare socket, one order each in turn, with pauses between them as
orders have. The server does nothing but read, and answers with the time at which it had the request.

    python -m benchmarks.bench_transport [orders]
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import msgspec

from arbcore.net._httpx import HttpxTransport
from arbcore.net._lean import LeanTransport
from benchmarks.live import percentile

_S = 10**9
_US = 1e3
_PAUSE_S = 0.004
_WARM_UP = 30
_HEADERS = {"x-mbx-apikey": "k" * 64}
_TARGET = (
    "/fapi/v1/order?symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.001&price=100000&timeInForce=IOC"
    f"&newClientOrderId=abcdefghijklmnop&recvWindow=2000&timestamp=1700000000000&signature={'a' * 64}"
)
_BARE = f"POST {_TARGET} HTTP/1.1\r\nhost: x\r\nx-mbx-apikey: {'k' * 64}\r\ncontent-length: 0\r\n\r\n".encode()

Ask = Callable[[], Awaitable[bytes]]


async def serve() -> None:
    """Answer every request with when it was there."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                body = b'{"at":%d}' % time.monotonic_ns()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def measure(port: int, orders: int) -> dict[str, list[tuple[int, int]]]:
    """Return the nanoseconds to the server and of the round trip, by transport."""
    import aiohttp

    base = f"http://127.0.0.1:{port}"
    found: dict[str, list[tuple[int, int]]] = {}
    async with AsyncExitStack() as stack:
        lean = await stack.enter_async_context(LeanTransport(base, _S))
        httpx = await stack.enter_async_context(HttpxTransport(base, _S))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        stack.callback(writer.close)

        async def bare() -> bytes:
            writer.write(_BARE)
            head = await reader.readuntil(b"\r\n\r\n")
            return await reader.readexactly(int(head.rpartition(b": ")[2]))

        async def other() -> bytes:
            async with session.post(base + _TARGET, headers=_HEADERS) as reply:
                return await reply.read()

        async def ours(transport: LeanTransport | HttpxTransport) -> bytes:
            return (await transport.exchange("POST", _TARGET, _HEADERS, b"", _S))[2]

        ways: dict[str, Ask] = {"bare socket": bare, "lean": lambda: ours(lean), "httpx": lambda: ours(httpx)}
        ways["aiohttp"] = other
        for number in range(orders):
            for name, ask in ways.items():
                begun = time.monotonic_ns()
                at = msgspec.json.decode(await ask())["at"]
                if number >= _WARM_UP:
                    found.setdefault(name, []).append((at - begun, time.monotonic_ns() - begun))
                await asyncio.sleep(_PAUSE_S)
    return found


def main(orders: int) -> None:
    """Measure and print."""
    command = [sys.executable, "-m", "benchmarks.bench_transport", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            found = asyncio.run(measure(int(process.stdout.readline()), orders))
        finally:
            process.kill()
    base = [there for there, _ in found["bare socket"]]
    for name, pairs in found.items():
        there, back = ([pair[index] for pair in pairs] for index in (0, 1))
        times = percentile(there, 0.5) / percentile(base, 0.5)
        print(
            f"  {name:12} to the server p50 {percentile(there, 0.5) / _US:7,.0f} us  "
            f"p99 {percentile(there, 0.99) / _US:7,.0f} us  {times:5.2f} x bare"
            f"   round trip p50 {percentile(back, 0.5) / _US:7,.0f} us"
        )


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
