"""A live session in this process, over sockets: the plugins' own venues send its orders to the simulator's accounts."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore.cli import main
from arbcore.cli._frame_config import Selection
from arbcore.errors import SafetyError
from arbcore.model.events import (
    BalanceChanged,
    EngineStarted,
    Envelope,
    OrderIntended,
    OrderRejected,
    TradeClosed,
    TradeExecuted,
    TradeOpened,
)
from arbcore.model.order import Side
from arbcore.runtime.session import Ending
from arbcore.runtime.stats import SessionStats
from arbcore.session import Wish, run_checked
from arbcore_exchange_simulator import Simulator, SimulatorSettings
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.given import BINANCE_KEY, UPBIT_KEY

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(600)]

MARKET: dict[str, Any] = {
    "symbols": ("BTC", "ETH"),
    "rate": 20,
    "accounts": (
        {"name": "upbit", "venue": "upbit", "keys": (UPBIT_KEY,), "balances": {"KRW": "50000000"}},
        {"name": "usdm", "venue": "usdm", "owner": "b", "keys": (BINANCE_KEY,), "balances": {"USDT": "30000"}},
        {"name": "spot", "venue": "spot", "owner": "b", "keys": (BINANCE_KEY,)},
    ),
    "premium": {"volatility_bps": 4, "half_life": "300ms", "kick_every": "300ms", "shift_share": 0},
}
COINS = ("BTC", "ETH")
FAR = {"upbit": "upbit", "binance": "usdm"}
"""The simulator's account by the session's exchange."""

PLUGINS = {
    "exchange:upbit": "arbcore-exchange-upbit",
    "rate:upbit": "arbcore-exchange-upbit",
    "exchange:binance": "arbcore-exchange-binance",
    "exchange:paper": "arbcore-exchange-paper",
    "fill:top": "arbcore-fill-top",
    "strategy:spread": "arbcore-strategy-spread",
    "risk:portfolio": "arbcore-risk-portfolio",
    "sink:sqlite": "arbcore-sink-sqlite",
}
LIVE = """
session: {{name: live, environment: simulator, profile: staging, record: false}}
live: {{enabled: true}}
keys: {{withdraw: none}}
exchanges:
  upbit: {{simulator: "{address}", api_key: {{env: UPBIT_KEY}}, api_secret: {{env: UPBIT_SECRET}}}}
  binance: {{simulator: "{address}", api_key: {{env: BINANCE_KEY}}, api_secret: {{env: BINANCE_SECRET}}}}
rates:
  usdt_krw: {{simulator: "{address}"}}
strategies:
  premium:
    routes:
      - {{spot: upbit, perpetual: binance, symbols: [BTC, ETH]}}
    reference: {{kind: rolling_median, window: 2s, sample: 20ms, min_samples: 10}}
    enter_bps: 15
    max_holding: 400ms
