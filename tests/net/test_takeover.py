"""What becomes of an account's items while two connections are open."""

from decimal import Decimal
from typing import Any

import pytest

from arbcore.model.account import AccountUpdate, BalanceUpdate
from arbcore.model.input import AccountSnapshot, FundingPayment
from arbcore.model.market import Quote
from arbcore.model.order import Fill, OrderReport, OrderState, Side
from arbcore.net._takeover import Takeover

ITEMS = [
    OrderReport(client_order_id="a", state=OrderState.FILLED, ts=1, recv_ts=2),
    Fill(
        fill_id="1",
        client_order_id="a",
        instrument="v:A",
        side=Side.BUY,
        quantity=Decimal(1),
        price=Decimal(1),
        fee=Decimal(0),
        fee_currency="B",
        ts=1,
        recv_ts=2,
    ),
    AccountUpdate(venue="v", balances=(BalanceUpdate(currency="B", total=Decimal(1)),), ts=1, recv_ts=2),
    AccountSnapshot(venue="v", balances=(), positions=(), ts=1, recv_ts=2),
    FundingPayment(
        payment_id="1",
        instrument="v:A",
        amount=Decimal(1),
        currency="B",
        rate=Decimal("0.0001"),
        quantity=Decimal(1),
        ts=1,
        recv_ts=2,
    ),
]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: type(item).__name__)
def test_items_of_the_account_are_delivered_at_once_by_either_connection_and_not_again(item: Any) -> None:
    delivered: list[Any] = []
    takeover = Takeover(delivered.append)
    takeover.hold(item)
    takeover.forward(item)
    assert delivered == [item, item]  # the protocol layer tells nothing twice, so both are news
    assert takeover.held(5) == []


def test_they_do_not_change_what_is_kept_of_the_market() -> None:
    delivered: list[Any] = []
    takeover = Takeover(delivered.append)
    quote = Quote("v:A", 1, 1, 1.0, 2.0, 1.0, 1.0)
    takeover.hold(quote)
    for item in ITEMS:
        takeover.hold(item)
    assert delivered == ITEMS
    assert [type(item) for item in takeover.held(5)] == [Quote]
