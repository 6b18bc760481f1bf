"""Terms of an order on USD-M futures: its parameters against the symbol's filters.

Source: Binance developer documentation, 2026-11.
"""

import re
from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore_exchange_simulator.binance.asked import Asked, client_id
from arbcore_exchange_simulator.binance.numbers import mark_of
from arbcore_exchange_simulator.binance.refusals import invalid, missing, refused
from arbcore_exchange_simulator.market.market import Market
from arbcore_exchange_simulator.trading.money import value, whole

_ALGO: Final = frozenset({"STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"})
_LIVES: Final = ("GTC", "IOC", "FOK", "GTX", "GTD", "RPI")
_SMP: Final = ("EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "NONE")
_UP, _DOWN = Decimal("1.05"), Decimal("0.95")
_MATCHES: Final = re.compile(r"(OPPONENT|QUEUE)(?:_(5|10|20))?")
_GTD_NS: Final = 600_000_000_000


class Terms(Struct):
    """What an order asks for; price and quantity in atoms.

    Attributes:
        symbol: The perpetual.
        buy: Whether it buys.
        kind: ``LIMIT`` or ``MARKET``.
        life: Binance's time in force.
        quantity: In atoms.
        price: In atoms; None for a market order.
        side: ``BOTH``, ``LONG`` or ``SHORT``.
        reduce_only: Whether it may only close.
        client_id: The client's name of it; empty where the venue names it.
        reply: ``ACK`` or ``RESULT``.
        smp: Mode of self-trade prevention.
        match: Price match.
        until: End of a GTD order in ms; 0 otherwise.
    """

    symbol: str
    buy: bool
    kind: str
    life: str
    quantity: int
    price: int | None
    side: str
    reduce_only: bool
    client_id: str
    reply: str
    smp: str
    match: str
    until: int


def read(asked: Asked, market: Market, now: int) -> Terms:
    """Return the terms of an order by its parameters; filters are looked at by `check`.

    Raises:
        Refused: A parameter is missing, or is none that the venue knows.
    """
    buy = asked.one_of("side", ("BUY", "SELL"), -1117) == "BUY"
    kind = asked.text("type")
    if kind in _ALGO:
        raise refused(-4120)
    if kind not in {"LIMIT", "MARKET"}:
        raise refused(-1116)
    match = asked.maybe("priceMatch", "NONE")
    price = _price(asked, market, kind, buy, match)
    life = _life(asked, kind, match)
    return Terms(
        symbol=market.listing.symbol,
        buy=buy,
        kind=kind,
        life=life,
        quantity=_quantity(asked, market),
        price=price,
        side=asked.one_of("positionSide", ("BOTH", "LONG", "SHORT"), default="BOTH"),
        reduce_only=asked.flag("reduceOnly"),
        client_id=client_id(asked, "newClientOrderId"),
        reply=asked.one_of("newOrderRespType", ("ACK", "RESULT"), -1136, "ACK"),
        smp=asked.one_of("selfTradePreventionMode", _SMP, default="EXPIRE_MAKER"),
        match=match,
        until=_until(asked, life, now),
    )


def _life(asked: Asked, kind: str, match: str) -> str:
    if kind == "MARKET":
        if "timeInForce" in asked:
            raise refused(-1106, "Parameter 'timeInForce' sent when not required.")
        return "GTC"
    life = asked.one_of("timeInForce", _LIVES, -1115)
    if match != "NONE" and life in {"GTX", "RPI"}:
        raise refused(-5037)
    return life


def _until(asked: Asked, life: str, now: int) -> int:
    if life != "GTD":
        return 0
    until = asked.whole("goodTillDate")
    if until * 1_000_000 <= now + _GTD_NS:
        raise refused(-1130, "Data sent for parameter 'goodTillDate' is not valid.")
    return until // 1000 * 1000


def _price(asked: Asked, market: Market, kind: str, buy: bool, match: str) -> int | None:
    if match != "NONE":
        return _matched(market, kind, buy, match, told="price" in asked)
    if kind == "MARKET":
        if "price" in asked:
            raise refused(-1106, "Parameter 'price' sent when not required.")
        return None
    return price_of(asked, market)


def price_of(asked: Asked, market: Market, name: str = "price") -> int:
    """Return a price on the symbol's grid.

    Raises:
        Refused: It is off the grid or out of its range.
    """
    price = asked.atoms(name)
    if price <= 0:
        raise refused(-4001, "Price less than 0.")
    _decimals(price, market.price_decimals + 1)
    if price % market.listing.tick:
        raise refused(-4014)
    if price > market.listing.tick * 45_297_640:
        raise refused(-4002, "Price greater than max price.")
    return price


def _matched(market: Market, kind: str, buy: bool, match: str, *, told: bool) -> int:
    """Return the price of the book that an order asks to match."""
    found = _MATCHES.fullmatch(match)
    if found is None or told:
        raise refused(-5037)
    if kind != "LIMIT":
        raise refused(-5038)
    side = market.book.bids if buy is (found[1] == "QUEUE") else market.book.asks
    prices = list(side)
    return prices[min(int(found[2] or 1), len(prices)) - 1]


def _decimals(atoms: int, most: int) -> None:
    if most < 8 and atoms % 10 ** (8 - most):
        raise refused(-1111)


def _quantity(asked: Asked, market: Market) -> int:
    quantity = asked.atoms("quantity")
    if quantity <= 0:
        raise refused(-4003)
    _decimals(quantity, market.quantity_decimals)
    if quantity % market.listing.lot:
        raise refused(-4023)
    return quantity


def quantity_of(asked: Asked, market: Market) -> int:
    """Return a quantity on the symbol's grid.

    Raises:
        Refused: It is not on the grid.
    """
    return _quantity(asked, market)


def check(terms: Terms, market: Market) -> None:
    """Compare an order with the symbol's filters.

    Raises:
        Refused: It passes one of them not.
    """
    lot = market.listing.lot
    most = lot * 1_000_000 if terms.kind == "LIMIT" else lot * 125_000
    if terms.quantity < lot:
        raise refused(-4004)
    if terms.quantity > most:
        raise refused(-4005)
    mark = mark_of(market)
    if terms.price is not None:
        banded(terms.buy, whole(terms.price), mark)
    elif not _within(market, terms.buy, mark):
        raise refused(-4131)
    worth = whole(terms.quantity) * mark if terms.price is None else value(terms.price, terms.quantity)
    if worth < market.listing.notional and not terms.reduce_only:
        least = market.listing.notional
        raise refused(-4164, f"Order's notional must be no smaller than {least} (unless you choose reduce only).")


def banded(buy: bool, price: Decimal, mark: Decimal) -> None:
    """Compare a limit with PERCENT_PRICE around the mark price.

    Raises:
        Refused: A bid stands too high, or an ask too low.
    """
    if buy and price > mark * _UP:
        raise refused(-4016, f"Limit price can't be higher than {mark * _UP:.8f}.")
    if not buy and price < mark * _DOWN:
        raise refused(-4024, f"Limit price can't be lower than {mark * _DOWN:.8f}.")


def _within(market: Market, buy: bool, mark: Decimal) -> bool:
    (bid, _), (ask, _) = market.book.touch
    return whole(ask) <= mark * _UP if buy else whole(bid) >= mark * _DOWN


def named(asked: Asked, number: str = "orderId", name: str = "origClientOrderId") -> tuple[int, str]:
    """Return which order a request means: its number, which wins, or its client's name.

    Raises:
        Refused: Neither is told.
    """
    if number not in asked and name not in asked:
        raise missing(f"{number}' or '{name}")
    return (asked.whole(number), "") if number in asked else (0, asked.text(name))


def listed(asked: Asked, name: str) -> list[str]:
    """Return a JSON list of words.

    Raises:
        Refused: It is none.
    """
    import msgspec

    try:
        return [str(one) for one in msgspec.json.decode(asked.text(name), type=list[str | int])]
    except msgspec.DecodeError as error:
        raise invalid(name) from error