plugins:
  allow:
{pins}
"""


class Follower:
    """Collects events of sessions that follow each other, and ends each when it has seen enough."""

    def __init__(self) -> None:
        self.events: list[Envelope] = []
        self._enough: Callable[[], bool] = lambda: False
        self._ending = Ending()

    def wish(self, enough: Callable[[], bool]) -> Wish:
        """Return a wish for a session that ends when it has seen enough."""
        self._enough, self._ending = enough, Ending()
        return Wish(watcher=self, seconds=120, say=lambda _: None, ending=self._ending)

    def on_stats(self, stats: SessionStats) -> None:
        """Learn nothing."""

    def on_events(self, events: Sequence[Envelope]) -> None:
        """Keep events."""
        self.events.extend(events)
        if self._enough():
            self._ending.ask("enough of it")

    def trades(self, kind: type) -> set[str]:
        """Return the trades of which an event of a type told."""
        return {one.trade.id for one in self.of(kind)}

    def of(self, kind: type) -> list[Any]:
        """Return the events of a type."""
        return [one.event for one in self.events if isinstance(one.event, kind)]


def project(folder: Path, address: str) -> Selection:
    assert main(["init", str(folder)]) == 0
    pins = "\n".join(f"    '{name}': {package}=={version(package)}" for name, package in PLUGINS.items())
    (folder / "live.yaml").write_text(LIVE.format(address=address, pins=pins), encoding="utf-8")
    return Selection(files=(folder / "arb.yaml", folder / "live.yaml"))


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, key in (("UPBIT", UPBIT_KEY), ("BINANCE", BINANCE_KEY)):
        monkeypatch.setenv(f"{name}_KEY", key.key)
        monkeypatch.setenv(f"{name}_SECRET", key.secret.get_secret_value())
    monkeypatch.setenv("ARB_STATE_DIR", str(tmp_path / "state"))


@pytest.mark.usefixtures("keys")
async def test_pairs_are_traded_with_real_orders_and_gone_on_with(tmp_path: Path) -> None:
    """A session ends with a trade open; the next one goes on with it. What both count is what the accounts hold."""
    follower = Follower()
    async with Simulator(SimulatorSettings.model_validate(MARKET)) as simulator:
        far = {name: next(iter(simulator.venues.accounts.of(there))) for name, there in FAR.items()}
        before = {name: owned(account) for name, account in far.items()}
        config, plugins = project(tmp_path / "project", simulator.address).open("live")
        first = await run_checked(config, plugins, follower.wish(lambda: len(follower.of(TradeOpened)) > 1))
        opened, closed = follower.trades(TradeOpened), follower.trades(TradeClosed)
        second = await run_checked(config, plugins, follower.wish(lambda: opened <= follower.trades(TradeClosed)))
    assert (first.mode, first.reason, second.reason) == ("live", "enough of it", "enough of it")
    assert opened > closed
    assert [one.resumed for one in follower.of(EngineStarted)] == [False, True]
    trades = [one.trade.id for one in follower.of(TradeOpened)]
    assert len(set(trades)) == len(trades)
    assert follower.trades(TradeClosed) >= opened
    # What is decided while a session ends never leaves, and is told as refused.
    kept = {one.client_order_id for one in follower.of(OrderRejected)}
    for name, account in far.items():
        intended = [one.order.client_order_id for one in follower.of(OrderIntended) if one.venue == name]
        sent = [identity for identity in intended if identity not in kept]
        assert sorted(one.client_id for one in account.orders()) == sorted(sent)
        assert counted(follower, name, before[name]) == owned(account)


def owned(account: Account) -> dict[str, Decimal]:
    """Return what a far account holds of money and coins."""
    return {code: cash.total for code, cash in account.cash.items() if cash.total}


def counted(follower: Follower, venue: str, before: dict[str, Decimal]) -> dict[str, Decimal]:
    """Return what the session counts: money as it tells it, coins as they were and what was traded of them."""
    found = {code: total for code, total in before.items() if code in COINS}
    for change in follower.of(BalanceChanged):
        if change.venue == venue:
            found[change.currency] = found.get(change.currency, Decimal(0)) + change.change
    for fill in follower.of(TradeExecuted):
        coin = fill.instrument.removeprefix("upbit:KRW-")
        if fill.instrument.startswith(f"{venue}:") and coin in COINS:
            signed = fill.quantity if fill.side is Side.BUY else -fill.quantity
            found[coin] = found.get(coin, Decimal(0)) + signed
    return {code: total for code, total in found.items() if total}


@pytest.mark.usefixtures("keys")
async def test_nothing_is_sent_without_consents(tmp_path: Path) -> None:
    """The way that `arb run --live` takes leads through its gates."""
    from arbcore.session import run_session

    config, plugins = project(tmp_path / "project", "http://127.0.0.1:1").open("live")
    with pytest.raises(SafetyError):
        await run_session(config, plugins, Follower().wish(lambda: True))
