"""Errors of the exchange interface: the name decides, and a change that may have happened is unknown."""

from typing import Any

import msgspec
import pytest

from arbcore.errors import ExchangeError, ExchangeRefused, ExchangeUnavailable, OutcomeUnknown, RateLimited
from arbcore.model.reason import Reason
from arbcore_exchange_upbit.protocol.private.account_replies import read_accounts, read_keys
from arbcore_exchange_upbit.protocol.private.errors import answer, error_of, receipt
from arbcore_exchange_upbit.protocol.private.order_replies import (
    read_batch,
    read_cancelled,
    read_order,
    read_placed,
    read_replacement,
)
from arbcore_exchange_upbit.protocol.refusals import Refusal
from plugins.exchanges.upbit.tests.private_samples import order_row
from plugins.exchanges.upbit.tests.samples import reply

ANY: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
R = Reason
NAMES: dict[str, str] = {
    "create_ask_error": R.ORDER_UNSUPPORTED,
    "create_bid_error": R.ORDER_UNSUPPORTED,
    "insufficient_funds_ask": R.ORDER_INSUFFICIENT_BALANCE,
    "insufficient_funds_bid": R.ORDER_INSUFFICIENT_BALANCE,
    "under_min_total_ask": R.ORDER_BELOW_MINIMUM,
    "under_min_total_bid": R.ORDER_BELOW_MINIMUM,
    "over_krw_funds_bid": R.ORDER_ABOVE_MAXIMUM,
    "over_krw_funds_ask": R.ORDER_ABOVE_MAXIMUM,
    "invalid_price_bid": R.ORDER_OFF_GRID,
    "invalid_price_ask": R.ORDER_OFF_GRID,
    "invalid_volume_bid": R.ORDER_OFF_GRID,
    "invalid_volume_ask": R.ORDER_OFF_GRID,
    "invalid_time_in_force": R.ORDER_UNSUPPORTED,
    "invalid_post_only": R.ORDER_UNSUPPORTED,
    "duplicated_identifier": R.ORDER_DUPLICATE_ID,
    "invalid_parameter": R.ORDER_REFUSED,
    "validation_error": R.ORDER_REFUSED,
    "notfoundmarket": R.ORDER_UNKNOWN_INSTRUMENT,
    "bad_request": R.ORDER_REFUSED,
    "withdraw_address_not_registered": "",
    "QUERY_PARAMETER_NOT_SUPPORTED": R.ORDER_REFUSED,
    "invalid_query_payload": R.VENUE_KEY_REFUSED,
    "jwt_verification": R.VENUE_KEY_REFUSED,
    "expired_access_key": R.VENUE_KEY_REFUSED,
    "no_authorization_ip": R.VENUE_KEY_REFUSED,
    "no_authorization_token": R.VENUE_KEY_REFUSED,
    "invalid_access_key": R.VENUE_KEY_REFUSED,
    "INVALID_AUTH": R.VENUE_KEY_REFUSED,
    "out_of_scope": R.VENUE_KEY_REFUSED,
    "market_offline": R.MARKET_CLOSED,
    "open_api_withdraw_locked": "",
    "order_not_found": R.ORDER_UNKNOWN,
    "pocket_not_found": "",
    "currency_not_found": "",
    "thirdparty_agreement_required": R.ORDER_REFUSED,
    "a_name_of_next_year": R.ORDER_REFUSED,
}


def refused(name: Any, status: int = 400, message: str = "words") -> Any:
    return reply({"error": {"name": name, "message": message}}, status)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_a_reason_whatever_the_status(name: str, status: int) -> None:
    with pytest.raises(ExchangeRefused) as caught:
        receipt(ANY, refused(name, status), "order")
    assert (caught.value.reason, caught.value.code) == (NAMES[name], name)
    assert name == "a_name_of_next_year" or caught.value.fix


@pytest.mark.parametrize(
    ("name", "advice"),
    [("no_authorization_ip", "allowed addresses"), ("expired_access_key", "new key"), ("out_of_scope", "scope")],
)
def test_a_refused_key_says_what_to_do(name: str, advice: str) -> None:
    assert advice in error_of(Refusal(name), "order").fix


