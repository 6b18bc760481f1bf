"""Answers to spot's private requests and calls, as values. Pure. Bodies are the JSON text of a reply or of a result.

Source: Binance developer documentation, spot trading and account, 2026-11.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, TypeVar

import msgspec

from arbcore.errors import ExchangeError, ExchangeRefused, OutcomeUnknown
from arbcore.model.account import AccountFacts, TradingTerms
from arbcore.model.input import AccountSnapshot
from arbcore.model.money import ZERO, add, total
from arbcore.model.position import Balance
from arbcore.model.reason import Reason
from arbcore.net.request import Reply
from arbcore_exchange_binance.protocol.exact import Exact, Number
from arbcore_exchange_binance.protocol.failures import Failure
from arbcore_exchange_binance.protocol.private_failures import private_failure, refusal, require_done
from arbcore_exchange_binance.protocol.spot_values import OrderRow, TradeRow
from arbcore_exchange_binance.protocol.values import MS, Millis

T = TypeVar("T")

_OK: Final = 200
_REPLACE_STATUSES: Final = frozenset({400, 409})
_REST: Final = "cancel it, and place another one for what is left"
_FIX: Final = "ask again; where it happens again, compare with the venue's documentation"


class BalanceRow(Exact):
    """What the account has of one asset."""

    asset: str
    free: Decimal
    locked: Decimal


class Account(msgspec.Struct, rename="camel"):
    """``account``: balances and permissions. The update time is the latest change's; not every source states it."""

    balances: list[BalanceRow]
    can_trade: bool | None = None
    can_withdraw: bool | None = None
    update_time: Millis = 0
    uid: Number = 0


class Rates(Exact):
    """Fee rates of one kind: what makers and takers pay, and what buyers and sellers pay beside it."""

    maker: Decimal = ZERO
    taker: Decimal = ZERO
    buyer: Decimal = ZERO
    seller: Decimal = ZERO


class Discount(Exact, rename="camel"):
    """The discount for fees that are paid in the venue's own coin."""

    enabled_for_account: bool = False
    enabled_for_symbol: bool = False
    discount_asset: str | None = None
    discount: Decimal = Decimal(1)


class Commission(msgspec.Struct, rename="camel"):
    """``account/commission``: the account's fee rates on a symbol."""

    symbol: str
    standard_commission: Rates
    special_commission: Rates = msgspec.field(default_factory=Rates)
    tax_commission: Rates = msgspec.field(default_factory=Rates)
    discount: Discount = msgspec.field(default_factory=Discount)


class SpotFilter(Exact, rename="camel"):
    """One filter of a symbol, as far as it bounds an order's quantity and value."""

    filter_type: str
    min_qty: Decimal | None = None
    max_qty: Decimal | None = None
    min_notional: Decimal | None = None
    max_notional: Decimal | None = None


class ListedSymbol(msgspec.Struct, rename="camel"):
    """One symbol of ``exchangeInfo``."""

    symbol: str
    status: str
    filters: list[SpotFilter]


class _Listing(msgspec.Struct):
    symbols: list[ListedSymbol]


class Replaced(msgspec.Struct):
    """What ``cancelReplace`` did: the cancelled order, and the new one or the error why there is none."""

    cancelled: OrderRow
    placed: OrderRow | None = None
    error: ExchangeError | None = None


class _Halves(msgspec.Struct, rename="camel"):
    cancel_result: str
    new_order_result: str
    cancel_response: msgspec.Raw = msgspec.Raw(b"null")
    new_order_response: msgspec.Raw = msgspec.Raw(b"null")


class _Partly(msgspec.Struct):
    data: _Halves | None = None


_ORDER: Final = msgspec.json.Decoder(OrderRow)
_ORDERS: Final = msgspec.json.Decoder(list[OrderRow])
_TRADES: Final = msgspec.json.Decoder(list[TradeRow])
_ACCOUNT: Final = msgspec.json.Decoder(Account)
_COMMISSION: Final = msgspec.json.Decoder(Commission)
_LISTING: Final = msgspec.json.Decoder(_Listing)
_HALVES: Final = msgspec.json.Decoder(_Halves)
_PARTLY: Final = msgspec.json.Decoder(_Partly)
_FAILURE: Final = msgspec.json.Decoder(Failure)


def read_order(body: bytes, what: str) -> OrderRow:
    """Return one order.

    Raises:
        ExchangeError: It can't be read.
    """
    return _decoded(_ORDER, body, what)


def read_orders(body: bytes, what: str) -> Sequence[OrderRow]:
    """Return a list of orders. Lists of orders (OCO) among cancelled ones are not ours and left out.

    Raises:
        ExchangeError: It can't be read.
    """
    return _decoded(_ORDERS, body, what)


def read_trades(body: bytes, what: str) -> Sequence[TradeRow]:
    """Return fills.

    Raises:
        ExchangeError: They can't be read.
    """
    return _decoded(_TRADES, body, what)


