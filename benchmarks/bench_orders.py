"""From a frame of one venue in the socket buffer to the order request written into the other venue's socket.

A simulator in a process of its own speaks the frames of both exchanges and takes their orders; a session of 20 coins
decides in this process, as in `bench_session`, and every order that it makes goes to the plugin's venue. Orders go by
request over both transports and, on Binance, by call over the WebSocket API. The baseline, in the same run: a bare
`websockets` client of the same streams that sends a request over bare `httpx` now and then, at once when a frame comes.

    python -m benchmarks.bench_orders [seconds] [symbols]
"""

import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import connect

from arbcore.cli._session import run_with_signals
from arbcore.context import Context
from arbcore.net.request import Request
from arbcore.runtime.clock import WallClock
from arbcore.runtime.result import SessionResult
from arbcore.runtime.session import Ending
from arbcore.session import Wish, run_session
from arbcore_exchange_binance import plugin as binance
from arbcore_exchange_binance.protocol.signing import ApiKey
from arbcore_exchange_binance.settings import BinanceSettings
from arbcore_exchange_upbit import plugin as upbit
from arbcore_exchange_upbit.protocol.private.signing import Signer
from arbcore_exchange_upbit.settings import UpbitSettings
from benchmarks.bench_session import Nobody
from benchmarks.live import opened, percentile, project, simulator, symbols_of
from benchmarks.order_probe import WAY, OrderProbe, Trip, written
from benchmarks.stamped_simulator import sent_at

_US = 1e3
_GOAL_TIMES, _GOAL_US = 3.0, 2_000.0
_BETWEEN_S = 0.1
_KEY, _SECRET = "bench-key", "bench-secret-0123456789abcdef0123456789"
_SHOWN = {"key": _KEY, "secret": _SECRET}
_RICH = {"USDT": "1000000000", "KRW": "1000000000000"}
_TRADES = {**_SHOWN, "permissions": ["futures"]}
_ACCOUNTS = [
    {"name": "bench-upbit", "venue": "upbit", "keys": [_SHOWN], "balances": _RICH, "stock": 10_000_000},
    {"name": "bench-usdm", "venue": "usdm", "owner": "bench", "keys": [_TRADES], "balances": {"USDT": "1000000000"}},
    {"name": "bench-spot", "venue": "spot", "owner": "bench", "keys": [_TRADES]},
]
_SECRETS = {"api_key": _KEY, "api_secret": _SECRET}


def context(instance: str) -> Context:
    """Return the context of a venue beside the session."""
    return Context(
        instance=instance,
        session="bench",
        mode="live",
        environment="simulator",
        base_currency="USDT",
        clock=WallClock(),
        logger=logging.getLogger("bench"),
        data_dir=Path(),
        secrets=_SECRETS,
    )


async def beside(probe: OrderProbe, address: str, transport: str, orders: str, session: Callable[[], Any]) -> Any:
    """Run a session with both venues open beside it."""
    access = {"simulator": address, "network": {"transport": transport}}
    venues = {
        "upbit": upbit.open_venue(
            UpbitSettings.model_validate({"use": "upbit", "orders_per_second": 1000, **access}), context("upbit")
        ),
        "binance": binance.open_venue(
            BinanceSettings.model_validate({"use": "binance", "product": "usdm", "orders": orders, **access}),
            context("binance"),
        ),
    }
    async with AsyncExitStack() as stack:
        opened_venues = {name: await stack.enter_async_context(venue) for name, venue in venues.items()}
        running = [asyncio.ensure_future(venue.run([], lambda _: None)) for venue in opened_venues.values()]
        probe.venues = opened_venues
        try:
            return await session()
        finally:
            probe.venues = {}
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


def trade(
    probe: OrderProbe, address: str, symbols: Sequence[str], seconds: float, transport: str, orders: str
) -> list[Trip]:
    """Run a session; return its orders that were written."""
    with tempfile.TemporaryDirectory() as scratch:
        config, plugins = opened(project(Path(scratch), address, symbols))
        ending = Ending()
        wish = Wish(watcher=Nobody(), seconds=seconds, say=print, ending=ending)

        async def main() -> SessionResult:
            done: SessionResult = await beside(
                probe, address, transport, orders, lambda: run_session(config, plugins, wish)
            )
            return done

        run_with_signals(main, ending, plugins)
    trips = list(probe.trips)
    probe.trips.clear()
    return trips


async def bare(address: str, symbols: Sequence[str], seconds: float) -> list[int]:
    """Return the nanoseconds from a frame to the written request of a client that does nothing else."""
    found: list[int] = []
    base = f"ws{address.removeprefix('http')}"
    codes = [{"ticket": "bare"}, {"type": "orderbook", "codes": [f"KRW-{symbol}.5" for symbol in symbols]}]
    streams = "/".join(f"{symbol.lower()}usdt@bookTicker" for symbol in symbols)
    last = time.monotonic()
    query = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.001&price=1&timeInForce=IOC&timestamp=1&signature=00"
    times: list[int] = []
    written.set(times)

    async def listen(url: str, first: bytes | None, http: httpx.AsyncClient) -> None:
        nonlocal last
        async with connect(url, compression=None, proxy=None) as socket:
            if first is not None:
                await socket.send(first.decode())
            while True:
                frame = await socket.recv(decode=False)
                msgspec.json.decode(frame)
                if time.monotonic() - last > _BETWEEN_S:
                    last = time.monotonic()
                    times.clear()
                    await http.post(f"{address}/binance/usdm/fapi/v1/order?{query}", headers={"x-mbx-apikey": _KEY})
                    found.append(times[-1] - sent_at(frame))

    async with httpx.AsyncClient(trust_env=False) as http:
        tasks = [
            asyncio.ensure_future(listen(f"{base}/upbit/websocket/v1", msgspec.json.encode(codes), http)),
            asyncio.ensure_future(listen(f"{base}/binance/usdm/public/stream?streams={streams}", None, http)),
        ]
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()
    return found


