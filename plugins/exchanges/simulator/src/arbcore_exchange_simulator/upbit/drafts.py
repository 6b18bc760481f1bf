"""Reads and checks what an order request asks for (Upbit developer centre, 2026-11)."""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from arbcore_exchange_simulator.market.market import Market
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.money import exact_atoms, value, whole
from arbcore_exchange_simulator.trading.order import Life, Order
from arbcore_exchange_simulator.upbit.problems import problem, wrong

TYPES: Final = ("limit", "price", "market", "best")
"""Types of orders."""

SMP: Final = ("cancel_maker", "cancel_taker", "reduce", "none")
"""What happens where an order meets another of its account; ``none`` since the change announced for 2026-11-09."""

VISIBLE: Final = 30
"""Levels of the book; a market order larger than all of them is refused."""

_LIVES: Final[dict[str, Life]] = {"": "GTC", "ioc": "IOC", "fok": "FOK", "post_only": "POST"}
_MIN_TOTAL: Final = {"KRW": Decimal(5000), "BTC": Decimal("0.00005"), "USDT": Decimal("0.5")}
_MAX_TOTAL: Final = {"KRW": Decimal(1_000_000_000), "BTC": Decimal(10), "USDT": Decimal(1_000_000)}  # USDT's: a guess


class Draft(Struct, frozen=True):
    """An order as it was asked for: Upbit's words, all text, empty where missing."""

    market: str
    side: str
    ord_type: str
    price: str = ""
    volume: str = ""
    time_in_force: str = ""
    smp_type: str = ""
    identifier: str = ""

    @property
    def bid(self) -> bool:
        """Whether it buys."""
        return self.side == "bid"


def min_total(market: Market) -> Decimal:
    """Return the smallest value of an order."""
    return _MIN_TOTAL[market.listing.quote]


def max_total(market: Market) -> Decimal:
    """Return the largest value of an order."""
    return _MAX_TOTAL[market.listing.quote]


class Checker:
    """Makes an order of a draft, or says what is wrong with it.

    Args:
        smp_default: What an order without ``smp_type`` gets: ``cancel_maker`` since the change announced for
            2026-11-09, ``none`` before.
    """

    def __init__(self, smp_default: str) -> None:
        self._smp_default = smp_default

    def order(self, draft: Draft, account: Account, market: Market, rate: Decimal) -> Order:
        """Return the order.

        Raises:
            Refused: A parameter or their combination is wrong, the price is off the grid, or the total too small or
                too large.
        """
        self._combination(draft)
        order = Order(
            account=account,
            market=market,
            buy=draft.bid,
            life=_LIVES[draft.time_in_force],
            client_id=draft.identifier,
            smp=self._smp(draft),
            extra={"type": draft.ord_type, "life": draft.time_in_force, "rate": rate},
        )
        self._amounts(order, draft)
        self._totals(order, draft)
        return order

    def _smp(self, draft: Draft) -> str:
        if draft.smp_type and draft.smp_type not in SMP:
            raise wrong("smp_type")
        if draft.time_in_force == "post_only":
            if draft.smp_type not in {"", "none"}:
                raise problem("invalid_post_only", "post_only can't be used with smp_type.")
            return "none"
        return draft.smp_type or self._smp_default

    @staticmethod
    def _combination(draft: Draft) -> None:
        if draft.side not in {"bid", "ask"}:
            raise wrong("side")
        if draft.ord_type not in TYPES:
            raise wrong("ord_type")
        life, kind = draft.time_in_force, draft.ord_type
        if life not in _LIVES:
            raise problem("invalid_time_in_force")
        if kind == "best" and life not in {"ioc", "fok"}:
            raise problem("invalid_time_in_force", "A best order needs ioc or fok.")
        if kind in {"price", "market"} and life:
            raise problem("invalid_time_in_force", "A market order takes no time_in_force.")
        by_cost = kind == "price" or (kind == "best" and draft.bid)
        sells = kind == "market" or (kind == "best" and not draft.bid)
        fits = {"price": draft.bid, "market": not draft.bid}.get(kind, True)
        if by_cost:
            fits = fits and bool(draft.price) and not draft.volume
        elif sells:
            fits = fits and bool(draft.volume) and not draft.price
        else:
            fits = bool(draft.price) and bool(draft.volume)
        if not fits:
            raise problem(f"create_{draft.side}_error", "The parameters do not fit the type of order.")

    @staticmethod
    def _amounts(order: Order, draft: Draft) -> None:
        price, volume = exact_atoms(draft.price or "0"), exact_atoms(draft.volume or "0")
        bid, ask = order.market.book.touch
        if draft.volume and not volume:
            raise problem(f"invalid_volume_{draft.side}")
        if draft.price and not price:
            raise problem(f"invalid_price_{draft.side}")
        if draft.ord_type == "limit" and price:
            if price % order.market.listing.grid.tick(price):
                raise problem(f"invalid_price_{draft.side}", "주문가격 단위를 잘못 입력하셨습니다.")
            order.price = price
        elif draft.ord_type == "best":
            order.price = ask[0] if draft.bid else bid[0]
        else:
            order.kind = "market"
        if draft.volume:
            order.quantity = volume
        elif price:
            order.budget = order.extra["budget"] = whole(price)

    @staticmethod
    def _totals(order: Order, draft: Draft) -> None:
        market, side = order.market, draft.side
        bid, _ = market.book.touch
        total = order.budget if order.budget is not None else value(order.price or bid[0], order.quantity or 0)
        if total < min_total(market):
            raise problem(f"under_min_total_{side}")
        if total > max_total(market):
            raise problem(f"over_krw_funds_{side}")
        if order.kind == "market" and not _visible(order):
            raise problem(f"create_{side}_error", "The order is larger than the visible book.")


def _visible(order: Order) -> bool:
    """Whether the visible levels are enough for a market order."""
    levels = list((order.market.book.asks if order.buy else order.market.book.bids).items())[:VISIBLE]
    if order.budget is not None:
        return sum((value(*level) for level in levels), start=Decimal(0)) >= order.budget
    return sum(quantity for _, quantity in levels) >= (order.quantity or 0)