def read_account(reply: Reply) -> Account:
    """Return balances and permissions.

    Raises:
        ExchangeError: The reply is a refusal, or can't be read.
    """
    require_done(reply, "account")
    return _decoded(_ACCOUNT, reply.body, "account")


def account_snapshot(account: Account, venue: str, recv_ts: int) -> AccountSnapshot:
    """Return the balances of an account that are not zero.

    Args:
        account: The account.
        venue: Exchange instance id.
        recv_ts: Receive time; it stands for the venue's where that states none.
    """
    balances = (
        Balance(venue=venue, currency=one.asset, total=add(one.free, one.locked), locked=one.locked)
        for one in account.balances
    )
    kept = tuple(one for one in balances if one.total or one.locked)
    return AccountSnapshot(
        venue=venue, balances=kept, positions=(), ts=account.update_time * MS or recv_ts, recv_ts=recv_ts
    )


def account_facts(account: Account) -> AccountFacts:
    """Return what an account's answer tells of account and key. Spot has neither hedge mode nor margin."""
    return AccountFacts(can_trade=account.can_trade)


def read_commission(body: bytes) -> Commission:
    """Return fee rates.

    Raises:
        ExchangeError: They can't be read.
    """
    return _decoded(_COMMISSION, body, "account/commission")


def read_listed(body: bytes, symbol: str) -> ListedSymbol:
    """Return one symbol of the listing.

    Raises:
        ExchangeError: It can't be read, or does not hold the symbol.
    """
    for one in _decoded(_LISTING, body, "exchangeInfo").symbols:
        if one.symbol == symbol:
            return one
    raise ExchangeError(f"Binance exchangeInfo: {symbol} is not listed", "compare with the venue's listing")


def trading_terms(instrument: str, rates: Commission, symbol: ListedSymbol) -> TradingTerms:
    """Return on which terms an account trades an instrument.

    The rates are sums of the venue's parts (standard, special, tax; the dearer of buyer's and seller's), without the
    discount for fees that are paid in the venue's coin.

    Args:
        instrument: Its key.
        rates: Fee rates.
        symbol: Its row of the listing.
    """
    parts = (rates.standard_commission, rates.special_commission, rates.tax_commission)
    beside = total(max(part.buyer, part.seller) for part in parts)
    bounds = [one for one in symbol.filters if one.filter_type in {"NOTIONAL", "MIN_NOTIONAL"}]
    return TradingTerms(
        instrument=instrument,
        maker=add(total(part.maker for part in parts), beside),
        taker=add(total(part.taker for part in parts), beside),
        min_notional=max((one.min_notional for one in bounds if one.min_notional is not None), default=ZERO),
        max_notional=min((one.max_notional for one in bounds if one.max_notional is not None), default=None),
        trading=symbol.status == "TRADING",
    )


def read_replaced(reply: Reply, what: str) -> Replaced:
    """Return what ``cancelReplace`` did.

    HTTP 200 means that both halves were done, 409 that one of them was, 400 that none was. With
    ``STOP_ON_FAILURE`` the half that was done is the cancel.

    Args:
        reply: The answer.
        what: What was asked, for the message.

    Raises:
        ExchangeError: None of the halves was done; `OutcomeUnknown` where nothing tells which were.
    """
    try:
        if reply.status == _OK:
            return _both(_HALVES.decode(reply.body))
        if reply.status in _REPLACE_STATUSES and (halves := _PARTLY.decode(reply.body).data) is not None:
            return _some(halves, reply.status, what)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = f"Binance {what}: status {reply.status} and an answer that can't be read"
        raise OutcomeUnknown(text, "look up both orders") from None
    raise private_failure(reply.status, reply.body, what)


def _both(halves: _Halves) -> Replaced:
    return Replaced(_ORDER.decode(halves.cancel_response), _ORDER.decode(halves.new_order_response))


def _some(halves: _Halves, status: int, what: str) -> Replaced:
    if halves.cancel_result != "SUCCESS":
        raise _half_error(halves.cancel_response, status, f"{what}: cancel")
    error = _half_error(halves.new_order_response, status, f"{what}: new order")
    return Replaced(_ORDER.decode(halves.cancel_response), error=error)


def _half_error(half: msgspec.Raw, status: int, what: str) -> ExchangeError:
    found = _FAILURE.decode(half)
    if "restriction" in found.msg.lower():
        text = f"Binance {what}: code {found.code}: a part of the order has filled"
        return ExchangeRefused(text, _REST, reason=Reason.ORDER_UNSUPPORTED, code=str(found.code))
    return refusal(status, found.code, found.msg, what)


def _decoded(decoder: "msgspec.json.Decoder[T]", body: bytes, what: str) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ExchangeError(f"Binance {what}: an answer that can't be read ({error})", _FIX) from error
