"""Conditional orders of USD-M futures: they wait for a price (Binance developer documentation, 2026-11)."""

from collections import deque
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from arbcore_exchange_simulator.binance.asked import Asked, client_id
from arbcore_exchange_simulator.binance.desk import Call, Endpoint
from arbcore_exchange_simulator.binance.numbers import mark_of
from arbcore_exchange_simulator.binance.refusals import invalid, missing, refused
from arbcore_exchange_simulator.binance.rows import Row
from arbcore_exchange_simulator.binance.usdm import terms as wanted
from arbcore_exchange_simulator.binance.usdm.orders import UsdmOrders
from arbcore_exchange_simulator.binance.usdm.rows import quantity
from arbcore_exchange_simulator.binance.usdm.streams import UserStreams
from arbcore_exchange_simulator.market.market import Market, Trade
from arbcore_exchange_simulator.market.numbers import text
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.money import whole
from arbcore_exchange_simulator.trading.order import Order
from arbcore_exchange_simulator.wire import Refused

_TYPES: Final = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
_MOST: Final = 200
_KEPT: Final = 1000
_MOST_RATE: Final = 20


class Algo(Struct, eq=False, kw_only=True):
    """A conditional order.

    Attributes:
        account: Whose it is.
        market: Where it will trade.
        number: Its number, apart from those of orders.
        asked: What it was asked with; the order that it becomes is made from it.
        kind: Binance's type.
        buy: Whether it buys.
        trigger: Price in atoms; 0 for a trailing one until its market has turned.
        by_mark: Whether the mark price triggers it, and not the last one.
        close: Whether it closes the whole position.
        rate: Callback of a trailing one in percent.
        best: Best price since it was placed, of a trailing one.
        due: Whether its price was reached.
        created: UTC ns.
        updated: UTC ns.
        status: NEW, TRIGGERED, FINISHED, CANCELED, REJECTED or EXPIRED.
        order: The order that it became.
        reason: Why that was refused.
    """

    account: Account
    market: Market
    number: int
    asked: Asked
    kind: str
    buy: bool
    trigger: int
    by_mark: bool
    close: bool
    created: int
    updated: int
    rate: Decimal = Decimal(0)
    best: Decimal = Decimal(0)
    due: bool = False
    status: str = "NEW"
    order: Order | None = None
    reason: str = ""

    @property
    def client_id(self) -> str:
        """The client's name of it."""
        return self.asked.maybe("clientAlgoId", f"sim_algo_{self.number}")


