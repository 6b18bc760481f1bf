"""Settings models as plugins would have them, and a config that uses each section."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from arbcore.config import Config, Override, RawConfig, SettingsLookup, load, validate
from arbcore.errors import PluginNotFound
from arbcore.settings import (
    ConfigView,
    Duration,
    Environment,
    ExchangeId,
    Finding,
    PluginSettings,
    RateId,
    Secret,
    Settings,
)

BASE = """\
schema_version: 1
session: {name: test, base_currency: USDT}
exchanges:
  left: {use: venue, allot: {KRW: 1000}, api_key: {env: LEFT_KEY}}
  right: {use: venue, product: margin}
rates:
  usdt_krw: {use: rate, max_age: 10s}
strategies:
  main:
    use: rule
    routes: [{buy: left, sell: right, symbols: [BTC]}]
    rate: usdt_krw
    enter_bps: 25
fills: {book: {use: fill}}
paper: {use: sim, fill: book, balances: {left: {KRW: 1000}}}
risk: {first: {use: limit}, second: {use: limit}}
journal: {use: store}
"""


class Venue(PluginSettings):
    product: Literal["spot", "margin"] = "spot"
    api_key: Secret | None = None
    accounts: tuple[Secret, ...] = ()
    environment: Environment | None = None
    move_money: bool = False


class Route(Settings):
    buy: ExchangeId
    sell: ExchangeId
    symbols: tuple[str, ...]


class Rule(PluginSettings):
    routes: tuple[Route, ...] = Field(min_length=1)
    rate: RateId = ""
    enter_bps: float
    notional: Decimal = Decimal(100)
    window: Duration = 5_000_000_000
    allow_thin_edge: bool = False

    def cross_check(self, view: ConfigView) -> Sequence[Finding]:
        if self.enter_bps >= 0:
            return ()
        level: Literal["warning", "override"] = "warning" if self.allow_thin_edge else "override"
        return (Finding(level, "enter_bps", f"thin in {view.base_currency}", "set allow_thin_edge: true"),)


class Sim(PluginSettings):
    fill: str
    leverage: Decimal = Decimal(1)


class Store(PluginSettings):
    path: Path | None = None


class Failing(PluginSettings):
    def cross_check(self, view: ConfigView) -> Sequence[Finding]:
        raise ZeroDivisionError("by design")


MODELS: Mapping[tuple[str, str], type[PluginSettings]] = {
    ("exchange", "venue"): Venue,
    ("exchange", "sim"): Sim,
    ("exchange", "failing"): Failing,
    ("strategy", "rule"): Rule,
    ("rate", "rate"): PluginSettings,
    ("fill", "fill"): PluginSettings,
    ("risk", "limit"): PluginSettings,
    ("sink", "store"): Store,
}

Check = Callable[..., Config]


def find_model(kind: str, name: str) -> type[PluginSettings]:
    try:
        return MODELS[kind, name]
    except KeyError:
        raise PluginNotFound(f"no plugin {kind}:{name}", "install it") from None


@pytest.fixture
def settings_model() -> SettingsLookup:
    return find_model


@pytest.fixture
def models() -> Mapping[tuple[str, str], type[PluginSettings]]:
    return MODELS


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a file and returns its path."""

    def write_file(text: str, name: str = "arb.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


@pytest.fixture
def raw_of(write: Callable[..., Path]) -> Callable[..., RawConfig]:
    """Loads the base config with `--set` texts and environment variables over it."""

    def raw(*assigned: str, env: Mapping[str, str] | None = None, text: str = BASE) -> RawConfig:
        return load([write(text)], env or {}, [Override.assign(one) for one in assigned])

    return raw


@pytest.fixture
def check(raw_of: Callable[..., RawConfig]) -> Check:
    """Loads and validates the base config with changes over it."""

    def checked(*assigned: str, env: Mapping[str, str] | None = None, text: str = BASE) -> Config:
        return validate(raw_of(*assigned, env=env, text=text), find_model)

    return checked
