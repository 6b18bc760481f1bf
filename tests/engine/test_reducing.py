"""What a venue takes of a close: its smallest value is waived only where the order reduces the net position."""

from decimal import Decimal

import pytest

from arbcore.engine.reducing import reduces, takes_close
from arbcore.model.instrument import Instrument
from arbcore.model.order import Side
from tests.engine.world import PERP, SPOT, hedged


@pytest.mark.parametrize(
    ("instrument", "side", "quantity", "marked"),
    [
        (PERP, Side.BUY, "0.05", True),
        (PERP, Side.BUY, "4.995", True),
        (PERP, Side.BUY, "4.996", False),
        (PERP, Side.SELL, "0.05", False),
        (SPOT, Side.SELL, "0.05", False),
    ],
)
def test_an_order_is_marked_where_the_net_position_allows_it(
    instrument: Instrument, side: Side, quantity: str, *, marked: bool
) -> None:
    accounts = hedged()[0].stage.engine.parts.accounts  # 4.995 coins bought, and as many contracts sold
    amount = Decimal(quantity)
    assert reduces(accounts, instrument, side, amount) is marked
    large = amount * 100 >= instrument.min_notional
    assert takes_close(accounts, instrument, side, amount, Decimal(100)) is (marked or large)
