"""Throwaway distributions on disk: somebody else's plugins, found by their metadata like any installed one."""

from pathlib import Path

THROWAWAY = "throwaway"
"""How the names of all their modules begin."""

STRATEGY = '''
from decimal import Decimal
from arbcore.hooks import hookimpl
from arbcore.model.order import Side
from arbcore.ports.strategy import Enter, Exit, LegSpec, RouteKind, RouteSpec, Trigger

class Rule:
    """Enters whenever nothing is open, and leaves at once."""

    def __init__(self):
        self.asked = 0

    def plan(self, instruments):
        legs = []
        for item in instruments:
            perpetual = item.quote == "USDT"
            legs.append(LegSpec(item.key, Side.SELL if perpetual else Side.BUY, "" if perpetual else "usdt_krw"))
        return [RouteSpec(id="zz", symbol="BTC", kind=RouteKind.FLAT, legs=tuple(legs), max_age_ns=10**12)]

    def trigger(self, route):
        return None

    def on_signal(self, signal, trades):
        self.asked += 1
        if trades:
            return [Exit(trade=trades[0].id, slippage_bps=50.0, reason="EXIT_TIME")]
        return [Enter(notional=Decimal(500), slippage_bps=50.0, edge_bps=0.0, reason="EDGE_ENTER")]

    def on_trade(self, trade):
        pass

    def state(self):
        return b""

    def restore(self, state):
        pass

class Plugin:
    api_version: int = 1

    @hookimpl
    def build_strategy(self, settings, context):
        return Rule()

plugin = Plugin()
'''
"""A whole strategy plugin, which tests change."""


def changed(*changes: tuple[str, str]) -> str:
    """Return the strategy with pieces of its source replaced; each must be there."""
    source = STRATEGY
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    return source


def offer(folder: Path, name: str, source: str = STRATEGY, *, distribution: str = "", kind: str = "strategies") -> Path:
    """Install a distribution of one plugin in one module into a folder, and return the folder.

    Args:
        folder: The folder, to be put on the path.
        name: Name of the plugin.
        source: Its module.
        distribution: Name of the distribution.
        kind: Kind of the plugin, as its entry-point group ends.
    """
    distribution = distribution or f"acme-{name}"
    module = f"{THROWAWAY}_{distribution}_{name}".replace("-", "_")
    info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\nRequires-Dist: arbcore>=0.1,<1\n"
    )
    (info / "entry_points.txt").write_text(f"[arbcore.{kind}]\n{name} = {module}:plugin\n")
    (info / "RECORD").write_text(f"{module}.py,,\n")
    (folder / f"{module}.py").write_text(source)
    return folder