class UsdmAlgo:
    """Conditional orders of all accounts."""

    def __init__(self, orders: UsdmOrders, streams: UserStreams) -> None:
        self._orders = orders
        self._streams = streams
        self._known: deque[Algo] = deque(maxlen=_KEPT)
        self._open: list[Algo] = []
        self._next = 2_000_000_000

    def endpoints(self) -> dict[tuple[str, str], Endpoint]:
        """Return the endpoints by method and path."""
        one = "fapi/v1/algoOrder"
        return {
            ("POST", one): Endpoint(self.place, 0, "place", "futures", (1, 1)),
            ("DELETE", one): Endpoint(self.cancel, 1, "cancel", "futures"),
            ("GET", one): Endpoint(self.query),
            ("GET", "fapi/v1/openAlgoOrders"): Endpoint(self.open, lambda asked: 1 if "symbol" in asked else 40),
            ("GET", "fapi/v1/allAlgoOrders"): Endpoint(self.all, 5),
            ("DELETE", "fapi/v1/algoOpenOrders"): Endpoint(self.cancel_all, 1, "cancel", "futures"),
        }

    def place(self, call: Call) -> Row:
        """Take a conditional order in."""
        asked, market = call.asked, self._orders.market(call.asked)
        if asked.maybe("algoType", "CONDITIONAL") != "CONDITIONAL":
            raise invalid("algoType")
        kind = asked.one_of("type", _TYPES, -1116)
        if 0 < market.delisting <= call.now:
            raise refused(-5024)
        one = self._made(call, market, kind)
        self._admit(one, call)
        self._next += 1
        self._known.append(one)
        self._open.append(one)
        self._tell(one, call.now)
        return _row(one)

    def _made(self, call: Call, market: Market, kind: str) -> Algo:
        asked = call.asked
        trailing = kind == "TRAILING_STOP_MARKET"
        rate = asked.money("callbackRate") if trailing else Decimal(0)
        if trailing and not Decimal("0.1") <= rate <= _MOST_RATE:
            raise invalid("callbackRate")
        name = "activatePrice" if trailing else "triggerPrice"
        trigger = 0 if trailing and name not in asked else wanted.price_of(asked, market, name)
        by_mark = (
            asked.one_of("workingType", ("MARK_PRICE", "CONTRACT_PRICE"), default="CONTRACT_PRICE") == "MARK_PRICE"
        )
        return Algo(
            account=call.account,
            market=market,
            number=self._next,
            asked=asked,
            kind=kind,
            buy=asked.one_of("side", ("BUY", "SELL"), -1117) == "BUY",
            trigger=trigger,
            by_mark=by_mark,
            close=asked.flag("closePosition"),
            created=call.now,
            updated=call.now,
            rate=rate,
        )

    def _admit(self, one: Algo, call: Call) -> None:
        asked, holding = call.asked, self._orders.ledger.of(call.account)
        if (asked.maybe("positionSide", "BOTH") == "BOTH") is holding.hedge:
            raise refused(-4061)
        client_id(asked, "clientAlgoId")
        mine = [other for other in self._open if other.account is call.account]
        if "clientAlgoId" in asked and any(other.client_id == one.client_id for other in mine):
            raise refused(-4116)
        if len(mine) >= _MOST:
            raise refused(-2025)
        if one.close and ("quantity" in asked or "reduceOnly" in asked):
            raise refused(-4136, "Target strategy invalid for orderType closePosition.")
        if not one.close:
            if "quantity" not in asked:
                raise missing("quantity")
            wanted.quantity_of(asked, one.market)
        if one.kind in {"STOP", "TAKE_PROFIT"}:
            wanted.price_of(asked, one.market)
        if not one.rate and _reached(one, _price(one)):
            raise refused(-2021)

    def _find(self, call: Call, among: list[Algo], code: int) -> Algo:
        number, name = wanted.named(call.asked, "algoId", "clientAlgoId")
        for one in reversed(among):
            if one.account is call.account and (one.number == number if number else one.client_id == name):
                return one
        raise refused(code)

    def cancel(self, call: Call) -> Row:
        """Cancel a conditional order."""
        one = self._find(call, self._open, -2011)
        self._end(one, "CANCELED", call.now)
        return {"algoId": one.number, "clientAlgoId": one.client_id, "code": "200", "msg": "success"}

    def cancel_all(self, call: Call) -> Row:
        """Cancel all conditional orders of a symbol."""
        symbol = self._orders.market(call.asked).listing.symbol
        for one in [one for one in self._open if one.account is call.account and one.market.listing.symbol == symbol]:
            self._end(one, "CANCELED", call.now)
        return {"code": 200, "msg": "The operation of cancel all open order is done."}

    def query(self, call: Call) -> Row:
        """Look a conditional order up."""
        return _row(self._find(call, list(self._known), -2013))

    def open(self, call: Call) -> list[Row]:
        """Return the conditional orders that wait."""
        return self._listed(call, self._open)

    def all(self, call: Call) -> list[Row]:
        """Return conditional orders, ended ones too."""
        self._orders.market(call.asked)
        return self._listed(call, list(self._known))

    @staticmethod
    def _listed(call: Call, among: list[Algo]) -> list[Row]:
        symbol = call.asked.maybe("symbol")
        mine = (one for one in among if one.account is call.account)
        return [_row(one) for one in mine if symbol in {"", one.market.listing.symbol}]

    def on_trade(self, market: Market, trade: Trade) -> None:
        """Note what the last price triggers; it becomes an order when the step is over, not amid the trade."""
        for one in self._open:
            if one.market is market and not one.by_mark:
                self._look(one, whole(trade.price))

    def on_time(self, now: int) -> None:
        """Trigger what waits for the mark price, and end what waits in delisted markets."""
        for one in list(self._open):
            if 0 < one.market.delisting <= now:
                self._end(one, "EXPIRED", now)
                continue
            if one.by_mark:
                self._look(one, mark_of(one.market))
            if one.due:
                self._trigger(one, now)

    @staticmethod
    def _look(one: Algo, price: Decimal) -> None:
        one.due = one.due or (_turned(one, price) if one.rate else _reached(one, price))

    def _trigger(self, one: Algo, now: int) -> None:
        self._open.remove(one)
        one.status, one.updated = "TRIGGERED", now
        self._tell(one, now)
        try:
            terms = self._orders.terms(one.account, self._order(one))
            terms.client_id = one.client_id
            one.order = self._orders.place(one.account, terms, orig_type=one.kind, close=one.close,
                                           trigger=text(one.trigger, one.market.price_decimals),
                                           working="MARK_PRICE" if one.by_mark else "CONTRACT_PRICE")  # fmt: skip
        except Refused as refusal:
            one.status, one.reason = "REJECTED", refusal.answer.body.decode()
            self._tell(one, now)
            return
        one.status = "FINISHED"
        self._tell(one, now)

    def _order(self, one: Algo) -> Asked:
        """Return the parameters of the order that a conditional one becomes."""
        values = dict(one.asked.values)
        market = one.kind not in {"STOP", "TAKE_PROFIT"}
        values["type"] = "MARKET" if market else "LIMIT"
        if market:
            values.pop("timeInForce", None)
            values.pop("price", None)
        else:
            values.setdefault("timeInForce", "GTC")
        if one.close:
            held = self._orders.ledger.of(one.account).position(one.market.listing.symbol, one.asked.maybe(
                "positionSide", "BOTH")).closes(buy=one.buy)  # fmt: skip
            values |= {"quantity": quantity_text(one.market, held or one.market.listing.lot), "reduceOnly": "true"}
            if values.get("positionSide", "BOTH") != "BOTH":
                del values["reduceOnly"]
        return Asked(values)

    def _end(self, one: Algo, status: str, now: int) -> None:
        self._open.remove(one)
        one.status, one.updated = status, now
        self._tell(one, now)

    def _tell(self, one: Algo, now: int) -> None:
        row = {"e": "ALGO_UPDATE", "T": one.updated // 1_000_000, "E": now // 1_000_000, "o": _event(one)}
        self._streams.emit(one.account, row, now, one.market.listing.symbol)


def quantity_text(market: Market, atoms: int) -> str:
    """Return a quantity as text."""
    return text(atoms, market.quantity_decimals)


def _price(one: Algo) -> Decimal:
    return mark_of(one.market) if one.by_mark else whole(one.market.trades[-1].price)


def _reached(one: Algo, price: Decimal) -> bool:
    """Whether a price triggers: a stop on the way against it, a profit on the way with it."""
    up = one.buy is one.kind.startswith("STOP")
    return price >= whole(one.trigger) if up else price <= whole(one.trigger)


def _turned(one: Algo, price: Decimal) -> bool:
    """Whether a trailing order's price has come back from its best by the callback rate."""
    active = not one.trigger or (price <= whole(one.trigger) if one.buy else price >= whole(one.trigger))
    if not one.best and not active:
        return False
    better = min if one.buy else max
    one.best = better(one.best, price) if one.best else price
    share = one.rate / 100
    return price >= one.best * (1 + share) if one.buy else price <= one.best * (1 - share)


def _row(one: Algo) -> Row:
    asked, market = one.asked, one.market
    amount = "0" if one.close else asked.maybe("quantity", "0")
    row: dict[str, Any] = {
        "algoId": one.number,
        "clientAlgoId": one.client_id,
        "algoType": "CONDITIONAL",
        "orderType": one.kind,
        "symbol": market.listing.symbol,
        "side": "BUY" if one.buy else "SELL",
        "positionSide": asked.maybe("positionSide", "BOTH"),
        "timeInForce": asked.maybe("timeInForce", "GTC"),
        "quantity": amount,
        "algoStatus": one.status,
        "triggerPrice": text(one.trigger, market.price_decimals),
        "price": asked.maybe("price", "0.00"),
        "icebergQuantity": None,
        "selfTradePreventionMode": asked.maybe("selfTradePreventionMode", "EXPIRE_MAKER"),
        "workingType": "MARK_PRICE" if one.by_mark else "CONTRACT_PRICE",
        "priceMatch": asked.maybe("priceMatch", "NONE"),
        "closePosition": one.close,
        "priceProtect": asked.flag("priceProtect"),
        "reduceOnly": asked.flag("reduceOnly"),
        "createTime": one.created // 1_000_000,
        "updateTime": one.updated // 1_000_000,
        "triggerTime": 0 if one.status in {"NEW", "CANCELED", "EXPIRED"} else one.updated // 1_000_000,
        "goodTillDate": 0,
    }
    if one.rate:
        row["callbackRate"] = f"{one.rate:f}"
    if one.order is not None:
        row |= {"actualOrderId": str(one.order.number), "actualPrice": "0.00000"}
    return row


def _event(one: Algo) -> Row:
    row, order = _row(one), one.order
    average = order.funds * 10**8 / order.filled if order is not None and order.filled else None
    return {
        "caid": one.client_id,
        "aid": one.number,
        "at": "CONDITIONAL",
        "o": one.kind,
        "s": row["symbol"],
        "S": row["side"],
        "ps": row["positionSide"],
        "f": row["timeInForce"],
        "q": row["quantity"],
        "X": one.status,
        "ai": row.get("actualOrderId", ""),
        "ap": f"{average:.8f}" if average else "0",
        "aq": quantity(order, order.filled) if order is not None else "0",
        "act": "MARKET" if one.kind.endswith("MARKET") else "LIMIT",
        "tp": row["triggerPrice"],
        "p": row["price"],
        "V": row["selfTradePreventionMode"],
        "wt": row["workingType"],
        "pm": row["priceMatch"],
        "cp": one.close,
        "pP": row["priceProtect"],
        "R": row["reduceOnly"],
        "tt": row["triggerTime"],
        "gtd": 0,
        "rm": one.reason,
        "ia": False,
    }
