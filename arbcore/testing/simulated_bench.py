"""What the suite of real venues needs of a venue that is simulated in process: market, faults and witness."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from arbcore.model.instrument import Instrument, InstrumentKind
from arbcore.model.order import OrderOrigin, OrderRequest, OrderType, TimeInForce
from arbcore.ports.trading import Venue
from arbcore.ports.venue import Capabilities, SimVenue
from arbcore.testing.samples import quote
from arbcore.testing.simulated_exchange import SimulatedExchange
from arbcore.testing.simulated_venue import SimulatedVenue
from arbcore.testing.trading_bench import Faults, Market, Touch, Witness

_BID, _ASK, _SIZE = 98.0, 99.0, 5.0


class SimulatedBench:
    """A `SimVenue` with the sample touch of 98 to 99, five lots deep on each side, and all parts that the suite takes.

    Args:
        venue: The simulated venue, with money and without instruments.
        instrument: The instrument to trade, such as `arbcore.testing.samples.SPOT`.
    """

    def __init__(self, venue: SimVenue, instrument: Instrument) -> None:
        venue.list_instrument(instrument)
        self.exchange = SimulatedExchange(venue, [instrument])
        self._instrument = instrument
        self._show(_BID, _ASK)

    def open_venue(self) -> Venue:
        """Return a venue on the account, not entered."""
        return SimulatedVenue(self.exchange)

    @property
    def market(self) -> Market:
        """The market."""
        return Market(instrument=self._instrument, touch=self._touch, move_to=self._move_to, distance=Decimal("0.05"))

    @property
    def faults(self) -> Faults:
        """The line's faults."""
        return self.exchange.line.faults(self._fill_resting)

    @property
    def witness(self) -> Witness:
        """The far side's own view."""
        return Witness(orders=self._orders, balances=self._balances, place=self._place)

    @property
    def capabilities(self) -> Capabilities:
        """What a simulated venue can do once it is dressed as a real one."""
        return Capabilities(
            kinds=frozenset({self._instrument.kind}),
            trading=True,
            order_types=frozenset({OrderType.LIMIT, OrderType.MARKET}),
            times_in_force=frozenset(TimeInForce),
            client_ids=True,
            reduce_only=self._instrument.kind is InstrumentKind.PERPETUAL,
            forever_ids=True,
        )

    def _show(self, bid: float, ask: float) -> None:
        self.exchange.market(quote(self._instrument, bid, ask, _SIZE, at=self.exchange.now()))

    def _fill_resting(self) -> None:
        self._show(_BID / 2, _BID / 2 + 1)
        self._show(_ASK * 2, _ASK * 2 + 1)
        self._show(_BID, _ASK)

    async def _touch(self) -> Touch:
        return Touch(Decimal(repr(_BID)), Decimal(repr(_SIZE)), Decimal(repr(_ASK)), Decimal(repr(_SIZE)))

    async def _move_to(self, price: Decimal) -> None:
        tick, at = float(self._instrument.ticks.tick_at(price)), float(price)
        if at < _ASK:
            self._show(at - 2 * tick, at - tick)
        else:
            self._show(at + tick, at + 2 * tick)
        self._show(_BID, _ASK)

    async def _orders(self) -> Sequence[str]:
        return list(self.exchange.taken)

    async def _balances(self) -> Mapping[str, tuple[Decimal, Decimal | None]]:
        return {one.currency: (one.total, one.locked) for one in self.exchange.snapshot().balances}

    async def _place(self, order: OrderRequest) -> str:
        return self.exchange.submit(order, OrderOrigin.FOREIGN).venue_order_id
