"""What an instrument costs: values, fees and the funds that an order needs. Products only, so that all is exact."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, Context, Decimal
from typing import Final

from msgspec import Struct

from arbcore.errors import ConfigurationError
from arbcore.model.grid import Rounding
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.money import EXACT, RATE_STEP, ZERO
from arbcore.model.order import Liquidity, Side

Amounts = tuple[tuple[str, Decimal], ...]
"""Amounts by currency, each currency once."""

_UP: Final = Context(prec=60, rounding=ROUND_CEILING)
_ONE: Final = Decimal(1)


def margin_rate(leverage: Decimal) -> Decimal:
    """Return margin for one unit of value, rounded up at twelve decimals: the one division of this venue."""
    return _UP.divide(_ONE, leverage).quantize(RATE_STEP, context=_UP).normalize(_UP)


class Market(Struct, frozen=True, kw_only=True):
    """An instrument with everything that is computed from it per order taken out of it once.

    Attributes:
        instrument: The instrument.
        key: Its key.
        is_spot: True for spot, False for a perpetual.
        base: Coin that is traded.
        quote: Currency of prices and values.
        settle: Currency of a perpetual's profit.
        size: Base units (before the multiplier) of one order unit: value = quantity x size x price.
        unit: Base coins of one order unit.
        rates: Fee rate by liquidity.
        reserve_rate: Fee rate that reservations count on: the dearer one, never negative.
        fee_currency: Currency that fees are charged in.
        fee_factor: Units of the fee currency for one unit of the quote currency; 0 where the fee is a share of the
            base coins.
        margin_rate: Margin for one unit of a perpetual's value.
    """

    instrument: Instrument
    key: str
    is_spot: bool
    base: str
    quote: str
    settle: str
    size: Decimal
    unit: Decimal
    rates: dict[Liquidity, Decimal]
    reserve_rate: Decimal
    fee_currency: str
    fee_factor: Decimal
    margin_rate: Decimal

    def value(self, quantity: Decimal, price: Decimal) -> Decimal:
        """Return quantity x size x price in the quote currency, with the quantity's sign."""
        return EXACT.multiply(EXACT.multiply(quantity, self.size), price)

    def fee(self, value: Decimal, quantity: Decimal, rate: Decimal) -> Decimal:
        """Return the exact fee in the fee currency, for a positive quantity and its value."""
        if self.fee_factor == _ONE:
            return EXACT.multiply(value, rate)
        if self.fee_factor:
            return EXACT.multiply(EXACT.multiply(value, rate), self.fee_factor)
        return EXACT.multiply(EXACT.multiply(quantity, self.unit), rate)

    def needs(self, side: Side, quantity: Decimal, price: Decimal, opened: Decimal) -> Amounts:
        """Return the funds that an order or an execution takes before it gives any.

        Args:
            side: Buy or sell.
            quantity: Quantity in order units.
            price: Price that values it.
            opened: Part of the quantity that opens or adds to a perpetual position; what closes needs nothing.
        """
        if not self.is_spot:
            value = self.value(opened, price)
            return self._with_fee(self.settle, EXACT.multiply(value, self.margin_rate), value, opened)
        value = self.value(quantity, price)
        if side is Side.BUY:
            paid, amount, got = self.quote, value, self.base
        else:
            paid, amount, got = self.base, EXACT.multiply(quantity, self.unit), self.quote
        # A fee in what is received is taken out of it.
        return ((paid, amount),) if self.fee_currency == got else self._with_fee(paid, amount, value, quantity)

    def place(self, touch: tuple[float, float], side: Side) -> Decimal:
        """Return the touch that an order of a side meets, on the grid, rounded against the order."""
        if side is Side.BUY:
            return self.instrument.ticks.place(touch[1], Rounding.UP)
        return self.instrument.ticks.place(touch[0], Rounding.DOWN)

    def _with_fee(self, currency: str, amount: Decimal, value: Decimal, quantity: Decimal) -> Amounts:
        """Return an amount of a currency together with the fee that is likely for a value and its quantity."""
        fee = self.fee(value, quantity, self.reserve_rate)
        if not fee:
            return ((currency, amount),)
        if currency == self.fee_currency:
            return ((currency, EXACT.add(amount, fee)),)
        return ((currency, amount), (self.fee_currency, fee))


def market_of(instrument: Instrument, margin: Decimal, fee_rates: Mapping[str, Decimal]) -> Market:
    """Return what the venue keeps of an instrument.

    Raises:
        ConfigurationError: A perpetual that does not settle in its quote currency, or a fee currency without a rate.
    """
    settle, is_spot = instrument.settlement, instrument.kind is InstrumentKind.SPOT
    if not is_spot and settle != instrument.quote:
        raise ConfigurationError(
            f"paper venue: {instrument.key} settles in {settle} and is quoted in {instrument.quote}",
            "inverse and quanto perpetuals can't be simulated; use a linear one",
        )
    fees = instrument.fees
    fee_currency = fees.currency or settle
    return Market(
        instrument=instrument,
        key=instrument.key,
        is_spot=is_spot,
        base=instrument.base,
        quote=instrument.quote,
        settle=settle,
        size=instrument.contract_size,
        unit=instrument.unit,
        rates={Liquidity.MAKER: fees.maker, Liquidity.TAKER: fees.taker},
        reserve_rate=max(fees.maker, fees.taker, ZERO),
        fee_currency=fee_currency,
        fee_factor=_fee_factor(instrument, fee_currency, fee_rates),
        margin_rate=margin,
    )


def _fee_factor(instrument: Instrument, fee_currency: str, fee_rates: Mapping[str, Decimal]) -> Decimal:
    if fee_currency == instrument.quote:
        return _ONE
    if fee_currency == instrument.base:
        return ZERO
    pair = f"{fee_currency}/{instrument.quote}"
    if pair not in fee_rates:
        raise ConfigurationError(
            f"paper venue: {instrument.key} charges its fees in {fee_currency} and no rate of {pair} is set",
            f"set paper.fee_rates.{pair} to the units of {fee_currency} for one {instrument.quote}",
        )
    return fee_rates[pair]
