"""The trading side of a live session: what is asked before it starts, how it comes back after a stall, how it ends."""

from typing import Any

import anyio
import anyio.lowlevel
import pytest

from arbcore.errors import ExchangeUnavailable, SafetyError
from arbcore.model.input import AccountSnapshot, Standstill, TermsStated, VenueStatement
from arbcore.model.reason import Reason
from arbcore.trading import Accounts, Trading
from tests.runtime.gateway_bench import KEY, ORDER
from tests.runtime.live import HeldClock
from tests.runtime.venue_double import VenueDouble

pytestmark = pytest.mark.anyio


class Right:
    """A right to send in the hands of a test.

    Attributes:
        lost: Why nothing may be sent.
        taken_by: Somebody else who has it, for so many attempts to take it anew.
        renewed: How often it was taken anew.
    """

    def __init__(self) -> None:
        self.lost = ""
        self.taken_by = 0
        self.renewed = 0

    def may_send(self) -> str:
        """Return why nothing may be sent."""
        return self.lost

    async def renew(self) -> int:
        """Take it anew."""
        if self.taken_by:
            self.taken_by -= 1
            raise SafetyError("in use by another session")
        self.lost, self.renewed = "", self.renewed + 1
        return self.renewed


class Bench:
    """A trading side with one venue."""

    def __init__(self) -> None:
        self.venue, self.right = VenueDouble(), Right()
        self.venue.script.answers["cancel_all_after"] = None
        self.trading = Trading(HeldClock(1_000), Accounts({"sim": self.venue}, {}, {"sim": (KEY,)}), self.right)
        self.inputs: list[Any] = []
        self.gateway = self.trading.connect(self.inputs.append, self.inputs.append, lambda _: None)

    def hear(self, item: Standstill) -> None:
        """Do what an engine does: ask for everything."""
        self.inputs.append(item)
        if not item.over:
            self.gateway.ask_all()

    def lose(self) -> None:
        """Let the right be lost."""
        self.right.lost = "no sign of life"
        self.trading.fenced(self.right.lost)


async def turns() -> None:
    for _ in range(30):
        await anyio.lowlevel.checkpoint()


async def test_terms_and_a_whole_statement_come_first() -> None:
    """An account is opened by its balances, then comes what was missed, and the statement closes it."""
    bench = Bench()
    told = await bench.trading.first_answers(77)
    assert [type(one) for one in told] == [TermsStated, AccountSnapshot, VenueStatement]
    assert isinstance(told[0], TermsStated)
    assert (told[0].terms.instrument, told[0].hedge_mode, told[0].multi_assets) == (KEY, False, None)
    assert [call.asked for call in bench.venue.script.calls if call.name == "history"] == [(KEY, 77)]


async def test_nothing_starts_without_them() -> None:
    bench = Bench()
    bench.venue.script.answers["open_orders"] = ExchangeUnavailable("gone")
    with pytest.raises(ExchangeUnavailable, match="gone"):
        await bench.trading.first_answers(77)


async def test_a_right_that_opening_outlasted_is_taken_anew() -> None:
    bench = Bench()
    bench.lose()
    await bench.trading.first_answers(77)
    assert (bench.right.may_send(), bench.right.renewed) == ("", 1)


async def test_after_a_stall_everything_is_stated_before_anything_is_sent() -> None:
    """Pain: a process that slept goes on with what it knew before."""
    bench = Bench()
    snapshot = bench.venue.script.answers.pop("snapshot")
    (back,) = [one for one in bench.trading.sources(bench.hear, lambda: 0) if one.name == "return"]
    async with anyio.create_task_group() as group:
        group.start_soon(back.run, bench.inputs.append)
        bench.lose()
        await turns()
        assert [one.over for one in bench.inputs] == [False]
        bench.gateway.submit("sim", ORDER)
        assert (bench.inputs[-1].reason, bench.right.renewed) == (Reason.ORDER_NOT_SENT, 0)
        next(call for call in bench.venue.script.calls if call.name == "snapshot").answer(snapshot)
        await turns()
        assert [type(one) for one in bench.inputs[-2:]] == [VenueStatement, Standstill]
        assert bench.inputs[-1].over
        assert bench.right.renewed == 1
        group.cancel_scope.cancel()


async def test_a_right_that_somebody_else_took_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("arbcore.trading._AGAIN_S", 0)
    bench = Bench()
    bench.right.taken_by = 2
    (back,) = [one for one in bench.trading.sources(bench.hear, lambda: 0) if one.name == "return"]
    async with anyio.create_task_group() as group:
        group.start_soon(back.run, bench.inputs.append)
        bench.lose()
        while not bench.right.renewed:
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert caplog.text.count("in use by another session") == 2


async def test_the_end_waits_for_answers_and_switches_the_countdown_off() -> None:
    bench = Bench()
    await bench.trading.drain()
    assert [call.name for call in bench.venue.script.calls] == [
        "snapshot",
        "open_orders",
        "history",
        "funding",
        "cancel_all_after",
    ]
    assert bench.venue.script.calls[-1].asked == (KEY, 0)
    assert isinstance(bench.inputs[-1], VenueStatement)
    bench.gateway.submit("sim", ORDER)
    refused: Any = bench.inputs[-1]
    assert refused.reason == Reason.ORDER_NOT_SENT


async def test_streams_countdown_and_return_run_beside_the_feeds() -> None:
    assert [one.name for one in Bench().trading.sources(lambda _: None, lambda: 0)] == [
        "sim (account)",
        "countdown",
        "return",
    ]
