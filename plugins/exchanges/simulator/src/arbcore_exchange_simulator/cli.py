"""The command ``arb simulator``."""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import click
import msgspec
from pydantic import ValidationError

from arbcore.errors import ConfigurationError


@click.command(short_help="Serve simulated exchanges on loopback.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8710, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
@click.option("--seed", default=1, show_default=True, help="Seed of markets and faults.")
@click.option("--symbols", help="Coins, as BTC,ETH.")
@click.option("--count", type=click.IntRange(1, 1000), help="Number of coins, in place of --symbols.")
@click.option("--speed", type=float, help="How many times faster than time markets move, or a replay goes.")
@click.option("--rate", type=float, help="Changes of each book a second.")
@click.option("--replay", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Folder of data sets.")
@click.option(
    "--faults", type=click.Path(path_type=Path), help="File of faults (YAML or JSON), `churn` or `churn_private`."
)
@click.option("--config", type=click.Path(path_type=Path), help="File with any settings (YAML); options override it.")
@click.option("--wait/--no-wait", default=True, show_default=True, help="Markets stand still while no client is there.")
@click.option("--until-eof", is_flag=True, help="Stop when standard input closes.")
@click.option("--json", "as_json", is_flag=True, help="Tell the address as a line of JSON.")
def command(faults: Path | None, config: Path | None, until_eof: bool, as_json: bool, **given: Any) -> int:
    """Serve Upbit and Binance on this machine, with made or replayed markets, until interrupted."""
    settings = _settings(config, faults, given)
    _warn(settings.host)
    asyncio.run(_serve(settings, until_eof=until_eof, as_json=as_json))
    return 0


def _settings(config: Path | None, faults: Path | None, given: dict[str, Any]) -> Any:
    """Return the settings of a file, with what the options say over it."""
    from arbcore_exchange_simulator.faults.files import read_faults, read_yaml
    from arbcore_exchange_simulator.settings import SimulatorSettings

    told = dict(read_yaml(config)) if config is not None else {}
    context = click.get_current_context()
    for name, value in given.items():
        usual = context.get_parameter_source(name) is click.core.ParameterSource.DEFAULT
        if value is not None and not (usual and name in told):
            told[name] = value.split(",") if name == "symbols" else value
    if faults in {Path("churn"), Path("churn_private")}:
        told["preset"] = str(faults)
    elif faults is not None:
        told["faults"] = [*told.get("faults", ()), *read_faults(faults)]
    try:
        return SimulatorSettings.model_validate(told)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "settings"
        raise ConfigurationError(f"simulator: {where}: {first['msg']}", "see arb simulator --help") from error


def _warn(host: str) -> None:
    try:
        local = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        click.echo(f"warning: {host} is no loopback address: whoever reaches it can use the simulator", err=True)


async def _serve(settings: Any, *, until_eof: bool, as_json: bool) -> None:
    from arbcore_exchange_simulator.simulator import Simulator

    stop = asyncio.Event()
    _on_signals(stop.set)
    if until_eof:
        _on_eof(stop.set)
    async with Simulator(settings) as simulator:
        symbols = simulator.world.symbols()
        if as_json:
            line = {
                "schema_version": 1,
                "address": simulator.address,
                "venues": ["binance", "upbit"],
                "symbols": symbols,
            }
            click.echo(msgspec.json.encode(line).decode())
        else:
            click.echo(f"simulator: upbit and binance at {simulator.address}, {len(symbols)} coins; ctrl-c stops it")
        sys.stdout.flush()
        await stop.wait()


def _on_signals(stop: Callable[[], None]) -> None:
    """Stop on SIGINT and SIGTERM, in a way that every system has."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def _on_eof(stop: Callable[[], None]) -> None:
    """Stop when standard input closes; a thread waits for it, since not every input can be polled."""
    loop = asyncio.get_running_loop()

    def watch() -> None:
        descriptor = sys.stdin.fileno()
        try:
            while os.read(descriptor, 4096):
                pass
        except OSError:
            pass
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop)

    threading.Thread(target=watch, name="until-eof", daemon=True).start()
