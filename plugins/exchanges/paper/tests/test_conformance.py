from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
import pytest

from arbcore.model.instrument import Instrument
from arbcore.model.order import OrderRequest
from arbcore.ports.fill import LatencyModel
from arbcore.ports.venue import SimVenue
from arbcore.testing.session import make_context
from arbcore.testing.venue import OpenVenue, SimVenueSuite
from arbcore_exchange_paper import plugin
from arbcore_exchange_paper.settings import PaperSettings
from arbcore_fill_top.model import TopFill


class Hops(LatencyModel):
    """Delays that go round in a circle, so that messages would overtake each other if they could."""

    def __init__(self) -> None:
        self._asked = 0

    def entry(self, order: OrderRequest, now: int) -> int:
        return self._next()

    def response(self, order: OrderRequest, now: int) -> int:
        return self._next()

    def state(self) -> bytes:
        return msgspec.msgpack.encode(self._asked)

    def restore(self, state: bytes) -> None:
        self._asked = msgspec.msgpack.decode(state, type=int)

    def _next(self) -> int:
        self._asked += 1
        return (4, 0, 2, 7, 0)[self._asked % 5]


def opened(
    instruments: Sequence[Instrument], balances: Mapping[str, Decimal], latency: LatencyModel | None = None
) -> SimVenue:
    settings = PaperSettings(use="paper", fill="book")
    context = make_context(
        "paper",
        venue="sim",
        instruments=instruments,
        balances=balances,
        fill_model=TopFill(),
        latency_model=latency,
    )
    return plugin.open_venue(settings, context)


class TestPaper(SimVenueSuite):
    @pytest.fixture
    def open_venue(self) -> OpenVenue:
        return opened


class TestPaperWithLatency(SimVenueSuite):
    @pytest.fixture
    def open_venue(self) -> OpenVenue:
        return lambda instruments, balances: opened(instruments, balances, Hops())