def run_bare(address: str, symbols: Sequence[str], seconds: float) -> list[int]:
    """Run the bare client on the event loop that sessions have."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(bare(address, symbols, seconds))
    return uvloop.run(bare(address, symbols, seconds))


def line(name: str, values: Sequence[int], more: str = "") -> None:
    """Print median and 99th percentile in microseconds."""
    middle, slow = percentile(values, 0.5) / _US, percentile(values, 0.99) / _US
    print(f"  {name:26} p50 {middle:8,.0f} us   p99 {slow:8,.0f} us{more}")


def report(name: str, trips: Sequence[Trip], baseline: Sequence[int]) -> None:
    """Print an order's way beside the baseline."""
    print(f"{name}: {len(trips):,} orders written")
    if not trips:
        return
    whole = [trip.whole for trip in trips]
    times = percentile(whole, 0.99) / percentile(baseline, 0.99)
    slow = percentile(whole, 0.99) / _US
    verdict = f"{'pass' if times <= _GOAL_TIMES else 'FAIL'}; 2 ms: {'met' if slow <= _GOAL_US else 'missed'}"
    line("frame to request written", whole, f"   p99 {times:.2f} x bare, goal {_GOAL_TIMES:.0f}: {verdict}")
    total = sum(whole)
    for step in WAY:
        spans = [trip.steps.get(step, 0) for trip in trips]
        line(f"  {step}", spans, f"   {sum(spans) / total:6.1%} of the way")


def sign_costs(times: int = 20_000) -> None:
    """Print what signing and encoding an order costs by itself, warm."""
    print("signing and encoding an order, warm")
    fields = {"market": "KRW-BTC", "side": "bid", "volume": "0.01", "price": "100000000", "ord_type": "limit"}
    body = msgspec.json.encode(fields)
    token = Signer(_KEY, _SECRET, "HS512", lambda: "c0ffee")
    order = Request(method="POST", path="/orders", body=body, signed=True)
    query = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.001&price=100000&timeInForce=IOC&newClientOrderId=abcdef"
    request = Request(method="POST", path="/fapi/v1/order", query=query, signed=True)
    shared, pair = ApiKey(_KEY, _SECRET), ApiKey(_KEY, _pem())
    ways: list[tuple[str, Callable[[], object]]] = [
        ("Upbit, JWT HS512", lambda: token(order, 1)),
        ("Binance, HMAC-SHA256", lambda: shared.signed_request(request, 1, 10**9)),
        ("Binance, Ed25519", lambda: pair.signed_request(request, 1, 10**9)),
    ]
    for name, sign in ways:
        begun = time.perf_counter_ns()
        for _ in range(times):
            sign()
        print(f"  {name:26} {(time.perf_counter_ns() - begun) / times / _US:8.1f} us")


def _pem() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    no_password = serialization.NoEncryption()
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password).decode()


def _told(folder: Path) -> tuple[str, ...]:
    """Write what the simulator is told: rich accounts, and limits of orders that no session reaches."""
    path = folder / "simulator.yaml"
    told = {"seed": 3, "accounts": _ACCOUNTS, "rules": {"enforce": False, "upbit_order": 1000}}
    path.write_text(json.dumps(told))  # JSON is YAML, too
    return ("--config", str(path))


def main(seconds: float, count: int) -> None:
    """Measure and print."""
    probe = OrderProbe()
    with (
        tempfile.TemporaryDirectory() as scratch,
        simulator(*_told(Path(scratch)), "--count", str(count), module="benchmarks.stamped_simulator") as address,
    ):
        symbols = symbols_of(address)
        probe.install()
        baseline = run_bare(address, symbols, seconds / 2)
        found = [
            (name, trade(probe, address, symbols, seconds, transport, orders))
            for name, transport, orders in (
                ("by request, lean", "lean", "rest"),
                ("by request, httpx", "httpx", "rest"),
                ("by call (Binance)", "lean", "websocket"),
            )
        ]
        baseline += run_bare(address, symbols, seconds / 2)
    print(f"bare client, frame to request written, {len(baseline):,} requests")
    line("bare", baseline)
    for name, trips in found:
        for venue in ("upbit", "binance"):
            own = [trip for trip in trips if trip.venue == venue]
            if venue == "binance" or "call" not in name:
                report(f"{venue}, {name}", own, baseline)
    print(f"not accepted: {probe.failed or 'none'}")
    sign_costs()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0, int(sys.argv[2]) if len(sys.argv) > 2 else 20)
