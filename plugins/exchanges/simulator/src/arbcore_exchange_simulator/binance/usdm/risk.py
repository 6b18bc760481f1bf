"""What the venue does to positions by itself: funding, margin calls, liquidation, deleveraging and settlement.

Source: Binance developer documentation, 2026-11.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from arbcore_exchange_simulator.binance.numbers import ZERO, mark_of, rounded
from arbcore_exchange_simulator.binance.usdm import events
from arbcore_exchange_simulator.binance.usdm.brackets import bracket_of
from arbcore_exchange_simulator.binance.usdm.holding import MARGIN, Holding
from arbcore_exchange_simulator.binance.usdm.orders import UsdmOrders
from arbcore_exchange_simulator.binance.usdm.positions import Position
from arbcore_exchange_simulator.binance.usdm.streams import UserStreams
from arbcore_exchange_simulator.faults.plan import FaultPlan
from arbcore_exchange_simulator.market.market import Market
from arbcore_exchange_simulator.trading.order import Order

_EVERY: Final = 100_000_000
_CLEARANCE: Final = Decimal("0.0125")  # of the value: exchangeInfo's liquidationFee
_CALL: Final = Decimal("0.8")  # maintenance margin of the balance from which a margin call is sent
_NAMES: Final = {"liquidation": "autoclose-{}", "adl": "adl_autoclose", "delisting": "settlement_autoclose-{}"}


def liquidation_price(holding: Holding, one: Position) -> Decimal:
    """Return the mark price at which a position would be liquidated; 0 where none would do that."""
    if not one.quantity:
        return ZERO
    bracket = bracket_of(one.symbol, abs(holding.notional(one)))
    if one.symbol in holding.isolated:
        backing = one.isolated
    else:
        cross = (other for other in holding.open_positions() if other.symbol not in holding.isolated)
        profit = sum(
            (holding.unrealised(other) - holding.maintenance(other) for other in cross if other is not one), ZERO
        )
        backing = holding.cross_wallet + profit
    found = (one.cost - backing - bracket.sum) / (one.size - abs(one.size) * bracket.ratio)
    return max(found, ZERO)


class UsdmRisk:
    """Acts on positions as time passes.

    Args:
        orders: The orders.
        streams: User data.
        faults: The faults.
        public: Tells the public of a liquidation.
    """

    def __init__(self, orders: UsdmOrders, streams: UserStreams, faults: FaultPlan,
                 public: Callable[[Order], None]) -> None:  # fmt: skip
        self._orders: Final = orders
        self._ledger: Final = orders.ledger
        self._streams: Final = streams
        self._faults: Final = faults
        self._public = public
        self._looked = 0
        self._called: set[str] = set()

    def on_time(self, now: int) -> None:
        """Do what faults say, settle what is delisted, and look at the margins ten times a second."""
        self._scripted(now)
        if now // _EVERY == self._looked:
            return
        self._looked = now // _EVERY
        for holding in self._ledger.holdings():
            if holding.open_positions():
                self._settle_delisted(holding, now)
                self._margins(holding, now)

    def on_settled(self, market: Market) -> None:
        """Settle funding of all positions in a market."""
        if market.funding is None:
            return
        at, rate, mark = market.funding.past[-1]
        exact = Decimal(f"{rate:.8f}"), Decimal(f"{mark:.{min(market.price_decimals + 2, 8)}f}")
        symbol = market.listing.symbol
        for holding in self._ledger.holdings():
            for one in holding.open_positions(symbol):
                self._fund(holding, one, exact, at)

    def _fund(self, holding: Holding, one: Position, rate_and_mark: tuple[Decimal, Decimal], now: int) -> None:
        amount = self._ledger.fund(holding, one, *rate_and_mark, now)
        touched = (one,) if one.symbol in holding.isolated else ()
        row = events.account_update(holding, "FUNDING_FEE", {MARGIN: amount}, touched, now // 1_000_000,
                                    symbol=one.symbol)  # fmt: skip
        self._streams.emit(holding.account, row, now, one.symbol)

    def _scripted(self, now: int) -> None:
        for fault in self._faults.events("liquidation", "usdm"):
            for holding, one in self._all():
                if fault.hits("usdm", "market", one.symbol):
                    self._liquidate(holding, (one,), now)
        for fault in self._faults.events("adl", "usdm"):
            for holding, one in self._all():
                if fault.hits("usdm", "market", one.symbol):
                    lot = self._orders.markets[one.symbol].listing.lot
                    part = max(int(abs(one.quantity) * fault.fraction) // lot, 1) * lot
                    self._close(holding, one, "adl", min(part, abs(one.quantity)), now)

    def _all(self) -> list[tuple[Holding, Position]]:
        return [(holding, one) for holding in self._ledger.holdings() for one in holding.open_positions()]

    def _settle_delisted(self, holding: Holding, now: int) -> None:
        for one in holding.open_positions():
            if 0 < self._orders.markets[one.symbol].delisting <= now:
                self._close(holding, one, "delisting", abs(one.quantity), now)

    def _margins(self, holding: Holding, now: int) -> None:
        cross = [one for one in holding.open_positions() if one.symbol not in holding.isolated]
        needed = sum((holding.maintenance(one) for one in cross), ZERO)
        there = holding.cross_wallet + holding.cross_unrealised
        if cross and there <= needed:
            self._liquidate(holding, cross, now)
        for one in holding.open_positions():
            backing = one.isolated + holding.unrealised(one)
            if one.symbol in holding.isolated and backing <= holding.maintenance(one):
                self._liquidate(holding, (one,), now)
        self._call(holding, cross, needed, there, now)

    def _call(self, holding: Holding, cross: list[Position], needed: Decimal, there: Decimal, now: int) -> None:
        """Send a margin call once, when margins run low."""
        name = holding.account.name
        if needed <= there * _CALL:
            self._called.discard(name)
        elif cross and name not in self._called:
            self._called.add(name)
            self._streams.emit(holding.account, events.margin_call(holding, cross, now // 1_000_000), now)

    def _liquidate(self, holding: Holding, positions: Iterable[Position], now: int) -> None:
        """Cancel what is open in the symbols, close the positions in the market, and clear with the insurance fund."""
        for one in positions:
            for order in holding.open_orders(one.symbol):
                self._orders.matching.expire(order, "liquidation")
            backing = one.isolated
            before = holding.wallet()
            order = self._forced(holding, one, "liquidation", abs(one.quantity), now)
            order.kind, order.life, order.price = "market", "IOC", None
            self._orders.matching.place(order)
            self._public(order)
            self._clear(holding, one, order, before - backing if backing else ZERO, now)

    def _clear(self, holding: Holding, one: Position, order: Order, floor: Decimal, now: int) -> None:
        """Take the clearance fee; the insurance fund bears what is lost beyond the backing margin."""
        fee = min(rounded(order.funds * _CLEARANCE), max(holding.wallet() - floor, ZERO))
        amount = -fee if holding.wallet() >= floor else floor - holding.wallet()
        if not amount:
            return
        holding.book("INSURANCE_CLEAR", amount, now, symbol=one.symbol, info="INSURANCE_CLEAR")
        row = events.account_update(holding, "INSURANCE_CLEAR", {MARGIN: amount}, (), now // 1_000_000)
        self._streams.emit(holding.account, row, now, one.symbol)

    def _close(self, holding: Holding, one: Position, why: str, quantity: int, now: int) -> None:
        """Close a part of a position at the mark price."""
        order = self._forced(holding, one, why, quantity, now)
        market = order.market
        tick = market.listing.tick
        mark = max(int(mark_of(market) * 10**8) // tick, 1) * tick
        order.price = tick if order.buy else mark * 100
        self._orders.matching.place(order)
        order.price = mark
        self._orders.matching.fill(order, quantity, mark)

    def _forced(self, holding: Holding, one: Position, why: str, quantity: int, now: int) -> Order:
        extra = {"type": "LIMIT" if why == "liquidation" else "MARKET", "position_side": one.side, "forced": why,
                 "tif": "IOC" if why == "liquidation" else "GTC"}  # fmt: skip
        return Order(
            account=holding.account,
            market=self._orders.markets[one.symbol],
            buy=one.quantity < 0,
            quantity=quantity,
            client_id=_NAMES[why].format(now // 1_000_000),
            reduce_only=True,
            smp="NONE",
            extra=extra,
        )
