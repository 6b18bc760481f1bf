"""Drills against the simulator in the test's own process, and venues that lie in one point."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import pytest
from pydantic import SecretStr

from arbcore.drill import SUITES, DrillReport, DrillWish, run_drill
from arbcore.drill.cards import CARDS
from arbcore.pipeline import Pipeline
from arbcore.ports.trading import VenueItem
from arbcore_exchange_simulator import Simulator
from arbcore_exchange_simulator.trading.given import DEFAULT_ACCOUNTS, AccountSettings, KeySettings
from tests.doctor import project

RIGHTS = ("spot", "futures", "universalTransfer")
"""What the keys on Binance may do: everything but withdrawing, which is refused."""

Told = Callable[[VenueItem], None]
Simulated = tuple[Simulator, tuple[Path, ...]]
"""A running simulator and the config files of a project that trades on it."""


def accounts() -> tuple[AccountSettings, ...]:
    """Return the simulator's own accounts, with keys that may not withdraw."""
    secret = SecretStr(project.KEYS["BINANCE_API_SECRET"])
    key = KeySettings(key=project.KEYS["BINANCE_API_KEY"], secret=secret, permissions=RIGHTS)
    return tuple(
        account if account.venue == "upbit" else account.model_copy(update={"keys": (key,)})
        for account in DEFAULT_ACCOUNTS
    )


@asynccontextmanager
async def simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Simulator, tuple[Path, ...]]]:
    """Run a simulator and make a project that trades on it."""
    for name, value in project.KEYS.items():
        monkeypatch.setenv(name, value)
    async with project.simulator(accounts=accounts()) as running:
        yield running, project.make(tmp_path / "project", running.address)


async def drill(files: tuple[Path, ...], wish: DrillWish, *assigned: str) -> DrillReport:
    """Run a drill on a project."""
    config, plugins = project.opened(files, *assigned)
    return await run_drill(config, plugins, wish)


def suite_of(monkeypatch: pytest.MonkeyPatch, *numbers: int) -> str:
    """Make a suite of some cards; return its name."""
    monkeypatch.setitem(SUITES, "some", tuple(card for card in CARDS if card.number in numbers))
    return "some"


class Lying:
    """A venue or treasury that does what another one does, but for what a test replaces.

    Args:
        real: The other one.
    """

    def __init__(self, real: Any) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    async def __aenter__(self) -> Self:
        await self.real.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.real.__aexit__(*exc)


def lie(monkeypatch: pytest.MonkeyPatch, what: str, made: Callable[[Any], Lying]) -> None:
    """Let pipelines build a liar in place of a venue (``real_venue``) or a treasury (``treasury``)."""
    honest = getattr(Pipeline, what)
    monkeypatch.setattr(Pipeline, what, lambda pipeline, name: made(honest(pipeline, name)))
