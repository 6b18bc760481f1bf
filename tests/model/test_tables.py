"""The tables that decide: states of orders and trades, and what each state of the engine lets through."""

from itertools import product
from typing import TypeVar

import pytest

from arbcore.model.intent import IntentKind
from arbcore.model.order import TERMINAL, TRANSITIONS, OrderState, Side, may_become
from arbcore.model.state import ALLOWED, Action, EngineState, PositionState
from arbcore.model.trade import POSITION_OF, TRADE_TRANSITIONS, TradeState

State = TypeVar("State")


def reachable(start: State, moves: dict[State, frozenset[State]]) -> set[State]:
    found, left = {start}, [start]
    while left:
        for target in moves[left.pop()] - found:
            found.add(target)
            left.append(target)
    return found


def test_orders_have_the_states_of_the_catalogue() -> None:
    assert [state.value for state in OrderState] == [
        "NEW",
        "SUBMITTED",
        "ACKNOWLEDGED",
        "PARTIALLY_FILLED",
        "CANCEL_SENT",
        "UNKNOWN",
        "FILLED",
        "CANCELLED",
        "REJECTED",
        "EXPIRED",
    ]
    assert {state.value for state in TERMINAL} == {"FILLED", "CANCELLED", "REJECTED", "EXPIRED"}


def test_every_state_of_an_order_is_in_the_table_and_can_be_reached() -> None:
    assert set(TRANSITIONS) == set(OrderState)
    assert reachable(OrderState.NEW, TRANSITIONS) == set(OrderState)
    for state in OrderState:
        ends = reachable(state, TRANSITIONS) & TERMINAL
        assert ends


def test_an_order_that_is_over_may_only_turn_out_to_be_filled_or_never_to_have_been_refused() -> None:
    allowed = {(state, target) for state, target in product(TERMINAL, OrderState) if may_become(state, target)}
    assert allowed == {
        (OrderState.CANCELLED, OrderState.FILLED),
        (OrderState.EXPIRED, OrderState.FILLED),
        *((OrderState.REJECTED, end) for end in TERMINAL - {OrderState.REJECTED}),
    }


def test_nothing_leads_back_to_the_beginning_and_a_part_filled_order_is_never_rejected() -> None:
    for state in OrderState:
        assert not may_become(state, OrderState.NEW)
        assert may_become(state, OrderState.SUBMITTED) == (state is OrderState.NEW)
    assert not may_become(OrderState.PARTIALLY_FILLED, OrderState.REJECTED)


def test_every_open_order_may_become_unknown_and_every_unknown_one_any_end() -> None:
    for state in set(OrderState) - TERMINAL - {OrderState.NEW, OrderState.UNKNOWN}:
        assert may_become(state, OrderState.UNKNOWN)
    assert all(may_become(OrderState.UNKNOWN, end) for end in TERMINAL)


def test_every_state_of_a_trade_is_in_the_table_and_can_be_reached() -> None:
    assert set(TRADE_TRANSITIONS) == set(TradeState)
    assert reachable(TradeState.OPEN, TRADE_TRANSITIONS) == set(TradeState)
    assert not TRADE_TRANSITIONS[TradeState.CLOSED]
    for state in set(TradeState) - {TradeState.CLOSED}:
        assert TradeState.CLOSED in reachable(state, TRADE_TRANSITIONS)


def test_moves_of_a_trade() -> None:
    named = {state.value: {target.value for target in targets} for state, targets in TRADE_TRANSITIONS.items()}
    assert named == {
        "open": {"hedged", "exiting", "closed", "frozen"},
        "hedged": {"open", "exiting", "frozen"},
        "exiting": {"hedged", "closed", "frozen"},
        "frozen": {"hedged", "exiting", "closed"},
        "closed": set(),
    }


def test_a_trades_states_map_onto_the_positions_of_the_catalogue() -> None:
    assert {state.value: POSITION_OF[state] for state in TradeState} == {
        "open": PositionState.ENTERING,
        "hedged": PositionState.OPEN,
        "exiting": PositionState.EXITING,
        "closed": PositionState.FLAT,
        "frozen": PositionState.OPEN,
    }
    assert {state.value for state in PositionState} == {"FLAT", "ENTERING", "OPEN", "EXITING"}


@pytest.mark.parametrize(
    ("state", "entry", "repair", "leave", "manual"),
    [
        ("BOOTING", False, False, False, False),
        ("RUNNING", True, True, True, True),
        ("REDUCING", False, True, True, True),
        ("PAUSED", False, True, False, True),
        ("HALTED", False, True, False, True),
    ],
)
def test_what_a_state_of_the_engine_lets_through(
    state: str, entry: bool, repair: bool, leave: bool, manual: bool
) -> None:
    allowed = ALLOWED[EngineState(state)]
    assert [action in allowed for action in (Action.ENTRY, Action.REPAIR, Action.EXIT, Action.MANUAL)] == [
        entry,
        repair,
        leave,
        manual,
    ]


def test_the_older_name_of_halted_is_kept() -> None:
    assert EngineState["SAFE"] is EngineState.HALTED
    assert set(ALLOWED) == set(EngineState)
    assert len(EngineState) == 5


def test_every_kind_of_intent_is_an_action_of_the_table() -> None:
    assert {kind: kind.action for kind in IntentKind} == {
        IntentKind.ENTRY: Action.ENTRY,
        IntentKind.TOP_UP: Action.REPAIR,
        IntentKind.UNWIND: Action.REPAIR,
        IntentKind.EXIT: Action.EXIT,
    }


def test_sides() -> None:
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
