"""`arb reconcile`: a session compares itself with its venues."""

import click

from arbcore.cli._giving import Giving, giving_options


@click.command
@giving_options
def command(giving: Giving) -> None:
    """Have a running session ask every venue for its statement now, and compare. It does so by itself every 45 s.

    `arb events --type ReconciliationPerformed` tells what came of it, and `--type DriftDetected` what differed.
    """
    from arbcore.model.command import RunReconcile

    giving.give(RunReconcile())
