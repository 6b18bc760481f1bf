"""A project whose config lacks nothing that live trading wants, but what a test takes away."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pytest

from arbcore.cli import main
from arbcore.cli._frame_config import Selection
from arbcore.config import Config
from arbcore.plugins import Plugins
from tests.doctor.project import CONFIG, KEYS

NAME: Final = "doctored"
"""Name of the project's session."""

_PLUGINS: Final = {
    "exchange:upbit": "arbcore-exchange-upbit",
    "exchange:binance": "arbcore-exchange-binance",
    "exchange:paper": "arbcore-exchange-paper",
    "strategy:spread": "arbcore-strategy-spread",
    "rate:upbit": "arbcore-exchange-upbit",
    "fill:top": "arbcore-fill-top",
    "risk:portfolio": "arbcore-risk-portfolio",
    "sink:sqlite": "arbcore-sink-sqlite",
}
_PINS: Final = ", ".join(f"'{plugin}': {name}=={version(name)}" for plugin, name in _PLUGINS.items())
PINS: Final = f"plugins: {{allow: {{{_PINS}}}}}\n"
"""Every plugin at the version that is installed."""
LIVE: Final = "live: {enabled: true}\nsession: {profile: staging}\n"
"""The first consent, and a profile that is strict enough."""


def make(folder: Path, monkeypatch: pytest.MonkeyPatch, address: str = "http://127.0.0.1:1", more: str = "") -> Path:
    """Make a project in a folder, with its keys in the environment; return its folder."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ARB_STATE_DIR", str(folder / "state"))
    assert main(["init", str(folder)]) == 0
    write(folder, "simulated", CONFIG.format(address=address))
    write(folder, "live", LIVE + PINS)
    write(folder, "more", more)
    return folder


def write(folder: Path, name: str, text: str) -> None:
    """Replace one of the files that are laid over the config."""
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def files(folder: Path) -> list[str]:
    """Return the project's config files."""
    return [str(folder / f"{name}.yaml") for name in ("arb", "simulated", "live", "more")]


def opened(folder: Path, *assigned: str, mode: str | None = "live") -> tuple[Config, Plugins]:
    """Return the checked config as `arb run --live` opens it, and its plugins."""
    return Selection(files=tuple(map(Path, files(folder))), assigned=assigned).open(mode)


def run(folder: Path, *arguments: str) -> int:
    """Run `arb run --live` in this process; return its exit code."""
    return main(["run", "--live", "--plain", *files(folder), *arguments])


def refused(text: str) -> Sequence[str]:
    """Return what a refusal concerns: the first words of its lines."""
    lines = text.partition("live trading is refused for")[2].splitlines()[1:]
    return [line.strip().partition(":")[0] for line in lines if line.startswith("  ") and not line.startswith("   ")]
