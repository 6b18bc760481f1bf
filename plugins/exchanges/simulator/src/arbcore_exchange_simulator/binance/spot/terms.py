"""Terms of an order on spot: its parameters against the symbol's filters (Binance developer documentation, 2026-11)."""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore_exchange_simulator.binance.asked import Asked, client_id
from arbcore_exchange_simulator.binance.refusals import missing, refused
from arbcore_exchange_simulator.market.market import Market
from arbcore_exchange_simulator.market.numbers import ATOMS
from arbcore_exchange_simulator.trading.money import affordable, value, whole

_SMP: Final = ("EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT", "NONE")
_MOST: Final = 9000 * ATOMS
_MOST_VALUE: Final = 9_000_000


class Terms(Struct):
    """What an order asks for; price and quantity in atoms.

    Attributes:
        symbol: The market.
        buy: Whether it buys.
        kind: ``LIMIT``, ``MARKET`` or ``LIMIT_MAKER``.
        life: Binance's time in force.
        quantity: In atoms; None for an order by cost.
        price: In atoms; None for a market order.
        budget: Money to spend; None for an order by quantity.
        client_id: The client's name of it; empty where the venue names it.
        reply: ``ACK``, ``RESULT`` or ``FULL``.
        smp: Mode of self-trade prevention.
    """

    symbol: str
    buy: bool
    kind: str
    life: str
    quantity: int | None
    price: int | None
    budget: Decimal | None
    client_id: str
    reply: str
    smp: str


def failed(name: str) -> Exception:
    """Return the refusal by a filter."""
    return refused(-1013, f"Filter failure: {name}")


def read(asked: Asked, market: Market) -> Terms:
    """Return the terms of an order by its parameters.

    Raises:
        Refused: A parameter is missing, or is none that the venue knows.
    """
    buy = asked.one_of("side", ("BUY", "SELL"), -1117) == "BUY"
    kind = asked.one_of("type", ("LIMIT", "MARKET", "LIMIT_MAKER"), -1116)
    quantity, budget = _amount(asked, market, kind, buy)
    return Terms(
        symbol=market.listing.symbol,
        buy=buy,
        kind=kind,
        life=_life(asked, kind),
        quantity=quantity,
        price=_price(asked, market, kind),
        budget=budget,
        client_id=client_id(asked, "newClientOrderId"),
        reply=asked.one_of("newOrderRespType", ("ACK", "RESULT", "FULL"), -1136, _usual_reply(kind)),
        smp=asked.one_of("selfTradePreventionMode", _SMP, default="EXPIRE_MAKER"),
    )


def _usual_reply(kind: str) -> str:
    return "ACK" if kind == "LIMIT_MAKER" else "FULL"


def _life(asked: Asked, kind: str) -> str:
    if kind == "LIMIT":
        return asked.one_of("timeInForce", ("GTC", "IOC", "FOK"), -1115)
    if "timeInForce" in asked:
        raise refused(-1106, "Parameter 'timeInForce' sent when not required.")
    return "GTC"


def _price(asked: Asked, market: Market, kind: str) -> int | None:
    if kind == "MARKET":
        if "price" in asked:
            raise refused(-1106, "Parameter 'price' sent when not required.")
        return None
    price, tick = asked.atoms("price"), market.listing.tick
    if price < tick or price % tick or price > tick * 45_297_640:
        raise failed("PRICE_FILTER")
    return price


def _amount(asked: Asked, market: Market, kind: str, buy: bool) -> tuple[int | None, Decimal | None]:
    """Return quantity or money; money that a sale should bring becomes the quantity that brings it now."""
    by_cost = "quoteOrderQty" in asked
    if by_cost and kind != "MARKET":
        raise refused(-1106, "Parameter 'quoteOrderQty' sent when not required.")
    if by_cost and "quantity" in asked:
        raise refused(-1106, "Parameter 'quantity' sent when not required.")
    if not by_cost:
        if "quantity" not in asked:
            raise missing("quantity")
        return asked.atoms("quantity"), None
    budget = Decimal(asked.atoms("quoteOrderQty")) / ATOMS
    return (None, budget) if buy else (_sold(market, budget), None)


def _sold(market: Market, wanted: Decimal) -> int:
    """Return the quantity whose sale into the visible book brings a sum."""
    lot, quantity, left = market.listing.lot, 0, wanted
    for price, there in market.book.bids.items():
        taken = min(affordable(left, price), there)
        quantity, left = quantity + taken, left - value(price, taken)
        if taken < there:
            break
    return quantity // lot * lot


def check(terms: Terms, market: Market) -> None:
    """Compare an order with the symbol's filters.

    Raises:
        Refused: It passes one of them not.
    """
    lot, last = market.listing.lot, market.trades[-1].price
    if terms.quantity is not None:
        most = _MOST if terms.kind != "MARKET" else _MOST // 8
        if not lot <= terms.quantity <= _MOST or terms.quantity % lot:
            raise failed("LOT_SIZE")
        if terms.quantity > most:
            raise failed("MARKET_LOT_SIZE")
    if terms.price is not None and not last // 5 <= terms.price <= last * 5:
        raise failed("PERCENT_PRICE_BY_SIDE")
    price = last if terms.price is None else terms.price
    total = terms.budget if terms.quantity is None else value(price, terms.quantity)
    if total is None or total < market.listing.notional or (terms.kind != "MARKET" and total > _MOST_VALUE):
        raise failed("NOTIONAL")


def worth(terms: Terms) -> str:
    """Return the money of an order by cost as text; zero for others."""
    return f"{terms.budget if terms.budget is not None else whole(0):.8f}"
