"""A transport of requests that fails by a script: before sending, after sending, late, or with a damaged answer."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, Literal, Self, TypeVar

import anyio
from msgspec import Struct

from arbcore.errors import ExchangeUnavailable, OutcomeUnknown
from arbcore.net.http import HttpTransport
from arbcore.testing.trading_bench import Held

Item = TypeVar("Item")

Failure = Literal["unsent", "lost request", "lost reply", "answer", "damage"]
"""How a request fails: not sent, and that is certain; lost on its way, or its answer lost, which look the same to the
sender; answered by us without being sent; answered, with the body damaged."""


class Planned(Struct, frozen=True, kw_only=True):
    """What goes wrong with the next request that fits.

    Attributes:
        failure: How it fails.
        method: HTTP method; empty for any.
        path: Part of the path; empty for any.
        status: Status of our own answer.
        headers: Headers of our own answer, names in lower case.
        body: Body of our own answer.
    """

    failure: Failure
    method: str = ""
    path: str = ""
    status: int = 503
    headers: Mapping[str, str] = {}
    body: bytes = b""

    def fits(self, method: str, target: str) -> bool:
        """Tell whether a request is the one that fails."""
        return self.method in {"", method} and self.path in target.partition("?")[0]


class ScriptedTransport:
    """A `arbcore.net.http.HttpTransport` around another one. Each planned failure happens once, in order.

    Args:
        inner: What carries the requests.

    Attributes:
        plan: What is still to go wrong.
        sent: Method and path of every request that was sent, in order.
    """

    def __init__(self, inner: HttpTransport) -> None:
        self._inner: Final = inner
        self._held: list[tuple[Planned, Held, anyio.Event]] = []
        self.plan: list[Planned] = []
        self.sent: list[tuple[str, str]] = []

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._inner.__aexit__(*exc)

    @asynccontextmanager
    async def hold(self, method: str = "", path: str = "") -> AsyncIterator[Held]:
        """Hold back the answer to the next request that fits while entered."""
        held, released = Held(anyio.Event()), anyio.Event()
        self._held.append((Planned(failure="answer", method=method, path=path), held, released))
        try:
            yield held
        finally:
            released.set()

    async def exchange(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout_ns: int
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send a request as the plan wants it; see `arbcore.net.http.HttpTransport`."""
        planned = taken(self.plan, lambda one: one.fits(method, target))
        if planned is not None and planned.failure == "unsent":
            raise ExchangeUnavailable("not sent: the script wants it so")
        if planned is not None and planned.failure == "lost request":
            raise OutcomeUnknown("sent and not answered: the script lost it", "look it up before sending again")
        if planned is not None and planned.failure == "answer":
            return planned.status, planned.headers, planned.body
        self.sent.append((method, target.partition("?")[0]))
        status, answered, text = await self._inner.exchange(method, target, headers, body, timeout_ns)
        await self._keep(method, target)
        if planned is not None and planned.failure == "lost reply":
            raise OutcomeUnknown("sent and not answered: the script lost it", "look it up before sending again")
        return status, answered, text[: len(text) // 2] if planned is not None else text

    async def _keep(self, method: str, target: str) -> None:
        found = taken(self._held, lambda one: one[0].fits(method, target))
        if found is not None:
            _, held, released = found
            held.arrived.set()
            await released.wait()


def taken(waiting: list[Item], fits: Callable[[Item], bool]) -> Item | None:
    """Take the first that fits out of a list."""
    for place, one in enumerate(waiting):
        if fits(one):
            return waiting.pop(place)
    return None
