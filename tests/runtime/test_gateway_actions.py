"""The gateway: leverage is set and money moves once; what nothing settles is looked for in the history."""

from decimal import Decimal
from typing import Any

import pytest

from arbcore.errors import (
    ExchangeRefused,
    ExchangeUnavailable,
    OutcomeUnknown,
    RateLimited,
    SafetyError,
)
from arbcore.model.command import SetLeverage
from arbcore.model.input import (
    ActionEnded,
    ActionState,
)
from arbcore.model.treasury import Movement, MovementState
from tests.runtime.gateway_bench import KEY, TRANSFER, WITHDRAW, Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (None, ActionState.DONE),
        (ExchangeRefused("positions are open"), ActionState.REFUSED),
        (RateLimited("wait"), ActionState.REFUSED),
        (ExchangeUnavailable("gone"), ActionState.REFUSED),
        (OutcomeUnknown("?"), ActionState.UNKNOWN),
        (ValueError("a defect"), ActionState.UNKNOWN),
    ],
)
@pytest.mark.anyio
async def test_leverage_is_set_once(bench: Bench, answer: object, state: ActionState) -> None:
    bench.gateway.act("sim", "c1", SetLeverage(instrument=KEY, leverage=3))
    call = await bench.call("set_leverage")
    assert call.asked == (KEY, 3)
    call.answer(answer)
    await bench.settle()
    (ended,) = bench.inputs
    assert isinstance(ended, ActionEnded)
    assert (ended.command_id, ended.state) == ("c1", state)
    assert bench.venue.script.names() == ["set_leverage"]


def moved(**more: Any) -> Movement:
    known: dict[str, Any] = {"movement_id": "m1", "currency": "BTC", "amount": Decimal("0.5"), "network": "BTC"}
    return Movement(**(known | {"state": MovementState.PENDING, "ts": 10**12} | more))


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (moved(), ActionState.DONE),
        (moved(state=MovementState.HELD), ActionState.DONE),
        (moved(state=MovementState.FAILED, detail="rejected"), ActionState.REFUSED),
        (SafetyError("moving money is switched off"), ActionState.REFUSED),
        (OutcomeUnknown("?"), ActionState.UNKNOWN),
    ],
)
@pytest.mark.anyio
async def test_money_moves_once(bench: Bench, answer: object, state: ActionState) -> None:
    """Pain: a transfer that was repeated because its answer was lost paid twice."""
    bench.treasury.script.answers["withdraw"] = answer
    bench.gateway.act("sim", "c1", WITHDRAW)
    await bench.settle()
    assert [one.state for one in bench.inputs] == [state]
    (call,) = bench.treasury.script.calls
    assert (call.asked.withdraw_id, call.asked.amount) == ("w1", Decimal("0.5"))


@pytest.mark.parametrize(
    ("history", "state"),
    [
        ([], ActionState.ABSENT),
        ([moved(client_id="w1")], ActionState.DONE),
        ([moved(client_id="other")], ActionState.ABSENT),
        ([moved(client_id="w1", state=MovementState.FAILED)], ActionState.REFUSED),
        ([moved()], ActionState.DONE),
        ([moved(amount=Decimal("0.6"))], ActionState.ABSENT),
        ([moved(ts=10**11)], ActionState.ABSENT),
        ([moved(network="ETH")], ActionState.ABSENT),
        (ExchangeUnavailable("gone"), ActionState.UNKNOWN),
    ],
)
@pytest.mark.anyio
async def test_a_withdrawal_is_looked_for_in_the_history(bench: Bench, history: object, state: ActionState) -> None:
    bench.treasury.script.answers["withdrawals"] = history
    bench.gateway.trace("sim", "c1", WITHDRAW, 10**12)
    await bench.settle()
    assert [(one.command_id, one.state) for one in bench.inputs] == [("c1", state)]
    assert [call.name for call in bench.treasury.script.calls] == ["withdrawals"]


@pytest.mark.parametrize(("target", "state"), [("futures", ActionState.DONE), ("margin", ActionState.ABSENT)])
@pytest.mark.anyio
async def test_a_transfer_is_looked_for_by_its_wallets(bench: Bench, target: str, state: ActionState) -> None:
    found = moved(currency="USDT", amount=Decimal(5), network="", source="spot", target=target)
    bench.treasury.script.answers["transfers"] = [found]
    bench.gateway.trace("sim", "c1", TRANSFER, 10**12)
    await bench.settle()
    assert [one.state for one in bench.inputs] == [state]