@pytest.mark.parametrize("changes", [True, False])
@pytest.mark.parametrize(
    ("name", "status"),
    [("internal_server_error", 500), ("internal_server_error", 400), (503, 503), (500, 200), ("x", 502)],
)
def test_a_fault_of_the_server_leaves_a_change_unknown(name: Any, status: int, changes: bool) -> None:
    error = error_of(Refusal(name), "order", status, changes=changes)
    assert type(error) is (OutcomeUnknown if changes else ExchangeUnavailable)


def test_a_nonce_that_was_used_means_that_something_sent_it_twice() -> None:
    assert type(error_of(Refusal("nonce_used"), "order", 401, changes=True)) is OutcomeUnknown
    assert type(error_of(Refusal("nonce_used"), "accounts", 401)) is ExchangeUnavailable


@pytest.mark.parametrize(
    ("name", "status"), [("too_many_requests", 429), (429, 200), ("x", 418), ("Too Many Requests", 0)]
)
def test_too_many_requests_did_not_happen(name: Any, status: int) -> None:
    assert type(error_of(Refusal(name), "order", status, changes=True)) is RateLimited


@pytest.mark.parametrize("body", [b"<html>Forbidden</html>", b"", b"null", b'{"error":{"name":{}}}', b"\xff"])
@pytest.mark.parametrize("status", [302, 400, 403, 404, 500, 502])
def test_a_page_from_something_in_between_settles_nothing(body: bytes, status: int) -> None:
    with pytest.raises(OutcomeUnknown):
        receipt(ANY, reply(body, status), "order")
    with pytest.raises(ExchangeError):
        answer(ANY, reply(body, status), "orders")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"uuid":5}', b"<html>"])
@pytest.mark.parametrize("read", [lambda one: read_placed(one, "ae-1"), read_batch, read_replacement])
def test_a_yes_that_can_not_be_read_is_unknown(body: bytes, read: Any) -> None:
    for status in (200, 201):
        with pytest.raises(OutcomeUnknown):
            read(reply(body, status))


def test_an_acknowledgement_of_another_order_is_unknown() -> None:
    assert read_placed(reply(order_row(), 201), "ae-1").identifier == "ae-1"
    with pytest.raises(OutcomeUnknown):
        read_placed(reply(order_row(), 201), "ae-2")


def test_a_cancel_of_what_has_ended_is_unknown_to_the_venue() -> None:
    names = frozenset({"order_not_found", "already_done"})
    for answered in (refused("order_not_found", 404), refused("already_done", 400), refused("new_name", 404)):
        with pytest.raises(ExchangeRefused) as caught:
            read_cancelled(answered, names)
        assert caught.value.reason == Reason.ORDER_UNKNOWN
    with pytest.raises(ExchangeRefused) as other:
        read_cancelled(refused("out_of_scope", 404), names)
    assert other.value.reason == Reason.VENUE_KEY_REFUSED
    read_cancelled(reply(order_row()), names)


def test_a_question_for_an_order_that_is_none() -> None:
    assert read_order(refused("order_not_found", 404)) is None
    with pytest.raises(ExchangeRefused):
        read_order(refused("out_of_scope", 403))


def test_errors_quote_no_key() -> None:
    with pytest.raises(ExchangeError) as caught:
        read_keys(reply([{"access_key": "the-access-key", "expire_at": 5}]))
    error: BaseException | None = caught.value
    while error is not None:
        assert "the-access-key" not in f"{error!r} {error}"
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    ("told", "ends_at"),
    [
        ("2027-01-01T09:00:00+09:00", 1_798_761_600_000_000_000),
        ("2027-01-01T09:00:00", 1_798_761_600_000_000_000),
        ("2027-01-01T00:00:00.000Z", 1_798_761_600_000_000_000),
        ("soon", None),
        ("0001-01-01T00:00:00+09:00", None),
        (None, None),
    ],
)
def test_when_a_key_ends(told: str | None, ends_at: int | None) -> None:
    (row,) = read_keys(reply([{"access_key": "the-access-key", "expire_at": told}]))
    assert row.ends_at == ends_at
    assert "the-access-key" not in repr(row)


def test_a_currency_stands_in_the_accounts_once() -> None:
    row = {"currency": "KRW", "balance": "1.0", "locked": "0"}
    with pytest.raises(ExchangeError, match="twice"):
        read_accounts(reply([row, row]))
