"""Orders on spot: placed, cancelled and looked up (Binance developer documentation, 2026-11)."""

from collections.abc import Callable, Mapping
from typing import Final

from arbcore_exchange_simulator.binance.asked import Asked, client_id
from arbcore_exchange_simulator.binance.refusals import missing, refused
from arbcore_exchange_simulator.binance.spot import terms as wanted
from arbcore_exchange_simulator.binance.spot.terms import Terms
from arbcore_exchange_simulator.faults.plan import FaultPlan
from arbcore_exchange_simulator.market.market import Market
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.ledger import Short
from arbcore_exchange_simulator.trading.matching import Matching
from arbcore_exchange_simulator.trading.order import Life, Order

_LIVES: Final[dict[str, Life]] = {"GTC": "GTC", "IOC": "IOC", "FOK": "FOK"}
_MOST_ORDERS: Final = 200
_FORGOTTEN: Final = 90 * 86_400_000_000_000


class SpotOrders:
    """Orders of all accounts.

    Args:
        markets: Markets by symbol.
        matching: Lets them trade.
        faults: The faults.
        clock: Time in ns.
    """

    def __init__(self, markets: Mapping[str, Market], matching: Matching, faults: FaultPlan,
                 clock: Callable[[], int]) -> None:  # fmt: skip
        self.markets: Final = markets
        self.matching: Final = matching
        self.faults: Final = faults
        self._clock = clock
        self._named = 0

    def market(self, asked: Asked) -> Market:
        """Return the market that a request is about.

        Raises:
            Refused: It names none, or one that is not listed.
        """
        found = self.markets.get(asked.text("symbol"))
        if found is None:
            raise refused(-1121)
        return found

    def terms(self, account: Account, asked: Asked) -> Terms:
        """Return the terms of an order that would be taken.

        Raises:
            Refused: It would not be taken.
        """
        market = self.market(asked)
        if 0 < market.delisting <= self._clock():
            raise refused(-1013, "Market is closed.")
        terms = wanted.read(asked, market)
        self._scripted(terms)
        wanted.check(terms, market)
        mine = [one for one in account.open.values() if one.symbol == terms.symbol]
        if terms.client_id and any(one.client_id == terms.client_id for one in account.open.values()):
            raise refused(-2010, "Duplicate order sent.")
        if len(mine) >= _MOST_ORDERS:
            raise wanted.failed("MAX_NUM_ORDERS")
        if terms.kind == "LIMIT_MAKER" and self._crosses(terms, market):
            raise refused(-2010, "Order would immediately match and take.")
        return terms

    def _scripted(self, terms: Terms) -> None:
        fault = self.faults.strikes("reject_order", "spot", terms.symbol, "place")
        if fault is not None:
            raise refused(int(fault.code or -2010), "" if fault.code else "NEW_ORDER_REJECTED")
        if self.faults.strikes("percent_price", "spot", terms.symbol, "place") is not None:
            raise wanted.failed("PERCENT_PRICE_BY_SIDE")

    def _crosses(self, terms: Terms, market: Market) -> bool:
        if self.matching.available(market, buy=terms.buy, limit=terms.price):
            return True
        price = terms.price or 0
        others = (one.price or 0 for one in self.matching.resting(terms.symbol) if one.buy is not terms.buy)
        return any(other <= price if terms.buy else other >= price for other in others)

    def made(self, account: Account, terms: Terms) -> Order:
        """Return an order that is not placed yet."""
        self._named += 1
        return Order(
            account=account,
            market=self.markets[terms.symbol],
            buy=terms.buy,
            kind="limit" if terms.price is not None else "market",
            price=terms.price,
            quantity=terms.quantity,
            budget=terms.budget,
            life="POST" if terms.kind == "LIMIT_MAKER" else _LIVES[terms.life],
            client_id=terms.client_id or f"sim{self._named:019d}",
            smp="reduce" if terms.smp == "DECREMENT" else terms.smp,
            extra={"type": terms.kind, "tif": terms.life, "smp": terms.smp},
        )

    def place(self, account: Account, terms: Terms) -> Order:
        """Take an order in and let it trade.

        Raises:
            Refused: Money is missing.
        """
        order = self.made(account, terms)
        try:
            self.matching.place(order)
        except Short as short:
            raise refused(-2010) from short
        if order.life == "POST" and self.faults.strikes("post_only_cancelled", "spot", order.symbol, "place"):
            self.matching.expire(order, "post")
        return order

    def find(self, account: Account, asked: Asked) -> Order | None:
        """Return the order that a request means, open or remembered."""
        market = self.market(asked)
        if "orderId" not in asked and "origClientOrderId" not in asked:
            raise missing("orderId' or 'origClientOrderId")
        if "orderId" in asked:
            found = account.order(asked.whole("orderId"))
        else:
            found = account.by_client.get(asked.text("origClientOrderId"))
        return found if found is not None and found.market is market else None

    def known(self, account: Account, asked: Asked) -> Order:
        """Return an order for a look-up.

        Raises:
            Refused: There is none (-2013).
        """
        order = self.find(account, asked)
        if order is None or (order.state != "open" and self._clock() - order.updated > _FORGOTTEN):
            raise refused(-2013)
        return order

    def cancel(self, account: Account, asked: Asked) -> Order:
        """Cancel an open order.

        Raises:
            Refused: There is none (-2011), or a fault refuses.
        """
        order = self.find(account, asked)
        if order is None or order.state != "open":
            raise refused(-2011)
        self.pull(order, client_id(asked, "newClientOrderId"))
        return order

    def pull(self, order: Order, name: str = "") -> None:
        """Cancel an order, unless a fault refuses or lets it fill just before.

        Args:
            order: An open order.
            name: The client's name of the cancel.

        Raises:
            Refused: It stays, or has filled (-2011).
        """
        refusal = self.faults.strikes("cancel_refused", "spot", order.symbol, "cancel")
        if refusal is not None:
            raise refused(int(refusal.code or -2011))
        filling = self.faults.strikes("fill_on_cancel", "spot", order.symbol, "cancel")
        if filling is not None:
            lot = order.market.listing.lot
            part = max(int(order.remaining * filling.fraction) // lot, 1) * lot
            self.matching.fill(order, order.remaining if filling.fraction >= 1 else part)
        if order.state != "open":
            raise refused(-2011)
        order.extra["cancel_id"] = name or f"cancel{order.number}"
        self.matching.cancel(order)
