"""Instruments of imported files: written in a recipe, or known to an exchange plugin."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from arbcore.errors import DataError
from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, TickBand, TickTable


class _Market(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An instrument as people write it: ``tick`` for one grid, or ``ticks`` as pairs of floor and tick."""

    kind: InstrumentKind
    base: str
    quote: str
    lot: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    maker: Decimal
    taker: Decimal
    tick: Decimal | None = None
    ticks: tuple[tuple[Decimal, Decimal], ...] = ()
    settle: str = ""
    max_quantity: Decimal | None = None
    contract_size: Decimal = Decimal(1)
    multiplier: Decimal = Decimal(1)


def read_market(where: str, venue: str, symbol: str, fields: Mapping[str, Any]) -> Instrument:
    """Return the instrument that the fields describe.

    Args:
        where: Where they stand, for messages.
        venue: Label of the venue.
        symbol: Symbol of the market.
        fields: ``kind``, ``base``, ``quote``, ``tick`` or ``ticks``, ``lot``, ``min_quantity``, ``min_notional``,
            ``maker``, ``taker``, and where they differ from the usual ``settle``, ``max_quantity``,
            ``contract_size``, ``multiplier``.

    Raises:
        DataError: A field is missing, unknown or no number.
    """
    try:
        market = msgspec.convert(fields, _Market, strict=False)
        bands = market.ticks or (((Decimal(0), market.tick),) if market.tick is not None else ())
        return Instrument(
            venue=venue,
            symbol=symbol,
            kind=market.kind,
            base=market.base,
            quote=market.quote,
            settle=market.settle,
            ticks=TickTable(tuple(TickBand(floor, tick) for floor, tick in bands)),
            lot=market.lot,
            min_quantity=market.min_quantity,
            min_notional=market.min_notional,
            max_quantity=market.max_quantity,
            contract_size=market.contract_size,
            multiplier=market.multiplier,
            fees=FeeSchedule(market.maker, market.taker),
        )
    except (msgspec.ValidationError, ValueError) as error:
        raise DataError(
            f"{where}: instrument: {error}", "state kind, base, quote, tick, lot, limits and fees"
        ) from error


def base_candidates(symbol: str) -> tuple[str, ...]:
    """Return what the base coin in a symbol may be, likeliest first: ``BTC`` of ``KRW-BTC`` or of ``BTCUSDT``."""
    pieces = [piece for piece in re.split(r"[^A-Za-z0-9]+", symbol.upper()) if piece]
    whole = re.sub(r"^10+", "", pieces[0]) if len(pieces) == 1 else ""
    return tuple(dict.fromkeys([*reversed(pieces), *(whole[:length] for length in range(len(whole) - 1, 1, -1))]))


def named_market(known: Iterable[Instrument], venue: str, symbol: str, exchange: str) -> Instrument:
    """Return the instrument with a symbol.

    Raises:
        DataError: The exchange knows no such instrument.
    """
    instruments: Sequence[Instrument] = tuple(known)
    for instrument in instruments:
        if (instrument.venue, instrument.symbol) == (venue, symbol):
            return instrument
    others = f", only {', '.join(instrument.symbol for instrument in instruments)}" if instruments else ""
    raise DataError(
        f"the exchange plugin '{exchange}' has no reference instrument '{symbol}'{others}",
        "check symbol and base coin (--symbol, --base), or write the instrument into a recipe (instrument:)",
    )
