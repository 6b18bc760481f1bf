"""What a driver may see and do behind a venue's back: the simulator in this process, or in a process of its own.

Only the second lets memory be looked at: what the venue remembers is not the adapters'.
"""

import asyncio
import multiprocessing
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import anyio
from msgspec import Struct, field

from arbcore_exchange_simulator import Fault, Simulator, SimulatorSettings
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.order import Execution, Order

ATOM: Final = Decimal("1e-8")
_PATIENCE_S: Final = 10.0

Touch = tuple[Decimal, Decimal]
"""Best bid and ask."""


class OrderSeen(Struct):
    """An order as the venue has it.

    Attributes:
        state: Where it stands, in the simulator's word.
        why: Why it ended.
        executions: Price, quantity, fee, its currency, and whether it made, of each trade.
    """

    state: str
    why: str
    executions: list[tuple[Decimal, Decimal, Decimal, str, bool]]


class AccountSeen(Struct):
    """An account as the venue has it.

    Attributes:
        totals: All money by currency.
        locked: What orders lock of it.
        open: Numbers of open orders.
        orders: Every order that it had since it was last forgotten, by client id; none where they were not asked for.
    """

    totals: dict[str, Decimal]
    locked: dict[str, Decimal]
    open: list[int]
    orders: dict[str, list[OrderSeen]] = field(default_factory=dict)


class Backstage(ABC):
    """The way behind.

    Attributes:
        address: Base of the venues' addresses.

    Args:
        address: The same.
    """

    def __init__(self, address: str) -> None:
        self.address: Final = address

    @abstractmethod
    async def _ask(self, what: str, *arguments: Any) -> Any:
        """Have a method of `House` called."""

    async def account(self, venue: str, *, orders: bool = False) -> AccountSeen:
        """Return the account of a venue, which has one."""
        seen: AccountSeen = await self._ask("account", venue, orders)
        return seen

    async def touches(self, venue: str) -> dict[str, Touch]:
        """Return best bid and ask of each market of a venue, by symbol."""
        found: dict[str, Touch] = await self._ask("touches", venue)
        return found

    async def forget(self, venue: str) -> None:
        """Drop a venue's orders that ended. Ids are made once, so none needs to be known."""
        await self._ask("forget", venue)

    async def add_faults(self, faults: Sequence[Fault]) -> None:
        """Set faults; their times count from now."""
        await self._ask("add_faults", faults)

    async def clear_faults(self) -> None:
        """End all faults."""
        await self._ask("clear_faults")

    async def spells(self, venues: Sequence[str]) -> dict[int, str]:
        """Return the kinds of the faults that are on for any of some venues, by a mark of each."""
        found: dict[int, str] = await self._ask("spells", venues)
        return found


