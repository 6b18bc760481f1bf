"""The key of every event is what its type says it is."""

from decimal import Decimal

from arbcore.model.command import ClosePosition, PauseEngine
from arbcore.model.events import CommandAccepted, Envelope, FundingApplied, OrderIntended, TradeClosed, TradeExecuted
from arbcore.model.input import FundingPayment
from tests.engine.world import PERP, hedged


def told() -> list[Envelope]:
    """Return the events of a session with a trade, funding, and commands."""
    world, _ = hedged()
    now = world.stage.clock.now()
    payment = FundingPayment(
        payment_id="p1", instrument=PERP.key, amount=Decimal(1), currency="USDT", rate=Decimal("0.0001"),
        quantity=Decimal(-5), ts=now, recv_ts=now,
    )  # fmt: skip
    world.stage.give(payment)
    world.stage.command(PauseEngine())
    world.stage.command(ClosePosition(trade="1"))
    world.stage.command(ClosePosition(trade="none"))
    world.stage.finish()
    return world.stage.events


def test_an_event_has_a_key_where_its_type_says_so() -> None:
    events = told()
    kinds = {type(one.event) for one in events}
    assert kinds >= {OrderIntended, TradeExecuted, TradeClosed, FundingApplied, CommandAccepted}
    for one in events:
        if "where" not in one.event.KEY:
            assert bool(one.key) is bool(one.event.KEY), one


def test_the_key_is_the_id_that_the_type_names() -> None:
    for one in told():
        event = one.event
        match event:
            case TradeExecuted(fill_id=fill_id, instrument=instrument):
                assert one.key == f"{instrument.partition(':')[0]}:{fill_id}"
            case OrderIntended(order=order):
                assert one.key == order.client_order_id
            case CommandAccepted(command_id=command_id):
                assert one.key == command_id
