"""The command `arb`: its table of commands. A command's module is imported when the command is used.

Each module exports `command`, a click command. Its short help stands here, so that `arb --help` imports none of
them, nor any plugin.
"""

from collections.abc import Mapping, Sequence
from typing import Final

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "backtest": ("arbcore.cli.backtest", "Run the config's strategies on recorded data."),
    "balance": ("arbcore.cli.balance", "Show the money of a session, venue by venue."),
    "close": ("arbcore.cli.close", "Close one trade of a running session."),
    "config": ("arbcore.cli.config", "Make, show and check configs."),
    "data": ("arbcore.cli.data", "Generate, record, import, list and verify data sets."),
    "demo": ("arbcore.cli.demo", "Trade on paper against two simulated exchanges on this machine."),
    "doctor": ("arbcore.cli.doctor", "Check config, keys, accounts and machine before trading."),
    "drill": ("arbcore.cli.drill", "Rehearse on an exchange what a session will need."),
    "events": ("arbcore.cli.events", "Show what a session or backtest recorded."),
    "flatten": ("arbcore.cli.flatten", "Close every trade of a running session."),
    "init": ("arbcore.cli.init", "Make a project folder."),
    "journal": ("arbcore.cli.journal", "Verify, rebuild and export journals."),
    "leverage": ("arbcore.cli.leverage", "Set the leverage of a perpetual."),
    "mode": ("arbcore.cli.mode", "Move a running session to another state."),
    "monitor": ("arbcore.cli.monitor", "Watch premiums and edges on live data, without trading."),
    "order": ("arbcore.cli.order", "Place and cancel orders by hand."),
    "pause": ("arbcore.cli.pause", "Pause a running session."),
    "plugins": ("arbcore.cli.plugins", "List, show and check plugins."),
    "positions": ("arbcore.cli.positions", "Show what a session holds."),
    "reconcile": ("arbcore.cli.reconcile", "Compare a running session with its venues now."),
    "replay": ("arbcore.cli.replay", "Run a recorded session again and compare every decision."),
    "resume": ("arbcore.cli.resume", "Let a running session trade again."),
    "risk": ("arbcore.cli.risk", "Show what risk tiers allow, and what is used of it."),
    "run": ("arbcore.cli.run", "Trade the config on live data, on paper."),
    "status": ("arbcore.cli.status", "Show what a session is doing, or how it ended."),
    "stop": ("arbcore.cli.stop", "End a running session in good order."),
    "stop-entry": ("arbcore.cli.stop_entry", "Open nothing new in a running session."),
    "trades": ("arbcore.cli.trades", "Show what a session traded and earned."),
    "transfer": ("arbcore.cli.transfer", "Move money between two wallets of a venue."),
    "withdraw": ("arbcore.cli.withdraw", "Withdraw money from a venue."),
}
"""Module and short help of every command of the kernel, by name."""

PLUGIN_GROUP: Final = "arbcore.commands"
"""Entry-point group in which distributions offer further commands."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `arb`.

    Args:
        arguments: The command line without the program's name; None for the process's own.

    Returns:
        The exit code: 0 ok, 1 failed, 2 usage, 3 configuration or plugin error, 4 nothing running or not found,
        5 timed out, 6 refused for safety; 130 interrupted.
    """
    from arbcore.cli._frame import run

    return run(arguments)
