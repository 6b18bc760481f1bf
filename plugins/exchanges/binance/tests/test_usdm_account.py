"""The user stream of USD-M without I/O: balances, positions and funding, each told once."""

from decimal import Decimal

from arbcore.model.account import AccountUpdate
from arbcore.model.input import AccountSnapshot, FundingPayment
from plugins.exchanges.binance.tests import usdm_samples as samples
from plugins.exchanges.binance.tests.samples import S
from plugins.exchanges.binance.tests.usdm_line import Line
from plugins.exchanges.binance.tests.usdm_samples import KEY


def test_the_account_as_events_tell_it() -> None:
    line = Line()
    line.open()
    line.tick()
    later = {**samples.ACCOUNT_UPDATE, "T": samples.MS + 1}
    (update,) = line.frame(later)
    assert isinstance(update, AccountUpdate)
    assert [(one.currency, one.total, one.locked) for one in update.balances] == [("USDT", Decimal("1226.12"), None)]
    assert [(one.quantity, one.entry_value) for one in update.positions] == [(Decimal("-0.010"), Decimal("-1099.501"))]
    assert update.cause == "order"
    assert line.frame({**samples.ACCOUNT_UPDATE, "T": samples.MS - 1}) == [], "older than what is known"


def test_positions_of_both_sides_are_told_net() -> None:
    line = Line()
    sides = [{"s": "BTCUSDT", "pa": "0.030", "ep": "100000", "mt": "CROSSED", "iw": "0", "ps": "LONG"},
             {"s": "BTCUSDT", "pa": "-0.010", "ep": "110000", "mt": "cross", "iw": "0", "ps": "SHORT"}]  # fmt: skip
    (update,) = line.frame({**samples.ACCOUNT_UPDATE, "a": {"m": "ORDER", "B": [], "P": sides}})
    assert isinstance(update, AccountUpdate)
    (position,) = update.positions
    assert (position.quantity, position.entry_value) == (Decimal("0.020"), Decimal("1900.000"))


def test_a_margin_call_has_the_account_told_anew() -> None:
    line = Line()
    line.open()
    line.tick()
    assert line.frame(samples.MARGIN_CALL) == []
    assert [type(one) for one in line.tick(S)] == [AccountSnapshot]


def test_funding_is_told_with_its_rate_and_once() -> None:
    line = Line()
    line.open()
    line.tick()
    update, payment = line.frame(samples.FUNDING)
    assert isinstance(update, AccountUpdate)
    assert isinstance(payment, FundingPayment)
    assert (payment.payment_id, payment.instrument) == ("BTCUSDT-1795161600000", KEY)
    assert (str(payment.amount), str(payment.rate), payment.currency) == ("0.10993401", "0.00010000", "USDT")
    assert payment.quantity == Decimal("-0.010")
    assert line.frame(samples.FUNDING) == [update]
    assert not [one for one in line.frame({**samples.FUNDING, "T": 1795161600900}) if isinstance(one, FundingPayment)]


def test_funding_without_a_symbol_is_asked_for() -> None:
    line = Line()
    line.open()
    line.tick()
    line.answers["/fapi/v1/income"] = samples.INCOME
    without = {**samples.FUNDING, "a": {key: one for key, one in samples.FUNDING["a"].items() if key != "S"}}
    (payment,) = [one for one in line.frame(without) if isinstance(one, FundingPayment)]
    assert (payment.payment_id, payment.amount) == ("BTCUSDT-1795161600000", Decimal("0.10993401"))
    assert payment.quantity == Decimal("-0.01"), "worked out from amount, rate and mark price"


def test_funding_whose_rate_stays_unknown_is_told_in_the_end() -> None:
    line = Line()
    line.open()
    line.tick()
    line.answers["/fapi/v1/fundingRate"] = None
    assert [type(one) for one in line.frame(samples.FUNDING)] == [AccountUpdate]
    late = [one for _ in range(8) for one in line.tick(2 * S) if isinstance(one, FundingPayment)]
    assert [(one.amount, one.rate) for one in late] == [(Decimal("0.10993401"), Decimal(0))]


def test_funding_that_was_missed_is_asked_for_after_a_reconnection() -> None:
    line = Line()
    line.open()
    again = Line(line.memory, 1795161600000 * 10**6 + 60 * S)
    again.answers["/fapi/v1/income"] = samples.INCOME
    (payment,) = again.open()
    assert isinstance(payment, FundingPayment)
    assert payment.payment_id == "BTCUSDT-1795161600000"
