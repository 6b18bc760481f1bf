"""The conformance suite of real venues: orders in, reports and fills out, on good days and on bad ones."""

from arbcore.testing import (
    _trading_leverage,
    _trading_opening,
    _trading_orders,
    _trading_outcomes,
    _trading_recovery,
    _trading_refusals,
    _trading_standing,
)
from arbcore.testing.trading_bench import Bench, Faults, Held, Market, OpenRealVenue, Operation, Touch, Witness

__all__ = ["Bench", "Faults", "Held", "Market", "OpenRealVenue", "Operation", "Touch", "VenueSuite", "Witness"]


class VenueSuite(
    _trading_opening.OpeningTests,
    _trading_orders.OrderTests,
    _trading_standing.StandingTests,
    _trading_refusals.RefusalTests,
    _trading_outcomes.OutcomeTests,
    _trading_recovery.RecoveryTests,
    _trading_leverage.LeverageTests,
):
    """Standard tests of a real venue: `arbcore.ports.trading.Venue`, `LeveragedVenue` and `DeadMansSwitch`.

    They find what loses money: a timeout taken for a refusal, an order sent twice, a fill that is lost or counted
    twice, a state that goes back, a stream that says connected before it has told what was missed.

    Each test opens the venue anew, sends real orders and waits for what is told; nothing sleeps and nothing is timed.
    Run it against a venue on the same machine, such as `arbcore-exchange-simulator` in process.

    Fixtures that the author gives:
        open_venue: Makes the venue, not entered.
        market: The market to trade, which stands still.
        capabilities: The plugin's capabilities with the same settings.

    Fixtures that may stay; without them the tests that need them are skipped, by name:
        faults: Faults that can be put in at the venue or on the way to it.
        witness: What the venue itself knows.
        secrets: Texts that nothing may ever show.
    """
