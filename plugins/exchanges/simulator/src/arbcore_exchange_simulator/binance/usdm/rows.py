"""Records of orders and trades on USD-M futures, with numbers as text (Binance developer documentation, 2026-11)."""

from decimal import Decimal

from arbcore_exchange_simulator.binance.numbers import ZERO, fixed, told
from arbcore_exchange_simulator.binance.rows import Row
from arbcore_exchange_simulator.binance.seen import seen
from arbcore_exchange_simulator.market.numbers import text
from arbcore_exchange_simulator.trading.order import Execution, Order


def quantity(order: Order, atoms: int) -> str:
    """Return a quantity as text."""
    return text(atoms, order.market.quantity_decimals)


def price(order: Order, atoms: int | None) -> str:
    """Return a price as text with a decimal more than the tick; 0.00 for a market order."""
    return text(atoms or 0, min(order.market.price_decimals + 1, 8))


def mean(order: Order, value: Decimal) -> str:
    """Return a mean price as text."""
    return fixed(value, min(order.market.price_decimals + 4, 8)) if value else "0.00"


def acknowledged(order: Order) -> Row:
    """Return the reply to an order in the moment of its acceptance, before it has traded."""
    return {**placed(order, order.created), "status": "NEW", "executedQty": quantity(order, 0),
            "cumQty": quantity(order, 0), "updateTime": order.created // 1_000_000}  # fmt: skip


def placed(order: Order, now: int) -> Row:
    """Return the reply to placing, changing and cancelling: since 2026-06-30 without mean price and value."""
    known = seen(order, now)
    extra = order.extra
    return {
        "orderId": order.number,
        "symbol": order.symbol,
        "status": known.status,
        "clientOrderId": order.client_id,
        "price": price(order, order.price if extra["type"] == "LIMIT" else 0),
        "origQty": quantity(order, order.quantity or 0),
        "executedQty": quantity(order, known.filled),
        "cumQty": quantity(order, known.filled),
        "timeInForce": extra["tif"],
        "type": extra["type"],
        "origType": extra.get("orig_type", extra["type"]),
        "reduceOnly": order.reduce_only,
        "closePosition": extra.get("close", False),
        "side": "BUY" if order.buy else "SELL",
        "positionSide": extra["position_side"],
        "stopPrice": "0.00",
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "priceMatch": extra.get("match", "NONE"),
        "selfTradePreventionMode": order.smp,
        "goodTillDate": extra.get("until", 0),
        "updateTime": order.updated // 1_000_000,
    }


def queried(order: Order, now: int) -> Row:
    """Return an order as it is looked up: with mean price and value."""
    known = seen(order, now)
    row = placed(order, now)
    del row["cumQty"]
    return {
        **row,
        "avgPrice": mean(order, known.average),
        "cumQuote": told(known.funds),
        "time": order.created // 1_000_000,
    }


def trade(order: Order, one: Execution) -> Row:
    """Return a trade of an account."""
    listing = order.market.listing
    return {
        "symbol": order.symbol,
        "id": one.number,
        "orderId": order.number,
        "side": "BUY" if order.buy else "SELL",
        "price": text(one.price, order.market.price_decimals),
        "qty": quantity(order, one.quantity),
        "realizedPnl": told(one.extra.get("profit", ZERO)),
        "quoteQty": told(one.value),
        "baseQty": quantity(order, one.quantity),
        "commission": told(one.fee),
        "commissionAsset": one.fee_currency,
        "marginAsset": listing.quote,
        "pair": order.symbol,
        "time": one.time // 1_000_000,
        "positionSide": order.extra["position_side"],
        "buyer": order.buy,
        "maker": one.maker,
    }
