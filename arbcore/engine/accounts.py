"""Accounts: books fills, fees and funding into cash and lots, and keeps what orders have set aside."""

from collections.abc import Iterable, Mapping
from copy import copy
from decimal import Context, Decimal, localcontext
from itertools import chain
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from arbcore.engine.ledger import Cash, CashMove, CashState, Lots, LotsState, Realised, close_lot
from arbcore.engine.market import Market
from arbcore.errors import ConfigurationError
from arbcore.model.input import AccountSnapshot, FundingPayment
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.money import EXACT, ZERO
from arbcore.model.order import Fill, Side
from arbcore.model.position import Balance, Lot, PositionReport
from arbcore.model.trade import Pnl

if TYPE_CHECKING:
    from collections.abc import Callable

STOCK: Final = ""
"""Trade id of what the session owned at its start."""

IN_TRANSIT: Final = "in transit"
"""Stands in for the venue of money that is on its way between two."""

OPENING: Final = "opening"
"""Reason of what a venue states before trading begins."""

DEPOSIT: Final = "deposit"
WITHDRAWAL: Final = "withdrawal"
TRANSFER: Final = "transfer"
"""Reasons of balance changes that move money in and out: no result, whatever they are worth."""
MISSED_FUNDING: Final = "missed_funding"
"""Reason of a change that is funding of which no payment was told."""
DRIFT: Final = "drift"
"""Reason of any other change that follows the venue: it counts as a fee."""

_CAPITAL: Final = frozenset({DEPOSIT, WITHDRAWAL, TRANSFER})

_REMEMBERED: Final = 10_000
"""Payments that are still known, so that none is booked twice."""

_SHARE_STEP: Final = Decimal("1e-12")
_SHARES: Final = Context(prec=60)
"""Shares of a payment are rounded; the last one takes the remainder, so that their sum is exact."""


class Posting:
    """What a fill or a payment did: cash moves, position change, fee value, and the rate that valued it."""

    __slots__ = ("after", "before", "changes", "fee_value", "moves", "rate", "rate_name", "value")

    def __init__(self, rate: Decimal, rate_name: str) -> None:
        self.changes: dict[str, Decimal] = {}
        self.moves: list[CashMove] = []
        self.before = ZERO
        self.after = ZERO
        self.fee_value = ZERO
        self.value = ZERO
        self.rate = rate
        self.rate_name = rate_name

    def add(self, currency: str, change: Decimal) -> None:
        """Add to the net change of a currency; must run in the exact context."""
        self.changes[currency] = self.changes.get(currency, ZERO) + change


