"""A driver that gets no further ends with a message that says why; weather goes on after a pause."""

import pytest

pytest.importorskip("aiohttp", reason="the simulator needs aiohttp")

from arbcore_exchange_simulator import Fault, Simulator, SimulatorSettings
from benchmarks.driving.comparing import LINES
from benchmarks.driving.opening import ACCOUNTS, line
from benchmarks.driving.progress import Stalled, watched
from benchmarks.driving.weather import from_then

S = 10**9


@pytest.mark.anyio
async def test_a_driver_that_gets_no_further_tells_what_it_waits_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "benchmarks.driving")
    name, more, value = LINES["usdm-rest"]
    settings = SimulatorSettings.model_validate({"symbols": ("BTC",), "accounts": ACCOUNTS})
    # A venue that answers nothing, and a client that waits for it longer than the watch does; what is shielded from
    # being cancelled ends with its time-out.
    slow = {"request_timeout": "1s"}
    async with Simulator(settings) as simulator, line(simulator, name, 1, value, **more, network=slow) as tested:
        simulator.add_fault(Fault.model_validate({"kind": "mute", "venue": "usdm", "stream": "rest"}))
        with pytest.raises(Stalled, match=r"nothing was sent or settled for .*\n.*doing for .*: place drv-1"):
            async with watched(tested.driver, look=0.05, patience=0.3):
                await tested.driver.drive(10, at_once=1)
    assert "1 sent, 0 settled" in caplog.text


def test_weather_goes_on_after_a_pause() -> None:
    one = Fault(kind="mute", at=10 * S, lasts=4 * S, every=3600 * S)
    for elapsed, at, lasts in ((0, 10, 4), (6, 4, 4), (11, 0, 3)):
        (found,) = from_then([one], elapsed * S)
        assert (found.at, found.lasts, found.every) == (at * S, lasts * S, 0)
    assert from_then([one], 14 * S) == []
