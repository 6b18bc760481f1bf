"""Orders on USD-M futures: placed, changed, cancelled and looked up (Binance developer documentation, 2026-11)."""

from collections.abc import Callable, Mapping
from typing import Final

from arbcore_exchange_simulator.binance.asked import Asked
from arbcore_exchange_simulator.binance.refusals import refused
from arbcore_exchange_simulator.binance.usdm import terms as wanted
from arbcore_exchange_simulator.binance.usdm.brackets import most
from arbcore_exchange_simulator.binance.usdm.holding import Holding
from arbcore_exchange_simulator.binance.usdm.ledger import FuturesLedger
from arbcore_exchange_simulator.binance.usdm.terms import Terms
from arbcore_exchange_simulator.faults.plan import FaultPlan
from arbcore_exchange_simulator.market.market import Market
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.ledger import Short
from arbcore_exchange_simulator.trading.matching import Matching
from arbcore_exchange_simulator.trading.order import Life, Order

_LIVES: Final[dict[str, Life]] = {"GTC": "GTC", "GTD": "GTC", "IOC": "IOC", "FOK": "FOK", "GTX": "POST", "RPI": "POST"}
_MOST_ORDERS: Final = 200
_MOST_CHANGES: Final = 10_000
_FORGOTTEN: Final = 3 * 86_400_000_000_000
_GONE: Final = 90 * 86_400_000_000_000


