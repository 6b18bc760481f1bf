"""One connection with the user stream of USD-M futures without I/O, and a venue that answers by path."""

from collections.abc import Sequence
from typing import Any

from arbcore.net.protocol import Fetch, Heard
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.usdm_memory import Memory
from arbcore_exchange_binance.protocol.usdm_stream import UserStream
from plugins.exchanges.binance.tests import usdm_samples as samples
from plugins.exchanges.binance.tests.samples import START, S, encode
from plugins.exchanges.binance.tests.usdm_samples import memory

GRACE, EVERY, RENEWAL = 5 * S, 30 * S, 1800 * S
NEVER = {"code": -2013, "msg": "Order does not exist."}


def reply(content: Any, status: int = 200, now: int = START) -> Reply:
    return Reply(status=status, headers={}, body=encode(content), sent_ts=now, recv_ts=now)


class Line:
    """One connection, with a venue that answers by path.

    Attributes:
        answers: Contents by path, or pairs of status and content.
        heard: Everything that was told.
        asked: Paths in the order of the requests.
    """

    def __init__(self, known: Memory | None = None, now: int = START) -> None:
        self.memory = known or memory()
        self.stream = UserStream("ws://h/private", self.memory, renewal=RENEWAL, reconcile=EVERY, grace=GRACE)
        self.now = now
        self.heard: list[Heard] = []
        self.asked: list[str] = []
        self.answers: dict[str, Any] = {
            "/fapi/v1/listenKey": {"listenKey": "the-key"},
            "/fapi/v1/openOrders": [],
            "/fapi/v1/openAlgoOrders": [],
            "/fapi/v1/userTrades": [],
            "/fapi/v1/fundingRate": samples.RATES,
            "/fapi/v1/income": [],
            "/fapi/v3/account": samples.ACCOUNT,
            "/fapi/v3/positionRisk": [samples.POSITION],
            "/fapi/v1/order": (400, NEVER),
            "/fapi/v1/algoOrder": (400, NEVER),
        }

    def take(self, found: Sequence[Heard]) -> list[Heard]:
        """Answer what is asked for until nothing is; return what was told meanwhile."""
        start, waiting = len(self.heard), list(found)
        while waiting:
            one = waiting.pop(0)
            if isinstance(one, Fetch):
                self.asked.append(f"{one.request.method} {one.request.path}?{one.request.query}".rstrip("?"))
                answer = self.answers[one.request.path]
                if answer is None:
                    waiting += self.stream.fetched(one.tag, None, self.now)
                    continue
                status, content = answer if isinstance(answer, tuple) else (200, answer)
                waiting += self.stream.fetched(one.tag, reply(content, status, self.now), self.now)
            else:
                self.heard.append(one)
        return self.heard[start:]

    def tick(self, after: int = 0) -> list[Heard]:
        self.now += after
        return self.take(self.stream.tick(self.now, connected=self.stream._opened))

    def open(self) -> list[Heard]:
        self.tick()
        return self.take(self.stream.opened(self.now))

    def frame(self, content: Any) -> list[Heard]:
        return self.take(self.stream.received(content if isinstance(content, bytes) else encode(content), self.now))


def quiet_line() -> Line:
    """A connection in step with the venue."""
    line = Line()
    line.open()
    line.tick()
    return line
