"""Events of the futures' user data stream (Binance developer documentation, 2026-11). Times in ms."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from arbcore_exchange_simulator.binance.numbers import ZERO, fixed, told
from arbcore_exchange_simulator.binance.rows import Row
from arbcore_exchange_simulator.binance.usdm.holding import MARGIN, Holding
from arbcore_exchange_simulator.binance.usdm.positions import Position
from arbcore_exchange_simulator.binance.usdm.rows import mean, price, quantity
from arbcore_exchange_simulator.market.numbers import text
from arbcore_exchange_simulator.trading.order import Execution, Order

_KINDS: Final = {"new": "NEW", "trade": "TRADE", "cancelled": "CANCELED", "expired": "EXPIRED", "amended": "AMENDMENT"}
_UNFILLED: Final = "9"  # the book could not fill a market order
REASONS: Final = {"prevented": "1", "life": "2", "reduce-only": "4", "liquidation": "5", "delisting": "7"}
"""Why an order expired, by the trading core's word."""


def order_update(order: Order, what: str, status: str, one: Execution | None, ms: int) -> Row:
    """Return ``ORDER_TRADE_UPDATE`` for what happened to an order now."""
    at = order.updated // 1_000_000
    return {"e": "ORDER_TRADE_UPDATE", "E": ms, "T": at, "o": _order(order, what, status, one, at)}


def _order(order: Order, what: str, status: str, one: Execution | None, at: int) -> Row:
    extra = order.extra
    average = order.funds * 10**8 / order.filled if order.filled else ZERO
    kind = "CALCULATED" if one is not None and extra.get("forced") == "liquidation" else _KINDS[what]
    row = {
        "s": order.symbol,
        "c": order.client_id,
        "S": "BUY" if order.buy else "SELL",
        "o": extra["type"] if extra.get("forced") != "liquidation" else "LIQUIDATION",
        "f": extra["tif"],
        "q": quantity(order, order.quantity or 0),
        "p": price(order, order.price) if extra["type"] == "LIMIT" else "0",
        "ap": mean(order, average) if order.filled else "0",
        "sp": extra.get("trigger", "0"),
        "x": kind,
        "X": status,
        "i": order.number,
        "l": quantity(order, one.quantity) if one else "0",
        "z": quantity(order, order.filled),
        "L": text(one.price, order.market.price_decimals) if one else "0",
        "T": at,
        "t": one.number if one else 0,
        "b": "0",
        "a": "0",
        "m": one.maker if one else False,
        "R": order.reduce_only,
        "wt": extra.get("working", "CONTRACT_PRICE"),
        "ot": extra.get("orig_type", extra["type"]),
        "ps": extra["position_side"],
        "cp": extra.get("close", False),
        "pP": False,
        "si": 0,
        "ss": 0,
        "rp": told(one.extra.get("profit", ZERO)) if one else "0",
        "V": order.smp,
        "pm": extra.get("match", "NONE"),
        "gtd": extra.get("until", 0),
        "er": _reason(order) if what == "expired" else "0",
    }
    if one is not None:
        row |= {"N": one.fee_currency, "n": fixed(one.fee)}
    if "modify" in extra and what == "amended":
        row["M"] = extra["modify"]
    return row


def _reason(order: Order) -> str:
    return _UNFILLED if order.why == "life" and order.extra["type"] == "MARKET" else REASONS.get(order.why, "0")


def trade_lite(order: Order, one: Execution, ms: int) -> Row:
    """Return ``TRADE_LITE``: a trade without fee and status, ahead of the full event."""
    return {
        "e": "TRADE_LITE",
        "E": ms,
        "T": one.time // 1_000_000,
        "s": order.symbol,
        "q": quantity(order, order.quantity or 0),
        "p": price(order, order.price) if order.extra["type"] == "LIMIT" else "0",
        "m": one.maker,
        "c": order.client_id,
        "S": "BUY" if order.buy else "SELL",
        "L": text(one.price, order.market.price_decimals),
        "l": quantity(order, one.quantity),
        "t": one.number,
        "i": order.number,
    }


