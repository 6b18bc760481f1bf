"""The account of one exchange: what it owns, what is locked, and its positions. Every move is an exact sum."""

from decimal import Decimal

from msgspec import Struct

from arbcore.model.money import EXACT, ZERO
from arbcore.model.order import Fill, Side
from arbcore.model.position import Balance, PositionReport
from arbcore_exchange_paper.market import Amounts, Market
from arbcore_exchange_paper.position import NetPosition


class Account(Struct):
    """Balances and positions.

    Attributes:
        totals: Amount owned by currency.
        reserved: Amount that working orders hold back, by currency.
        margins: Amount that positions hold back, by currency.
        positions: Net positions by instrument key.
    """

    totals: dict[str, Decimal]
    reserved: dict[str, Decimal]
    margins: dict[str, Decimal]
    positions: dict[str, NetPosition]

    def free(self, currency: str) -> Decimal:
        """Return what an order may use; negative where losses ate into the margin."""
        unreserved = EXACT.subtract(self.totals.get(currency, ZERO), self.reserved.get(currency, ZERO))
        return EXACT.subtract(unreserved, self.margins.get(currency, ZERO))

    def covers(self, amounts: Amounts) -> bool:
        """Tell whether the free balances suffice."""
        return all(not amount or self.free(currency) >= amount for currency, amount in amounts)

    def reserve(self, amounts: Amounts) -> None:
        """Hold amounts back."""
        for currency, amount in amounts:
            self.reserved[currency] = EXACT.add(self.reserved.get(currency, ZERO), amount)

    def release(self, amounts: Amounts) -> None:
        """Free amounts that were held back."""
        for currency, amount in amounts:
            self.reserved[currency] = EXACT.subtract(self.reserved[currency], amount)

    def move(self, currency: str, amount: Decimal) -> None:
        """Credit an amount, or debit a negative one."""
        self.totals[currency] = EXACT.add(self.totals.get(currency, ZERO), amount)

    def opened(self, market: Market, side: Side, quantity: Decimal, claimed: Decimal = ZERO) -> Decimal:
        """Return the part of a quantity that opens a position.

        Args:
            market: The market; on spot nothing opens.
            side: Buy or sell.
            quantity: Quantity of the order.
            claimed: Part of the opposite position that other working orders are going to close.
        """
        position = None if market.is_spot else self.positions.get(market.key)
        if position is None:
            return ZERO if market.is_spot else quantity
        closable = max(EXACT.subtract(position.opposite(side.sign), claimed), ZERO)
        return max(EXACT.subtract(quantity, closable), ZERO)

    def trade(self, market: Market, fill: Fill, value: Decimal) -> None:
        """Book a fill of a value, with its fee."""
        side, quantity = fill.side, fill.quantity
        self.move(fill.fee_currency, fill.fee.copy_negate())
        if not market.is_spot:
            signed = quantity if side is Side.BUY else quantity.copy_negate()
            self.move(market.settle, self.trade_position(market, signed, fill.price))
            return
        coins = EXACT.multiply(quantity, market.unit)
        if side is Side.BUY:
            self.move(market.quote, value.copy_negate())
            self.move(market.base, coins)
        else:
            self.move(market.base, coins.copy_negate())
            self.move(market.quote, value)

    def trade_position(self, market: Market, quantity: Decimal, price: Decimal) -> Decimal:
        """Move a perpetual position and its margin; return the profit of what was closed."""
        position = self.positions.setdefault(market.key, NetPosition([]))
        before = _margin(market, position)
        profit = position.trade(quantity, price)
        change = EXACT.subtract(_margin(market, position), before)
        self.margins[market.settle] = EXACT.add(self.margins.get(market.settle, ZERO), change)
        if not position.lots:
            del self.positions[market.key]
        return EXACT.multiply(profit, market.size)

    def adopt(self, market: Market, position: PositionReport) -> None:
        """Take over a position; there is none in its market yet."""
        adopted = NetPosition.of(position.quantity, EXACT.divide(position.entry_value, market.size))
        self.positions[market.key] = adopted
        self.margins[market.settle] = EXACT.add(self.margins.get(market.settle, ZERO), _margin(market, adopted))

    def balances(self, venue: str) -> tuple[Balance, ...]:
        """Return every balance that is not zero, by currency.

        What is locked is shown no larger than what is owned: losses may eat into the margin.
        """
        found = []
        for currency, total in sorted(self.totals.items()):
            locked = EXACT.add(self.reserved.get(currency, ZERO), self.margins.get(currency, ZERO))
            if total:
                found.append(Balance(venue=venue, currency=currency, total=total, locked=min(locked, max(total, ZERO))))
        return tuple(found)

    def reports(self, markets: dict[str, Market]) -> tuple[PositionReport, ...]:
        """Return every position, by instrument key."""
        return tuple(
            PositionReport(
                instrument=key,
                quantity=position.quantity,
                entry_value=EXACT.multiply(position.entry, markets[key].size),
            )
            for key, position in sorted(self.positions.items())
        )


def _margin(market: Market, position: NetPosition) -> Decimal:
    return EXACT.multiply(EXACT.multiply(position.entry.copy_abs(), market.size), market.margin_rate)
