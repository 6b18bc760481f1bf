"""The arithmetic of USD-M futures: margin is held, trades change positions, profits and fees are booked.

Source: Binance developer documentation, 2026-11. All amounts are exact decimals with eight places.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from arbcore_exchange_simulator.binance.numbers import ZERO, rounded
from arbcore_exchange_simulator.binance.usdm.holding import MARGIN, Holding
from arbcore_exchange_simulator.binance.usdm.marks import Marks
from arbcore_exchange_simulator.binance.usdm.positions import Position
from arbcore_exchange_simulator.market.market import Market
from arbcore_exchange_simulator.trading.account import Account
from arbcore_exchange_simulator.trading.ledger import Short
from arbcore_exchange_simulator.trading.money import value
from arbcore_exchange_simulator.trading.order import Execution, Order

_BNB: Final = "BNB"
_DISCOUNT: Final = Decimal("0.9")  # of a futures fee that is paid in BNB


class FuturesLedger:
    """Books orders and trades of all accounts.

    Args:
        markets: Perpetuals by symbol.
        bnb: Returns the price of BNB in USDT.
        maker: Fee of a trade that rested.
        taker: Fee of a trade that took.
    """

    def __init__(self, markets: Mapping[str, Market], bnb: Callable[[], Decimal],
                 maker: Decimal = Decimal("0.0002"), taker: Decimal = Decimal("0.0005")) -> None:  # fmt: skip
        self.maker: Final = maker
        self.taker: Final = taker
        self.marks: Final = Marks(markets)
        self._bnb = bnb
        self._holdings: dict[str, Holding] = {}

    def of(self, account: Account) -> Holding:
        """Return what an account holds."""
        found = self._holdings.get(account.name)
        if found is None or found.account is not account:
            found = self._holdings[account.name] = Holding(account, self.marks)
        return found

    def holdings(self) -> list[Holding]:
        """Return what all accounts hold that were asked for."""
        return list(self._holdings.values())

    def rates(self, account: Account) -> tuple[Decimal, Decimal]:
        """Return an account's maker's and taker's fee."""
        return account.fees or (self.maker, self.taker)

    def hold(self, order: Order) -> None:
        """Take an order into the margin.

        Raises:
            Short: The account has not the margin for it; orders that only reduce need none.
        """
        holding = self.of(order.account)
        before = holding.exposure(order.symbol)
        holding.orders[order.number] = order
        grows = holding.exposure(order.symbol) > before
        if grows and holding.free_margin < 0 and not order.extra.get("forced"):
            missing = -holding.free_margin
            del holding.orders[order.number]
            raise Short(MARGIN, missing)

    def release(self, order: Order) -> None:
        """Take an order that is no longer open out of the margin."""
        self.of(order.account).orders.pop(order.number, None)

    def adjust(self, order: Order) -> None:
        """Look at the margin again after an order was changed; what it holds follows from what is left of it.

        Raises:
            Short: The account has not the margin for it.
        """
        holding = self.of(order.account)
        if not order.reduce_only and holding.free_margin < 0:
            raise Short(MARGIN, -holding.free_margin)

    def settle(self, order: Order, execution: Execution) -> tuple[str, ...]:
        """Book a trade: position, realised profit and fee; return the assets that changed."""
        holding = self.of(order.account)
        one = holding.position(order.symbol, order.extra.get("position_side", "BOTH"))
        closed = min(execution.quantity, one.closes(buy=order.buy))
        self._unlock(one, closed)
        profit = one.trade(buy=order.buy, price=execution.price, quantity=execution.quantity)
        if order.symbol in holding.isolated:
            opened = value(execution.price, execution.quantity - closed)
            one.isolated += rounded(opened / holding.leverage(order.symbol))
        one.updated = execution.time
        number = execution.number
        holding.book("REALIZED_PNL", profit, execution.time, symbol=order.symbol, trade=number, info=str(number))
        execution.extra["profit"] = profit
        self._charge(holding, one, order, execution)
        return tuple(dict.fromkeys((MARGIN, execution.fee_currency)))

    @staticmethod
    def _unlock(one: Position, closed: int) -> None:
        """Give isolated margin back with the share of the position that is closed."""
        held = abs(one.quantity)
        if closed:
            one.isolated -= one.isolated if closed == held else rounded(one.isolated * closed / held)

    def _charge(self, holding: Holding, one: Position, order: Order, execution: Execution) -> None:
        maker, taker = self.rates(order.account)
        free = order.extra.get("forced") in {"adl", "delisting"}
        rate = ZERO if free else maker if execution.maker else taker
        fee, asset = rounded(execution.value * rate), MARGIN
        if holding.burn:
            in_bnb = rounded(fee * _DISCOUNT / self._bnb())
            if holding.wallet(_BNB) >= in_bnb:
                fee, asset = in_bnb, _BNB
        execution.fee, execution.fee_currency = fee, asset
        if asset == MARGIN and one.quantity:
            one.fees += fee
        number = execution.number
        holding.book("COMMISSION", -fee, execution.time, asset=asset, symbol=order.symbol, trade=number,
                     info=str(number))  # fmt: skip

    def fund(self, holding: Holding, one: Position, rate: Decimal, mark: Decimal, time: int) -> Decimal:
        """Settle funding of a position; return what it brought: negative where the position pays."""
        amount = rounded(-one.size * mark * rate)
        if one.symbol in holding.isolated:
            one.isolated += amount
        holding.book("FUNDING_FEE", amount, time, symbol=one.symbol, info="FUNDING_FEE")
        return amount