class House:
    """The simulator's side, in its process.

    Args:
        simulator: It, entered.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator: Final = simulator
        self._watchers: Final[dict[str, _Watcher]] = {}

    def account(self, venue: str, orders: bool) -> AccountSeen:
        """See `Backstage.account`."""
        return self._watcher(venue).seen(orders=orders)

    def touches(self, venue: str) -> dict[str, Touch]:
        """See `Backstage.touches`."""
        books = {symbol: market.book.touch for symbol, market in self._simulator.world.markets[venue].items()}
        return {symbol: (bid[0] * ATOM, ask[0] * ATOM) for symbol, (bid, ask) in books.items()}

    def forget(self, venue: str) -> None:
        """See `Backstage.forget`."""
        self._watcher(venue).forget()

    def add_faults(self, faults: Sequence[Fault]) -> None:
        """See `Backstage.add_faults`."""
        for fault in faults:
            self._simulator.add_fault(fault)

    def clear_faults(self) -> None:
        """See `Backstage.clear_faults`."""
        self._simulator.faults.clear()

    def spells(self, venues: Sequence[str]) -> dict[int, str]:
        """See `Backstage.spells`."""
        return {id(one): one.kind for one in self._simulator.faults.active() if any(map(one.reaches, venues))}

    def _watcher(self, venue: str) -> "_Watcher":
        if venue not in self._watchers:
            (account,) = self._simulator.venues.accounts.of(venue)
            self._watchers[venue] = _Watcher(account)
        return self._watchers[venue]


class _Watcher:
    """Watches an account from when it is made."""

    def __init__(self, account: Account) -> None:
        self._account: Final = account
        self._orders: Final[dict[str, list[Order]]] = {}
        account.listeners.append(self)

    def on_order(self, order: Order, what: str, execution: Execution | None) -> None:
        """Note an order."""
        known = self._orders.setdefault(order.client_id, [])
        if order not in known:
            known.append(order)

    def on_cash(self, account: Account, currencies: tuple[str, ...], why: str) -> None:
        """Money is looked at when it is asked for."""

    def seen(self, *, orders: bool) -> AccountSeen:
        """Return the account as it is."""
        cash = self._account.cash
        return AccountSeen(
            totals={currency: one.total for currency, one in cash.items()},
            locked={currency: one.locked for currency, one in cash.items()},
            open=list(self._account.open),
            orders={key: [_seen(one) for one in known] for key, known in self._orders.items()} if orders else {},
        )

    def forget(self) -> None:
        """Drop what was noted."""
        self._orders.clear()
        self._account.used_ids.clear()


def _seen(order: Order) -> OrderSeen:
    trades = [(one.price * ATOM, one.quantity * ATOM, one.fee, one.fee_currency, one.maker) for one in order.executions]
    return OrderSeen(order.state, order.why, trades)


class Near(Backstage):
    """Behind a simulator in this process.

    Args:
        simulator: It, entered.
    """

    def __init__(self, simulator: Simulator) -> None:
        super().__init__(simulator.address)
        self._house: Final = House(simulator)

    async def _ask(self, what: str, *arguments: Any) -> Any:
        return getattr(self._house, what)(*arguments)


class Far(Backstage):
    """Behind a simulator in a process of its own; made by `far`.

    Args:
        address: Its address.
        pipe: The way to it.
        process: Its id.
    """

    def __init__(self, address: str, pipe: Connection, process: int) -> None:
        super().__init__(address)
        self._pipe: Final = pipe
        self._lock: Final = anyio.Lock()
        self._process: Final = process

    @property
    def memory(self) -> float:
        """Resident MiB of the simulator's process."""
        return resident(self._process)

    async def _ask(self, what: str, *arguments: Any) -> Any:
        async with self._lock:  # a question that was asked is answered, even where nobody wants to know any more
            with anyio.CancelScope(shield=True):
                self._pipe.send((what, arguments))
                answer = await anyio.to_thread.run_sync(self._pipe.recv)
        if isinstance(answer, BaseException):
            raise answer
        return answer


@asynccontextmanager
async def far(told: Mapping[str, Any]) -> AsyncIterator[Far]:
    """Run a simulator in a process of its own while the body runs.

    Args:
        told: Settings by name, as `SimulatorSettings` reads them.
    """
    spawned = multiprocessing.get_context("spawn")
    ours, theirs = spawned.Pipe()
    process = spawned.Process(target=_serve, args=(theirs, dict(told)), daemon=True)
    process.start()
    theirs.close()
    try:
        address = await anyio.to_thread.run_sync(ours.recv)
        assert process.pid is not None
        yield Far(address, ours, process.pid)
    finally:
        ours.close()
        process.join(_PATIENCE_S)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()


def _serve(pipe: Connection, told: dict[str, Any]) -> None:
    asyncio.run(_served(pipe, told))


async def _served(pipe: Connection, told: dict[str, Any]) -> None:
    """Answer questions until the pipe is closed on the other side."""
    over = asyncio.Event()
    async with Simulator(SimulatorSettings.model_validate(told)) as simulator:
        house, loop = House(simulator), asyncio.get_running_loop()
        loop.add_reader(pipe.fileno(), _answer, pipe, house, over)
        pipe.send(simulator.address)
        await over.wait()
        loop.remove_reader(pipe.fileno())


def _answer(pipe: Connection, house: House, over: asyncio.Event) -> None:
    try:
        what, arguments = pipe.recv()
    except EOFError:
        over.set()
        return
    method: Callable[..., Any] = getattr(house, what)
    try:
        pipe.send(method(*arguments))
    except Exception as error:  # noqa: BLE001 - raised on the other side
        pipe.send(error)


def resident(process: int | str = "self") -> float:
    """Return the resident MiB of a process."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * 4096 / 2**20
