"""An order and what it traded."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from arbcore_exchange_simulator.trading.money import ZERO, minus

if TYPE_CHECKING:
    from arbcore_exchange_simulator.market.market import Market
    from arbcore_exchange_simulator.trading.account import Account

Life = Literal["GTC", "IOC", "FOK", "POST"]
"""How long an order lives; ``POST`` only ever makes liquidity."""

State = Literal["open", "filled", "cancelled", "expired", "rejected"]
"""Where an order stands; all but ``open`` are ends."""


class Execution(Struct, eq=False):
    """One trade of an order.

    Attributes:
        number: Number of the public trade, unique in its market.
        time: UTC ns.
        price: Atoms.
        quantity: Atoms.
        maker: Whether the order was resting.
        value: Price times quantity, in the quote currency.
        fee: Fee, set by the ledger; negative for a rebate.
        fee_currency: Currency of the fee.
        extra: What a venue adds, as realised profit.
        hidden_until: UTC ns until which the venue is silent about it: the fault ``fill_silence``.
    """

    number: int
    time: int
    price: int
    quantity: int
    maker: bool
    value: Decimal
    fee: Decimal = ZERO
    fee_currency: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    hidden_until: int = 0


class Order(Struct, eq=False, kw_only=True):
    """An order; `Matching` changes it, everyone else reads.

    Attributes:
        account: Whose it is.
        market: Where it trades.
        buy: Whether it buys.
        kind: ``limit`` or ``market``.
        price: Worst price in atoms; None for any.
        quantity: Atoms wanted; None for an order by cost.
        budget: Money of the quote currency to spend, for an order by cost; fees come on top of it.
        life: How long it lives.
        client_id: The client's id; empty without.
        reduce_only: Whether it may only make a position smaller.
        smp: The venue's word for what happens where it meets an order of its own account.
        number: Unique in its venue, set by `Matching.place`.
        created: UTC ns.
        updated: UTC ns of the last change.
        filled: Atoms traded.
        funds: Value traded.
        fees: Fees paid, in whatever currencies they were.
        executions: Its trades, oldest first.
        prevented: Atoms that self-match prevention took away.
        prevented_money: What that freed: money with fee for a buyer, quantity for a seller.
        state: Where it stands.
        why: Why it ended: ``request``, ``life`` (IOC, FOK, market order), ``remainder`` (an order by cost whose rest
            buys nothing more), ``post``, ``prevented``, ``delisting``, or a venue's own word.
        held: What is locked for it; in the quote currency for a buyer, in the base for a seller, or margin.
        extra: A venue's own fields.
    """

    account: "Account"
    market: "Market"
    buy: bool
    kind: Literal["limit", "market"] = "limit"
    price: int | None = None
    quantity: int | None = None
    budget: Decimal | None = None
    life: Life = "GTC"
    client_id: str = ""
    reduce_only: bool = False
    smp: str = ""
    number: int = 0
    created: int = 0
    updated: int = 0
    filled: int = 0
    funds: Decimal = ZERO
    fees: Decimal = ZERO
    executions: list[Execution] = field(default_factory=list)
    prevented: int = 0
    prevented_money: Decimal = ZERO
    state: State = "open"
    why: str = ""
    held: Decimal = ZERO
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def symbol(self) -> str:
        """The market's name."""
        return self.market.listing.symbol

    @property
    def remaining(self) -> int:
        """Atoms that can still trade, of an order by quantity."""
        return (self.quantity or 0) - self.filled - self.prevented

    @property
    def unspent(self) -> Decimal:
        """Money that can still be spent, of an order by cost."""
        return ZERO if self.budget is None else minus(self.budget, self.funds)
