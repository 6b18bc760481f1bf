"""Accounts: books fills, fees and funding into cash and lots, and keeps what orders have set aside."""

from collections.abc import Mapping
from decimal import Context, Decimal, localcontext
from typing import Final

from arbcore.engine.ledger import Cash, CashMove, Lots, Realised, close_lot
from arbcore.engine.market import Market
from arbcore.errors import ConfigurationError
from arbcore.model.input import AccountSnapshot, FundingPayment
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.money import EXACT, ZERO
from arbcore.model.order import Fill, Side
from arbcore.model.position import Lot
from arbcore.model.trade import Pnl

STOCK: Final = ""
"""Trade id of what the session owned at its start."""

_SHARE_STEP: Final = Decimal("1e-12")
_SHARES: Final = Context(prec=60)
"""Shares of a payment are rounded; the last one takes the remainder, so that their sum is exact."""


class Posting:
    """What a fill or a payment did: cash moves, position change, fee value, and the rate that valued it."""

    __slots__ = ("after", "before", "fee_value", "moves", "rate", "rate_name", "value")

    def __init__(self, rate: Decimal, rate_name: str) -> None:
        self.moves: list[CashMove] = []
        self.before = ZERO
        self.after = ZERO
        self.fee_value = ZERO
        self.value = ZERO
        self.rate = rate
        self.rate_name = rate_name


