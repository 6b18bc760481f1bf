"""Drills: numbered scenarios on a venue's ports, against the simulator, a testnet, or with consent the real thing."""

from arbcore.drill.cards import SUITES
from arbcore.drill.report import DrillReport, Outcome, markdown
from arbcore.drill.run import DrillWish, run_drill

__all__ = ["SUITES", "DrillReport", "DrillWish", "Outcome", "markdown", "run_drill"]
