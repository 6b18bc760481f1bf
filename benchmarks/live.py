"""What the benchmarks of running sessions share: a simulator process, a project that trades against it, statistics."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import msgspec

from arbcore.cli._frame_config import Selection
from arbcore.config import Config
from arbcore.plugins import Plugins
from arbcore.runtime.stats import SessionStats

_PATIENCE_S = 10.0
_KRW, _USDT = 10**12, 10**9


@contextmanager
def simulator(*arguments: str, module: str = "arbcore simulator") -> Iterator[str]:
    """Run a simulator in a process of its own on a free port, and give its address.

    Args:
        arguments: Further arguments of `arb simulator`.
        module: What to run with ``python -m``: a module that takes the same arguments.
    """
    command = [sys.executable, "-m", *module.split(), "--port", "0", "--json", "--until-eof", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield str(json.loads(process.stdout.readline())["address"])
        finally:
            process.stdin.close()
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def control(address: str, path: str, body: object = None) -> Any:
    """Ask the simulator's own interface: GET, or POST where there is a body."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{address}/control/{path}", data, {"Content-Type": "application/json"})) as answer:
        return json.load(answer)


def symbols_of(address: str) -> list[str]:
    """Return the coins that the simulator lists; a contract of a thousand coins is one of the coin."""
    return [str(symbol).removeprefix("1000") for symbol in control(address, "state")["symbols"]]


def project(
    folder: Path,
    address: str,
    symbols: Sequence[str],
    *,
    strategy: Mapping[str, object] | None = None,
    network: Mapping[str, object] | None = None,
    exchanges: Mapping[str, Mapping[str, object]] | None = None,
) -> Path:
    """Write a project that trades the spread of coins between both simulated exchanges; return its config file.

    The journal is SQLite in the durability ``process``; a portfolio tier judges every entry.

    Args:
        folder: The project's folder.
        address: The simulator's address.
        symbols: The coins.
        strategy: Settings of the strategy in place of the usual ones.
        network: Settings ``network`` of all feeds.
        exchanges: Further settings by exchange.
    """
    access: dict[str, object] = {"simulator": address}
    if network:
        access["network"] = dict(network)
    more = exchanges or {}
    config = {
        "schema_version": 1,
        "session": {"name": "bench", "mode": "paper", "environment": "simulator", "base_currency": "USDT"},
        "exchanges": {
            "upbit": {"use": "upbit", "allot": {"KRW": _KRW}, **access, **more.get("upbit", {})},
            "binance": {
                "use": "binance",
                "product": "usdm",
                "allot": {"USDT": _USDT},
                **access,
                **more.get("binance", {}),
            },
        },
        "rates": {"usdt_krw": {"use": "upbit", "market": "KRW-USDT", "max_age": "5s", **access}},
        "strategies": {"premium": _strategy(symbols) | dict(strategy or {})},
        "fills": {"book": {"use": "top"}},
        "paper": {"use": "paper", "fill": "book", "balances": {"upbit": {"KRW": _KRW}, "binance": {"USDT": _USDT}}},
        "risk": {
            "portfolio": {
                "use": "portfolio",
                "trade_notional": 2000,
                "open_trades": 2 * len(symbols),
                "daily_loss": 10_000_000,
                "drawdown": 0.9,
            }
        },
        "journal": {"use": "sqlite", "durability": "process"},
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "arb.yaml"
    path.write_text(json.dumps(config, indent=1))  # JSON is YAML, too
    return path


def _strategy(symbols: Sequence[str]) -> dict[str, object]:
    """Return a strategy that finds a trade every few seconds on each coin, and leaves it soon."""
    return {
        "use": "spread",
        "routes": [{"spot": "upbit", "perpetual": "binance", "symbols": list(symbols)}],
        "rate": "usdt_krw",
        "reference": {"kind": "rolling_median", "window": "10s", "sample": "100ms", "min_samples": 10},
        "enter_bps": 5,
        "exit_bps": 2,
        "max_holding": "3s",
        "notional": 1000,
    }


def opened(config: Path) -> tuple[Config, Plugins]:
    """Load a config with its plugins, as `arb run` does."""
    return Selection((config,)).open()


def read_stats(session: Path) -> SessionStats | None:
    """Return a session's latest statistics, None before the first."""
    try:
        return msgspec.json.decode((session / "stats.json").read_bytes(), type=SessionStats)
    except FileNotFoundError:
        return None


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    ranked = sorted(values)
    return ranked[min(int(len(ranked) * share), len(ranked) - 1)]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the straight line nearest to points, by least squares; 0 for fewer than two."""
    if len(points) < 2:
        return 0.0
    xs, ys = zip(*points, strict=True)
    middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - middle_x) ** 2 for x in xs)
    return sum((x - middle_x) * (y - middle_y) for x, y in points) / spread if spread else 0.0


@contextmanager
def session(config: Path, seconds: float) -> Iterator["subprocess.Popen[str]"]:
    """Run `arb run` on a config in a process of its own; it is killed where it has not ended by itself."""
    command = [sys.executable, "-m", "arbcore", "run", config.name, "--for", f"{seconds:g}s", "--plain", "--json"]
    with (
        (config.parent / "session.out").open("w") as out,
        (config.parent / "session.err").open("w") as errors,
        subprocess.Popen(command, cwd=config.parent, stdout=out, stderr=errors, text=True) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def followed(config: Path, process: "subprocess.Popen[str]") -> Iterator[SessionStats]:
    """Yield a session's statistics, each record once, until its process ends.

    Raises:
        RuntimeError: The session failed.
    """
    folder, last = config.parent / "sessions" / "bench", 0
    while process.poll() is None:
        stats = read_stats(folder)
        if stats is not None and stats.time != last:
            last = stats.time
            yield stats
        time.sleep(0.2)
    if process.returncode:
        told = (config.parent / "session.err").read_text()
        raise RuntimeError(f"the session ended with {process.returncode}: {told}")
