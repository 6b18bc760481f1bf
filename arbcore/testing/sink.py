"""Conformance suite of sinks."""

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import anyio
import pytest
from hypothesis import given

from arbcore.context import Context
from arbcore.model.events import AlertRaised, Envelope, OrderRejected
from arbcore.model.state import Severity
from arbcore.ports.journal import Sink
from arbcore.testing._suite import Suite
from arbcore.testing.events import journals, numbered
from arbcore.testing.stores import store_context

OpenSink = Callable[[Context], Sink]
Received = Callable[[Path], Sequence[int]]

_MINUTE = 60 * 10**9
_ODD = "a\nb\r\x1b[31m\x00 \u2028 [bold]{}%s\ud800"


class SinkSuite(Suite):
    """Standard tests of a sink.

    Fixtures that the author gives:
        open_sink: A function from a context to a sink that is not entered, as the hook `open_sink`.
        received: Optional: a function from the context's ``data_dir`` to the sequences of all events that came out
            there, in order. Without it, what needs it is skipped.
    """

    @pytest.fixture
    def received(self) -> Received | None:
        """Nothing to look into."""
        return None

    def test_takes_any_event(self, open_sink: OpenSink, received: Received | None, tmp_path: Path) -> None:
        """No event of the catalogue breaks it, in batches of any size."""
        numbers = count()

        async def write(envelopes: list[Envelope]) -> None:
            folder = tmp_path / str(next(numbers))
            async with open_sink(store_context(folder)) as sink:
                await sink.write(envelopes)
                await sink.write([])
            if received is not None:
                assert list(received(folder)) == [envelope.sequence for envelope in envelopes]

        @given(journals(max_size=6))
        def check(envelopes: list[Envelope]) -> None:
            anyio.run(write, envelopes)

        check()

    @pytest.mark.anyio
    async def test_takes_odd_text(self, open_sink: OpenSink, received: Received | None, tmp_path: Path) -> None:
        """Line breaks, terminal codes and half characters in a venue's words stay inside their event."""
        events = [
            (1, _ODD, AlertRaised(rule=_ODD, severity=Severity.P0, source=_ODD, text=_ODD)),
            (2, _ODD, OrderRejected(client_order_id=_ODD, reason=_ODD, detail=_ODD)),
        ]
        async with open_sink(store_context(tmp_path)) as sink:
            await sink.write(numbered(list(events)))
        if received is not None:
            assert list(received(tmp_path)) == [1, 2]

    @pytest.mark.anyio
    async def test_flush_pushes_all_out(self, open_sink: OpenSink, received: Received | None, tmp_path: Path) -> None:
        """After a flush that answers True, everything written before is out, while the sink is still open."""
        async with open_sink(store_context(tmp_path)) as sink:
            await sink.write(_alerts(1, 5))
            assert await sink.flush(_MINUTE) is True
            if received is not None:
                assert list(received(tmp_path)) == [1, 2, 3, 4, 5]
            assert isinstance(await sink.flush(0), bool)

    @pytest.mark.anyio
    async def test_keeps_order_and_loses_nothing(
        self, open_sink: OpenSink, received: Received | None, tmp_path: Path
    ) -> None:
        """Many batches come out once each, in order."""
        if received is None:
            pytest.skip("the author gave no way to see what came out")
        async with open_sink(store_context(tmp_path)) as sink:
            for start in range(1, 500, 25):
                await sink.write(_alerts(start, start + 24))
        assert list(received(tmp_path)) == list(range(1, 501))

    @pytest.mark.anyio
    async def test_goes_on_where_it_ended(self, open_sink: OpenSink, received: Received | None, tmp_path: Path) -> None:
        """Opened again it leaves what came out before alone."""
        for start in (1, 11):
            async with open_sink(store_context(tmp_path)) as sink:
                await sink.write(_alerts(start, start + 9))
        if received is not None:
            assert list(received(tmp_path)) == list(range(1, 21))


def _alerts(first: int, last: int) -> list[Envelope]:
    alert = AlertRaised(rule="r", severity=Severity.P2, source="s", text="t")
    return numbered([(number, "", alert) for number in range(first, last + 1)], first)
