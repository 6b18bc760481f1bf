"""An account: its keys, its money, and its orders."""

from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from arbcore_exchange_simulator.trading.money import ZERO, minus, plus
from arbcore_exchange_simulator.trading.order import Order

if TYPE_CHECKING:
    from arbcore_exchange_simulator.trading.matching import Watcher

KEPT: Final = 2000
"""Ended orders that an account remembers."""


class ApiKey(Struct, frozen=True):
    """A key.

    Attributes:
        key: What a client shows.
        secret: What it signs with; empty for a key pair.
        public_key: PEM of an RSA or Ed25519 key; empty for a secret.
        permissions: The venue's words for what it may do.
        ips: Addresses that may use it; empty for all.
        expires: UTC ns; 0 for never.
    """

    key: str
    secret: str = ""
    public_key: str = ""
    permissions: frozenset[str] = frozenset()
    ips: frozenset[str] = frozenset()
    expires: int = 0

    def __repr__(self) -> str:
        """Tell the key without its secret."""
        return f"ApiKey({self.key!r})"


class Cash(Struct):
    """Money in one currency: what is free, and what orders lock."""

    free: Decimal = ZERO
    locked: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """All of it."""
        return plus(self.free, self.locked)


class Account:
    """An account on one venue; on Upbit, one pocket of it.

    Attributes:
        name: Its name in this simulator.
        venue: ``upbit``, ``usdm`` or ``spot``.
        owner: Whose it is: accounts of one owner can send money to each other.
        keys: Its keys.
        cash: Money by currency.
        open: Open orders by number.
        ended: Latest ended orders by number, oldest first.
        by_client: Latest order by client id, among those that are remembered.
        used_ids: Every client id that was ever given, where the venue keeps them for ever.
        fees: Maker's and taker's fee in place of the venue's; None for the venue's.
        listeners: Who hears of this account only.
        extra: A venue's own fields.
        shown: What a venue adds to the account's report: name, and what makes its value.
    """

    def __init__(self, name: str, venue: str, keys: tuple[ApiKey, ...] = (), owner: str = "") -> None:
        self.name: Final = name
        self.venue: Final = venue
        self.owner: Final = owner or name
        self.keys = keys
        self.cash: Final[dict[str, Cash]] = {}
        self.open: Final[dict[int, Order]] = {}
        self.ended: Final[dict[int, Order]] = {}
        self.by_client: Final[dict[str, Order]] = {}
        self.used_ids: Final[set[str]] = set()
        self.fees: tuple[Decimal, Decimal] | None = None
        self.listeners: Final[list[Watcher]] = []
        self.extra: Final[dict[str, Any]] = {}
        self.shown: Final[dict[str, Callable[[], Any]]] = {}
        self._order_of_ends: deque[int] = deque()

    def of(self, currency: str) -> Cash:
        """Return the money in a currency, which may be none."""
        return self.cash.setdefault(currency, Cash())

    def order(self, number: int) -> Order | None:
        """Return an open or remembered order by its number."""
        return self.open.get(number) or self.ended.get(number)

    def orders(self) -> Iterator[Order]:
        """Yield all remembered orders: ended ones first, oldest first."""
        yield from self.ended.values()
        yield from self.open.values()

    def add(self, order: Order) -> None:
        """Take in an open order."""
        self.open[order.number] = order
        if order.client_id:
            self.by_client[order.client_id] = order

    def end(self, order: Order) -> None:
        """Move an order to the ended ones; the oldest of them is forgotten where there are too many."""
        self.open.pop(order.number, None)
        self.ended[order.number] = order
        self._order_of_ends.append(order.number)
        if len(self._order_of_ends) > KEPT:
            old = self.ended.pop(self._order_of_ends.popleft())
            if self.by_client.get(old.client_id) is old:
                del self.by_client[old.client_id]

    def deposit(self, currency: str, amount: Decimal) -> None:
        """Add free money; a negative amount takes some away.

        Raises:
            ValueError: There is not that much.
        """
        cash = self.of(currency)
        if plus(cash.free, amount) < 0:
            raise ValueError(f"{self.name}: {currency}: {minus(ZERO, amount)} is more than is free")
        cash.free = plus(cash.free, amount)
