"""Two made-up instruments and short ways to write quotes and orders, for the suites of venues and fill models."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, TickBand, TickTable
from arbcore.model.market import ClosingQuote, OpeningQuote, Quote
from arbcore.model.order import OrderRequest, OrderType, Side, TimeInForce

SPOT: Final = Instrument(
    venue="sim",
    symbol="CASH-COIN",
    kind=InstrumentKind.SPOT,
    base="COIN",
    quote="CASH",
    ticks=TickTable((TickBand(Decimal(0), Decimal("0.1")), TickBand(Decimal(100), Decimal(1)))),
    lot=Decimal("0.01"),
    min_quantity=Decimal("0.05"),
    min_notional=Decimal(10),
    max_quantity=Decimal(1000),
    fees=FeeSchedule(maker=Decimal("0.0004"), taker=Decimal("0.0005")),
)
"""Spot, with a coarser tick from 100 upward."""

PERPETUAL: Final = Instrument(
    venue="sim",
    symbol="10COINCASH",
    kind=InstrumentKind.PERPETUAL,
    base="COIN",
    quote="CASH",
    ticks=TickTable.flat(Decimal("0.5")),
    lot=Decimal("0.1"),
    min_quantity=Decimal("0.1"),
    min_notional=Decimal(5),
    contract_size=Decimal("0.1"),
    multiplier=Decimal(10),
    fees=FeeSchedule(maker=Decimal("-0.0001"), taker=Decimal("0.0005")),
)
"""A perpetual with a contract size, a multiplier and a maker rebate: what is confused with another shows."""

BALANCES: Final[Mapping[str, Decimal]] = {"CASH": Decimal(100000), "COIN": Decimal(100)}
"""Enough for every order of the suites that is not meant to fail."""


def quote(
    instrument: Instrument, bid: float, ask: float, size: float = 1.0, ask_size: float | None = None, *, at: int = 1
) -> Quote:
    """Return a quote whose venue and receive times are the same."""
    return Quote(instrument.key, at, at, bid, ask, size, size if ask_size is None else ask_size)


def closing(instrument: Instrument, bid: float, ask: float, size: float = 1.0, *, at: int) -> ClosingQuote:
    """Return the touch at a bar's close."""
    return ClosingQuote(instrument.key, at, at, bid, ask, size, size)


def opening(instrument: Instrument, bid: float, ask: float, size: float = 1.0, *, at: int) -> OpeningQuote:
    """Return the touch at a bar's opening."""
    return OpeningQuote(instrument.key, at, at, bid, ask, size, size)


def limit(
    instrument: Instrument,
    side: Side,
    quantity: str | Decimal,
    price: str | Decimal,
    time_in_force: TimeInForce = TimeInForce.IOC,
    *,
    name: str = "a",
    reduce_only: bool = False,
    expires_at: int = 0,
) -> OrderRequest:
    """Return a limit order."""
    return OrderRequest(
        client_order_id=name,
        instrument=instrument.key,
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        time_in_force=time_in_force,
        reduce_only=reduce_only,
        expires_at=expires_at,
    )


def market(instrument: Instrument, side: Side, quantity: str | Decimal, *, name: str = "a") -> OrderRequest:
    """Return a market order."""
    return OrderRequest(
        client_order_id=name,
        instrument=instrument.key,
        side=side,
        type=OrderType.MARKET,
        quantity=Decimal(quantity),
    )
