"""Instruments: tick tables by price band, and numbers that no venue can mean."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import inf, nextafter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.model.grid import Rounding
from arbcore.model.instrument import FeeSchedule, Instrument, InstrumentKind, TickBand, TickTable


def banded(*bands: tuple[str, str]) -> TickTable:
    return TickTable(tuple(TickBand(Decimal(floor), Decimal(tick)) for floor, tick in bands))


WON = banded(("0", "0.01"), ("10", "0.1"), ("100", "1"), ("1000", "1"), ("10000", "10"), ("1000000", "1000"))
"""Bands of the shape that won markets have."""

PRICES = st.one_of(st.floats(0.011, 5e6), st.sampled_from([9.999, 10.0, 99.95, 100.0, 9995.5, 1e4, 999_995.0, 1e6]))


@st.composite
def tables(draw: st.DrawFn) -> TickTable:
    """Any valid table: a floor is a common multiple of the ticks beside it."""
    ticks = draw(
        st.lists(st.sampled_from(["0.001", "0.01", "0.05", "0.1", "0.5", "1", "5", "10"]), min_size=1, max_size=5)
    )
    bands, floor = [TickBand(Decimal(0), Decimal(ticks[0]))], Decimal(0)
    for below, tick in pairwise(ticks):
        common = Decimal(below) * Decimal(tick) * 1000
        floor += common * draw(st.integers(1, 50))
        floor -= floor % common
        bands.append(TickBand(floor, Decimal(tick)))
    return TickTable(tuple(bands))


@given(PRICES, st.sampled_from(list(Rounding)))
def test_a_price_is_placed_on_the_grid_that_holds_where_it_lands(price: float, rounding: Rounding) -> None:
    placed = WON.place(price, rounding)
    assert WON.holds(placed)
    assert abs(Fraction(placed) - Fraction(price)) < Fraction(WON.tick_at(price))


@given(tables(), st.decimals(min_value=0, max_value=10**6, places=4), st.sampled_from(list(Rounding)))
def test_every_table_rounds_onto_its_own_grid(table: TickTable, price: Decimal, rounding: Rounding) -> None:
    placed = table.place(price, rounding)
    assert table.holds(placed)
    assert placed <= price if rounding is Rounding.DOWN else True
    assert placed >= price if rounding is Rounding.UP else True
    if table.holds(price):
        assert placed == price


@given(tables(), st.sampled_from(list(Rounding)), st.integers(-3, 3))
def test_a_float_at_a_boundary_stays_on_it(table: TickTable, rounding: Rounding, ulps: int) -> None:
    for below, band in pairwise(table.bands):
        if band.floor > 10**6 * min(below.tick, band.tick):
            continue  # beyond a million steps a float's last digits are wider than the tolerance
        price = float(band.floor)
        for _ in range(abs(ulps)):
            price = nextafter(price, inf if ulps > 0 else -inf)
        assert table.place(price, rounding) == band.floor


@pytest.mark.parametrize(
    ("price", "down", "up"),
    [
        (9.996, "9.99", "10"),
        (10.04, "10", "10.1"),
        (99.97, "99.9", "100"),
        (100.5, "100", "101"),
        (9999.5, "9999", "10000"),
        (10001.0, "10000", "10010"),
        (999_999.0, "999990", "1000000"),
        (1_000_001.0, "1000000", "1001000"),
    ],
)
def test_both_roundings_around_the_bounds(price: float, down: str, up: str) -> None:
    assert WON.place(price, Rounding.DOWN) == Decimal(down)
    assert WON.place(price, Rounding.UP) == Decimal(up)


@pytest.mark.parametrize(("price", "tick"), [(-1, "0.01"), (0, "0.01"), (9.99, "0.01"), (10, "0.1"), (2e9, "1000")])
def test_the_tick_of_a_price_is_its_bands(price: float, tick: str) -> None:
    assert WON.tick_at(price) == Decimal(tick)
    assert TickTable.flat(Decimal("0.5")).tick_at(price) == Decimal("0.5")


@pytest.mark.parametrize(
    "bands",
    [
        (),
        (("0", "0"),),
        (("0", "-1"),),
        (("10", "1"), ("0", "1")),
        (("0", "1"), ("0", "2")),
    ],
)
def test_a_table_without_order_or_ticks_is_refused(bands: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(ValueError, match="at least one band, rising floors and positive ticks"):
        banded(*bands)


@pytest.mark.parametrize(
    "bands", [(("0", "20"), ("100", "30")), (("0", "30"), ("100", "20")), (("0", "3"), ("10", "5"))]
)
def test_a_floor_off_a_neighbouring_grid_is_refused(bands: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(ValueError, match="must be a multiple of the ticks"):
        banded(*bands)


def instrument(**changes: object) -> Instrument:
    fields: dict[str, object] = {
        "venue": "world",
        "symbol": "1000SHIBUSDT",
        "kind": InstrumentKind.PERPETUAL,
        "base": "SHIB",
        "quote": "USDT",
        "ticks": TickTable.flat(Decimal("0.000001")),
        "lot": Decimal(1),
        "min_quantity": Decimal(1),
        "min_notional": Decimal(5),
        "multiplier": Decimal(1000),
        "fees": FeeSchedule(Decimal("0.0002"), Decimal("0.0005")),
    }
    return Instrument(**(fields | changes))  # type: ignore[arg-type]


def test_names_and_units_of_an_instrument() -> None:
    shib = instrument()
    assert shib.key == "world:1000SHIBUSDT"
    assert shib.settlement == "USDT"
    assert instrument(settle="SHIB").settlement == "SHIB"
    assert shib.unit == 1000
    assert instrument(contract_size=Decimal("0.1")).unit == 100


@pytest.mark.parametrize("field", ["lot", "contract_size", "multiplier"])
@pytest.mark.parametrize("value", ["0", "-1"])
def test_numbers_that_no_venue_can_mean_are_refused(field: str, value: str) -> None:
    with pytest.raises(ValueError, match="world:1000SHIBUSDT: lot, contract size and multiplier must be positive"):
        instrument(**{field: Decimal(value)})
