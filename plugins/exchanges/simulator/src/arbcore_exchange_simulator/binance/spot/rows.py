"""Records of orders, trades and events on spot, with numbers as text (Binance developer documentation, 2026-11)."""

from decimal import Decimal

from arbcore_exchange_simulator.binance.numbers import fixed
from arbcore_exchange_simulator.binance.rows import Row
from arbcore_exchange_simulator.binance.seen import Seen, seen
from arbcore_exchange_simulator.market.numbers import text
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.order import Execution, Order


def eight(atoms: int) -> str:
    """Return atoms as text with eight decimals, as spot tells all numbers of orders."""
    return text(atoms, 8)


def known(order: Order, now: int) -> Seen:
    """Return an order as it is told at a time in ns; one by cost is filled when its money buys nothing more."""
    found = seen(order, now)
    if order.why == "remainder" and found.status == "EXPIRED" and found.filled:
        found.status = "FILLED"
    return found


def _quantity(order: Order) -> int:
    return order.filled if order.quantity is None else order.quantity


def _common(order: Order, now: int) -> Row:
    told = known(order, now)
    return {
        "price": eight(order.price or 0),
        "origQty": eight(_quantity(order)),
        "executedQty": eight(told.filled),
        "origQuoteOrderQty": fixed(order.budget or Decimal(0)),
        "cummulativeQuoteQty": fixed(told.funds),
        "status": told.status,
        "timeInForce": order.extra["tif"],
        "type": order.extra["type"],
        "side": "BUY" if order.buy else "SELL",
    }


def placed(order: Order, reply: str, now: int) -> Row:
    """Return the reply to an order: ``ACK``, ``RESULT``, or ``FULL`` with its trades."""
    head = {"symbol": order.symbol, "orderId": order.number, "orderListId": -1, "clientOrderId": order.client_id,
            "transactTime": order.created // 1_000_000}  # fmt: skip
    if reply == "ACK":
        return head
    row = {**head, **_common(order, now), "workingTime": order.created // 1_000_000,
           "selfTradePreventionMode": order.extra["smp"]}  # fmt: skip
    if reply == "FULL":
        row["fills"] = [
            {"price": eight(one.price), "qty": eight(one.quantity), "commission": fixed(one.fee),
             "commissionAsset": one.fee_currency, "tradeId": one.number}
            for one in order.executions
            if one.hidden_until <= now
        ]  # fmt: skip
    return row


def queried(order: Order, now: int) -> Row:
    """Return an order as it is looked up."""
    return {
        "symbol": order.symbol,
        "orderId": order.number,
        "orderListId": -1,
        "clientOrderId": order.client_id,
        **_common(order, now),
        "stopPrice": "0.00000000",
        "icebergQty": "0.00000000",
        "time": order.created // 1_000_000,
        "updateTime": order.updated // 1_000_000,
        "isWorking": True,
        "workingTime": order.created // 1_000_000,
        "selfTradePreventionMode": order.extra["smp"],
    }


def cancelled(order: Order, now: int) -> Row:
    """Return the reply to a cancel."""
    return {
        "symbol": order.symbol,
        "origClientOrderId": order.client_id,
        "orderId": order.number,
        "orderListId": -1,
        "clientOrderId": order.extra.get("cancel_id", ""),
        "transactTime": order.updated // 1_000_000,
        **_common(order, now),
        "selfTradePreventionMode": order.extra["smp"],
    }


def trade(order: Order, one: Execution) -> Row:
    """Return a trade of an account."""
    return {
        "symbol": order.symbol,
        "id": one.number,
        "orderId": order.number,
        "orderListId": -1,
        "price": eight(one.price),
        "qty": eight(one.quantity),
        "quoteQty": fixed(one.value),
        "commission": fixed(one.fee),
        "commissionAsset": one.fee_currency,
        "time": one.time // 1_000_000,
        "isBuyer": order.buy,
        "isMaker": one.maker,
        "isBestMatch": True,
    }


def report(order: Order, kind: str, one: Execution | None, number: int, now: int) -> Row:
    """Return ``executionReport``.

    Args:
        order: The order.
        kind: NEW, TRADE, CANCELED, EXPIRED, REPLACED or TRADE_PREVENTION.
        one: The trade, of a TRADE.
        number: Number of the event.
        now: UTC ns.
    """
    at, cancel = order.updated // 1_000_000, order.extra.get("cancel_id", "") if kind == "CANCELED" else ""
    told = known(order, 2**63)
    return {
        "e": "executionReport",
        "E": now // 1_000_000,
        "s": order.symbol,
        "c": cancel or order.client_id,
        "S": "BUY" if order.buy else "SELL",
        "o": order.extra["type"],
        "f": order.extra["tif"],
        "q": eight(_quantity(order)),
        "p": eight(order.price or 0),
        "P": "0.00000000",
        "F": "0.00000000",
        "g": -1,
        "C": order.client_id if cancel else "",
        "x": kind,
        "X": told.status,
        "r": "NONE",
        "i": order.number,
        "l": eight(one.quantity) if one else "0.00000000",
        "z": eight(order.filled),
        "L": eight(one.price) if one else "0.00000000",
        "n": fixed(one.fee) if one else "0",
        "N": one.fee_currency if one else None,
        "T": at,
        "t": one.number if one else -1,
        "v": 0,
        "I": number,
        "w": order.state == "open",
        "m": one.maker if one else False,
        "M": False,
        "O": order.created // 1_000_000,
        "Z": fixed(order.funds),
        "Y": fixed(one.value) if one else "0.00000000",
        "Q": fixed(order.budget or Decimal(0)),
        "W": order.created // 1_000_000,
        "V": order.extra["smp"],
    }


def position(account: Account, currencies: tuple[str, ...], now: int) -> Row:
    """Return ``outboundAccountPosition`` with the balances that may have changed."""
    ms = now // 1_000_000
    wallets = [
        {"a": name, "f": fixed(account.of(name).free), "l": fixed(account.of(name).locked)} for name in currencies
    ]
    return {"e": "outboundAccountPosition", "E": ms, "u": ms, "B": wallets}


def balance(asset: str, amount: Decimal, now: int) -> Row:
    """Return ``balanceUpdate``: money came or went without an order."""
    ms = now // 1_000_000
    return {"e": "balanceUpdate", "E": ms, "a": asset, "d": fixed(amount), "T": ms}
