"""A snapshot and the events behind it give the state that was lost, without anything being decided again."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from arbcore.engine.absorb import Absorber
from arbcore.engine.execution_state import ExecutionState, OrderRecord
from arbcore.engine.state import EngineSnapshot
from arbcore.engine.verdicts import VerdictsState
from arbcore.model.order import OrderState
from arbcore.model.trade import TradeState
from tests.engine.recovering import HAPPENINGS, Taped, restored


def foldable(state: EngineSnapshot) -> EngineSnapshot:
    """Return a state without what no event tells.

    - Rates are market data; only their effect on balances is booked.
    - What tiers saw at their last review: they look again.
    - States of strategies, tiers and policies: what they computed from market data and questions since the snapshot
      is lost; of trades they are told again.
    - Statements of the venues: each is asked for a new one.
    - Ids of intents that the risk chain refused: none of their orders was ever sent.
    """
    return replace(
        state,
        rates={},
        verdicts=VerdictsState(state.verdicts.told, {}),
        strategies={},
        tiers={},
        policies={},
        life=replace(state.life, statements={}),
        intents=0,
        execution=_execution(state.execution),
    )


def _execution(state: ExecutionState) -> ExecutionState:
    """Leave out how often and since when an order is looked up, the venue's id of a refused one, and waits of repairs.

    All orders that are not over are looked up anew, and all trades at rest are measured anew. A trade whose legs were
    found to differ without an order for it yet is open in memory and hedged in the journal.
    """

    def orders(records: list[OrderRecord]) -> list[OrderRecord]:
        return [
            replace(
                one,
                looks=0,
                absences=0,
                venue_order_id="" if one.state is OrderState.REJECTED else one.venue_order_id,
            )
            for one in records
        ]

    trades = {
        key: replace(
            one,
            paused=False,
            state=TradeState.HEDGED if one.state is TradeState.OPEN and one.hedged_at else one.state,
        )
        for key, one in state.trades.items()
    }
    return replace(state, trades=trades, live=orders(state.live), ended=orders(state.ended), doubted={})


@given(st.lists(HAPPENINGS, min_size=10, max_size=60))
def test_folding_the_rest_gives_the_state_that_was_lost(happenings: Sequence[tuple[str, object]]) -> None:
    """A restart forgets no position (HB-api#243) and invents none (NT#4736)."""
    taped = Taped([("learn", 0), *happenings])
    for start in taped.learned[:2]:
        engine = restored(taped.states[start - 1])
        absorber = Absorber(engine.parts)
        for number in range(start, len(taped.tape)):
            for envelope in taped.tape[number][1].events:
                absorber.apply(envelope)
            assert foldable(replace(engine.state(), now=taped.states[number].now)) == foldable(taped.states[number])
