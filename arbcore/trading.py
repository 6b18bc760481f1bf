"""The trading side of a live session: its lease, its venues, what they are asked first, and what runs beside it."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import anyio
import anyio.lowlevel

from arbcore.context import Clock
from arbcore.errors import ExchangeUnavailable, SafetyError
from arbcore.live.account import examine
from arbcore.live.accounts import account_locks
from arbcore.live.lease import Lease
from arbcore.live.refusal import LiveRefused
from arbcore.model.input import Standstill, TermsStated, VenueAnswer, VenueReport
from arbcore.model.instrument import Instrument
from arbcore.opening import PATIENCE_S, first_error, in_time
from arbcore.pipeline import Pipeline
from arbcore.ports.trading import DeadMansSwitch, Venue
from arbcore.ports.treasury import Treasury
from arbcore.ports.venue import Deliver
from arbcore.runtime.countdown import Countdown
from arbcore.runtime.gateway import Take, VenueGateway
from arbcore.runtime.refs import Find, OrderRefs
from arbcore.runtime.session import Source
from arbcore.runtime.statement import statement

_AGAIN_S: Final = 1.0

ANSWERS_S: Final = 15.0
"""Time that requests in flight have to be answered when a session ends."""

logger = logging.getLogger("arbcore.trading")

Tell = Callable[[str], None]
"""Takes texts for people."""


class Permit(Protocol):
    """The right to send, which is lost in a stall, and kept by somebody else meanwhile."""

    def may_send(self) -> str:
        """Return why nothing may be sent now, empty where it may."""
        ...

    async def renew(self) -> int:
        """Take it anew, after a reconciliation."""
        ...


@dataclass(frozen=True, slots=True)
class Accounts:
    """Opened venues of a live session.

    Attributes:
        venues: Venue by exchange id.
        treasuries: Treasury by exchange id, where the plugin has one.
        keys: Keys of the traded instruments by exchange id.
    """

    venues: dict[str, Venue]
    treasuries: dict[str, Treasury]
    keys: dict[str, tuple[str, ...]]


@asynccontextmanager
async def open_accounts(
    pipeline: Pipeline, instruments: Sequence[Instrument], tell: Tell | None = None
) -> AsyncIterator[Accounts]:
    """Open the venues of all instruments, each within its time, and refuse accounts that must not trade.

    Args:
        pipeline: Builds them.
        instruments: Instruments that are traded.
        tell: Takes the refusal in words, and what only closes goes on; None to refuse.

    Raises:
        LiveRefused: An account is not what the config states.
        ArbcoreError: A venue can't be opened.
    """
    keys: dict[str, tuple[str, ...]] = {}
    for item in instruments:
        keys[item.venue] = (*keys.get(item.venue, ()), item.key)
    accounts = Accounts({}, {}, keys)
    async with AsyncExitStack() as stack:
        for name in keys:
            venue = pipeline.real_venue(name)
            await stack.enter_async_context(in_time(f"exchanges.{name}", venue))
            accounts.venues[name] = venue
            if pipeline.capabilities(name).treasury:
                treasury = pipeline.treasury(name)
                await stack.enter_async_context(in_time(f"exchanges.{name}", treasury))
                accounts.treasuries[name] = treasury
        try:
            await examine(pipeline.config, accounts.venues, instruments, pipeline.clock.now())
        except LiveRefused as refused:
            if tell is None:
                raise
            tell(refused.what)
        yield accounts


class Trading:
    """What a live session has beside its loop.

    Args:
        clock: The session's clock.
        accounts: Its open venues.
        permit: Its right to send.
    """

    def __init__(self, clock: Clock, accounts: Accounts, permit: Permit) -> None:
        self._clock: Final = clock
        self._accounts: Final = accounts
        self._permit: Final = permit
        self._lost = anyio.Event()
        self._reason = ""
        switches = {name: one for name, one in accounts.venues.items() if isinstance(one, DeadMansSwitch)}
        self._countdown: Final = Countdown(switches, accounts.keys)
        self._gateway: VenueGateway | None = None

    def connect(self, take: Take, deliver: Deliver, find: Find) -> VenueGateway:
        """Make the gateway.

        Args:
            take: Takes inputs.
            deliver: Takes states of connections and how requests went.
            find: Names orders of earlier starts.
        """
        self._gateway = VenueGateway(
            self._accounts.venues,
            self._accounts.treasuries,
            self._accounts.keys,
            clock=self._clock,
            take=take,
            deliver=deliver,
            may_send=self._permit.may_send,
            refs=OrderRefs(find),
        )
        return self._gateway

    async def first_answers(self, since: int) -> list[VenueReport | VenueAnswer]:
        """Ask every venue for terms and for its side of everything, all at once.

        Args:
            since: UTC nanoseconds since when orders, fills and funding are asked for.

        Raises:
            ExchangeError: A venue did not tell, and nothing may start without.
            SafetyError: Another session trades on an account.
        """
        told: dict[str, list[VenueReport | VenueAnswer]] = {name: [] for name in self._accounts.venues}
        done: set[str] = set()

        async def learn(name: str) -> None:
            told[name] += await self._terms(name)
            venue, keys = self._accounts.venues[name], self._accounts.keys[name]
            news, closing = await statement(name, venue, keys, since, self._clock)
            opening = [closing.snapshot] if closing.snapshot is not None else []
            told[name] += [*opening, *news, closing]
            done.add(name)

        try:
            with anyio.move_on_after(PATIENCE_S):
                async with anyio.create_task_group() as group:
                    for name in told:
                        group.start_soon(learn, name)
        except BaseExceptionGroup as errors:
            raise first_error(errors) from None
        if slow := [name for name in told if name not in done]:
            raise ExchangeUnavailable(f"{', '.join(slow)}: no whole statement within {PATIENCE_S:g} s")
        if self._permit.may_send():
            # Opening kept the event loop for longer than the lease allows, and all was just stated.
            await self._permit.renew()
            self._lost = anyio.Event()
        return [item for items in told.values() for item in items]

    def sources(self, tell: Callable[[Standstill], None], waiting: Callable[[], int]) -> list[Source]:
        """Return what is to run beside the feeds: the venues' streams, the countdowns, and the return after a stall.

        Args:
            tell: Takes inputs for the engine.
            waiting: Returns how many inputs wait for it.
        """
        gateway = self._connected()
        found = [Source(f"{name} (account)", partial(gateway.run, name)) for name in self._accounts.venues]
        found.append(Source("countdown", lambda _: self._countdown.run()))
        found.append(Source("return", lambda _: self._come_back(tell, waiting)))
        return found

    async def drain(self) -> None:
        """Let nothing leave any more, wait for what is under way and for a last statement of every venue.

        Then switch the countdowns off.
        """
        await self._connected().close(ANSWERS_S)
        await self._countdown.disarm()

    async def _terms(self, name: str) -> list[TermsStated]:
        venue = self._accounts.venues[name]
        facts, found = await venue.facts(), []
        for key in self._accounts.keys[name]:
            terms = await venue.terms(key)
            found.append(
                TermsStated(
                    terms=terms,
                    hedge_mode=facts.hedge_mode,
                    multi_assets=facts.multi_assets,
                    recv_ts=self._clock.now(),
                )
            )
        return found

    def fenced(self, reason: str) -> None:
        """Learn that the right to send is lost."""
        logger.warning("nothing is sent until the venues have stated everything: %s", reason)
        self._reason = reason
        self._lost.set()

    async def _come_back(self, tell: Callable[[Standstill], None], waiting: Callable[[], int]) -> None:
        """After a stall: let the engine ask for everything, and take the right to send anew once that is answered."""
        while True:
            await self._lost.wait()
            self._lost = anyio.Event()
            tell(Standstill(over=False, reason=self._reason, recv_ts=self._clock.now()))
            while waiting():
                await anyio.lowlevel.checkpoint()
            await self._connected().idle()
            await self._renew()
            tell(Standstill(over=True, recv_ts=self._clock.now()))

    async def _renew(self) -> None:
        """Take the right to send; where another session has it, there is nothing to do but to wait."""
        while True:
            try:
                await self._permit.renew()
            except SafetyError as error:
                logger.error("nothing can be sent: %s", error.what)  # noqa: TRY400 - its words say all
                await anyio.sleep(_AGAIN_S)
            else:
                logger.warning("orders may be sent again")
                return

    def _connected(self) -> VenueGateway:
        if self._gateway is None:
            raise RuntimeError("the gateway is not made yet")
        return self._gateway


@asynccontextmanager
async def open_trading(
    pipeline: Pipeline, instruments: Sequence[Instrument], tell: Tell | None = None
) -> AsyncIterator[Trading]:
    """Take the lease of the accounts and open them; close them and give it back.

    Args:
        pipeline: Builds the venues.
        instruments: Instruments that are traded.
        tell: As `open_accounts`.

    Raises:
        LiveRefused: An account is not what the config states.
        SafetyError: Another session trades on an account.
        ArbcoreError: A venue can't be opened.
    """
    config = pipeline.config
    holder = f"session {config.session.name}, process {os.getpid()}"
    told: list[Trading] = []

    def fenced(reason: str) -> None:
        for trading in told:
            trading.fenced(reason)

    lease = Lease(account_locks(config, os.environ), holder, fenced)
    async with lease, _kept(lease), open_accounts(pipeline, instruments, tell) as accounts:
        told.append(Trading(pipeline.clock, accounts, lease))
        if lost := lease.may_send():
            # While venues opened there was nobody yet to be told.
            fenced(lost)
        yield told[0]


@asynccontextmanager
async def _kept(lease: Lease) -> AsyncIterator[None]:
    """Give signs of life while entered. Where that fails the lease ends by itself."""
    task = asyncio.get_running_loop().create_task(lease.run())
    try:
        yield
    finally:
        task.cancel()
        with anyio.CancelScope(shield=True):
            await asyncio.wait([task])
