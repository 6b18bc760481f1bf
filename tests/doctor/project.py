"""A project whose config names real plugins and a simulator that runs in the test's own process."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from arbcore.cli import main
from arbcore.cli._frame_config import Selection
from arbcore.config import Config
from arbcore.doctor import DoctorWish, Row, examine
from arbcore.model.grid import Rounding
from arbcore.model.order import OrderRequest, Side, TimeInForce
from arbcore.pipeline import Pipeline
from arbcore.plugins import Plugins
from arbcore.runtime.clock import WallClock
from arbcore_exchange_simulator import Simulator, SimulatorSettings

KEYS = {
    "UPBIT_ACCESS_KEY": "sim-upbit-key",
    "UPBIT_SECRET_KEY": "sim-upbit-secret-0123456789abcdef0123",
    "BINANCE_API_KEY": "sim-binance-key",
    "BINANCE_API_SECRET": "sim-binance-secret-0123456789abcdef01",
}
"""Environment variables with the keys of the simulator's own accounts."""

CONFIG = """
session: {{name: doctored, environment: simulator}}
keys: {{withdraw: none}}
exchanges:
  upbit:
    simulator: "{address}"
    api_key: {{env: UPBIT_ACCESS_KEY}}
    api_secret: {{env: UPBIT_SECRET_KEY}}
  binance:
    simulator: "{address}"
    api_key: {{env: BINANCE_API_KEY}}
    api_secret: {{env: BINANCE_API_SECRET}}
rates: {{usdt_krw: {{simulator: "{address}"}}}}
"""
"""What is laid over the config of `arb init`."""

MARKETS = SimulatorSettings(symbols=("BTC", "ETH"), rate=20)
"""Two coins on every venue."""


def make(folder: Path, address: str, more: str = "") -> tuple[Path, ...]:
    """Make a project; return its config files. `more` is laid over them."""
    assert main(["init", str(folder)]) == 0
    for name, text in (("simulated.yaml", CONFIG.format(address=address)), ("more.yaml", more)):
        (folder / name).write_text(text, encoding="utf-8")
    return tuple(folder / name for name in ("arb.yaml", "simulated.yaml", "more.yaml"))


def opened(files: Sequence[Path], *assigned: str) -> tuple[Config, Plugins]:
    """Return the checked config of a project and its plugins."""
    return Selection(files=tuple(files), assigned=assigned).open()


async def rows(files: Sequence[Path], *assigned: str, wish: DoctorWish | None = None) -> list[Row]:
    """Run the doctor on a project."""
    return await examine(*opened(files, *assigned), wish or DoctorWish(patience_s=10.0, data_s=10.0))


def one(found: Sequence[Row], of: str, check: str) -> Row:
    """Return the one row of a check."""
    chosen = [row for row in found if (row.of, row.check) == (of, check)]
    assert len(chosen) == 1, [(row.of, row.check, row.status) for row in found]
    return chosen[0]


def troubles(found: Sequence[Row]) -> dict[tuple[str, str], str]:
    """Return the status of every row that is not ok."""
    return {(row.of, row.check): row.status for row in found if row.status != "ok"}


def simulator(**more: object) -> Simulator:
    """Return a simulator, to be entered."""
    return Simulator(MARKETS.model_copy(update=more))


async def order(files: Sequence[Path], exchange: str, name: str) -> None:
    """Let somebody rest a buy on the account, far below the market."""
    config, plugins = opened(files)
    pipeline = Pipeline(config=config, plugins=plugins, mode="live", clock=WallClock(), folder=config.folder)
    async with pipeline.feed(exchange) as feed, pipeline.real_venue(exchange) as venue:
        instrument = next(item for item in await feed.instruments() if item.base == "BTC")
        price = instrument.ticks.place(Decimal(100_000_000 if instrument.quote == "KRW" else 90_000), Rounding.DOWN)
        await venue.submit(
            OrderRequest(
                client_order_id=name,
                instrument=instrument.key,
                side=Side.BUY,
                quantity=Decimal("0.002"),
                price=price,
                time_in_force=TimeInForce.GTC,
            )
        )
