"""Orders, trades and the account as USD-M futures write them. Amounts are decimal strings and stay exact. Pure.

Source: Binance developer documentation, USD-M futures trade and account, 2026-11. Replies to placing, changing and
cancelling state no average price since 2026-06-30, so fills come from the user stream and ``userTrades`` alone.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

import msgspec

from arbcore.errors import ExchangeError, OutcomeUnknown
from arbcore.model.money import ZERO
from arbcore_exchange_binance.protocol.exact import Exact, Number, SideWord
from arbcore_exchange_binance.protocol.values import MS, Millis

T = TypeVar("T")

_FIX: Final = "it is asked again; where it happens again, compare with the venue's documentation"


class OrderRow(Exact, rename="camel"):
    """An order: the answer to placing, changing, cancelling or asking, and a row of lists of orders."""

    symbol: str
    order_id: Number
    status: str
    client_order_id: str = ""
    price: Decimal = ZERO
    orig_qty: Decimal = ZERO
    executed_qty: Decimal = ZERO
    type: str = ""
    orig_type: str = ""
    side: SideWord = "BUY"
    time_in_force: str = ""
    stop_price: Decimal = ZERO
    time: Millis = 0
    update_time: Millis = 0

    @property
    def ts(self) -> int:
        """Time of its latest change, in nanoseconds."""
        return max(self.update_time, self.time) * MS


class AlgoRow(Exact, rename="camel"):
    """An order with a trigger. ``actual_order_id`` names the order that it became, empty or 0 before."""

    algo_id: Number
    client_algo_id: str = ""
    algo_status: str = ""
    symbol: str = ""
    order_type: str = ""
    side: SideWord = "BUY"
    quantity: Decimal | None = None
    trigger_price: Decimal | None = None
    actual_order_id: str | int | None = None
    create_time: Millis = 0
    update_time: Millis = 0

    @property
    def actual(self) -> str:
        """The venue's id of the order that it became; empty where it did not."""
        return "" if self.actual_order_id in {None, "", 0, "0"} else str(self.actual_order_id)

    @property
    def ts(self) -> int:
        """Time of its latest change, in nanoseconds."""
        return max(self.update_time, self.create_time) * MS


class TradeRow(Exact, rename="camel"):
    """A row of ``userTrades``; it does not name the order's client id."""

    symbol: str
    id: Number
    order_id: Number
    side: SideWord
    price: Decimal
    qty: Decimal
    commission: Decimal
    commission_asset: str
    time: Millis
    maker: bool


class AssetRow(Exact, rename="camel"):
    """A balance of ``account``."""

    asset: str
    wallet_balance: Decimal
    initial_margin: Decimal = ZERO
    available_balance: Decimal | None = None
    update_time: Millis = 0


class AccountRow(msgspec.Struct):
    """``account``, as far as it is used."""

    assets: list[AssetRow]


class PositionRow(Exact, rename="camel"):
    """A row of ``positionRisk``."""

    symbol: str
    position_side: str
    position_amt: Decimal
    entry_price: Decimal = ZERO
    update_time: Millis = 0


class BalanceRow(Exact, rename="camel"):
    """A row of ``balance``."""

    asset: str
    balance: Decimal


class AccountConfig(msgspec.Struct, rename="camel"):
    """``accountConfig``: modes of the whole account."""

    dual_side_position: bool
    multi_assets_margin: bool
    can_trade: bool | None = None


class SymbolConfig(msgspec.Struct, rename="camel"):
    """A row of ``symbolConfig``."""

    symbol: str
    margin_type: str
    leverage: int


class BracketRow(Exact, rename="camel"):
    """A step of the leverage table."""

    initial_leverage: int
    notional_cap: Decimal
    notional_floor: Decimal
    maint_margin_ratio: Decimal


class Brackets(msgspec.Struct):
    """The leverage table of a symbol."""

    symbol: str
    brackets: list[BracketRow]


class Commission(Exact, rename="camel"):
    """``commissionRate`` of a symbol."""

    maker_commission_rate: Decimal
    taker_commission_rate: Decimal


class FeeBurn(msgspec.Struct, rename="camel"):
    """``feeBurn``: whether fees are paid in BNB at a discount."""

    fee_burn: bool


class IncomeRow(Exact, rename="camel"):
    """A row of ``income``."""

    symbol: str
    income: Decimal
    asset: str
    time: Millis


class RateRow(Exact, rename="camel"):
    """A row of ``fundingRate``, exactly; special rates (dividends) say so in ``rate_type``. Old rows have no mark."""

    symbol: str
    funding_rate: Decimal
    funding_time: Millis
    mark_price: str = ""
    rate_type: str = ""

    @property
    def mark(self) -> Decimal:
        """Mark price at the settlement; 0 where the row has none."""
        try:
            price = Decimal(self.mark_price)
        except ArithmeticError:
            return ZERO
        return price if price.is_finite() else ZERO


class ListenKey(msgspec.Struct, rename="camel"):
    """The key of the user stream."""

    listen_key: str

    def __repr__(self) -> str:
        return "ListenKey(...)"


ORDER: Final = msgspec.json.Decoder(OrderRow)
ORDERS: Final = msgspec.json.Decoder(list[OrderRow])
ALGO: Final = msgspec.json.Decoder(AlgoRow)
ALGOS: Final = msgspec.json.Decoder(list[AlgoRow])
TRADES: Final = msgspec.json.Decoder(list[TradeRow])
ACCOUNT: Final = msgspec.json.Decoder(AccountRow)
POSITIONS: Final = msgspec.json.Decoder(list[PositionRow])
BALANCES: Final = msgspec.json.Decoder(list[BalanceRow])
ACCOUNT_CONFIG: Final = msgspec.json.Decoder(AccountConfig)
SYMBOL_CONFIGS: Final = msgspec.json.Decoder(list[SymbolConfig])
BRACKETS: Final = msgspec.json.Decoder(list[Brackets] | Brackets)
COMMISSION: Final = msgspec.json.Decoder(Commission)
FEE_BURN: Final = msgspec.json.Decoder(FeeBurn)
INCOME: Final = msgspec.json.Decoder(list[IncomeRow])
RATES: Final = msgspec.json.Decoder(list[RateRow])
LISTEN_KEY: Final = msgspec.json.Decoder(ListenKey)


def told(body: bytes, decoder: "msgspec.json.Decoder[T]", what: str) -> T:
    """Return what an answer to a question says.

    Raises:
        ExchangeError: It is nothing that the venue may send.
    """
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ExchangeError(f"Binance {what}: a reply that can't be read ({error})", _FIX) from error


def done(body: bytes, decoder: "msgspec.json.Decoder[T]", what: str) -> T:
    """Return what the answer to a change says.

    Raises:
        OutcomeUnknown: It is nothing that the venue may send, so that nothing tells what it did.
    """
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OutcomeUnknown(
            f"Binance {what}: an answer that can't be read ({error})", "look up what became of it"
        ) from error


def one_of(rows: Sequence[Any], symbol: str, what: str) -> Any:
    """Return the row of a symbol.

    Raises:
        ExchangeError: There is none.
    """
    for row in rows:
        if row.symbol == symbol:
            return row
    raise ExchangeError(f"Binance {what}: nothing about {symbol}", "check the symbol")
