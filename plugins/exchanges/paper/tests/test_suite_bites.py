"""The conformance suite finds venues that are wrong: faults put in on purpose, one at a time."""

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from arbcore.model.market import FundingRate
from arbcore.model.order import OrderReport, OrderState
from arbcore.testing._venue_machine import venue_machine
from arbcore_exchange_paper.account import Account
from arbcore_exchange_paper.checks import Refusal
from arbcore_exchange_paper.desk import OrderDesk
from arbcore_exchange_paper.funding import FundingDesk
from arbcore_exchange_paper.market import Amounts, Market
from arbcore_exchange_paper.position import NetPosition
from arbcore_exchange_paper.venue import PaperVenue
from arbcore_exchange_paper.working import Working
from arbcore_fill_top.model import TopFill

_fee, _end, _trade, _restore = Market.fee, OrderDesk.end, NetPosition.trade, PaperVenue.restore
_settle, _report = FundingDesk.settle, Working.report


def rounded_fee(self: Market, value: Decimal, quantity: Decimal, rate: Decimal) -> Decimal:
    return _fee(self, value, quantity, rate).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def keeps_what_it_reserved(self: Account, amounts: Amounts) -> None:
    return


def never_checks_funds(self: OrderDesk, working: Working, market: Market) -> Refusal | None:
    return None


def last_in_first_out(self: NetPosition, quantity: Decimal, price: Decimal) -> Decimal:
    closes = self.quantity * quantity < 0
    self.lots = self.lots[::-1] if closes else self.lots
    profit = _trade(self, quantity, price)
    self.lots = self.lots[::-1] if closes else self.lots
    return profit


def forgets_the_ids(self: PaperVenue, state: bytes) -> None:
    _restore(self, state)
    self._seen.clear()


def pays_every_time(self: FundingDesk, item: FundingRate, position: NetPosition | None) -> bool:
    self.settled.clear()
    return _settle(self, item, position)


def counts_no_fills(self: Working, state: OrderState, now: int, reason: str = "", detail: str = "") -> OrderReport:
    self.filled = Decimal(0)
    return _report(self, state, now, reason, detail)


def leaves_it_in_the_book(self: TopFill, client_order_id: str) -> None:
    return


def watches_nothing(self: PaperVenue, instrument: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("owner", "name", "fault"),
    [
        (Market, "fee", rounded_fee),
        (Account, "release", keeps_what_it_reserved),
        (OrderDesk, "_check_funds", never_checks_funds),
        (NetPosition, "trade", last_in_first_out),
        (PaperVenue, "restore", forgets_the_ids),
        (PaperVenue, "watches", watches_nothing),
        (FundingDesk, "settle", pays_every_time),
        (Working, "report", counts_no_fills),
        (TopFill, "remove", leaves_it_in_the_book),
    ],
)
def test_a_fault_is_found(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, fault: Callable[..., object]
) -> None:
    monkeypatch.setattr(owner, name, fault)
    machine = venue_machine(lambda _, balances: PaperVenue("sim", TopFill(), balances), bars=True)
    search = settings(
        max_examples=500,
        stateful_step_count=50,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    with pytest.raises((AssertionError, KeyError, ExceptionGroup)):
        run_state_machine_as_test(machine, settings=search)
