"""Instruments from the venue's own listing: a pure reader of the reply to ``exchangeInfo``.

Filters as Binance's API documentation names them: PRICE_FILTER, LOT_SIZE, MARKET_LOT_SIZE, and MIN_NOTIONAL (USD-M,
older spot symbols) or NOTIONAL (spot). Precision fields are no substitute for tick and step.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from arbcore.errors import DataError
from arbcore.model.grid import coarser
from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, PriceBand, TickTable
from arbcore.model.money import ZERO

_MULTIPLIERS: Final = {"1000": 1_000, "1000000": 1_000_000, "1M": 1_000_000}
_MULTIPLIED: Final = re.compile(r"^(1000000|1000|1M)(?=[A-Z])(.+)$")


class Filter(msgspec.Struct, rename="camel"):
    """One filter of a symbol; only the fields of its type are set."""

    filter_type: str
    tick_size: Decimal | None = None
    step_size: Decimal | None = None
    min_qty: Decimal | None = None
    max_qty: Decimal | None = None
    notional: Decimal | None = None
    min_notional: Decimal | None = None
    multiplier_up: Decimal | None = None
    multiplier_down: Decimal | None = None


class Symbol(msgspec.Struct, rename="camel"):
    """One symbol of the listing. ``delivery_date`` is the end of trading in UTC milliseconds, 0 on spot."""

    symbol: str
    status: str
    base_asset: str
    quote_asset: str
    filters: list[Filter]
    contract_type: str = ""
    margin_asset: str = ""
    delivery_date: int = 0


class Listing(msgspec.Struct):
    """The reply, without what instruments don't need."""

    symbols: list[Symbol]


def parse_exchange_info(payload: bytes | str, *, venue: str, product: str, fees: FeeSchedule) -> list[Instrument]:
    """Return every instrument that is trading, in the order of the listing.

    Args:
        payload: The JSON reply of ``/fapi/v1/exchangeInfo`` (usdm) or ``/api/v3/exchangeInfo`` (spot).
        venue: Exchange instance id to put into the instruments.
        product: ``usdm`` or ``spot``.
        fees: Fee rates, which the listing does not state.

    Raises:
        DataError: The reply is not of that shape, or a symbol lacks a price or lot filter.
    """
    return instruments_of(read_listing(payload), venue=venue, product=product, fees=fees)


def read_listing(payload: bytes | str) -> list[Symbol]:
    """Return every symbol of the listing, whatever its state.

    Raises:
        DataError: The reply is not of that shape.
    """
    try:
        return msgspec.json.decode(payload, type=Listing).symbols
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"Binance exchangeInfo: {error}", "check that the payload is the whole reply") from error


def instruments_of(symbols: Iterable[Symbol], *, venue: str, product: str, fees: FeeSchedule) -> list[Instrument]:
    """Return the symbols that are trading, as instruments.

    Raises:
        DataError: A symbol lacks a price or lot filter.
    """
    return [_instrument(one, venue, product, fees) for one in symbols if _trades(one, product)]


def split_base(asset: str) -> tuple[str, int]:
    """Return coin and multiplier of a base asset: ``1000SHIB`` is 1000 of ``SHIB``, ``1INCH`` is itself."""
    match = _MULTIPLIED.match(asset)
    return (match[2], _MULTIPLIERS[match[1]]) if match else (asset, 1)


def _trades(symbol: Symbol, product: str) -> bool:
    return symbol.status == "TRADING" and (product == "spot" or symbol.contract_type == "PERPETUAL")


def _instrument(symbol: Symbol, venue: str, product: str, fees: FeeSchedule) -> Instrument:
    filters = {one.filter_type: one for one in symbol.filters}
    base, multiplier = split_base(symbol.base_asset)
    price, lot_size = filters.get("PRICE_FILTER"), filters.get("LOT_SIZE")
    lot = _required(symbol, "LOT_SIZE.stepSize", None if lot_size is None else lot_size.step_size)
    tick = _required(symbol, "PRICE_FILTER.tickSize", None if price is None else price.tick_size)
    # The second filter bounds market orders only; one set of limits suits both types: the stricter of the two.
    bounds = [one for one in (lot_size, filters.get("MARKET_LOT_SIZE")) if one is not None]
    for one in bounds:
        lot = coarser(lot, one.step_size) if one.step_size else lot
    return Instrument(
        venue=venue,
        symbol=symbol.symbol,
        kind=InstrumentKind.SPOT if product == "spot" else InstrumentKind.PERPETUAL,
        base=base,
        quote=symbol.quote_asset,
        settle=symbol.margin_asset,
        ticks=TickTable.flat(tick),
        lot=lot,
        min_quantity=max((one.min_qty for one in bounds if one.min_qty), default=lot),
        max_quantity=min((one.max_qty for one in bounds if one.max_qty), default=None),
        min_notional=_min_notional(filters),
        multiplier=Decimal(multiplier),
        price_band=_price_band(filters.get("PERCENT_PRICE")),
        fees=fees,
    )


def _required(symbol: Symbol, field: str, value: Decimal | None) -> Decimal:
    if value is None or value <= 0:
        raise DataError(
            f"Binance exchangeInfo: {symbol.symbol} states no positive {field}",
            "leave the symbol out of the payload; orders in it could not be placed on a grid",
        )
    return value


def _price_band(stated: Filter | None) -> PriceBand | None:
    """Return the band around the mark price that USD-M states: PERCENT_PRICE bounds bids above and asks below."""
    if stated is None or stated.multiplier_up is None or stated.multiplier_down is None:
        return None
    return PriceBand(highest_bid=stated.multiplier_up, lowest_ask=stated.multiplier_down)


def _min_notional(filters: Mapping[str, Filter]) -> Decimal:
    """Return the smallest order value: USD-M says ``notional``, spot ``minNotional``; none where both are missing."""
    stated = [filters[name] for name in ("NOTIONAL", "MIN_NOTIONAL") if name in filters]
    return max((one.notional or one.min_notional or ZERO for one in stated), default=ZERO)
