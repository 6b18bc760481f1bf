"""A venue's band around the mark price bounds every limit before it is sent."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from arbcore.model.command import PlaceOrder
from arbcore.model.events import CommandFailed, OpportunitySkipped, OrderIntended
from arbcore.model.instrument import PriceBand
from arbcore.model.market import MarkPrice
from arbcore.model.order import OrderRequest, Side, TimeInForce
from arbcore.model.reason import Reason
from arbcore.testing.scripted import ScriptedStrategy, enter, pair
from tests.engine.world import PERP, SPOT, World

BANDED = replace(PERP, price_band=PriceBand(highest_bid=Decimal("1.05"), lowest_ask=Decimal("0.95")))


def banded(mark: float) -> tuple[World, ScriptedStrategy]:
    """Return a running session whose perpetual is quoted at 100 and has a mark price."""
    strategy = ScriptedStrategy(pair(SPOT, BANDED))
    world = World(SPOT, BANDED, strategies=strategy).begin()
    now = world.stage.clock.now()
    world.stage.give(MarkPrice(BANDED.key, now, now, mark, mark))
    return world, strategy


def sold(world: World) -> list[Decimal | None]:
    orders = [one.order for one in world.stage.told(OrderIntended)]
    return [order.price for order in orders if order.instrument == BANDED.key]


@pytest.mark.parametrize(("mark", "price"), [(100.0, "98"), (104.0, "98.8"), (float("nan"), "98")])
def test_a_worst_price_is_no_worse_than_the_band(mark: float, price: str) -> None:
    world, strategy = banded(mark)
    strategy.leave(enter("500", slippage_bps=200))
    world.quote()
    assert sold(world) == [Decimal(price)]


def test_nothing_is_entered_where_the_touch_itself_is_outside_the_band() -> None:
    world, strategy = banded(110.0)
    strategy.leave(enter("500"))
    world.quote()
    world.stage.finish()
    assert not sold(world)
    assert [one.reason for one in world.stage.told(OpportunitySkipped)] == [Reason.ORDER_PRICE_BAND]


@pytest.mark.parametrize(("side", "price", "refused"), [("buy", "105.1", True), ("buy", "105", False),
                                                        ("sell", "94.9", True), ("sell", "95", False)])  # fmt: skip
def test_an_order_by_hand_outside_the_band_is_refused(side: str, price: str, *, refused: bool) -> None:
    world, _ = banded(100.0)
    request = OrderRequest(
        client_order_id="",
        instrument=BANDED.key,
        side=Side(side),
        quantity=Decimal(2),
        price=Decimal(price),
        time_in_force=TimeInForce.IOC,
    )
    told = world.stage.command(PlaceOrder(venue=BANDED.venue, order=request))
    reasons = [one.reason for one in told if isinstance(one, CommandFailed)]
    assert bool(reasons) is refused
    assert all("too far from its mark price" in reason for reason in reasons)
