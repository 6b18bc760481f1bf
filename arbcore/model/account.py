"""What a venue says of an account beside its orders: changes of balances, trading terms, facts, open orders."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from arbcore.model.order import OrderOrigin, OrderType, Side
from arbcore.model.position import PositionReport


class MarginMode(StrEnum):
    """What covers a position's losses."""

    CROSS = "cross"
    ISOLATED = "isolated"


class BalanceUpdate(Struct, frozen=True, kw_only=True):
    """A balance that changed.

    Attributes:
        currency: Currency code.
        total: Amount owned from now on.
        locked: Part reserved by open orders or as margin; None where this message does not tell.
    """

    currency: str
    total: Decimal
    locked: Decimal | None = None


class AccountUpdate(Struct, frozen=True, kw_only=True):
    """Balances and net positions that changed, in absolute numbers. What is not named has not changed.

    Attributes:
        venue: Exchange instance id.
        balances: Balances that changed.
        positions: Net positions that changed; a quantity of 0 for one that is gone.
        cause: The venue's own word for what changed them, in lower case; empty where it gives none.
        ts: Venue time.
        recv_ts: Receive time.
    """

    venue: str
    balances: tuple[BalanceUpdate, ...] = ()
    positions: tuple[PositionReport, ...] = ()
    cause: str = ""
    ts: int
    recv_ts: int


class OpenOrder(Struct, frozen=True, kw_only=True):
    """An order that a venue lists as open.

    Attributes:
        client_order_id: Its client id; empty where it has none.
        venue_order_id: The venue's id.
        instrument: Key of the instrument.
        side: Buy or sell.
        type: Its type.
        quantity: Quantity in order units, 0 for an order by cost.
        filled: Quantity that has filled.
        price: Limit, None where it has none.
        trigger_price: Trigger, None where it has none.
        origin: Who placed it, as far as the venue or the id tells.
        ts: When it was placed, venue time.
    """

    client_order_id: str
    venue_order_id: str
    instrument: str
    side: Side
    type: OrderType
    quantity: Decimal
    filled: Decimal = Decimal(0)
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    origin: OrderOrigin = OrderOrigin.OURS
    ts: int


class Bracket(Struct, frozen=True, kw_only=True):
    """A step of a perpetual's leverage table.

    Attributes:
        leverage: Largest leverage within it.
        floor: Position value at which it begins, in the quote currency.
        cap: Position value at which it ends.
        maintenance: Maintenance margin as a fraction of the position value.
    """

    leverage: int
    floor: Decimal
    cap: Decimal
    maintenance: Decimal


class TradingTerms(Struct, frozen=True, kw_only=True):
    """On which terms an account trades an instrument now.

    Attributes:
        instrument: Key of the instrument.
        maker: Fee rate of orders that rest; negative for a rebate.
        taker: Fee rate of orders that take.
        min_notional: Smallest order value in the quote currency.
        max_notional: Largest order value, None where the venue states none.
        trading: Whether the venue takes orders now.
        leverage: Leverage in force; 0 on spot.
        margin_mode: Margin mode in force; None on spot.
        brackets: Leverage table, the smallest values first; empty on spot.
    """

    instrument: str
    maker: Decimal
    taker: Decimal
    min_notional: Decimal
    max_notional: Decimal | None = None
    trading: bool = True
    leverage: int = 0
    margin_mode: MarginMode | None = None
    brackets: tuple[Bracket, ...] = ()


class AccountFacts(Struct, frozen=True, kw_only=True):
    """What a venue tells of an account and its key. None stands for what it does not tell.

    Attributes:
        can_trade: Whether the key may place orders.
        can_withdraw: Whether the key may withdraw.
        can_transfer: Whether the key may move money between wallets of the venue.
        ip_restricted: Whether the key works from listed addresses only.
        key_expires_at: When the key ends, UTC nanoseconds; 0 for never.
        hedge_mode: Whether long and short positions of one instrument are kept apart.
        multi_assets: Whether several currencies stand for margin together.
        fee_discount: Coin in which fees are paid at a discount; empty for none.
        fee_discount_left: How much of that coin is there.
        clock_offset_ns: The venue's clock minus ours, as last measured.
        clock_error_ns: Half of the round trip of that measurement: the offset is not known better.
    """

    can_trade: bool | None = None
    can_withdraw: bool | None = None
    can_transfer: bool | None = None
    ip_restricted: bool | None = None
    key_expires_at: int | None = None
    hedge_mode: bool | None = None
    multi_assets: bool | None = None
    fee_discount: str | None = None
    fee_discount_left: Decimal | None = None
    clock_offset_ns: int | None = None
    clock_error_ns: int | None = None