class Accounts:
    """Cash, lots and realised profit of a session.

    Args:
        market: Touches and rates.
        margin_rates: Share of a perpetual's value that its venue wants as margin, by venue; one where absent.
    """

    def __init__(self, market: Market, margin_rates: Mapping[str, Decimal]) -> None:
        self._market: Final = market
        self._margin_rates: Final = margin_rates
        self.cash: Final = Cash(market.rate_into_base)
        self.lots: Final = Lots()
        self.realised: Final = Realised()
        self.stock: Final[dict[str, Decimal]] = {}
        """What was owned at the start and has no lot yet: signed order quantity by instrument."""
        self._by_trade: Final[dict[str, Realised]] = {}
        self._reserved: Final[dict[tuple[str, str], Decimal]] = {}

    def open_account(self, snapshot: AccountSnapshot) -> list[CashMove]:
        """Take over a venue's balances and positions at the start of the session."""
        moves = []
        for balance in snapshot.balances:
            coin = self._market.coins.get((balance.venue, balance.currency))
            if coin is None:
                moves.append(self.cash.post(balance.venue, balance.currency, balance.total, "opening"))
            elif balance.total:
                self.stock[coin.key] = EXACT.divide(balance.total, coin.instrument.unit)
        self.stock.update({item.instrument: item.quantity for item in snapshot.positions if item.quantity})
        return moves

    def open_stock(self) -> None:
        """Turn the stock into lots at the present touch: from here on its value counts."""
        for key, quantity in self.stock.items():
            instrument = self._market.instruments[key].instrument
            touch = self._market.closing_touch(key, quantity)
            if touch is None:
                raise ValueError(f"{key} has no touch yet")
            rate = self._rate(instrument.quote)
            self.lots.add(Lot(trade=STOCK, instrument=key, quantity=quantity, price=touch, touch=touch, rate=rate))
        self.stock.clear()

    def fill(self, fill: Fill, trade: str, touch: Decimal) -> Posting:
        """Book a fill and its fee.

        Raises:
            ConfigurationError: A currency of the fill has no rate into the base currency.
        """
        instrument = self._market.instruments[fill.instrument].instrument
        rate = self._rate(instrument.quote)
        posting = Posting(rate, self._market.rate_name(instrument.quote))
        with localcontext(EXACT):
            if instrument.kind is InstrumentKind.SPOT:
                value = fill.quantity * instrument.contract_size * fill.price * -fill.side.sign
                posting.moves.append(self.cash.post(instrument.venue, instrument.quote, value, "fill"))
            quantity = self._fee(fill, instrument, posting, self._account(trade)) * fill.side.sign
            posting.before = self.lots.net.get(fill.instrument, ZERO)
            lot = Lot(
                trade=trade, instrument=fill.instrument, quantity=quantity, price=fill.price, touch=touch, rate=rate
            )
            self._trade_lot(lot, instrument, posting)
            posting.after = self.lots.net[fill.instrument]
        return posting

    def funding(self, payment: FundingPayment) -> tuple[Posting, dict[str, Decimal]]:
        """Book a funding payment; return the posting and its value by trade."""
        instrument = self._market.instruments[payment.instrument].instrument
        posting = Posting(self._rate(payment.currency), self._market.rate_name(payment.currency))
        with localcontext(EXACT):
            posting.value = payment.amount * posting.rate
            posting.moves.append(self.cash.post(instrument.venue, payment.currency, payment.amount, "funding"))
            self.realised.funding += posting.value
            shares = self._shares(payment, posting.value)
            for trade, share in shares.items():
                self._account(trade).funding += share
        return posting, shares

    def free(self, venue: str, currency: str) -> Decimal:
        """Return what an order may use of a currency or coin."""
        coin = self._market.coins.get((venue, currency))
        if coin is None:
            held = self.cash.balances.get((venue, currency), ZERO) - self._margin(venue, currency)
        else:
            units = self.lots.net.get(coin.key, ZERO) + self.stock.get(coin.key, ZERO)
            held = units * coin.instrument.unit
        return held - self._reserved.get((venue, currency), ZERO)

    def need(self, instrument: Instrument, side: Side, quantity: Decimal, price: Decimal) -> tuple[str, Decimal]:
        """Return the currency and amount that an opening order needs free, fees included."""
        if instrument.kind is InstrumentKind.SPOT and side is Side.SELL:
            return instrument.base, quantity * instrument.unit
        share = max(instrument.fees.taker, ZERO) + self._margin_rate(instrument)
        return instrument.settlement, quantity * instrument.contract_size * price * share

    def reserve(self, venue: str, currency: str, amount: Decimal) -> None:
        """Set an amount aside for an order; a negative amount gives it back."""
        key = (venue, currency)
        self._reserved[key] = self._reserved.get(key, ZERO) + amount

    def trade_pnl(self, trade: str) -> Pnl:
        """Return what a trade has realised so far."""
        own = self._by_trade.get(trade) or Realised()
        return Pnl(spread=own.spread, slippage=own.slippage, fees=own.fees, funding=own.funding)

    def forget(self, trade: str) -> None:
        """Drop the account of a closed trade; the session's totals keep it."""
        self._by_trade.pop(trade, None)

    def _trade_lot(self, lot: Lot, instrument: Instrument, posting: Posting) -> None:
        own = self._account(lot.trade)
        for opened, taken in self.lots.add(lot):
            closed = close_lot(instrument, opened, taken, lot)
            for account in (own, self.realised):
                account.spread += closed.spread
                account.slippage += closed.slippage
            if closed.cash:
                posting.moves.append(self.cash.post(instrument.venue, instrument.settlement, closed.cash, "pnl"))

    def _fee(self, fill: Fill, instrument: Instrument, posting: Posting, own: Realised) -> Decimal:
        """Book the fee; return the quantity that moves the position, net of a fee taken in the coin itself."""
        quantity = fill.quantity
        if not fill.fee:
            return quantity
        if instrument.kind is InstrumentKind.SPOT and fill.fee_currency == instrument.base:
            units = fill.fee / instrument.unit
            quantity -= units * fill.side.sign
            posting.fee_value = units * instrument.contract_size * fill.price * posting.rate
        else:
            posting.fee_value = fill.fee * self._rate(fill.fee_currency)
            posting.moves.append(self.cash.post(instrument.venue, fill.fee_currency, -fill.fee, "fee"))
        own.fees -= posting.fee_value
        self.realised.fees -= posting.fee_value
        return quantity

    def _shares(self, payment: FundingPayment, value: Decimal) -> dict[str, Decimal]:
        held: dict[str, Decimal] = {}
        for lot in self.lots.of(payment.instrument):
            held[lot.trade] = held.get(lot.trade, ZERO) + lot.quantity
        if not held or not payment.quantity:
            return {STOCK: value}
        shares, left = {}, value
        for trade, quantity in held.items():
            part = _SHARES.divide(_SHARES.multiply(value, quantity), payment.quantity)
            shares[trade] = _SHARES.quantize(part, _SHARE_STEP)
            left -= shares[trade]
        shares[next(reversed(shares))] += left
        return shares

    def _margin(self, venue: str, currency: str) -> Decimal:
        """Return what open perpetuals of a venue bind of a settlement currency, at their fills."""
        bound = ZERO
        for lot in self.lots:
            instrument = self._market.instruments[lot.instrument].instrument
            held_there = instrument.venue == venue and instrument.settlement == currency
            if held_there and instrument.kind is InstrumentKind.PERPETUAL:
                rate = self._margin_rate(instrument)
                bound += abs(lot.quantity) * instrument.contract_size * lot.price * rate
        return bound

    def _margin_rate(self, instrument: Instrument) -> Decimal:
        if instrument.kind is InstrumentKind.SPOT:
            return Decimal(1)
        return self._margin_rates.get(instrument.venue, Decimal(1))

    def _account(self, trade: str) -> Realised:
        return self._by_trade.setdefault(trade, Realised())

    def _rate(self, currency: str) -> Decimal:
        rate = self._market.rate_into_base(currency)
        if rate is None:
            raise ConfigurationError(
                f"nothing values {currency} in {self._market.base_currency}", "configure a rate for the pair"
            )
        return rate
