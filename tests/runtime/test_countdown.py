"""The countdown: armed at once, renewed well within its window, off at the end, and no failure stops it."""

import logging
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from arbcore.errors import ExchangeUnavailable
from arbcore.runtime.countdown import WINDOW_NS, Countdown
from tests.runtime.venue_double import VenueDouble


def told(venue: VenueDouble) -> list[Any]:
    return [call.asked for call in venue.script.calls]


async def turns() -> None:
    for _ in range(10):
        await anyio.lowlevel.checkpoint()


@pytest.mark.anyio
async def test_every_instrument_is_armed_and_renewed() -> None:
    """Renewed three times within its window, so that one lost request lets nothing be cancelled."""
    venue = VenueDouble()
    venue.script.answers["cancel_all_after"] = None
    waits: list[float] = []
    countdown = Countdown({"sim": venue}, {"sim": ("sim:A", "sim:B"), "other": ("other:A",)})
    with pytest.MonkeyPatch.context() as patch:

        async def sleep(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 2:
                await anyio.sleep_forever()

        patch.setattr("arbcore.runtime.countdown.anyio.sleep", sleep)
        async with anyio.create_task_group() as group:
            group.start_soon(countdown.run)
            await turns()
            group.cancel_scope.cancel()
    assert sorted(told(venue)) == sorted([("sim:A", WINDOW_NS), ("sim:B", WINDOW_NS)] * 2)
    assert waits == [20.0, 20.0]


@pytest.mark.anyio
async def test_a_graceful_end_switches_it_off() -> None:
    venue = VenueDouble()
    venue.script.answers["cancel_all_after"] = None
    await Countdown({"sim": venue}, {"sim": ("sim:A", "sim:B")}).disarm()
    assert sorted(told(venue)) == [("sim:A", 0), ("sim:B", 0)]


@pytest.mark.anyio
async def test_a_failure_is_told_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "arbcore.countdown")
    venue = VenueDouble()
    countdown = Countdown({"sim": venue}, {"sim": ("sim:A",)})
    for answer in (ExchangeUnavailable("gone"), ExchangeUnavailable("gone"), None, None):
        venue.script.answers["cancel_all_after"] = answer
        await countdown.disarm()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "sim:A: its countdown was not renewed: gone" in caplog.text
