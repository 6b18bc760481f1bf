"""Tells an account's listeners what happens to its orders and positions on USD-M futures."""

from collections.abc import Callable
from typing import Final

from arbcore_exchange_simulator.binance.numbers import ZERO
from arbcore_exchange_simulator.binance.seen import ended_as
from arbcore_exchange_simulator.binance.usdm import events
from arbcore_exchange_simulator.binance.usdm.ledger import FuturesLedger
from arbcore_exchange_simulator.binance.usdm.orders import UsdmOrders
from arbcore_exchange_simulator.binance.usdm.streams import UserStreams
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.matching import What
from arbcore_exchange_simulator.trading.order import Execution, Order


class UsdmWatch:
    """Watches the futures' orders; see `trading.matching.Watcher`."""

    def __init__(self, orders: UsdmOrders, ledger: FuturesLedger, streams: UserStreams,
                 clock: Callable[[], int]) -> None:  # fmt: skip
        self._orders = orders
        self._ledger: Final = ledger
        self._streams: Final = streams
        self._clock = clock

    def on_order(self, order: Order, what: What, execution: Execution | None) -> None:
        """Tell what happened to an order; what self-trade prevention took is told by its end."""
        if what in {"prevented", "rejected"}:
            return
        now, hidden = self._clock(), 0
        ms = now // 1_000_000
        if execution is not None:
            hidden = execution.hidden_until = self._streams.reports.silence(order.symbol)
            self._traded(order, execution, now, hidden)
        shown: str = "expired" if what == "cancelled" and order.why in {"post", "delisting"} else what
        if shown == "expired":
            order.extra["ends_as"] = "expired"
        row = events.order_update(order, shown, ended_as(order), execution, ms)
        self._streams.emit(order.account, row, now, order.symbol, hidden or self._hidden(order, what))
        if execution is not None:
            self._orders.trim(self._ledger.of(order.account), order.symbol, order.extra["position_side"])

    @staticmethod
    def _hidden(order: Order, what: What) -> int:
        """Return until when the end of an order is hidden: what expired after hidden trades is silent with them."""
        ended = what in {"expired", "cancelled"}
        return max((one.hidden_until for one in order.executions), default=0) if ended else 0

    def _traded(self, order: Order, one: Execution, now: int, hidden: int) -> None:
        ms, holding = now // 1_000_000, self._ledger.of(order.account)
        self._streams.emit(order.account, events.trade_lite(order, one, ms), now, order.symbol, hidden)
        changed = dict.fromkeys(("USDT", one.fee_currency), ZERO)
        if one.fee_currency != "USDT" and not one.extra["profit"]:
            del changed["USDT"]
        position = holding.position(order.symbol, order.extra["position_side"])
        row = events.account_update(holding, "ORDER", changed, (position,), ms)
        self._streams.emit(order.account, row, now, order.symbol, hidden)

    def on_cash(self, account: Account, currencies: tuple[str, ...], why: str) -> None:
        """Nothing: wallets are told with the trade that changed them."""
