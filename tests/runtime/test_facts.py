"""Facts: an input that the journal tells is given again as it was."""

from decimal import Decimal

import pytest

from arbcore.engine.engine import Engine
from arbcore.model.command import CommandRequest, Flatten, PauseEngine, PlaceOrder, StopEntry
from arbcore.model.events import Envelope
from arbcore.model.input import (
    Condition,
    ConnectionChanged,
    InstrumentStatus,
    RuleOverridden,
    SessionControl,
    VenueHealth,
)
from arbcore.model.order import OrderRequest, Side
from arbcore.model.state import ConnectionState, HealthState
from arbcore.runtime.facts import fact_of
from tests.runtime.live import make_engine

KEY = "world:BTCUSDT"


def connection(state: ConnectionState, **more: object) -> ConnectionChanged:
    return ConnectionChanged(venue="world", connection="public-1", state=state, recv_ts=50, **more)  # type: ignore[arg-type]


INPUTS = [
    VenueHealth(venue="world", state=HealthState.FROZEN, reason="still", recv_ts=50),
    InstrumentStatus(instrument=KEY, trading=False, warnings=("caution",), delisting_ts=9, ts=50, recv_ts=50),
    connection(ConnectionState.CONNECTED),
    connection(ConnectionState.CONNECTED, attempts=3, outage_ns=7),
    connection(ConnectionState.DISCONNECTED, reason="lost"),
    connection(ConnectionState.RESYNCING, reason="gap"),
    connection(ConnectionState.MUTE, reason="silence"),
    RuleOverridden(rule="live.min_paper_hours", issued_by="me", reason="moved here from another machine", recv_ts=50),
    CommandRequest(id="c1", command=PauseEngine(), issued_by="me", recv_ts=50),
    CommandRequest(id="c2", command=Flatten(), issued_by="me", override="now", recv_ts=50),
]


def events(engine: Engine, item: Condition | CommandRequest) -> tuple[Envelope, ...]:
    engine.step(SessionControl(start=True, recv_ts=1))
    return engine.step(item).events


@pytest.mark.parametrize("item", INPUTS, ids=[f"{type(item).__name__}-{n}" for n, item in enumerate(INPUTS)])
def test_the_event_of_an_input_gives_it_again(item: Condition | CommandRequest) -> None:
    told = [fact for envelope in events(make_engine(), item) if (fact := fact_of(envelope)) is not None]
    assert told == [item]


def test_a_refused_command_is_given_again_too() -> None:
    order = OrderRequest(client_order_id="x", instrument=KEY, side=Side.BUY, quantity=Decimal(1), price=Decimal(1))
    item = CommandRequest(id="c3", command=PlaceOrder(venue="world", order=order), issued_by="me", recv_ts=50)
    told = [fact for envelope in events(make_engine(), item) if (fact := fact_of(envelope)) is not None]
    assert [fact.id for fact in told if isinstance(fact, CommandRequest)] == ["c3"]


def test_what_follows_from_inputs_is_no_fact() -> None:
    engine = make_engine()
    started = engine.step(SessionControl(start=True, recv_ts=1)).events
    assert started
    assert [fact_of(envelope) for envelope in started] == [None] * len(started)
    told = engine.step(CommandRequest(id="c", command=StopEntry(), issued_by="me", recv_ts=2)).events
    assert [type(fact).__name__ for envelope in told if (fact := fact_of(envelope))] == ["CommandRequest"]
