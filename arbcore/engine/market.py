"""The market as the engine sees it: last touch of every instrument, last value of every conversion rate."""

from decimal import Decimal
from math import nan
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from arbcore.errors import ConfigurationError
from arbcore.model.grid import Rounding
from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.market import ClosingQuote, FxRate, Quote
from arbcore.model.money import inverse_rate, quantise_rate
from arbcore.model.order import Side
from arbcore.model.reason import Reason

if TYPE_CHECKING:
    from arbcore.engine.route import Route

LEAST_RATE: Final = 1e-12
LARGEST_RATE: Final = 1e12
"""Outside these bounds a rate or its inverse vanishes at twelve decimals."""

NEVER: Final = 2**63 - 1
_TOUCH: Final = -1.0
"""In place of an allowance: the touch itself."""


class InstrumentState:
    """Last touch of one instrument, and the routes that it moves.

    The hot path sets `bid`, `ask` and `quote`; everything else is read from the quote when it is needed.
    """

    __slots__ = (
        "_placed",
        "_placed_for",
        "ask",
        "barred",
        "bid",
        "by_bars",
        "instrument",
        "invalid",
        "key",
        "mark",
        "quote",
        "routes",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument: Final = instrument
        self.key: Final = instrument.key
        self.bid = nan
        self.ask = nan
        self.mark = nan
        """Mark price of a perpetual, as far as its feed tells one."""
        self.quote: Quote | ClosingQuote | None = None
        self.by_bars = False
        """Whether bars drive it, so that an order fills at the next opening only."""
        self.invalid = Reason.BOOK_INVALID.value
        """Reason code while the touch can't be trusted, empty while it can."""
        self.barred = ""
        """Reason code while venue or market let nothing be decided, however good the touch is; empty otherwise."""
        self.routes: list[Route] = []
        self._placed: dict[tuple[Side, float], Decimal] = {}
        self._placed_for: Quote | ClosingQuote | None = None

    @property
    def recv_ts(self) -> int:
        """When the touch was received, -1 before the first."""
        return -1 if self.quote is None else self.quote.recv_ts

    @property
    def bid_size(self) -> float:
        """Quantity at the bid."""
        return 0.0 if self.quote is None else self.quote.bid_size

    @property
    def ask_size(self) -> float:
        """Quantity at the ask."""
        return 0.0 if self.quote is None else self.quote.ask_size

    def touch(self, side: Side) -> Decimal:
        """Return the price at which an order of a side would take, on the grid, rounded against the taker.

        Raises:
            ValueError: There was no valid quote yet.
        """
        return self._place(side, _TOUCH)

    def worst_price(self, side: Side, slippage_bps: float) -> Decimal:
        """Return the touch moved by an allowance, on the grid, rounded toward the touch and never inside it.

        It is no worse than the venue's price band, inside of which the touch need not lie.
        """
        worst, bound = self._place(side, slippage_bps), self._bound(side)
        if side is Side.BUY:
            worst = max(self.touch(side), worst)
            return worst if bound is None else min(worst, bound)
        worst = min(self.touch(side), worst)
        return worst if bound is None else max(worst, bound)

    def banded(self, side: Side, price: Decimal) -> bool:
        """Tell whether a venue refuses a limit for its distance from the mark price."""
        bound = self._bound(side)
        return bound is not None and (price > bound if side is Side.BUY else price < bound)

    def _bound(self, side: Side) -> Decimal | None:
        """Return the worst limit that the price band lets an order have, None where it bounds nothing."""
        band = self.instrument.price_band
        if band is None or not self.mark > 0.0:
            return None
        if side is Side.BUY:
            return self.instrument.ticks.place(self.mark * float(band.highest_bid), Rounding.DOWN)
        return self.instrument.ticks.place(self.mark * float(band.lowest_ask), Rounding.UP)

    def size(self, side: Side) -> float:
        """Return the quantity that an order of a side would find at the touch."""
        return self.ask_size if side is Side.BUY else self.bid_size

    def _place(self, side: Side, slippage_bps: float) -> Decimal:
        """Return a price on the grid; each is placed once per quote."""
        if self._placed_for is not self.quote:
            self._placed.clear()
            self._placed_for = self.quote
        placed = self._placed.get((side, slippage_bps))
        if placed is None:
            placed = self._placed[side, slippage_bps] = self._compute(side, slippage_bps)
        return placed

    def _compute(self, side: Side, slippage_bps: float) -> Decimal:
        ticks = self.instrument.ticks
        if slippage_bps == _TOUCH:
            return ticks.place(self.ask, Rounding.UP) if side is Side.BUY else ticks.place(self.bid, Rounding.DOWN)
        if side is Side.BUY:
            return ticks.place(self.ask * (1.0 + slippage_bps / 1e4), Rounding.DOWN)
        return ticks.place(self.bid * (1.0 - slippage_bps / 1e4), Rounding.UP)


class RateValue(Struct, frozen=True, kw_only=True):
    """The last value of a conversion rate, as `RateState` keeps it."""

    pay: float
    get: float
    recv_ts: int
    source: str
    mid: float
    valuation: Decimal | None


class RateState:
    """Last value of one named rate, as units of base currency for one unit of the other currency.

    Args:
        name: Name in the config, ``first_second``: units of the second currency for one of the first.
        base_currency: The session's base currency; it must be one of the two.
        max_age_ns: Oldest value that an entry may use.

    Raises:
        ConfigurationError: The name does not pair the base currency with another.
    """

    __slots__ = (
        "_inverse",
        "_mid",
        "_valuation",
        "currency",
        "get",
        "max_age_ns",
        "name",
        "pay",
        "recv_ts",
        "routes",
        "source",
    )

    def __init__(self, name: str, base_currency: str, max_age_ns: int) -> None:
        first, _, second = name.upper().partition("_")
        if base_currency not in {first, second} or first == second or not second:
            raise ConfigurationError(
                f"rates.{name}: the name must pair the base currency {base_currency} with another one",
                f"name it {base_currency.lower()}_<currency> or <currency>_{base_currency.lower()}",
            )
        self.name: Final = name
        self.max_age_ns: Final = max_age_ns
        self._inverse: Final = first == base_currency
        self.currency: Final = second if self._inverse else first
        self.pay = nan
        self.get = nan
        self.recv_ts = -1
        self.source = ""
        self.routes: list[Route] = []
        self._mid = nan
        self._valuation: Decimal | None = None

    def update(self, rate: FxRate) -> None:
        """Take a new value; the caller has checked that it is finite and not crossed."""
        if self._inverse:
            self.pay, self.get = 1.0 / rate.bid, 1.0 / rate.ask
        else:
            self.pay, self.get = rate.ask, rate.bid
        self.recv_ts = rate.recv_ts
        self.source = rate.source
        mid = (rate.bid + rate.ask) / 2
        if mid != self._mid:
            self._mid = mid
            self._valuation = None

    @property
    def known(self) -> bool:
        """Whether any value has arrived."""
        return self.recv_ts >= 0

    def fresh(self, now: int) -> bool:
        """Tell whether an entry may use the value."""
        return self.recv_ts >= 0 and now - self.recv_ts <= self.max_age_ns

    def state(self) -> RateValue:
        """Return its value."""
        return RateValue(
            pay=self.pay,
            get=self.get,
            recv_ts=self.recv_ts,
            source=self.source,
            mid=self._mid,
            valuation=self._valuation,
        )

    def restore(self, value: RateValue) -> None:
        """Take over what an earlier `state` returned."""
        self.pay, self.get, self.recv_ts, self.source = value.pay, value.get, value.recv_ts, value.source
        self._mid, self._valuation = value.mid, value.valuation

    def assume(self, valuation: Decimal) -> None:
        """Value balances with a rate that a journal tells, until the next value arrives."""
        self.recv_ts = max(self.recv_ts, 0)
        self._mid, self._valuation = nan, valuation

    def valuation(self) -> Decimal:
        """Return the mid rate at twelve decimals: what balances are valued with.

        Raises:
            ValueError: No value has arrived yet.
        """
        if self._valuation is None:
            self._valuation = inverse_rate(self._mid) if self._inverse else quantise_rate(self._mid)
        return self._valuation


class Market:
    """All instruments and rates of a session.

    Args:
        instruments: Every instrument.
        rates: Largest age for entries by rate name.
        base_currency: Currency of all results.
    """

    def __init__(self, instruments: tuple[Instrument, ...], rates: dict[str, int], base_currency: str) -> None:
        self.base_currency: Final = base_currency
        self.instruments: Final = {item.key: InstrumentState(item) for item in instruments}
        self.rates: Final = {name: RateState(name, base_currency, age) for name, age in rates.items()}
        self._by_currency: Final = {rate.currency: rate for rate in reversed(self.rates.values())}
        cash = {item.quote for item in instruments} | {item.settlement for item in instruments} | {base_currency}
        self.coins: Final = {
            (item.venue, item.base): self.instruments[item.key]
            for item in reversed(instruments)
            if item.kind is InstrumentKind.SPOT and item.base not in cash
        }
        """Market that values a coin held on a venue; currencies that prices are quoted in are cash instead."""

    def rate_into_base(self, currency: str) -> Decimal | None:
        """Return units of base currency for one unit of a currency, None while unknown."""
        if currency == self.base_currency:
            return Decimal(1)
        rate = self._by_currency.get(currency)
        return rate.valuation() if rate is not None and rate.known else None

    def assume(self, currency: str, rate: Decimal | None) -> None:
        """Value a currency with a rate that a journal tells; None changes nothing."""
        known = self._by_currency.get(currency)
        if known is not None and rate is not None:
            known.assume(rate)

    def rate_values(self) -> dict[str, RateValue]:
        """Return the last value of every rate that is known; touches of instruments are learned anew instead."""
        return {name: rate.state() for name, rate in self.rates.items() if rate.known}

    def restore_rates(self, values: dict[str, RateValue]) -> None:
        """Take over what `rate_values` returned; a rate that is configured no more is left out."""
        for name, value in values.items():
            if name in self.rates:
                self.rates[name].restore(value)
        for rate in self.rates.values():
            for route in rate.routes:
                route.fold_rates()

    def rate_name(self, currency: str) -> str:
        """Return the name of the rate that values a currency, empty for the base currency.

        Raises:
            ConfigurationError: No rate links the currency to the base currency.
        """
        if currency == self.base_currency:
            return ""
        rate = self._by_currency.get(currency)
        if rate is None:
            raise ConfigurationError(
                f"no rate converts {currency} into the base currency {self.base_currency}",
                f"add rates.{self.base_currency.lower()}_{currency.lower()}",
            )
        return rate.name

    def fresh(self, currency: str, now: int) -> bool:
        """Tell whether the rate of a currency is fresh enough for verdicts on equity."""
        rate = self._by_currency.get(currency)
        return currency == self.base_currency or (rate is not None and rate.fresh(now))

    def last_change(self) -> int:
        """Return when the newest touch or rate was received."""
        touches = (state.recv_ts for state in self.instruments.values())
        return max(max(touches, default=-1), max((rate.recv_ts for rate in self.rates.values()), default=-1))

    def closing_touch(self, instrument: str, quantity: Decimal) -> Decimal | None:
        """Return the price that would close a net quantity; the last one known where the book is invalid now."""
        state = self.instruments[instrument]
        if state.recv_ts < 0:
            return None
        return state.touch(Side.SELL if quantity >= 0 else Side.BUY)
