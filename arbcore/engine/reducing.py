"""Reducing: whether an order can be marked as one that only reduces, and what its venue then takes.

Trades hold virtual positions, a venue nets them, those of others on the account included. So an order that closes a
trade is a reduction for its venue only where the net position allows it; where it does not, the venue's smallest value
holds for it as for any other.
"""

from decimal import Decimal

from arbcore.engine.accounts import Accounts
from arbcore.engine.sizing import takes
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.money import ZERO, add
from arbcore.model.order import Side


def reduces(accounts: Accounts, instrument: Instrument, side: Side, quantity: Decimal) -> bool:
    """Tell whether the venue's net position lets an order be marked as reducing only."""
    if instrument.kind is InstrumentKind.SPOT:
        return False
    net = add(accounts.lots.net.get(instrument.key, ZERO), accounts.elsewhere(instrument.key))
    return net * side.sign < 0 and abs(net) >= quantity


def takes_close(accounts: Accounts, instrument: Instrument, side: Side, quantity: Decimal, price: Decimal) -> bool:
    """Tell whether a venue takes an order of this size that closes what a trade holds."""
    return takes(instrument, quantity, price, reducing=reduces(accounts, instrument, side, quantity))