class UsdmOrders:
    """Orders of all accounts.

    Args:
        markets: Perpetuals by symbol.
        matching: Lets them trade.
        ledger: The venue's arithmetic.
        faults: The faults.
        clock: Time in ns.
    """

    def __init__(self, markets: Mapping[str, Market], matching: Matching, ledger: FuturesLedger, faults: FaultPlan,
                 clock: Callable[[], int]) -> None:  # fmt: skip
        self.markets: Final = markets
        self.matching: Final = matching
        self.ledger: Final = ledger
        self.faults: Final = faults
        self._clock = clock
        self._named = 0

    def market(self, asked: Asked) -> Market:
        """Return the perpetual that a request is about.

        Raises:
            Refused: It names none, or one that is not listed.
        """
        found = self.markets.get(asked.text("symbol"))
        if found is None:
            raise refused(-1121)
        return found

    def terms(self, account: Account, asked: Asked) -> Terms:
        """Return the terms of an order that would be taken, and no more than a reduce-only order may close.

        Raises:
            Refused: It would not be taken.
        """
        market = self.market(asked)
        if 0 < market.delisting <= self._clock():
            raise refused(-5024)
        terms = wanted.read(asked, market, self._clock())
        holding = self.ledger.of(account)
        self._mode(holding, terms, asked)
        self._scripted(terms)
        wanted.check(terms, market)
        self._reduce(holding, terms)
        self._admit(holding, terms, market)
        return terms

    @staticmethod
    def _mode(holding: Holding, terms: Terms, asked: Asked) -> None:
        if (terms.side == "BOTH") is holding.hedge:
            raise refused(-4061)
        if holding.hedge and "reduceOnly" in asked:
            raise refused(-1106, "Parameter 'reduceonly' sent when not required.")
        if holding.hedge:
            terms.reduce_only = terms.buy is (terms.side == "SHORT")

    def _scripted(self, terms: Terms) -> None:
        """Refuse an order by a fault."""
        fault = self.faults.strikes("reject_order", "usdm", terms.symbol, "place")
        if fault is not None:
            raise refused(int(fault.code or -2010), "NEW_ORDER_REJECTED" if not fault.code else "")
        if not terms.reduce_only and self.faults.strikes("position_limit", "usdm", terms.symbol, "place") is not None:
            raise refused(-2027)
        if self.faults.strikes("percent_price", "usdm", terms.symbol, "place") is not None:
            raise refused(-4131 if terms.price is None else -4016 if terms.buy else -4024)

    def _reduce(self, holding: Holding, terms: Terms) -> None:
        """Cut a closing order to what there is to close: the venue does, too (unconfirmed)."""
        if not terms.reduce_only:
            return
        closable = holding.position(terms.symbol, terms.side).closes(buy=terms.buy)
        if not closable:
            raise refused(-2022)
        terms.quantity = min(terms.quantity, closable)

    def _admit(self, holding: Holding, terms: Terms, market: Market) -> None:
        mine = holding.open_orders(terms.symbol)
        if terms.client_id and any(one.client_id == terms.client_id for one in holding.orders.values()):
            raise refused(-4116)
        if len(mine) >= _MOST_ORDERS:
            raise refused(-2025)
        if terms.life in {"GTX", "RPI"} and self._crosses(terms, market):
            raise refused(-5022)
        if terms.life == "FOK" and self._fillable(terms, market, holding) < terms.quantity:
            raise refused(-5021)

    def _limit(self, holding: Holding, order: Order) -> None:
        """Compare what a position can reach with the most that the leverage allows; the order is held already."""
        reach, leverage = holding.exposure(order.symbol), holding.leverage(order.symbol)
        if not order.reduce_only and reach > most(order.symbol, leverage):
            raise refused(-2027)

    def _mates(self, terms: Terms) -> list[Order]:
        """Return the resting orders that an order would meet."""
        price = terms.price or 0
        found = (one for one in self.matching.resting(terms.symbol) if one.buy is not terms.buy)
        return [one for one in found if (one.price or 0) <= price] if terms.buy else [
            one for one in found if (one.price or 0) >= price]  # fmt: skip

    def _crosses(self, terms: Terms, market: Market) -> bool:
        found = self.matching.available(market, buy=terms.buy, limit=terms.price)
        return found > 0 or bool(self._mates(terms))

    def _fillable(self, terms: Terms, market: Market, holding: Holding) -> int:
        others = sum(one.remaining for one in self._mates(terms) if one.account is not holding.account)
        return self.matching.available(market, buy=terms.buy, limit=terms.price) + others

    def place(self, account: Account, terms: Terms, **extra: object) -> Order:
        """Take an order in and let it trade.

        Raises:
            Refused: Margin is missing, or the position would be too large.
        """
        order = self.made(account, terms)
        order.extra.update(extra)
        holding = self.ledger.of(account)
        self._dry(holding, order)
        try:
            self.matching.place(order)
        except Short as short:
            raise refused(-2019) from short
        if order.life == "POST" and self.faults.strikes("post_only_cancelled", "usdm", order.symbol, "place"):
            self.matching.expire(order, "post")
        return order

    def _dry(self, holding: Holding, order: Order) -> None:
        """See whether a position would grow past its limit, without leaving a trace."""
        holding.orders[order.number] = order
        try:
            self._limit(holding, order)
        finally:
            del holding.orders[order.number]

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
            life=_LIVES[terms.life],
            client_id=terms.client_id or f"sim_{self._named:018d}",
            reduce_only=terms.reduce_only,
            smp=terms.smp,
            extra={
                "type": terms.kind,
                "tif": terms.life,
                "position_side": terms.side,
                "match": terms.match,
                "until": terms.until,
            },
        )

    def find(self, account: Account, asked: Asked, *, symbol: bool = True) -> Order | None:
        """Return the order that a request means, open or remembered."""
        if symbol:
            self.market(asked)
        number, name = wanted.named(asked)
        found = account.order(number) if number else account.by_client.get(name)
        return found if found is not None and found.symbol == asked.maybe("symbol", found.symbol) else None

    def known(self, account: Account, asked: Asked) -> Order:
        """Return an order for a look-up; what the venue has forgotten is not found.

        Raises:
            Refused: There is none (-2013).
        """
        order = self.find(account, asked)
        age = self._clock() - order.updated if order is not None else 0
        if order is None or (not order.filled and order.state != "open" and age > _FORGOTTEN) or age > _GONE:
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
        self.pull(order)
        return order

    def pull(self, order: Order) -> None:
        """Cancel an order, unless a fault refuses or lets it fill just before.

        Raises:
            Refused: It stays, or has filled (-2011).
        """
        refusal = self.faults.strikes("cancel_refused", "usdm", order.symbol, "cancel")
        if refusal is not None:
            raise refused(int(refusal.code or -2011))
        filling = self.faults.strikes("fill_on_cancel", "usdm", order.symbol, "cancel")
        if filling is not None:
            lot = order.market.listing.lot
            part = max(int(order.remaining * filling.fraction) // lot, 1) * lot
            self.matching.fill(order, order.remaining if filling.fraction >= 1 else part)
        if not self.matching.cancel(order):
            raise refused(-2011)

    def amend(self, account: Account, asked: Asked) -> Order:
        """Change price and quantity of an open order; it may end by that.

        Raises:
            Refused: It can't be changed; it stands as it was.
        """
        order = self.find(account, asked)
        asked.one_of("side", ("BUY", "SELL"), -1117)
        if order is None or order.state != "open":
            raise refused(-2013)
        if order.price is None or order.extra["type"] != "LIMIT":
            raise refused(-5025)
        price = wanted.price_of(asked, order.market)
        quantity = wanted.quantity_of(asked, order.market)
        if (price, quantity) == (order.price, order.quantity):
            raise refused(-5027)
        if order.extra.get("changes", 0) >= _MOST_CHANGES:
            raise refused(-5026, "Exceed maximum modify order limit.")
        terms = self._changed(order, price, quantity)
        if quantity <= order.filled or (order.life == "POST" and self._crosses(terms, order.market)):
            self.matching.cancel(order)
            return order
        wanted.check(terms, order.market)
        self._change(order, price, quantity, asked)
        self.trim(self.ledger.of(account), order.symbol, order.extra["position_side"])
        return order

    @staticmethod
    def _changed(order: Order, price: int, quantity: int) -> Terms:
        extra = order.extra
        return Terms(order.symbol, order.buy, "LIMIT", extra["tif"], quantity, price, extra["position_side"],
                     order.reduce_only, order.client_id, "RESULT", order.smp, "NONE", 0)  # fmt: skip

    def _change(self, order: Order, price: int, quantity: int, asked: Asked) -> None:
        order.extra["changes"] = order.extra.get("changes", 0) + 1
        if "modifyId" in asked:
            order.extra["modify"] = asked.whole("modifyId")
        try:
            self.matching.amend(order, price, quantity)
        except Short as short:
            raise refused(-2019) from short

    def trim(self, holding: Holding, symbol: str, side: str) -> None:
        """Make closing orders no larger than what there is to close, and end those that have nothing to close."""
        one = holding.position(symbol, side)
        for order in holding.open_orders(symbol):
            if not order.reduce_only or order.extra["position_side"] != side:
                continue
            closable = one.closes(buy=order.buy)
            if not closable:
                self.matching.expire(order, "reduce-only")
            elif order.remaining > closable:
                order.quantity = order.filled + order.prevented + closable
