"""Money: sums that never round, rates of twelve decimals, and rounding for display alone."""

from collections.abc import Callable
from decimal import Decimal, DivisionByZero, Inexact, InvalidOperation, localcontext
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbcore.model.currency import currency
from arbcore.model.money import (
    EXACT,
    RATE_STEP,
    Money,
    add,
    format_money,
    inverse_rate,
    multiply,
    plain,
    quantise_rate,
    subtract,
    total,
)

AMOUNTS = st.decimals(min_value=-(10**18), max_value=10**18, places=18)
RATES = st.decimals(min_value=Decimal("1e-9"), max_value=10**9).map(quantise_rate)


@given(st.lists(AMOUNTS, max_size=40), st.randoms(use_true_random=False))
def test_a_sum_is_exact_in_any_order(amounts: list[Decimal], order: Random) -> None:
    shuffled = list(amounts)
    order.shuffle(shuffled)
    assert Fraction(total(shuffled)) == sum(map(Fraction, amounts), Fraction(0))
    assert total(shuffled) == total(amounts)


@given(AMOUNTS, AMOUNTS)
def test_add_subtract_and_multiply_are_exact(left: Decimal, right: Decimal) -> None:
    assert Fraction(add(left, right)) == Fraction(left) + Fraction(right)
    assert Fraction(subtract(left, right)) == Fraction(left) - Fraction(right)
    small = right % 10**6
    assert Fraction(multiply(left, small)) == Fraction(left) * Fraction(small)


@given(AMOUNTS, RATES, RATES)
def test_two_conversions_multiply_and_lose_nothing(amount: Decimal, first: Decimal, second: Decimal) -> None:
    twice = Money(amount, "KRW").convert(first, "USDT").convert(second.quantize(Decimal("1e-6")), "EUR")
    assert Fraction(twice.amount) == Fraction(amount) * Fraction(first) * Fraction(second.quantize(Decimal("1e-6")))
    assert twice.currency == "EUR"


def test_what_needs_rounding_raises() -> None:
    with pytest.raises(Inexact):
        add(Decimal("1e60"), Decimal("0.1"))
    with pytest.raises(Inexact):
        multiply(Decimal("1." + "1" * 40), Decimal("1." + "1" * 40))
    with localcontext(EXACT), pytest.raises(Inexact):
        _ = Decimal(1) / 3
    with localcontext(EXACT), pytest.raises(DivisionByZero):
        _ = Decimal(1) / 0
    with localcontext(EXACT), pytest.raises(InvalidOperation):
        _ = Decimal("Infinity") - Decimal("Infinity")


@given(st.decimals(min_value=Decimal("1e-11"), max_value=10**15))
def test_a_rate_has_twelve_decimals_and_is_the_nearest_such(rate: Decimal) -> None:
    quantised = quantise_rate(rate)
    assert quantised.as_tuple().exponent == -12
    assert abs(quantised - rate) <= RATE_STEP / 2


@given(st.floats(min_value=1e-9, max_value=1e9))
def test_a_float_rate_is_what_its_text_says(rate: float) -> None:
    assert quantise_rate(rate) == quantise_rate(Decimal(repr(rate)))
    assert abs(Fraction(inverse_rate(rate)) - 1 / Fraction(repr(rate))) <= Fraction(RATE_STEP) * Fraction(501, 1000)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf"), Decimal(0), Decimal("NaN"), Decimal(-1)])
@pytest.mark.parametrize("convert", [quantise_rate, inverse_rate])
def test_a_rate_that_is_no_positive_number_is_refused(
    rate: float | Decimal, convert: Callable[[float | Decimal], Decimal]
) -> None:
    with pytest.raises(ValueError, match="positive and finite"):
        convert(rate)


def test_a_rate_that_vanishes_is_refused_instead_of_becoming_zero() -> None:
    assert quantise_rate(Decimal("1e-12")) == Decimal("1e-12")
    with pytest.raises(ValueError, match="quote the pair the other way"):
        quantise_rate(1e-13)
    with pytest.raises(ValueError, match="quote the pair the other way"):
        inverse_rate(1e14)


def test_currencies_do_not_mix() -> None:
    won, dollars = Money(Decimal(1000), "KRW"), Money(Decimal(1), "USD")
    assert won + won == Money(Decimal(2000), "KRW")
    assert won - won == Money(Decimal(0), "KRW")
    assert -won == Money(Decimal(-1000), "KRW")
    with pytest.raises(ValueError, match="cannot combine KRW with USD"):
        _ = won + dollars
    with pytest.raises(ValueError, match="cannot combine USD with KRW"):
        _ = dollars - won


@pytest.mark.parametrize(
    ("amount", "code", "shown"),
    [
        ("1000000", "KRW", "₩1,000,000"),
        ("1234.56", "USD", "$1,234.56"),
        ("-1234.565", "USD", "-$1,234.56"),
        ("-0.004", "USD", "$0.00"),
        ("0.5", "KRW", "₩0"),
        ("1.5", "KRW", "₩2"),
        ("2.5", "KRW", "₩2"),
        ("2.500001", "KRW", "₩3"),
        ("1234.565", "USDT", "1,234.56 USDT"),
        ("1234.575", "USDT", "1,234.58 USDT"),
        ("0.123456785", "BTC", "0.12345678 BTC"),
        ("1e3", "JPY", "¥1,000"),
    ],
)
def test_display_rounds_to_the_currency_half_to_even(amount: str, code: str, shown: str) -> None:
    assert format_money(Decimal(amount), code) == shown
    assert str(Money(Decimal(amount), code)) == shown


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_plain_text_has_every_digit_and_nothing_else(amount: Decimal) -> None:
    text = plain(amount)
    assert Decimal(text) == amount
    assert set(text) <= set("-.0123456789")
    assert not ("." in text and text.endswith(("0", ".")))


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0E-20", "0"), ("-0.00", "0"), ("1E+3", "1000"), ("1E-9", "0.000000001"), ("-1.500", "-1.5"), ("100", "100")],
)
def test_examples_of_plain_text(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text


@given(AMOUNTS, st.sampled_from(["KRW", "USD", "USDT", "BTC"]))
def test_display_changes_no_amount_by_more_than_half_a_unit(amount: Decimal, code: str) -> None:
    text = format_money(amount, code)
    digits = text.removesuffix(f" {code}").replace(currency(code).symbol or "¤", "").replace(",", "")
    assert abs(Decimal(digits) - amount) * 2 <= Decimal(1).scaleb(-currency(code).precision)
