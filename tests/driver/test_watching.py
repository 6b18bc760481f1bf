"""A driver that gets no further ends with a message that says why; weather goes on after a pause."""

import pytest
from msgspec.structs import replace

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore.model.order import OrderType, Side, TimeInForce
from arbcore_exchange_simulator import Fault, Simulator, SimulatorSettings
from benchmarks.driving.backstage import Near
from benchmarks.driving.comparing import LINES, compared
from benchmarks.driving.opening import ACCOUNTS, line
from benchmarks.driving.progress import Stalled, watched
from benchmarks.driving.shapes import Shape
from benchmarks.driving.weather import from_then

S = 10**9
MARKET = Shape("market", OrderType.MARKET, TimeInForce.IOC)


@pytest.mark.anyio
async def test_a_driver_that_gets_no_further_tells_what_it_waits_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "benchmarks.driving")
    name, more, value = LINES["usdm-rest"]
    settings = SimulatorSettings.model_validate({"symbols": ("BTC",), "accounts": ACCOUNTS})
    # A venue that answers nothing, and a client that waits for it longer than the watch does; what is shielded from
    # being cancelled ends with its time-out.
    slow = {"request_timeout": "1s"}
    async with Simulator(settings) as simulator, line(Near(simulator), name, 1, value, **more, network=slow) as tested:
        simulator.add_fault(Fault.model_validate({"kind": "mute", "venue": "usdm", "stream": "rest"}))
        with pytest.raises(Stalled, match=r"nothing was sent or settled for .*\n.*doing for .*: place drv-1"):
            async with watched(tested.driver, look=0.05, patience=0.3):
                await tested.driver.drive(10, at_once=1)
    assert "1 sent, 0 settled" in caplog.text


@pytest.mark.anyio
async def test_a_position_larger_than_any_order_is_closed_though_orders_are_refused() -> None:
    """A driver once sent one order for all of it, and the venue refused it again and again."""
    name, more, value = LINES["usdm-rest"]
    settings = SimulatorSettings.model_validate({"symbols": ("XRP",), "accounts": ACCOUNTS})
    async with Simulator(settings) as simulator, line(Near(simulator), name, 1, value, **more) as tested:
        driver, (instrument,) = tested.driver, tuple(tested.driver._instruments.values())
        assert instrument.max_quantity is not None
        for _ in range(20):
            order = driver._shaper.made(instrument, MARKET, Side.BUY)
            await driver._place(MARKET, replace(order, quantity=instrument.max_quantity))
            await driver._settle_orders()
            if driver.books.position(instrument.key) > instrument.max_quantity:
                break
        assert driver.books.position(instrument.key) > instrument.max_quantity
        simulator.add_fault(Fault.model_validate({"kind": "reject_order", "venue": "usdm", "times": 2}))
        await driver.settle()
        assert driver.books.position(instrument.key) == 0
        assert await compared(tested) == []


def test_weather_goes_on_after_a_pause() -> None:
    one = Fault(kind="mute", at=10 * S, lasts=4 * S, every=3600 * S)
    for elapsed, at, lasts in ((0, 10, 4), (6, 4, 4), (11, 0, 3)):
        (found,) = from_then([one], elapsed * S)
        assert (found.at, found.lasts, found.every) == (at * S, lasts * S, 0)
    assert from_then([one], 14 * S) == []