def position_entry(holding: Holding, one: Position) -> Row:
    """Return a position as ``ACCOUNT_UPDATE`` lists it."""
    isolated = one.symbol in holding.isolated
    return {
        "s": one.symbol,
        "pa": told(one.size),
        "ep": told(one.entry),
        "bep": told(one.break_even),
        "cr": told(one.realised),
        "up": told(holding.unrealised(one)),
        "mt": "isolated" if isolated else "cross",
        "iw": told(one.isolated),
        "ps": one.side,
    }


def account_update(holding: Holding, why: str, changes: dict[str, Decimal], positions: Iterable[Position], ms: int,
                   *, symbol: str = "") -> Row:  # fmt: skip
    """Return ``ACCOUNT_UPDATE`` with the wallets and positions that changed.

    Args:
        holding: The account.
        why: Binance's word.
        changes: Amounts by asset, of which the event tells what is no profit and no fee.
        positions: Those that changed.
        ms: Time.
        symbol: Of a funding fee.
    """
    wallets = [
        {
            "a": asset,
            "wb": fixed(holding.wallet(asset)),
            "cw": fixed(holding.cross_wallet if asset == MARGIN else holding.wallet(asset)),
            "bc": told(ZERO if why == "ORDER" else change),
        }
        for asset, change in changes.items()
    ]
    inner: Row = {"m": why, "B": wallets, "P": [position_entry(holding, one) for one in positions]}
    if symbol:
        inner["S"] = symbol
    if not inner["P"]:
        del inner["P"]
    return {"e": "ACCOUNT_UPDATE", "E": ms, "T": ms, "a": inner}


def margin_call(holding: Holding, positions: Iterable[Position], ms: int) -> Row:
    """Return ``MARGIN_CALL`` for positions whose margin is running out."""
    listed = [
        {
            "s": one.symbol,
            "ps": one.side,
            "pa": told(one.size),
            "mt": "ISOLATED" if one.symbol in holding.isolated else "CROSSED",
            "iw": told(one.isolated),
            "mp": told(holding.marks[one.symbol]),
            "up": told(holding.unrealised(one)),
            "mm": told(holding.maintenance(one)),
        }
        for one in positions
    ]
    return {"e": "MARGIN_CALL", "E": ms, "cw": told(holding.cross_wallet), "p": listed}


def force_order(order: Order, ms: int) -> Row:
    """Return the public ``forceOrder`` of a liquidation."""
    average = order.funds * 10**8 / order.filled if order.filled else ZERO
    last = order.executions[-1] if order.executions else None
    inner = {
        "s": order.symbol,
        "S": "BUY" if order.buy else "SELL",
        "o": "LIMIT",
        "f": "IOC",
        "q": quantity(order, order.quantity or 0),
        "p": mean(order, average),
        "ap": mean(order, average),
        "X": "FILLED",
        "l": quantity(order, last.quantity if last else 0),
        "z": quantity(order, order.filled),
        "T": order.updated // 1_000_000,
    }
    return {"e": "forceOrder", "E": ms, "o": inner, "st": 1}


def leverage_update(symbol: str, leverage: int, ms: int) -> Row:
    """Return ``ACCOUNT_CONFIG_UPDATE`` for a symbol's leverage."""
    return {"e": "ACCOUNT_CONFIG_UPDATE", "E": ms, "T": ms, "ac": {"s": symbol, "l": leverage}}


def assets_update(multi: bool, ms: int) -> Row:
    """Return ``ACCOUNT_CONFIG_UPDATE`` for the multi-assets mode."""
    return {"e": "ACCOUNT_CONFIG_UPDATE", "E": ms, "T": ms, "ai": {"j": multi}}


def key_expired(key: str, ms: int) -> Row:
    """Return ``listenKeyExpired``; nothing follows it on the socket."""
    return {"e": "listenKeyExpired", "E": ms, "listenKey": key}