class AccountsState(Struct, frozen=True, kw_only=True):
    """What `Accounts` holds: its parts, what was paid in, and what orders have set aside by venue and currency.

    Payments are those whose second report is known for one, by venue and payment id.
    """

    cash: CashState
    lots: LotsState
    realised: Realised
    stock: dict[str, Decimal]
    entry_values: dict[str, Decimal]
    paid: list[tuple[str, str]]
    by_trade: dict[str, Realised]
    capital: Decimal
    reserved: dict[tuple[str, str], Decimal]


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
        self.realised = Realised()
        self.capital = ZERO
        """What was paid in since trading began, less what was taken out, in base currency at the rates of then."""
        self.margin_shares: Final[dict[str, Decimal]] = {}
        """Share of a perpetual's value that its venue wants as margin at the leverage in force, by instrument."""
        self.stock: Final[dict[str, Decimal]] = {}
        """What was owned at the start and has no lot yet: signed order quantity by instrument."""
        self.elsewhere: Callable[[str], Decimal] = lambda _: ZERO
        """Returns what others hold of an instrument at its venue; set when the engine is wired."""
        self._entry_values: Final[dict[str, Decimal]] = {}
        self._paid: Final[dict[tuple[str, str], None]] = {}
        self._by_trade: Final[dict[str, Realised]] = {}
        self._reserved: Final[dict[tuple[str, str], Decimal]] = {}

    def restate(self, snapshot: AccountSnapshot) -> list[CashMove]:
        """Take over what a venue states before trading begins; a later statement replaces an earlier one."""
        venue = snapshot.venue
        for key in [key for key in self.stock if self._market.instruments[key].instrument.venue == venue]:
            del self.stock[key]
        stated = {currency: ZERO for held_on, currency in self.cash.balances if held_on == venue}
        for balance in snapshot.balances:
            coin = self._market.coins.get((venue, balance.currency))
            if coin is None:
                stated[balance.currency] = balance.total
            elif balance.total:
                self.stock[coin.key] = EXACT.divide(balance.total, coin.instrument.unit)
        for position in snapshot.positions:
            if position.quantity and position.instrument in self._market.instruments:
                self.stock[position.instrument] = position.quantity
                self._entry_values[position.instrument] = position.entry_value
        changes = {code: EXACT.subtract(total, self._balance(venue, code)) for code, total in stated.items()}
        with localcontext(EXACT):
            return [self.cash.post(venue, code, change, OPENING) for code, change in changes.items() if change]

    def open_stock(self) -> None:
        """Turn the stock into lots at the present touch: from here on its value counts.

        What a position has won or lost before is carried as money that its venue pays out when it is closed.
        """
        for key, quantity in self.stock.items():
            instrument = self._market.instruments[key].instrument
            touch = self._market.closing_touch(key, quantity)
            if touch is None:
                raise ValueError(f"{key} has no touch yet")
            rate = self._rate(instrument.quote)
            self.lots.add(Lot(trade=STOCK, instrument=key, quantity=quantity, price=touch, touch=touch, rate=rate))
            if instrument.kind is InstrumentKind.PERPETUAL:
                with localcontext(EXACT):
                    before = quantity * instrument.contract_size * touch - self._entry_values[key]
                    self.cash.carry(instrument.settlement, before)
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
                posting.add(instrument.quote, value)
            quantity = self._fee(fill, instrument, posting, self._account(trade)) * fill.side.sign
            posting.before = self.lots.net.get(fill.instrument, ZERO)
            lot = Lot(
                trade=trade, instrument=fill.instrument, quantity=quantity, price=fill.price, touch=touch, rate=rate
            )
            self._trade_lot(lot, instrument, posting)
            posting.after = self.lots.net[fill.instrument]
            self._settle(instrument.venue, posting, "fill")
        return posting

    def _settle(self, venue: str, posting: Posting, reason: str) -> None:
        """Move cash, one net move per currency."""
        posting.moves = [self.cash.post(venue, code, change, reason) for code, change in posting.changes.items()]

    def move(self, venue: str, currency: str, change: Decimal, reason: str) -> CashMove:
        """Change a balance that no fill or payment changed; the reason says which part of the result it is.

        Args:
            venue: Exchange instance id, or what stands in for one.
            currency: Currency code.
            change: Signed change.
            reason: `DEPOSIT`, `WITHDRAWAL`, `TRANSFER`, `MISSED_FUNDING` or `DRIFT`.
        """
        with localcontext(EXACT):
            move = self.cash.post(venue, currency, change, reason)
            value = change * (self._market.rate_into_base(currency) or ZERO)
            if reason in _CAPITAL:
                self.capital += value
            elif reason == MISSED_FUNDING:
                self.realised.funding += value
            else:
                self.realised.fees += value
        return move

    def worth_on(self, venue: str) -> Decimal | None:
        """Return the cash on a venue in base currency, None while a rate is unknown."""
        worth = ZERO
        with localcontext(EXACT):
            for (held_on, currency), amount in self.cash.balances.items():
                if held_on == venue and amount:
                    rate = self._market.rate_into_base(currency)
                    if rate is None:
                        return None
                    worth += amount * rate
        return worth

    def first_time(self, venue: str, payment_id: str) -> bool:
        """Tell whether a payment is new, and remember it for a while."""
        if (venue, payment_id) in self._paid:
            return False
        self._paid[venue, payment_id] = None
        if len(self._paid) > _REMEMBERED:
            del self._paid[next(iter(self._paid))]
        return True

    def funding(self, payment: FundingPayment) -> tuple[Posting, dict[str, Decimal]]:
        """Book a funding payment; return the posting and its value by trade."""
        instrument = self._market.instruments[payment.instrument].instrument
        posting = Posting(self._rate(payment.currency), self._market.rate_name(payment.currency))
        with localcontext(EXACT):
            posting.value = payment.amount * posting.rate
            posting.add(payment.currency, payment.amount)
            self._settle(instrument.venue, posting, "funding")
            self.realised.funding += posting.value
            shares = self._shares(payment, posting.value)
            for trade, share in shares.items():
                self._account(trade).funding += share
        return posting, shares

    def free(self, venue: str, currency: str) -> Decimal:
        """Return what an order may use of a currency or coin."""
        coin = self._market.coins.get((venue, currency))
        if coin is None:
            held = self._balance(venue, currency) - self._margin(venue, currency)
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

    def forget(self, trade: str, instruments: Iterable[str]) -> None:
        """Drop the account of a closed trade; the session's totals keep it."""
        self._by_trade.pop(trade, None)
        with localcontext(EXACT):
            for instrument in instruments:
                self.lots.sweep(trade, instrument)

    def statement(self, venue: str, now: int) -> AccountSnapshot:
        """Return what a venue holds by this ledger, as the venue would state it if nothing else were on it."""
        with localcontext(EXACT):
            cash = {code: total for (held_on, code), total in self.cash.balances.items() if held_on == venue}
            positions = []
            for state in self._market.instruments.values():
                instrument = state.instrument
                held = self.lots.net.get(state.key, ZERO) + self.stock.get(state.key, ZERO)
                if instrument.venue == venue and instrument.kind is InstrumentKind.PERPETUAL and held:
                    value = self._entry_value(state.key) * instrument.contract_size + self._carried(instrument)
                    positions.append(PositionReport(instrument=state.key, quantity=held, entry_value=value))
            for (held_on, code), coin in self._market.coins.items():
                if held_on == venue:
                    units = self.lots.net.get(coin.key, ZERO) + self.stock.get(coin.key, ZERO)
                    cash[code] = units * coin.instrument.unit
        balances = tuple(Balance(venue=venue, currency=code, total=total) for code, total in cash.items() if total)
        return AccountSnapshot(venue=venue, balances=balances, positions=tuple(positions), ts=now, recv_ts=now)

    def _entry_value(self, key: str) -> Decimal:
        dust = self.lots.dust.get(key)
        return sum((lot.quantity * lot.price for lot in self.lots.of(key)), ZERO if dust is None else dust.value)

    def _carried(self, instrument: Instrument) -> Decimal:
        """Return by how much the venue's entry value of a position that was there at the start differs from ours."""
        stock = [lot for lot in self.lots.of(instrument.key) if lot.trade == STOCK]
        if not stock or instrument.key not in self._entry_values:
            return ZERO
        ours = sum((lot.quantity * lot.price for lot in stock), ZERO) * instrument.contract_size
        return self._entry_values[instrument.key] - ours

    def state(self) -> AccountsState:
        """Return all of it. What nothing is set aside of any more is left out."""
        return AccountsState(
            cash=self.cash.state(),
            lots=self.lots.state(),
            realised=copy(self.realised),
            stock=dict(self.stock),
            entry_values=dict(self._entry_values),
            paid=list(self._paid),
            capital=self.capital,
            by_trade={trade: copy(own) for trade, own in self._by_trade.items()},
            reserved={key: amount for key, amount in sorted(self._reserved.items()) if amount},
        )

    def restore(self, state: AccountsState) -> None:
        """Take over what an earlier `state` returned; nothing was booked yet."""
        self.cash.restore(state.cash)
        self.lots.restore(state.lots)
        self.realised = copy(state.realised)
        self.stock.update(state.stock)
        self._entry_values.update(state.entry_values)
        self._paid.update(dict.fromkeys(state.paid))
        self._by_trade.update({trade: copy(own) for trade, own in state.by_trade.items()})
        self.capital = state.capital
        self._reserved.update(state.reserved)

    def _trade_lot(self, lot: Lot, instrument: Instrument, posting: Posting) -> None:
        own = self._account(lot.trade)
        for opened, taken in self.lots.add(lot):
            closed = close_lot(instrument, opened, taken, lot)
            for account in (own, self.realised):
                account.spread += closed.spread
                account.slippage += closed.slippage
            if closed.cash:
                posting.add(instrument.settlement, closed.cash)

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
            posting.add(fill.fee_currency, -fill.fee)
        own.fees -= posting.fee_value
        self.realised.fees -= posting.fee_value
        return quantity

    def _shares(self, payment: FundingPayment, value: Decimal) -> dict[str, Decimal]:
        held: dict[str, Decimal] = {}
        if payment.instrument in self.lots.dust:
            held[STOCK] = self.lots.dust[payment.instrument].quantity
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

    def _balance(self, venue: str, currency: str) -> Decimal:
        return self.cash.balances.get((venue, currency), ZERO)

    def _margin(self, venue: str, currency: str) -> Decimal:
        """Return what open perpetuals of a venue bind of a settlement currency, at their fills."""
        bound = ZERO
        values = chain(
            ((lot.instrument, lot.quantity * lot.price) for lot in self.lots),
            ((key, dust.value) for key, dust in self.lots.dust.items()),
        )
        for key, value in values:
            instrument = self._market.instruments[key].instrument
            held_there = instrument.venue == venue and instrument.settlement == currency
            if held_there and instrument.kind is InstrumentKind.PERPETUAL:
                bound += abs(value) * instrument.contract_size * self._margin_rate(instrument)
        return bound

    def _margin_rate(self, instrument: Instrument) -> Decimal:
        if instrument.kind is InstrumentKind.SPOT:
            return Decimal(1)
        share = self.margin_shares.get(instrument.key)
        return self._margin_rates.get(instrument.venue, Decimal(1)) if share is None else share

    def _account(self, trade: str) -> Realised:
        return self._by_trade.setdefault(trade, Realised())

    def _rate(self, currency: str) -> Decimal:
        rate = self._market.rate_into_base(currency)
        if rate is None:
            raise ConfigurationError(
                f"nothing values {currency} in {self._market.base_currency}", "configure a rate for the pair"
            )
        return rate
