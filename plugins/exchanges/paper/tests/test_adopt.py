"""A paper venue takes over what a journal knows better: exact to the last digit, whatever the average price."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from arbcore_exchange_paper.position import NetPosition, OpenLot

AMOUNTS = st.decimals("0.001", "1000", places=3, allow_nan=False)


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=5), st.booleans(), AMOUNTS)
def test_an_adopted_position_earns_what_its_lots_would_have(
    lots: list[tuple[Decimal, Decimal]], short: bool, price: Decimal
) -> None:
    sign = -1 if short else 1
    first = NetPosition([])
    for quantity, paid in lots:
        first.trade(quantity * sign, paid)
    adopted = NetPosition.of(first.quantity, first.entry)
    assert sum((lot.quantity * lot.price for lot in adopted.lots), Decimal(0)) == first.entry
    assert adopted.trade(-first.quantity, price) == first.trade(-first.quantity, price)
    assert adopted.lots == []
    assert adopted.entry == 0


def test_a_single_unit_has_a_single_lot() -> None:
    assert NetPosition.of(Decimal("0.001"), Decimal("0.1")).lots == [OpenLot(Decimal("0.001"), Decimal(100))]
